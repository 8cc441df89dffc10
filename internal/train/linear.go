package train

import (
	"context"
	"slices"

	"retrain/internal/linear"
	"retrain/internal/processed"
)

// linearData streams the training side into the linear learner's form.
func (j *job) linearData(ctx context.Context) (*linear.Data, error) {
	data := linear.NewData(&j.data.Recipe, int(j.data.Train.Rows))
	err := j.learn(ctx, func(b *processed.Block) { data.Append(b.X, b.Y, b.W) })
	return data, err
}

// linearDataWithout is linearData without the validation part; nil if that would
// leave some class without rows, which the learner refuses.
func (j *job) linearDataWithout(ctx context.Context) (*linear.Data, error) {
	data, v := linear.NewData(&j.data.Recipe, int(j.data.Train.Rows)), j.validation()
	counts := make([]int64, len(j.data.Recipe.Classes))
	err := j.learn(ctx, func(b *processed.Block) {
		x, y, w := v.rows(b, false)
		data.Append(x, y, w)
		for _, class := range y {
			counts[int(class)]++
		}
	})
	if err == nil && slices.Contains(counts, 0) {
		data = nil
	}
	return data, err
}

// fitLinear fits the linear learner of the task.
func (j *job) fitLinear(ctx context.Context) (*fitted, error) {
	var data *linear.Data
	var err error
	if j.params.Decision.judges() {
		data, err = j.linearDataWithout(ctx)
	}
	whole := data == nil
	if whole && err == nil {
		data, err = j.linearData(ctx)
	}
	if err != nil {
		return nil, err
	}
	r, err := linear.Fit(ctx, data, j.params.Linear)
	if err != nil {
		return nil, err
	}
	return &fitted{linear: r.Linear, iterations: r.Iterations, warnings: r.Warnings, whole: whole}, nil
}
