package processed

import (
	"context"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/metric"
	"retrain/internal/model"
)

// Scored is a model's answers to one side of the data.
type Scored struct {
	Recipe    *model.Recipe
	Threshold float64 // the model's
	// Objective is what a regression is scored for; Score leaves it empty.
	Objective metric.Objective
	Rows      int
	Y         []float64 // what the rows really are, as Block.Y
	P         []float64 // row-major, Recipe.Outputs() numbers a row
}

// Score predicts every row of a side. A model that the data cannot serve is an
// *IncompatibleError. Memory grows with the rows: eight bytes for the target
// and for each output.
func (d *Data) Score(ctx context.Context, m *model.Model, side dataset.Side) (*Scored, error) {
	outputs := m.Outputs()
	rows := int(d.sideOf(side).Rows)
	s := &Scored{Recipe: &m.Recipe, Threshold: m.Threshold, Y: make([]float64, 0, rows), P: make([]float64, 0, rows*outputs)}
	err := d.Each(ctx, side, &m.Recipe, func(b *Block) error {
		s.Y = append(s.Y, b.Y...)
		at := len(s.P)
		s.P = append(s.P, make([]float64, b.Rows*outputs)...)
		m.Predict(s.P[at:], b.X)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.Rows = len(s.Y)
	return s, nil
}

// Keep returns the answers to some of the rows; nil keeps all.
func (s *Scored) Keep(kept []bool) *Scored {
	if kept == nil {
		return s
	}
	wide := len(s.P) / max(1, s.Rows)
	some := &Scored{Recipe: s.Recipe, Threshold: s.Threshold, Objective: s.Objective}
	for i, keep := range kept {
		if keep {
			some.Y = append(some.Y, s.Y[i])
			some.P = append(some.P, s.P[i*wide:(i+1)*wide]...)
		}
	}
	some.Rows = len(some.Y)
	return some
}

// Scores returns the metrics of the answers.
func (s *Scored) Scores() metric.Scores {
	if s.Recipe.Task == model.Regression {
		return metric.Regression(s.Y, s.P, s.Objective)
	}
	return metric.Classification(s.Labels(), s.Answers(), len(s.Recipe.Classes))
}

// Labels returns the rows' class indices; -1 is a label that the recipe does
// not know.
func (s *Scored) Labels() []int32 {
	labels := make([]int32, len(s.Y))
	for i, y := range s.Y {
		labels[i] = int32(y)
	}
	return labels
}

// Answers returns the answers as metrics take them, with the labels that the
// model's threshold gives them.
func (s *Scored) Answers() metric.Answers {
	a := metric.Answers{P: s.P}
	if s.Threshold == 0 {
		return a
	}
	a.Labels = make([]int32, s.Rows)
	for i := range a.Labels {
		a.Labels[i] = int32(model.LabelAbove(s.P[2*i:2*i+2], s.Threshold))
	}
	return a
}

// As returns the answers over another recipe's classes, which are to be a
// superset in any order; a class that this recipe does not have has probability
// 0 in every row.
func (s *Scored) As(recipe *model.Recipe) metric.Answers {
	own := s.Answers()
	if recipe.Task == model.Regression || slices.Equal(recipe.Classes, s.Recipe.Classes) {
		return own
	}
	for i, label := range own.Labels {
		own.Labels[i] = int32(recipe.Class(s.Recipe.Classes[label]))
	}
	from, to := len(s.Recipe.Classes), len(recipe.Classes)
	p := make([]float64, s.Rows*to)
	for k, label := range s.Recipe.Classes {
		if at := recipe.Class(label); at >= 0 {
			for i := range s.Rows {
				p[i*to+at] = s.P[i*from+k]
			}
		}
	}
	own.P = p
	return own
}

// LogPriors returns the raw scores of the model that answers each row with the
// classes' shares: log odds of class 1 for two classes, else log shares. A
// class without rows counts as half a row.
func LogPriors[N int64 | float64](task model.Task, counts []N) []float64 {
	logs := make([]float64, len(counts))
	for k, n := range counts {
		logs[k] = model.Log(max(float64(n), 0.5))
	}
	if task == model.Binary {
		return []float64{logs[1] - logs[0]}
	}
	return logs
}
