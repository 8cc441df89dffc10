package train

import (
	"context"
	"math"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/model"
	"retrain/internal/processed"
	"retrain/internal/search"
)

// validationStream keeps the hash of the validation part apart from those of
// other choices among the same rows.
const validationStream = 0x9e3779b97f4a7c15

// judges reports whether a row, given its hash, is of the share that judges
// candidates. Equal rows are on the same side, so that no answer is known by
// heart; rows of a group are, given its hash; and the share is the same for all
// candidates and learners. Where the split goes by time, the time decides instead.
func judges(hash uint64, share float64) bool {
	h := hash ^ validationStream
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9 // the mixer of SplitMix64 (Steele et al., OOPSLA 2014)
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11)/(1<<53) < share
}

// part hands a visitor those rows that judge, or the others, as blocks of a table
// that has nothing else.
func (j *job) part(judging bool, visit func(*processed.Block)) func(*processed.Block) {
	rows, wide := int64(0), len(j.data.Recipe.Features)
	var kept processed.Block
	return func(b *processed.Block) {
		kept = processed.Block{FirstRow: rows, X: kept.X[:0], Y: kept.Y[:0], W: kept.W[:0], Groups: kept.Groups[:0], Times: kept.Times[:0]}
		hashes := b.RowHashes()
		if b.Groups != nil {
			hashes = b.Groups
		}
		for i, hash := range hashes {
			judge := judges(hash, j.req.ValidateOn)
			if j.judging.byTime {
				judge = b.Times[i] >= j.judging.at
			}
			if judge == judging {
				kept.X = append(kept.X, b.X[i*wide:(i+1)*wide]...)
				kept.Y = append(kept.Y, b.Y[i])
				if b.W != nil {
					kept.W = append(kept.W, b.W[i])
				}
				if b.Groups != nil {
					kept.Groups = append(kept.Groups, hash)
				}
				if b.Times != nil {
					kept.Times = append(kept.Times, b.Times[i])
				}
			}
		}
		kept.Rows = len(kept.Y)
		rows += int64(kept.Rows)
		if kept.Rows > 0 {
			visit(&kept)
		}
	}
}

// validate is the story of a candidate: it learns from the rows that do not
// judge, and is judged. Nothing but the answer is stored, and the holdout is not
// looked at.
func (j *job) validate(ctx context.Context) (*Result, error) {
	fitted, err := j.fit(ctx)
	if err != nil {
		return nil, err
	}
	m := &model.Model{Recipe: j.data.Recipe, Trees: fitted.trees, Linear: fitted.linear}
	if err := j.decide(ctx, fitted, m); err != nil {
		return nil, err
	}
	v, err := j.judge(ctx, m)
	if err != nil {
		return nil, err
	}
	recipe := &j.data.Recipe
	r := &Result{
		Status: "success", RunID: j.runID, ModelName: j.data.ModelName, ProcessedDataPath: j.data.URI,
		Params: j.params.Effective(), Target: recipe.Target, Task: string(recipe.Task), Algorithm: j.params.Algorithm,
		BestIteration: fitted.iterations, ValidateOn: j.req.ValidateOn, Validation: v,
		Warnings: append(j.warnings, fitted.warnings...), DurationMS: j.Now().Sub(j.began).Milliseconds(),
	}
	if err := j.claim(ctx); err != nil {
		return nil, err
	}
	return r, processed.SaveResult(ctx, j.Store, j.runID, stepName, j.fingerprint, r)
}

// judge scores a model on the rows that judge.
func (j *job) judge(ctx context.Context, m *model.Model) (*search.Validation, error) {
	outputs, loss := m.Outputs(), j.rowLoss()
	var answers, losses, weights []float64
	var groups []uint64
	err := j.data.Learn(ctx, j.part(true, func(b *processed.Block) {
		answers = slices.Grow(answers[:0], b.Rows*outputs)[:b.Rows*outputs]
		m.Predict(answers, b.X)
		for i, y := range b.Y {
			losses = append(losses, loss(answers[i*outputs:(i+1)*outputs], y))
		}
		if b.W == nil {
			weights = append(weights, slices.Repeat([]float64{1}, b.Rows)...)
		}
		weights = append(weights, b.W...)
		groups = append(groups, b.Groups...)
	}))
	if err != nil {
		return nil, err
	}
	if len(losses) < 2 {
		return nil, fault.New(fault.InvalidData, "There are too few rows to judge the candidates of a search by.")
	}
	mean, standardError := meanAndError(losses, weights, groups)
	if math.IsInf(mean, 0) || math.IsNaN(mean) || math.IsInf(standardError, 0) || math.IsNaN(standardError) {
		return nil, fault.New(fault.InvalidData, "The candidate's loss is beyond all bounds.")
	}
	return &search.Validation{Metric: j.params.lossName(j.data.Recipe.Task), Value: mean, StandardError: standardError, Rows: int64(len(losses))}, nil
}

// lossName names what a training with these parameters makes small.
func (p *Params) lossName(task model.Task) string {
	boosted := p.Algorithm == GradientBoosting || p.Algorithm == Auto
	switch {
	case boosted && p.Boosting.Loss != "":
		return p.Boosting.Loss
	case task == model.Regression:
		return gbdt.SquaredError
	}
	return gbdt.LogLoss
}

// leastShare bounds what a wrong answer that was certain costs.
const leastShare = 1e-15

// rowLoss returns the loss of an answer, a model's output for one row, to a row
// with the target y.
func (j *job) rowLoss() func(answer []float64, y float64) float64 {
	quantile := j.params.Boosting.Quantile
	switch j.params.lossName(j.data.Recipe.Task) {
	case gbdt.SquaredError:
		return func(a []float64, y float64) float64 { return float64((y - a[0]) * (y - a[0])) }
	case gbdt.AbsoluteError:
		return func(a []float64, y float64) float64 { return math.Abs(y - a[0]) }
	case gbdt.Quantile:
		return func(a []float64, y float64) float64 {
			return max(float64(quantile*(y-a[0])), float64((quantile-1)*(y-a[0])))
		}
	case gbdt.Poisson: // half the deviance
		return func(a []float64, y float64) float64 {
			if y == 0 {
				return a[0]
			}
			return float64(y*(model.Log(y)-model.Log(a[0]))) - y + a[0]
		}
	}
	return func(a []float64, y float64) float64 { return -model.Log(max(a[int(y)], leastShare)) }
}
