package report

import (
	"fmt"
	"math"
	"strings"

	"retrain/internal/metric"
)

// errors draws how far predictions were off: the challenger's as bars, the
// champion's as an outline.
func (r *Report) errors() *chart {
	all := r.Values.Errors
	h, most := all[0], int64(1)
	for _, one := range all {
		for _, n := range one.Counts {
			most = max(most, n)
		}
	}
	x := across(func(start, end float64) axis { return reaching(h.Low, h.High, start, end) })
	y := up(func(start, end float64) axis { return reaching(0, float64(most), start, end) })
	c := framed("Errors", x, y, "Predicted − true "+clip(r.Target, 30), "Rows")
	c.Description = r.spoken("A histogram of the errors of the predictions", metric.RMSE)
	c.path("bars challenger", outline(x, y, h, true))
	if len(all) > 1 {
		c.path("curve champion", outline(x, y, all[1], false))
	}
	if h.Low < 0 && h.High > 0 {
		c.line("reference", x.at(0), y.start, x.at(0), y.end)
	}
	c.Legend = append(r.legend(len(all) > 1), entry{"reference", "No error"})
	return c
}

// outline is the outline of a histogram, or bars with gaps.
func outline(x, y axis, h metric.Histogram, bars bool) string {
	var d strings.Builder
	width := (h.High - h.Low) / float64(len(h.Counts))
	fmt.Fprintf(&d, "M%s %s", place(x.start), place(y.start))
	for i, n := range h.Counts {
		from, to, height := x.at(h.Low+float64(i)*width), x.at(h.Low+float64(i+1)*width), y.at(float64(n))
		if bars {
			d.WriteString(box(from+0.5, height, to-from-1, y.start-height))
		} else {
			fmt.Fprintf(&d, "V%sH%s", place(height), place(to))
		}
	}
	if !bars {
		fmt.Fprintf(&d, "V%s", place(y.start))
	}
	return d.String()
}

// heats is the number of shades.
const heats = 8

// heat is the shade of a count, by its square root: thin cells stay visible.
func heat(n, most int64) int {
	if n == 0 {
		return 0
	}
	return 1 + min(heats-1, int(math.Sqrt(float64(n)/float64(most))*heats))
}

// against draws predictions over true values, as cells that are the darker the
// more rows they hold.
func (r *Report) against(model int, g *metric.Grid) *chart {
	side := func(start, end float64) axis { return reaching(g.Low, g.High, start, end) }
	x, y := across(side), up(side)
	name := []string{"Challenger", "Champion, " + r.Champion}[model]
	c := framed(name, x, y, "True "+clip(r.Target, 30), "Predicted")
	c.Description = "How many rows have which true value and which prediction; on the diagonal both agree."
	most := int64(1)
	for _, row := range g.Counts {
		for _, n := range row {
			most = max(most, n)
		}
	}
	cells := make([]strings.Builder, heats+1)
	width, height := (x.end-x.start)/float64(len(g.Counts)), (y.start-y.end)/float64(len(g.Counts))
	for row, counts := range g.Counts {
		for column, n := range counts {
			cells[heat(n, most)].WriteString(box(x.start+float64(column)*width, y.start-float64(row+1)*height, width, height))
		}
	}
	for shade := 1; shade <= heats; shade++ {
		if cells[shade].Len() > 0 {
			c.path(fmt.Sprintf("cell %s h%d", []string{"challenger", "champion"}[model], shade), cells[shade].String())
		}
	}
	c.line("reference", x.start, y.start, x.end, y.end)
	c.Legend = []entry{{"cells " + []string{"challenger", "champion"}[model], "Rows: the darker, the more"}, {"reference", "Perfect"}}
	if g.Outside > 0 {
		c.Legend[0].Text += fmt.Sprintf("; %s lie outside", Count(g.Outside))
	}
	return c
}
