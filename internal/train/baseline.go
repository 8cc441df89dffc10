package train

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/linear"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// The baselines: what any model should beat.
const (
	baselineMajority = "majority" // always the training side's class shares, by weight
	baselineMean     = "mean"     // always the training side's mean, by weight
	baselineLinear   = "linear"   // a linear model with default parameters
)

// baselines scores, on the holdout, the prediction that knows no feature, and
// the linear model. If the challenger itself is linear, its scores stand for
// the latter. The holdout's targets are those of the challenger's answers.
func (j *job) baselines(ctx context.Context, o *outcome) (map[string]metric.Scores, error) {
	name, constant := j.constant(o.scored)
	all := map[string]metric.Scores{name: constant.Scores()}
	if j.params.Algorithm != GradientBoosting {
		all[baselineLinear] = o.scores
		return all, nil
	}
	if n := o.sample.Rows(); int64(n) < j.data.Train.Rows {
		j.warnings = append(j.warnings, fmt.Sprintf("the linear baseline was fitted to a sample of %d of the %d training rows", n, j.data.Train.Rows))
	}
	r, err := linear.Fit(ctx, o.sample, linear.Defaults())
	if fault.Is(err, fault.InvalidData) || fault.Is(err, fault.TooLarge) {
		j.warnings = append(j.warnings, "the linear baseline could not be fitted: "+fault.From(err).Detail)
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	scored, err := j.data.Score(ctx, &model.Model{Recipe: j.data.Recipe, Linear: r.Linear}, dataset.Holdout)
	if err != nil {
		return nil, err
	}
	scored.Objective = o.scored.Objective
	all[baselineLinear] = scored.Scores()
	j.warnIfLinearWins(o.scores, all[baselineLinear])
	return all, nil
}

// warnIfLinearWins says so when the simple model would do.
func (j *job) warnIfLinearWins(challenger, linear metric.Scores) {
	name := "log_loss"
	if j.data.Recipe.Task == model.Regression {
		name = cmp.Or(j.objective().Own(), metric.RMSE)
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

// constant answers every row of the holdout with the training side's class
// shares, or its mean: a linear model whose weights are all zero.
func (j *job) constant(holdout *processed.Scored) (string, *processed.Scored) {
	recipe := j.data.Recipe
	m := &model.Model{Recipe: recipe, Linear: &model.Linear{}}
	name := baselineMajority
	if recipe.Task == model.Regression {
		name = baselineMean
		m.Linear.Intercept = []float64{j.meanTarget()}
	} else {
		m.Linear.Intercept = processed.LogPriors(recipe.Task, j.classRows())
	}
	for range m.Linear.Intercept {
		m.Linear.Coef = append(m.Linear.Coef, make([]float64, recipe.Inputs()))
	}
	answer := make([]float64, m.Outputs())
	m.Predict(answer, make([]float64, len(recipe.Features)))
	return name, &processed.Scored{Recipe: holdout.Recipe, Objective: holdout.Objective, Rows: holdout.Rows, Y: holdout.Y, P: slices.Repeat(answer, holdout.Rows)}
}
