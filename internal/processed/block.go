package processed

import (
	"context"
	"math"
	"slices"
	"strconv"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// Block is a run of rows, encoded for a recipe. It is valid until the callback
// that received it returns.
type Block struct {
	FirstRow int64 // the number of rows of this side before it
	Rows     int
	X        []float64 // row-major, one column a feature, as model.Predict takes it
	Y        []float64 // class index (-1: unknown to the recipe), or the value to predict
	W        []float64 // the rows' weights; nil if they count alike
	// Groups are hashes of the rows' groups, equal within one; nil if the split
	// does not keep groups together.
	Groups []uint64
	Times  []float64 // the rows' times; nil unless the split goes by time
	// Batch holds the rows as they are stored: the recipe's columns
	// (model.Recipe.Columns) in order, then the target.
	Batch *dataset.Batch
}

// Key returns what decides where a row goes when the training side is divided
// once more, so that one part can judge what was learned from the others: its
// group's hash, or, without groups, its number.
func (b *Block) Key(row int) uint64 {
	if b.Groups != nil {
		return b.Groups[row]
	}
	return uint64(b.FirstRow) + uint64(row)
}

// Each streams one side of the data, encoded for the recipe, which may be
// another model's: a champion is scored on a challenger's holdout. A recipe
// that the data cannot serve is an *IncompatibleError. The side's digest is
// verified, and a mismatch (fault.InvalidData) reported after the last block.
func (d *Data) Each(ctx context.Context, side dataset.Side, recipe *model.Recipe, visit func(*Block) error) error {
	columns, err := d.columnsFor(recipe)
	if err != nil {
		return err
	}
	e := encoder{recipe: recipe, columns: recipe.Columns(), weight: -1, time: -1, classes: map[float64]float64{}}
	if d.SampleWeight != "" {
		e.weight = slices.Index(d.andDigested(columns), d.SampleWeight)
	}
	if d.TimeColumn != "" {
		e.time = slices.Index(d.andDigested(columns), d.TimeColumn)
	}
	return d.read(ctx, side, columns, func(b *dataset.Batch) error {
		block, err := e.encode(b)
		if err != nil {
			return err
		}
		if d.GroupColumn != "" {
			block.Groups = b.Hashes[1]
		}
		return visit(block)
	})
}

// Learn streams the training side, encoded for the data's own recipe. Every
// target in it is one that a learner takes: a class, or a finite number; and
// every weight a finite number above 0.
func (d *Data) Learn(ctx context.Context, visit func(*Block)) error {
	regression := d.Recipe.Task == model.Regression
	return d.Each(ctx, dataset.Train, &d.Recipe, func(b *Block) error {
		for _, y := range b.Y {
			if math.IsNaN(y) || !regression && y < 0 {
				return altered(nil)
			}
		}
		for _, w := range b.W {
			if !(w > 0 && w <= math.MaxFloat32) {
				return altered(nil)
			}
		}
		visit(b)
		return nil
	})
}

// encoder turns batches into blocks, reusing its buffers.
type encoder struct {
	recipe  *model.Recipe
	columns []model.Column
	weight  int   // where the batches have the weights; -1 if nowhere
	time    int   // where they have the times; -1 if nowhere
	rows    int64 // of the batches before
	x, y    []float64
	classes map[float64]float64 // class indices of the numeric labels met so far
}

func (e *encoder) encode(b *dataset.Batch) (*Block, error) {
	wide := len(e.recipe.Features)
	e.x, e.y = grow(e.x, b.Rows*wide), grow(e.y, b.Rows)
	for k, c := range e.columns {
		for j := c.First; j < c.First+c.Count; j++ {
			if err := e.feature(j, &b.Columns[k]); err != nil {
				return nil, err
			}
		}
	}
	e.target(&b.Columns[len(e.columns)])
	block := &Block{FirstRow: e.rows, Rows: b.Rows, X: e.x, Y: e.y, Batch: b}
	if e.weight >= 0 {
		block.W = b.Columns[e.weight].Numbers
	}
	if e.time >= 0 {
		block.Times = b.Columns[e.time].Numbers
	}
	e.rows += int64(b.Rows)
	return block, nil
}

// feature fills column j of x.
func (e *encoder) feature(j int, v *dataset.Values) error {
	f, wide := &e.recipe.Features[j], len(e.recipe.Features)
	switch {
	case f.Kind == model.Number && (!f.Part.OfTime() || v.Kind == dataset.Time):
		f.EncodeNumbers(e.x, wide, j, v.Numbers)
	case v.Kind == dataset.Text:
		f.EncodeStrings(e.x, wide, j, v.Codes, v.Dict)
	case v.Kind == dataset.Boolean:
		f.EncodeBooleans(e.x, wide, j, v.Numbers)
	default:
		missing := f.MissingValue()
		for i, x := range v.Numbers {
			if !math.IsNaN(x) {
				return retyped(f, v.Kind)
			}
			e.x[i*wide+j] = missing
		}
	}
	return nil
}

// target fills y.
func (e *encoder) target(v *dataset.Values) {
	switch {
	case e.recipe.Task == model.Regression:
		copy(e.y, v.Numbers)
	case v.Kind != dataset.Text:
		for i, x := range v.Numbers {
			e.y[i] = e.numericClass(v.Kind, x)
		}
	default:
		byCode := make([]float64, len(v.Dict))
		for c, s := range v.Dict {
			byCode[c] = float64(e.recipe.Class(s))
		}
		for i, c := range v.Codes {
			e.y[i] = -1
			if c >= 0 {
				e.y[i] = byCode[c]
			}
		}
	}
}

// numericClass returns the class index of a label that is a number. The few
// classes there are are spelled once, not in every row.
func (e *encoder) numericClass(kind dataset.Kind, x float64) float64 {
	if math.IsNaN(x) {
		return -1
	}
	class, known := e.classes[x]
	if !known {
		class = float64(e.recipe.Class(numberText(kind, x)))
		if class >= 0 {
			e.classes[x] = class
		}
	}
	return class
}

func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

// Label returns the label of a class whose values are numbers.
func Label(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
