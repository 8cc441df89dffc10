package model

import (
	"errors"
	"fmt"
)

// Column is a column of the raw data that a model reads, and the features that
// are made of it: Count of them, from First on.
type Column struct {
	Name         string
	First, Count int
}

// Source returns the name of the raw column that the feature is made of.
func (f *Feature) Source() string {
	if f.Column != "" {
		return f.Column
	}
	return f.Name
}

// Columns returns the raw columns in the order of their features.
func (r *Recipe) Columns() []Column {
	columns := make([]Column, 0, len(r.Features))
	for j := range r.Features {
		name := r.Features[j].Source()
		if last := len(columns) - 1; last >= 0 && columns[last].Name == name {
			columns[last].Count++
			continue
		}
		columns = append(columns, Column{name, j, 1})
	}
	return columns
}

// Encode writes a number of the column into its features in a row.
func (r *Recipe) Encode(row []float64, c Column, x float64) {
	for j := c.First; j < c.First+c.Count; j++ {
		row[j] = r.Features[j].Part.Of(x)
	}
}

// checkColumns wants the features of a column side by side and in the order of
// TimeParts, and no feature that is called like another one's column.
func (r *Recipe) checkColumns() error {
	sources := make(map[string]int, len(r.Features))
	for _, c := range r.Columns() {
		if _, twice := sources[c.Name]; twice || c.Name == r.Target {
			return fmt.Errorf("model: feature %d has the column of another one, or the target", c.First)
		}
		sources[c.Name] = c.First
		for j := c.First + 1; j < c.First+c.Count; j++ {
			if before, after := r.Features[j-1].Part, r.Features[j].Part; !before.OfTime() || before.order() >= after.order() {
				return fmt.Errorf("model: feature %d is not the next part of its column", j)
			}
		}
	}
	for j := range r.Features {
		if at, taken := sources[r.Features[j].Name]; taken && r.Features[j].Column != "" {
			return fmt.Errorf("model: feature %d has the name of feature %d's column", j, at)
		}
	}
	return nil
}

// order returns the part's place among TimeParts, or -1.
func (p Part) order() int {
	for i, part := range TimeParts {
		if p == part {
			return i
		}
	}
	return -1
}

// checkPart wants a part that exists, of a number, and a column of another name
// for the parts of a time only.
func (f *Feature) checkPart() error {
	switch {
	case f.Part == Whole, f.Part == Flag && f.Kind == Number:
		if f.Column != "" {
			return errors.New("has a column beside its name, and is no part of it")
		}
	case f.Kind != Number || f.Part.order() < 0:
		return errors.New("is an unknown part of its column")
	case f.Column == "" || f.Column == f.Name:
		return errors.New("is a part of a column that is not named")
	}
	return nil
}
