package train

import (
	"context"

	"retrain/internal/dataset"
	"retrain/internal/linear"
	"retrain/internal/processed"
	"retrain/internal/settings"
)

// logisticFields lists the parameters of logistic regression, by
// scikit-learn's names.
func logisticFields(p *linear.Params) []settings.Field {
	return []settings.Field{
		{Name: "C", Value: settings.Number{To: &p.C}},
		{Name: "max_iter", Value: settings.Integer{To: &p.MaxIter}},
		{Name: "tol", Value: settings.Number{To: &p.Tol}},
		{Name: "class_weight", Value: classWeight{balanced: &p.Balanced}},
		{Name: "random_state", Aliases: []string{"seed"}, Value: seed{new(uint64)}},
	}
}

// ridgeFields lists the parameters of ridge regression, by scikit-learn's
// names.
func ridgeFields(p *linear.Params) []settings.Field {
	return []settings.Field{
		{Name: "alpha", Aliases: []string{"l2_regularization"}, Value: settings.Number{To: &p.Alpha}},
		{Name: "random_state", Aliases: []string{"seed"}, Value: seed{new(uint64)}},
	}
}

// fitLinear streams the training side into the linear learner of the task.
func (j *job) fitLinear(ctx context.Context, params linear.Params) (*fitted, error) {
	recipe := &j.data.Recipe
	data := linear.NewData(recipe, int(j.data.Train.Rows))
	err := j.data.Each(ctx, dataset.Train, recipe, func(b *processed.Block) error {
		data.Append(b.X, b.Y, nil)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r, err := linear.Fit(ctx, data, params)
	if err != nil {
		return nil, err
	}
	return &fitted{linear: r.Linear, iterations: r.Iterations, warnings: r.Warnings}, nil
}
