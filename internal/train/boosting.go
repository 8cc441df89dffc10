package train

import (
	"context"
	"time"

	"retrain/internal/gbdt"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// reading is a pass over the training side that has found its bins.
type reading struct {
	bins *gbdt.Bins
	took time.Duration
}

// findBins streams the training side once to find the bins, and hands each
// block to visit as well, if that is not nil.
func (j *job) findBins(ctx context.Context, visit func(*processed.Block)) (*reading, error) {
	start, params := time.Now(), &j.params.Boosting
	binner := gbdt.NewBinner(j.data.Recipe.Features, params.MaxBins, params.RandomState)
	err := j.learn(ctx, func(b *processed.Block) {
		binner.Observe(b.FirstRow, b.X)
		if visit != nil {
			visit(b)
		}
	})
	if err != nil {
		return nil, err
	}
	return &reading{binner.Bins(), time.Since(start)}, nil
}

// fitBoosting streams the training side into the learner, and beside it the
// linear baseline's sample.
func (j *job) fitBoosting(ctx context.Context, read *reading) (*fitted, error) {
	recipe, params := &j.data.Recipe, storable(j.params.Boosting)
	params.Threads = j.req.Threads
	start := time.Now()
	data := gbdt.NewData(read.bins, recipe.Task, recipe.Outputs(), int(j.data.Train.Rows))
	sample, v := newLinearSample(recipe, int(j.data.Train.Rows), baselineRows), j.validation()
	var judging []bool
	err := j.learn(ctx, func(b *processed.Block) {
		data.Append(b.X, b.Y, b.W)
		if b.Groups != nil || b.Times != nil {
			judging = judging[:0]
			for i := range b.Rows {
				judging = append(judging, v.has(b, i))
			}
			data.Judge(judging)
		}
		sample.add(b.X, b.Y, b.W)
	})
	if err != nil {
		return nil, err
	}
	if j.clock != nil {
		j.beginRounds(read.took + time.Since(start))
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

// storable bounds the depth of trees: beyond it a model is not stored.
func storable(p gbdt.Params) gbdt.Params {
	if p.MaxDepth == 0 || p.MaxDepth > model.MaxDepth {
		p.MaxDepth = model.MaxDepth
	}
	return p
}
