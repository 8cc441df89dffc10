package train

import (
	"context"

	"retrain/internal/linear"
	"retrain/internal/processed"
)

// linearData streams the training side into the linear learner's form.
func (j *job) linearData(ctx context.Context) (*linear.Data, error) {
	data := linear.NewData(&j.data.Recipe, int(j.data.Train.Rows))
	err := j.learn(ctx, func(b *processed.Block) { data.Append(b.X, b.Y, nil) })
	return data, err
}

// fitLinear fits the linear learner of the task.
func (j *job) fitLinear(ctx context.Context) (*fitted, error) {
	data, err := j.linearData(ctx)
	if err != nil {
		return nil, err
	}
	r, err := linear.Fit(ctx, data, j.params.Linear)
	if err != nil {
		return nil, err
	}
	return &fitted{linear: r.Linear, iterations: r.Iterations, warnings: r.Warnings}, nil
}
