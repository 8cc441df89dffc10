// Package explain tells what a model looks at by asking it: how much worse it
// answers when a column's values are shuffled, and what it answers on average
// when all rows get the same value.
//
// It takes rows that the model was not trained on, and a model as it is served,
// whatever learner made it. Columns are those of the raw data: the features
// that are made of one column are shuffled together. The same rows give the same
// numbers on any machine. The package knows neither files nor stores.
package explain

import (
	"cmp"
	"slices"

	"retrain/internal/model"
)

// The rows that are asked: at most so many, and at most so many numbers (of
// eight bytes each).
const (
	maxRows  = 20_000
	maxCells = 4 << 20
)

// Rows are some rows, and what is true of them.
type Rows struct {
	X []float64 // row-major, one column a feature, as model.Predict takes it
	Y []float64 // the class index (-1: unknown to the model), or the value
}

// Sampler keeps some of a stream of rows, all of which have to be announced:
// every so-manieth one, so that the sample depends on neither the size of the
// batches nor on chance.
type Sampler struct {
	rows, size, seen int64
	kept             Rows
}

// NewSampler prepares for so many rows of so many features.
func NewSampler(features int, rows int64) *Sampler {
	return &Sampler{rows: rows, size: min(rows, maxRows, int64(max(1000, maxCells/max(1, features))))}
}

// Add takes rows, encoded as in Rows. It panics if the lengths do not agree,
// and for more rows than were announced.
func (s *Sampler) Add(x, y []float64) {
	if len(y) == 0 {
		return
	}
	wide := len(x) / len(y)
	if len(x) != wide*len(y) || s.seen+int64(len(y)) > s.rows {
		panic("explain: not the rows that were announced")
	}
	for i := range y {
		if s.seen*s.size/s.rows != (s.seen+1)*s.size/s.rows {
			s.kept.X = append(s.kept.X, x[i*wide:(i+1)*wide]...)
			s.kept.Y = append(s.kept.Y, y[i])
		}
		s.seen++
	}
}

// Rows returns the rows that were kept, in their order.
func (s *Sampler) Rows() *Rows { return &s.kept }

// some returns at most n of the rows, at equal distances.
func (r *Rows) some(n int) *Rows {
	if len(r.Y) <= n {
		return r
	}
	s := NewSampler(0, int64(len(r.Y)))
	s.size = int64(n)
	s.Add(r.X, r.Y)
	return s.Rows()
}

// Share is a column's part in a model, as model.Importance has it for the
// features.
type Share struct {
	Column string
	Share  float64 // of 1
	column model.Column
}

// Shares lists the columns that have a part in the model, the one with the
// largest part first. The parts of the features that are made of one column
// add up.
func Shares(m *model.Model) []Share {
	features := m.Importance()
	var all []Share
	for _, c := range m.Columns() {
		s := Share{Column: c.Name, column: c}
		for _, share := range features[c.First : c.First+c.Count] {
			s.Share += share
		}
		if s.Share > 0 {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Share) int { return cmp.Compare(b.Share, a.Share) })
	return all
}
