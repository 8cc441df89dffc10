package processed

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
)

// Block is a run of rows, encoded for a recipe. It is valid until the callback
// that received it returns.
type Block struct {
	FirstRow int64 // the number of rows of this side before it
	Rows     int
	X        []float64 // row-major, one column a feature, as model.Predict takes it
	Y        []float64 // class index (-1: unknown to the recipe), or the value to predict
	// Batch holds the rows as they are stored: the recipe's features in
	// order, then the target.
	Batch *dataset.Batch
}

// Each streams one side of the data, encoded for the recipe, which may be
// another model's: a champion is scored on a challenger's holdout. It verifies
// the side's digest, and reports a mismatch (fault.InvalidData) after the last
// block. A recipe that the data cannot serve is an *IncompatibleError.
func (d *Data) Each(ctx context.Context, side dataset.Side, recipe *model.Recipe, visit func(*Block) error) error {
	columns, err := d.columnsFor(recipe)
	if err != nil {
		return err
	}
	e := encoder{recipe: recipe, wide: len(recipe.Features)}
	digest := NewDigest()
	err = d.file.Read(ctx, side, d.andDigested(columns), func(b *dataset.Batch) error {
		digest.Add(b.Hashes[0]...)
		return e.encode(b, visit)
	})
	if err != nil {
		return err
	}
	if want := d.sideOf(side); digest.String() != want.Digest {
		return fault.New(fault.InvalidData, "The processed data does not match its recorded digest: it was changed after it was written.")
	}
	return nil
}

// andDigested adds, behind the columns, the others that the digest covers.
func (d *Data) andDigested(columns []string) []string {
	listed := make(map[string]bool, len(columns))
	for _, name := range columns {
		listed[name] = true
	}
	for _, name := range d.Digested {
		if !listed[name] {
			columns = append(columns, name)
		}
	}
	return columns
}

func (d *Data) sideOf(side dataset.Side) Side {
	if side == dataset.Holdout {
		return d.Holdout
	}
	return d.Train
}

// IncompatibleError says why a model cannot be scored on the data.
type IncompatibleError struct {
	Column string
	Reason string
}

// Error returns the reason.
func (e *IncompatibleError) Error() string {
	return fmt.Sprintf("column %q %s", e.Column, e.Reason)
}

// columnsFor lists the recipe's columns and the target, and checks that the
// file has them with fitting kinds.
func (d *Data) columnsFor(recipe *model.Recipe) ([]string, error) {
	schema := d.file.Schema()
	names := make([]string, 0, len(recipe.Features)+1)
	for i := range recipe.Features {
		f := &recipe.Features[i]
		at := schema.Index(f.Name)
		if at < 0 {
			return nil, &IncompatibleError{f.Name, "is not in the data"}
		}
		kind := schema.Columns[at].Kind
		if kind != dataset.Empty && kind.Numeric() != (f.Kind == model.Number) {
			return nil, &IncompatibleError{f.Name, fmt.Sprintf("is %s in the data; the model takes a %s", kind, f.Kind)}
		}
		names = append(names, f.Name)
	}
	if schema.Index(recipe.Target) < 0 {
		return nil, &IncompatibleError{recipe.Target, "is the model's target and not in the data"}
	}
	return append(names, recipe.Target), nil
}

// encoder turns batches into blocks, reusing its buffers.
type encoder struct {
	recipe *model.Recipe
	wide   int
	rows   int64
	x, y   []float64
	codes  [][]int // for each feature, dictionary code -> category code
}

func (e *encoder) encode(b *dataset.Batch, visit func(*Block) error) error {
	e.x = grow(e.x, b.Rows*e.wide)
	e.y = grow(e.y, b.Rows)
	for j := range e.recipe.Features {
		f, v := &e.recipe.Features[j], &b.Columns[j]
		switch {
		case v.Kind == dataset.Empty:
			fill(e.x, e.wide, j, b.Rows, f.MissingValue())
		case f.Kind == model.Number:
			f.EncodeNumbers(e.x, e.wide, j, v.Numbers)
		default:
			f.EncodeStrings(e.x, e.wide, j, v.Codes, v.Dict)
		}
	}
	EncodeTarget(e.y, e.recipe, &b.Columns[e.wide])
	block := Block{FirstRow: e.rows, Rows: b.Rows, X: e.x, Y: e.y, Batch: b}
	e.rows += int64(b.Rows)
	return visit(&block)
}

func fill(x []float64, stride, j, rows int, v float64) {
	for i := range rows {
		x[i*stride+j] = v
	}
}

func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

// EncodeTarget writes the class index of each row's label (-1 if the recipe
// does not know it), or the value to predict.
func EncodeTarget(y []float64, recipe *model.Recipe, v *dataset.Values) {
	if recipe.Task == model.Regression {
		copy(y, v.Numbers)
		return
	}
	if v.Kind.Numeric() {
		for i, x := range v.Numbers {
			y[i] = float64(recipe.Class(Label(x)))
		}
		return
	}
	byCode := make([]float64, len(v.Dict))
	for c, s := range v.Dict {
		byCode[c] = float64(recipe.Class(s))
	}
	for i, c := range v.Codes {
		y[i] = -1
		if c >= 0 {
			y[i] = byCode[c]
		}
	}
}

// Label returns the label of a class whose values are numbers.
func Label(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
