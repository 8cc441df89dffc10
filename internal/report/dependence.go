package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"retrain/internal/explain"
)

// Dependent returns the drawings of what the challenger answers on average by
// the values of a column, for the template. All are of one scale, so that a
// column which moves the answers far looks like it.
func (r *Report) Dependent() []*chart {
	low, high := r.answerRange()
	if !(low < high) || math.IsInf(high-low, 0) {
		return nil
	}
	var charts []*chart
	for i := range r.Dependences {
		d := &r.Dependences[i]
		var c *chart
		if d.Kind == "number" || d.Kind == "time" {
			c = r.dependenceCurve(d, low, high)
		} else {
			c = r.dependenceDots(d, low, high)
		}
		if c != nil {
			charts = append(charts, c)
		}
	}
	for i, c := range charts {
		c.ID = fmt.Sprintf("dependence%d", i+1)
	}
	return charts
}

// answerRange is the range of all mean answers, and a little more.
func (r *Report) answerRange() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, d := range r.Dependences {
		for _, p := range d.Points {
			for _, m := range p.Mean {
				low, high = min(low, m), max(high, m)
			}
		}
	}
	room := max((high-low)/12, math.Abs(high)*1e-6, 1e-9)
	if low >= 0 && low < (high-low)/2 {
		return 0, high + room
	}
	return low - room, high + room
}

// dependenceCurve draws the answers over a number or a time. Each dot stands
// for as many rows as any other: where they are dense, the rows are.
func (r *Report) dependenceCurve(d *explain.Dependence, low, high float64) *chart {
	first, last := *d.Points[0].Value, *d.Points[len(d.Points)-1].Value
	if !(first < last) || math.IsInf(last-first, 0) {
		return nil
	}
	x := across(func(start, end float64) axis { return reaching(first, last, start, end) })
	if d.Kind == "time" {
		x = across(func(start, end float64) axis { return ofTime(first, last, start, end) })
	}
	y := up(func(start, end float64) axis { return reaching(low, high, start, end) })
	c := framed(dependenceTitle(d), x, y, "", r.answerName(d))
	c.Description = r.dependenceInWords(d)
	for k := range d.Points[0].Mean {
		var line, dots strings.Builder
		for n, p := range d.Points {
			px, py := x.at(*p.Value), y.at(p.Mean[k])
			fmt.Fprintf(&line, "%s%s %s", pen(n), place(px), place(py))
			dots.WriteString(disc(px, py, 2.5))
		}
		c.path("curve "+classLook(k), line.String())
		c.path("dot "+classLook(k), dots.String())
	}
	c.Legend = classLegend(d.Outputs)
	return c
}

// dependenceDots draws the answers to categories, one below the other.
func (r *Report) dependenceDots(d *explain.Dependence, low, high float64) *chart {
	const label = 112 // the width of the categories' names
	x := reaching(low, high, label, chartWidth-right)
	y := axis{high: float64(len(d.Points)), start: top, end: chartHeight - bottom}
	c := &chart{Title: dependenceTitle(d), Width: chartWidth, Height: chartHeight, Description: r.dependenceInWords(d)}
	for _, t := range x.ticks {
		c.line("grid", x.at(t), y.end, x.at(t), y.start)
		c.text("tick", "middle", x.at(t), y.end+18, tickText(t))
	}
	c.text("name", "middle", (x.start+x.end)/2, chartHeight-6, r.answerName(d))
	for i, p := range d.Points {
		at := y.at(float64(i) + 0.5)
		c.text("tick", "end", x.start-8, at+4, clip(labelText(p.Label), 15))
		c.line("grid", x.start, at, x.end, at)
	}
	for k := range d.Points[0].Mean {
		var dots strings.Builder
		for i, p := range d.Points {
			dots.WriteString(disc(x.at(p.Mean[k]), y.at(float64(i)+0.5), 4.5))
		}
		c.path("dot "+classLook(k), dots.String())
	}
	c.Legend = classLegend(d.Outputs)
	return c
}

// answerName names the axis of the answers.
func (r *Report) answerName(d *explain.Dependence) string {
	switch len(d.Outputs) {
	case 0:
		return "Mean prediction"
	case 1:
		return "Mean probability of " + clip(d.Outputs[0], 16)
	}
	return "Mean probability"
}

// dependenceTitle names the column, or its part.
func dependenceTitle(d *explain.Dependence) string {
	if d.Part == "" || d.Kind == "time" {
		return clip(d.Column, 40)
	}
	return clip(d.Column, 40) + ": " + d.Part
}

// dependenceInWords describes a drawing by the ends of its range.
func (r *Report) dependenceInWords(d *explain.Dependence) string {
	text := r.answerName(d) + ", by the value of " + dependenceTitle(d)
	for k := range d.Points[0].Mean {
		low, high := math.Inf(1), math.Inf(-1)
		for _, p := range d.Points {
			low, high = min(low, p.Mean[k]), max(high, p.Mean[k])
		}
		if len(d.Outputs) > 1 {
			text += "; " + clip(d.Outputs[k], 24)
		}
		text += fmt.Sprintf(": from %s to %s", number(low), number(high))
	}
	return text + "."
}

// labelText names a category, of which a missing value is one.
func labelText(label string) string {
	if label == "" {
		return "missing"
	}
	return label
}

// ofTime is an axis of seconds since 1970, with three ticks.
func ofTime(low, high, start, end float64) axis {
	layout := "2006-01-02"
	switch days := (high - low) / 86400; {
	case days > 3000:
		layout = "2006"
	case days < 3:
		layout = "Jan 2 15:04"
	}
	a := axis{low: low, high: high, start: start, end: end}
	for _, share := range []float64{1. / 6, 1. / 2, 5. / 6} {
		a.ticks = append(a.ticks, low+share*(high-low))
	}
	a.text = func(v float64) string { return time.Unix(int64(v), 0).UTC().Format(layout) }
	return a
}

// classLook is the look of a class where several are drawn in one chart.
func classLook(k int) string { return [...]string{"challenger", "second", "third", "fourth"}[k%4] }

// classLegend names the classes of a chart, if it has several.
func classLegend(names []string) []entry {
	var all []entry
	for k, name := range names {
		if len(names) > 1 {
			all = append(all, entry{classLook(k), clip(name, 24)})
		}
	}
	return all
}
