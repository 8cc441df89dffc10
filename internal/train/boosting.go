package train

import (
	"context"
	"time"

	"retrain/internal/gbdt"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// fitBoosting streams the training side twice into the learner: once to find
// the bins, once to fill them, and beside it the linear baseline's sample.
func (j *job) fitBoosting(ctx context.Context) (*fitted, error) {
	recipe, params := &j.data.Recipe, j.params.Boosting
	start := time.Now()
	binner := gbdt.NewBinner(recipe.Features, params.MaxBins, params.RandomState)
	err := j.learn(ctx, func(b *processed.Block) { binner.Observe(b.FirstRow, b.X) })
	if err != nil {
		return nil, err
	}
	data := gbdt.NewData(binner.Bins(), recipe.Task, recipe.Outputs(), int(j.data.Train.Rows))
	sample := newLinearSample(recipe, int(j.data.Train.Rows), baselineRows)
	err = j.learn(ctx, func(b *processed.Block) {
		data.Append(b.X, b.Y, nil)
		sample.add(b.X, b.Y)
	})
	if err != nil {
		return nil, err
	}
	if params.MaxDepth == 0 || params.MaxDepth > model.MaxDepth {
		params.MaxDepth = model.MaxDepth // beyond it a model is not stored
	}
	if j.clock != nil {
		j.beginRounds(time.Since(start))
	}
	scores := j.scores
	j.scores = nil // what is saved from now on is newer
	r, err := gbdt.Train(ctx, data, params, gbdt.Options{
		Resume: j.reached, Scores: scores, AfterRound: func(now *gbdt.Round) error { return j.afterRound(ctx, now) },
	})
	if err != nil {
		return j.soFar(ctx, r, sample.data, err)
	}
	return &fitted{trees: r.Trees, sample: sample.data, iterations: r.BestIteration, warnings: r.Warnings}, nil
}
