package evaluate

import (
	"context"

	"retrain/internal/dataset"
	"retrain/internal/explain"
	"retrain/internal/processed"
)

// dependences is how many columns' partial dependences are told.
const dependences = 6

// explain finds out what the challenger looks at, on rows of the holdout.
func (j *job) explain(ctx context.Context, v *verdict, r *Result) error {
	m := j.challenger.model
	sample := explain.NewSampler(len(m.Features), j.data.Holdout.Rows)
	err := j.data.Each(ctx, dataset.Holdout, &m.Recipe, func(b *processed.Block) error {
		sample.Add(b.X, b.Y)
		return nil
	})
	if err != nil {
		return err
	}
	if r.Importances, err = explain.Permute(ctx, m, sample.Rows(), v.primary, v.objective); err != nil {
		return err
	}
	r.Dependences = []explain.Dependence{}
	for _, column := range mostImportant(r.Importances, explain.Shares(m)) {
		d, err := explain.Depend(ctx, m, sample.Rows(), column)
		if err != nil {
			return err
		}
		if d != nil {
			r.Dependences = append(r.Dependences, *d)
		}
	}
	return nil
}

// mostImportant lists the columns whose dependences are told: those that the
// score needs most or, where it is undefined, those with the largest part in
// the model.
func mostImportant(measured *explain.Importances, shares []explain.Share) (columns []string) {
	if measured == nil {
		for _, s := range shares {
			columns = append(columns, s.Column)
		}
	} else {
		for _, c := range measured.Columns {
			columns = append(columns, c.Column)
		}
	}
	return columns[:min(len(columns), dependences)]
}
