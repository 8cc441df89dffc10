package linear

import (
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// Data holds the training rows, or what is needed of them.
//
// For classes it keeps the rows: 4 bytes for a number, 1 or 2 for a category,
// 16 for the target and the weight. For values it keeps sums of products, of
// inputs² × 8 bytes, whatever the number of rows; only with more than maxGram
// inputs it keeps the rows then too.
//
// The result depends on the order of the rows, but not on how they were divided
// into calls of Append, as long as all of them come before the first Fit.
type Data struct {
	layout *layout
	rows   int
	blocks []*block[float32] // the rows, unless there are sums
	sums   *sums             // or nil
}

// maxGram is the largest number of inputs for which ridge regression is solved
// directly. The matrix then takes 32 MB, and some seconds to factorize.
const maxGram = 2048

// NewData returns empty data for models of the recipe. rowsHint is how many
// rows are expected; 0 if that is not known.
func NewData(recipe *model.Recipe, rowsHint int) *Data {
	d := &Data{layout: newLayout(recipe)}
	if recipe.Task == model.Regression && d.layout.inputs <= maxGram {
		d.sums = newSums(d.layout)
		return d
	}
	d.blocks = make([]*block[float32], 0, (rowsHint+blockRows-1)/blockRows)
	return d
}

// Rows returns how many rows were appended.
func (d *Data) Rows() int { return d.rows }

// Append adds rows: x row-major as model.Predict takes it, y class indices or
// values, w weights, or nil if all are 1. It panics if the lengths do not
// agree, or if a target or a weight is not one: negative, not finite, no class.
func (d *Data) Append(x, y, w []float64) {
	features := len(d.layout.recipe.Features)
	if len(x) != len(y)*features || w != nil && len(w) != len(y) {
		panic("linear: lengths of x, y and w do not agree")
	}
	d.checkTargets(y)
	checkWeights(w)
	d.rows += len(y)
	if d.layout.tooWide {
		return
	}
	if d.sums != nil {
		d.sums.append(x, y, w)
		return
	}
	for len(y) > 0 {
		n := len(d.blocks)
		if n == 0 || d.blocks[n-1].n == blockRows {
			d.blocks = append(d.blocks, newBlock[float32](d.layout))
			n++
		}
		taken := d.blocks[n-1].fill(d.layout, x, y, w)
		x, y = x[taken*features:], y[taken:]
		if w != nil {
			w = w[taken:]
		}
	}
}

func (d *Data) checkTargets(y []float64) {
	classes := float64(len(d.layout.recipe.Classes))
	for _, v := range y {
		if d.layout.recipe.Task == model.Regression {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				panic("linear: a target is not finite")
			}
		} else if !(v >= 0 && v < classes) || v != math.Trunc(v) {
			panic("linear: a target is no class")
		}
	}
}

func checkWeights(w []float64) {
	for _, v := range w {
		if !(v >= 0) || math.IsInf(v, 0) {
			panic("linear: a weight is negative or not finite")
		}
	}
}

// finish gets the data ready to be fitted, or says why it cannot be.
func (d *Data) finish() error {
	if d.layout.tooWide {
		return fault.New(fault.TooLarge, "A column has more than %d categories, which is the most that a linear model takes.", math.MaxUint16)
	}
	extreme := 0
	if d.sums != nil {
		d.sums.flush()
		symmetrize(d.layout, d.sums.xx)
		extreme = d.sums.extreme
	}
	for _, b := range d.blocks {
		extreme = max(extreme, b.extreme)
	}
	if extreme > 0 {
		name := d.layout.recipe.Features[extreme-1].Name
		return fault.New(fault.InvalidData, "The column %q has a value that is too far from its mean for a linear model.", name)
	}
	return nil
}
