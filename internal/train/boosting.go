package train

import (
	"context"

	"retrain/internal/gbdt"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// fitBoosting streams the training side twice into the learner: once to find
// the bins, once to fill them.
func (j *job) fitBoosting(ctx context.Context) (*fitted, error) {
	recipe, params := &j.data.Recipe, j.params.Boosting
	binner := gbdt.NewBinner(recipe.Features, params.MaxBins, params.RandomState)
	err := j.learn(ctx, func(b *processed.Block) { binner.Observe(b.FirstRow, b.X) })
	if err != nil {
		return nil, err
	}
	data := gbdt.NewData(binner.Bins(), recipe.Task, recipe.Outputs(), int(j.data.Train.Rows))
	err = j.learn(ctx, func(b *processed.Block) { data.Append(b.X, b.Y, nil) })
	if err != nil {
		return nil, err
	}
	if params.MaxDepth == 0 || params.MaxDepth > model.MaxDepth {
		params.MaxDepth = model.MaxDepth // beyond it a model is not stored
	}
	r, err := gbdt.Train(ctx, data, params, gbdt.Options{AfterRound: j.afterRound})
	if err != nil {
		return nil, err
	}
	return &fitted{trees: r.Trees, iterations: r.BestIteration, warnings: r.Warnings}, nil
}

func (j *job) afterRound(now *gbdt.Round) error {
	if j.Progress != nil {
		j.Progress(float64(now.Iteration) / float64(max(1, now.MaxIter)))
	}
	return nil
}
