package train

import (
	"context"
	"fmt"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/linear"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// The baselines: what any model should beat.
const (
	baselineMajority = "majority" // always the training side's class shares
	baselineMean     = "mean"     // always the training side's mean
	baselineLinear   = "linear"   // a linear model with default parameters
)

// baselines scores, on the holdout, the prediction that knows no feature, and
// the linear model. If the challenger itself is linear, its scores stand for
// the latter.
func (j *job) baselines(ctx context.Context, challenger metric.Scores) (map[string]metric.Scores, error) {
	name, constant := j.constant()
	scored, err := j.data.Score(ctx, constant, dataset.Holdout)
	if err != nil {
		return nil, err
	}
	all := map[string]metric.Scores{name: scored.Scores()}
	if j.params.Algorithm != GradientBoosting {
		all[baselineLinear] = challenger
		return all, nil
	}
	data, err := j.linearData(ctx)
	if err != nil {
		return nil, err
	}
	r, err := linear.Fit(ctx, data, linear.Defaults())
	if fault.Is(err, fault.InvalidData) || fault.Is(err, fault.TooLarge) {
		j.warnings = append(j.warnings, "the linear baseline could not be fitted: "+fault.From(err).Detail)
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	if scored, err = j.data.Score(ctx, &model.Model{Recipe: j.data.Recipe, Linear: r.Linear}, dataset.Holdout); err != nil {
		return nil, err
	}
	all[baselineLinear] = scored.Scores()
	j.warnIfLinearWins(challenger, all[baselineLinear])
	return all, nil
}

// warnIfLinearWins says so when the simple model would do.
func (j *job) warnIfLinearWins(challenger, linear metric.Scores) {
	name := "log_loss"
	if j.data.Recipe.Task == model.Regression {
		name = "rmse"
	}
	mine, ok := challenger.Values[name]
	theirs, both := linear.Values[name]
	if ok && both && theirs < mine {
		algorithm := LogisticRegression
		if j.data.Recipe.Task == model.Regression {
			algorithm = LinearRegression
		}
		j.warnings = append(j.warnings, fmt.Sprintf(
			"a linear model has the better %s on the holdout (%.6g against %.6g): try \"algorithm\":\"%s\"", name, theirs, mine, algorithm))
	}
}

// constant returns a model that predicts the training side's class shares, or
// its mean, for every row: a linear model whose weights are all zero.
func (j *job) constant() (string, *model.Model) {
	recipe := j.data.Recipe
	m := &model.Model{Recipe: recipe, Linear: &model.Linear{}}
	name := baselineMajority
	if recipe.Task == model.Regression {
		name = baselineMean
		m.Linear.Intercept = []float64{j.data.Train.MeanTarget}
	} else {
		m.Linear.Intercept = processed.LogPriors(recipe.Task, j.data.Train.Classes)
	}
	for range m.Linear.Intercept {
		m.Linear.Coef = append(m.Linear.Coef, make([]float64, recipe.Inputs()))
	}
	return name, m
}
