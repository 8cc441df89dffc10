package processed

import (
	"context"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// Scored is a model's answers to one side of the data.
type Scored struct {
	Recipe *model.Recipe
	Rows   int
	Y      []float64 // what the rows really are, as Block.Y
	P      []float64 // row-major, Recipe.Outputs() numbers a row
}

// Score predicts every row of a side. A model that the data cannot serve is an
// *IncompatibleError. Memory grows with the rows: eight bytes for the target
// and for each output.
func (d *Data) Score(ctx context.Context, m *model.Model, side dataset.Side) (*Scored, error) {
	outputs := m.Outputs()
	rows := int(d.sideOf(side).Rows)
	s := &Scored{Recipe: &m.Recipe, Y: make([]float64, 0, rows), P: make([]float64, 0, rows*outputs)}
	err := d.Each(ctx, side, &m.Recipe, func(b *Block) error {
		s.Y = append(s.Y, b.Y...)
		at := len(s.P)
		s.P = append(s.P, make([]float64, b.Rows*outputs)...)
		m.Predict(s.P[at:], b.X)
		return nil
	})
	s.Rows = len(s.Y)
	return s, err
}
