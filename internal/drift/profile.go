// Package drift tells whether new data is still like the data that a model was
// trained on.
//
// A profile is taken of the training side while it streams into the learner:
// for each column the bins, and how many rows are in each. A later run's data
// is counted in the same bins, and compared column by column. The package
// knows neither where profiles are kept nor what follows from a drift.
package drift

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// How finely columns are binned: numbers into tenths of the training side,
// categories into the most frequent ones and all others. Finer bins see less,
// since the noise grows with their number.
const (
	numberBins = 10
	topLabels  = 20
)

// maxSample bounds the rows of the training side that a profile is taken of,
// and maxCells the memory that they take (eight bytes a cell).
const (
	maxSample = 20_000
	maxCells  = 4 << 20
)

// format is the version of Profile's form.
const format = 1

// Profile is what a version remembers of the data that it was trained on.
type Profile struct {
	Format  int      `json:"format"`
	Rows    int64    `json:"rows"`    // that were counted
	Columns []Column `json:"columns"` // the features in their order, then the target
}

// Column is how a column's values are spread.
type Column struct {
	Name string     `json:"name"`
	Kind model.Kind `json:"kind"`
	// Edges separate the bins of a number: bin k holds the values up to
	// Edges[k], and the last one those above all edges.
	Edges []float64 `json:"edges,omitempty"`
	// Labels are the categories that have bins of their own.
	Labels []string `json:"labels,omitempty"`
	// Counts holds the rows of each bin; of all but the listed labels
	// together, for a category; and of the missing values.
	Counts []int64 `json:"counts"`
}

// Sampler takes a profile of a stream of rows, all of which have to be
// announced. It keeps every so-manieth row, so that the profile depends on
// neither the size of the batches nor on chance.
type Sampler struct {
	recipe *model.Recipe
	rows   int64 // announced
	size   int64 // rows that are kept
	seen   int64
	cells  [][]float64 // by column, the target last
}

// NewSampler prepares for so many rows that are encoded for the recipe.
func NewSampler(recipe *model.Recipe, rows int64) *Sampler {
	columns := len(recipe.Features) + 1
	size := min(rows, maxSample, int64(max(1000, maxCells/columns)))
	return &Sampler{recipe: recipe, rows: rows, size: size, cells: make([][]float64, columns)}
}

// Add takes rows: x is row-major, a column a feature, and y their targets.
func (s *Sampler) Add(x, y []float64) {
	wide := len(s.recipe.Features)
	for i := range y {
		// Row r is kept if the kept rows' number, as it should be, grows with it.
		if s.seen*s.size/s.rows != (s.seen+1)*s.size/s.rows {
			for c := range wide {
				s.cells[c] = append(s.cells[c], x[i*wide+c])
			}
			s.cells[wide] = append(s.cells[wide], y[i])
		}
		s.seen++
	}
}

// Profile returns the profile of the rows that were added.
func (s *Sampler) Profile() *Profile {
	p := &Profile{Format: format, Rows: int64(len(s.cells[len(s.cells)-1]))}
	for i := range s.recipe.Features {
		f := &s.recipe.Features[i]
		p.Columns = append(p.Columns, column(f.Name, f.Kind, f.Categories, s.cells[i]))
	}
	p.Columns = append(p.Columns, s.target())
	return p
}

func (s *Sampler) target() Column {
	values := s.cells[len(s.cells)-1]
	if s.recipe.Task == model.Regression {
		return column(s.recipe.Target, model.Number, nil, values)
	}
	return column(s.recipe.Target, model.Category, s.recipe.Classes, values)
}

func column(name string, kind model.Kind, categories []string, values []float64) Column {
	c := Column{Name: name, Kind: kind}
	if kind == model.Number {
		c.Edges = quantiles(values)
	} else {
		c.Labels = frequent(categories, values)
	}
	counter := newCounter(&c, categories)
	for _, v := range values {
		counter.add(v)
	}
	c.Counts = counter.counts
	return c
}

// quantiles returns the values that separate tenths of the present values;
// fewer where many rows share a value.
func quantiles(values []float64) []float64 {
	present := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(present) == 0 {
		return nil
	}
	slices.Sort(present)
	if distinct := slices.Compact(slices.Clone(present)); len(distinct) <= numberBins {
		return distinct[:len(distinct)-1]
	}
	var edges []float64
	for k := 1; k < numberBins; k++ {
		edge := present[(len(present)-1)*k/numberBins]
		if (len(edges) == 0 || edge > edges[len(edges)-1]) && edge < present[len(present)-1] {
			edges = append(edges, edge)
		}
	}
	return edges
}

// frequent returns the most frequent categories, in the recipe's order. The
// missing one has a bin of its own anyway.
func frequent(categories []string, values []float64) []string {
	counts := make([]int64, len(categories))
	for _, v := range values {
		if v >= 0 && int(v) < len(counts) {
			counts[int(v)]++
		}
	}
	var order []int
	for k, name := range categories {
		if counts[k] > 0 && name != "" {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(counts[b] - counts[a]) })
	order = order[:min(len(order), topLabels)]
	slices.Sort(order)
	var labels []string
	for _, k := range order {
		labels = append(labels, categories[k])
	}
	return labels
}

// Encode returns the profile as it is stored.
func (p *Profile) Encode() ([]byte, error) { return json.Marshal(p) }

// Decode reads a stored profile; one that does not hold together is a
// fault.InvalidData.
func Decode(text []byte) (*Profile, error) {
	var p Profile
	err := json.Unmarshal(text, &p)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, fault.Wrap(fault.InvalidData, err, "The stored profile of the training data cannot be read.")
	}
	return &p, nil
}

func (p *Profile) check() error {
	if p.Format != format || len(p.Columns) == 0 {
		return errors.New("another format, or no columns")
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		bins := len(c.Edges) + 2
		if c.Kind != model.Number {
			bins = len(c.Labels) + 2
		}
		if len(c.Counts) != bins || !slices.IsSorted(c.Edges) {
			return errors.New("a column's bins do not agree")
		}
	}
	return nil
}
