package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// chart is a drawing: SVG elements in the order in which they are painted. The
// page's template writes them, so that every text in them is escaped.
type chart struct {
	ID          string
	Title       string
	Description string // what a reader who cannot see it should know
	Width       int
	Height      int
	Marks       []mark
	Legend      []entry
}

// entry explains the look of a class of marks.
type entry struct{ Class, Text string }

// mark is one element: a path if D is set, else a text.
type mark struct {
	Class, D     string
	X, Y, Anchor string
	Text         string
}

// The size of a chart and of its margins, in units that are about one pixel.
const (
	chartWidth, chartHeight = 360, 300
	left, right             = 54, 20
	top, bottom             = 10, 44
)

// axis maps values to positions, from the first to the last tick.
type axis struct {
	low, high  float64
	start, end float64
	ticks      []float64
	text       func(tick float64) string // nil is tickText
}

func (a axis) tick(v float64) string {
	if a.text != nil {
		return a.text(v)
	}
	return tickText(v)
}

func (a axis) at(v float64) float64 {
	return a.start + (v-a.low)/(a.high-a.low)*(a.end-a.start)
}

// unit is an axis from 0 to 1.
func unit(start, end float64) axis {
	return axis{low: 0, high: 1, start: start, end: end, ticks: []float64{0, 0.25, 0.5, 0.75, 1}}
}

// reaching is an axis that reaches from low to high with ticks at round
// numbers.
func reaching(low, high, start, end float64) axis {
	a := axis{low: low, high: high, start: start, end: end}
	step := roundStep((high - low) / 4)
	for k := math.Ceil(low / step); k*step <= high && len(a.ticks) < 12; k++ {
		a.ticks = append(a.ticks, k*step)
	}
	return a
}

// roundStep returns 1, 2 or 5 times a power of ten, near x.
func roundStep(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	switch n := x / unit; {
	case n < 1.5:
		return unit
	case n < 3.5:
		return 2 * unit
	case n < 7.5:
		return 5 * unit
	}
	return 10 * unit
}

// across and up are a chart's axes.
func across(a func(start, end float64) axis) axis { return a(left, chartWidth-right) }
func up(a func(start, end float64) axis) axis     { return a(chartHeight-bottom, top) }

// framed begins a chart with its axes.
func framed(title string, x, y axis, xName, yName string) *chart {
	c := &chart{Title: title, Width: chartWidth, Height: chartHeight}
	for _, t := range x.ticks {
		c.line("grid", x.at(t), y.start, x.at(t), y.end)
		c.text("tick", "middle", x.at(t), y.start+18, x.tick(t))
	}
	for _, t := range y.ticks {
		c.line("grid", x.start, y.at(t), x.end, y.at(t))
		c.text("tick", "end", x.start-8, y.at(t)+4, y.tick(t))
	}
	c.text("name", "middle", (x.start+x.end)/2, chartHeight-6, xName)
	c.Marks = append(c.Marks, mark{Class: "name up", Text: yName, Anchor: "middle",
		X: place(-(y.start + y.end) / 2), Y: place(14)}) // the style turns it
	return c
}

// tickText writes a tick in few characters.
func tickText(v float64) string {
	text := strconv.FormatFloat(v, 'g', 4, 64)
	if a := math.Abs(v); a >= 1e4 && a < 1e15 {
		text = shortNumber(v)
	}
	return strings.ReplaceAll(text, "-", minus)
}

// shortNumber writes a large number with a letter for its power of a thousand.
func shortNumber(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= u.size {
			return strconv.FormatFloat(v/u.size, 'g', 4, 64) + u.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// place writes a coordinate; a tenth of a unit is finer than any screen.
func place(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(math.Round(v*10)/10, 'f', 1, 64), ".0")
}

func (c *chart) path(class, d string) { c.Marks = append(c.Marks, mark{Class: class, D: d}) }

func (c *chart) line(class string, x1, y1, x2, y2 float64) {
	c.path(class, fmt.Sprintf("M%s %sL%s %s", place(x1), place(y1), place(x2), place(y2)))
}

func (c *chart) text(class, anchor string, x, y float64, text string) {
	c.Marks = append(c.Marks, mark{Class: class, X: place(x), Y: place(y), Anchor: anchor, Text: text})
}

// box is the outline of a rectangle.
func box(x, y, w, h float64) string {
	return fmt.Sprintf("M%s %sh%sv%sh%sz", place(x), place(y), place(w), place(h), place(-w))
}

// disc is a round dot, diamond one with corners: the two models differ by more
// than colour.
func disc(x, y, r float64) string {
	return fmt.Sprintf("M%s %sa%s %s 0 1 0 %s 0a%s %s 0 1 0 %s 0z", place(x-r), place(y), place(r), place(r), place(2*r), place(r), place(r), place(-2*r))
}

func diamond(x, y, r float64) string {
	return fmt.Sprintf("M%s %sL%s %sL%s %sL%s %sz", place(x-r), place(y), place(x), place(y-r), place(x+r), place(y), place(x), place(y+r))
}

// number the charts of a page, for their labels.
func numbered(charts []*chart) []*chart {
	for i, c := range charts {
		c.ID = fmt.Sprintf("chart%d", i+1)
	}
	return charts
}

// legend names the two models.
func (r *Report) legend(second bool) []entry {
	all := []entry{{"challenger", "Challenger"}}
	if second {
		all = append(all, entry{"champion", "Champion, " + r.Champion})
	}
	return all
}
