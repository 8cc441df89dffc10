package processed

import (
	"context"
	"fmt"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// read streams columns of a side, and verifies the digest of the whole side,
// which takes all of its columns. What was changed is found out only after the
// last batch: whoever uses the values must wait for the end.
func (d *Data) read(ctx context.Context, side dataset.Side, columns []string, visit func(*dataset.Batch) error) error {
	return d.readFile(ctx, d.file, side, columns, visit)
}

// readFile is read for the file opened anew, with other sets of hashes behind
// the digest's.
func (d *Data) readFile(ctx context.Context, file *dataset.File, side dataset.Side, columns []string, visit func(*dataset.Batch) error) error {
	digest := NewDigest()
	err := file.Read(ctx, side, d.andDigested(columns), func(b *dataset.Batch) error {
		digest.Add(b.Hashes[0]...)
		return visit(b)
	})
	if err != nil {
		return explained(err)
	}
	if digest.String() != d.sideOf(side).Digest {
		return altered(nil)
	}
	return nil
}

// andDigested adds, behind the columns, the others that the digest covers.
func (d *Data) andDigested(columns []string) []string {
	listed := make(map[string]bool, len(columns))
	for _, name := range columns {
		listed[name] = true
	}
	all := slices.Clone(columns)
	for _, name := range d.Digested {
		if !listed[name] {
			listed[name] = true
			all = append(all, name)
		}
	}
	return all
}

func (d *Data) sideOf(side dataset.Side) Side {
	if side == dataset.Holdout {
		return d.Holdout
	}
	return d.Train
}

// Has reports whether the data has a column of the name.
func (d *Data) Has(column string) bool { return d.file.Schema().Index(column) >= 0 }

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
	for _, c := range recipe.Columns() {
		at := schema.Index(c.Name)
		if at < 0 {
			return nil, &IncompatibleError{c.Name, "is not in the data"}
		}
		if f := &recipe.Features[c.First]; !fits(f, schema.Columns[at].Kind) {
			return nil, retyped(f, schema.Columns[at].Kind)
		}
		names = append(names, c.Name)
	}
	at := schema.Index(recipe.Target)
	switch {
	case at < 0:
		return nil, &IncompatibleError{recipe.Target, "is the model's target and not in the data"}
	case recipe.Task == model.Regression && !schema.Columns[at].Kind.Numeric():
		return nil, &IncompatibleError{recipe.Target, "is text in the data; the model predicts a number"}
	}
	return append(names, recipe.Target), nil
}

// fits reports whether a feature may be read from a column of the file. One of
// floats may have been a column without any value, which serves every feature;
// the encoder looks.
func fits(f *model.Feature, column dataset.Kind) bool {
	switch {
	case f.Kind == model.Category:
		return column == dataset.Text || column == dataset.Boolean || column == dataset.Float
	case f.Part.OfTime():
		return column == dataset.Time || column == dataset.Float
	case f.Part == model.Flag:
		return column == dataset.Boolean || column.Numeric()
	}
	return column.Numeric()
}

func retyped(f *model.Feature, column dataset.Kind) error {
	takes := string(f.Kind)
	switch {
	case f.Part.OfTime():
		takes = "time"
	case f.Part == model.Flag:
		takes = "boolean"
	}
	return &IncompatibleError{f.Source(), fmt.Sprintf("is %s in the data; the model takes a %s", column, takes)}
}
