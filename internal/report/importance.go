package report

import (
	"fmt"
	"math"
)

// Bar draws a column's part in the model, as a share of the largest one.
func (r *Report) Bar(i Importance) string {
	top := math.SmallestNonzeroFloat64
	for _, other := range r.Importances {
		top = max(top, other.Share)
	}
	return barWidth(i.Share / top)
}

// The width and height of a row of the drops.
const dropWidth, dropHeight = 200, 14

// Drop draws how much worse the score gets without a column: a bar from zero,
// and a line as long as the standard deviation to either side of its end. The
// columns share a scale.
func (r *Report) Drop(i Importance) *chart {
	if i.Drop == nil {
		return nil
	}
	low, high := 0.0, math.SmallestNonzeroFloat64
	for _, other := range r.Importances {
		if d := other.Drop; d != nil {
			low, high = min(low, d.Mean-d.SD), max(high, d.Mean+d.SD)
		}
	}
	x := axis{low: low, high: high, start: 2, end: dropWidth - 2}
	if math.IsInf(high-low, 0) {
		return nil
	}
	c := &chart{Width: dropWidth, Height: dropHeight}
	zero, end := x.at(0), x.at(i.Drop.Mean)
	c.path("cell challenger", box(min(zero, end), 2, math.Abs(end-zero), dropHeight-4))
	c.path("error", fmt.Sprintf("M%s %sH%s", place(x.at(i.Drop.Mean-i.Drop.SD)), place(dropHeight/2), place(x.at(i.Drop.Mean+i.Drop.SD))))
	if low < 0 {
		c.line("zero", zero, 0, zero, dropHeight)
	}
	return c
}
