package train

import (
	"context"
	"maps"
	"math"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/gbdt"
	"retrain/internal/model"
	"retrain/internal/processed"
	"retrain/internal/settings"
)

// boostingFields lists the parameters of gradient boosting: scikit-learn's
// names for HistGradientBoosting, and LightGBM's and XGBoost's for the same.
func boostingFields(p *gbdt.Params, features []model.Feature) []settings.Field {
	return []settings.Field{
		{Name: "learning_rate", Aliases: []string{"eta", "shrinkage_rate"}, Value: settings.Number{To: &p.LearningRate}},
		{Name: "max_iter", Aliases: []string{"n_estimators", "num_iterations", "num_boost_round", "num_trees", "num_round"}, Value: settings.Integer{To: &p.MaxIter}},
		{Name: "max_leaf_nodes", Aliases: []string{"num_leaves", "max_leaves"}, Value: limit{&p.MaxLeafNodes}},
		{Name: "max_depth", Value: limit{&p.MaxDepth}},
		{Name: "min_samples_leaf", Aliases: []string{"min_data_in_leaf", "min_child_samples"}, Value: settings.Integer{To: &p.MinSamplesLeaf}},
		{Name: "l2_regularization", Aliases: []string{"lambda_l2", "reg_lambda", "lambda"}, Value: settings.Number{To: &p.L2Regularization}},
		{Name: "min_hessian", Aliases: []string{"min_child_weight", "min_sum_hessian_in_leaf"}, Value: settings.Number{To: &p.MinHessian}},
		{Name: "min_gain", Aliases: []string{"min_gain_to_split", "min_split_gain", "gamma"}, Value: settings.Number{To: &p.MinGain}},
		{Name: "max_bins", Aliases: []string{"max_bin"}, Value: settings.Integer{To: &p.MaxBins}},
		{Name: "max_features", Aliases: []string{"feature_fraction_bynode", "colsample_bynode"}, Value: settings.Number{To: &p.MaxFeatures}},
		{Name: "cat_smooth", Value: settings.Number{To: &p.CatSmooth}},
		{Name: "early_stopping", Value: settings.Bool{To: &p.EarlyStopping}},
		{Name: "n_iter_no_change", Aliases: []string{"early_stopping_rounds", "early_stopping_round"}, Value: settings.Integer{To: &p.NIterNoChange}},
		{Name: "validation_fraction", Value: settings.Number{To: &p.ValidationFraction}},
		{Name: "tol", Value: settings.Number{To: &p.Tol}},
		{Name: "random_state", Aliases: []string{"seed", "random_seed"}, Value: seed{&p.RandomState}},
		{Name: "class_weight", Value: classWeight{balanced: &p.Balanced}},
		{Name: "monotonic_cst", Aliases: []string{"monotone_constraints"}, Value: &monotonic{to: &p.MonotonicCst, features: features}},
	}
}

// limit is a count where null, 0 and LightGBM's -1 mean no limit.
type limit struct{ to *int }

func (l limit) Set(v any) (string, string) {
	if v == nil || v == -1.0 {
		*l.to = 0
		return "", ""
	}
	return settings.Integer{To: l.to}.Set(v)
}

func (l limit) Get() any {
	if *l.to == 0 {
		return nil
	}
	return *l.to
}

// seed is a whole number from 0 to 2^53; null is 0.
type seed struct{ to *uint64 }

func (s seed) Set(v any) (string, string) {
	x, ok := v.(float64)
	if v != nil && (!ok || x != math.Trunc(x) || x < 0 || x > 1<<53) {
		return "Input should be a valid integer, not negative", "int_type"
	}
	*s.to = uint64(x)
	return "", ""
}

func (s seed) Get() any { return *s.to }

// classWeight is null or "balanced".
type classWeight struct{ balanced *bool }

func (c classWeight) Set(v any) (string, string) {
	if v != nil && v != "balanced" {
		return "Input should be 'balanced' or null", "enum"
	}
	*c.balanced = v == "balanced"
	return "", ""
}

func (c classWeight) Get() any {
	if *c.balanced {
		return "balanced"
	}
	return nil
}

// monotonic is an object of a column's name and -1, 0 or 1. Before the features
// are known, only its form is checked.
type monotonic struct {
	to       *[]int8
	features []model.Feature
	given    map[string]any
}

func (m *monotonic) Set(v any) (string, string) {
	given, ok := v.(map[string]any)
	if v != nil && !ok {
		return "Input should be an object: a column's name and -1, 0 or 1", "dict_type"
	}
	m.given = given
	if len(given) == 0 {
		return "", ""
	}
	*m.to = make([]int8, len(m.features))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		x, ok := given[name].(float64)
		if !ok || x != -1 && x != 0 && x != 1 {
			return "Input should be -1, 0 or 1 for each column", "value_error"
		}
		if m.features == nil {
			continue
		}
		at := slices.IndexFunc(m.features, func(f model.Feature) bool { return f.Name == name })
		if at < 0 || m.features[at].Kind != model.Number {
			return "Input should name numeric features only", "value_error"
		}
		(*m.to)[at] = int8(x)
	}
	if m.features == nil {
		*m.to = nil
	}
	return "", ""
}

func (m *monotonic) Get() any {
	if m.given == nil {
		return nil
	}
	return m.given
}

// fitBoosting streams the training side twice into the learner: once to find
// the bins, once to fill them.
func (j *job) fitBoosting(ctx context.Context) (*fitted, error) {
	recipe := &j.data.Recipe
	binner := gbdt.NewBinner(recipe.Features, j.params.Boosting.MaxBins, j.params.Boosting.RandomState)
	err := j.data.Each(ctx, dataset.Train, recipe, func(b *processed.Block) error {
		binner.Observe(b.FirstRow, b.X)
		return nil
	})
	if err != nil {
		return nil, err
	}
	data := gbdt.NewData(binner.Bins(), recipe.Task, recipe.Outputs(), int(j.data.Train.Rows))
	err = j.data.Each(ctx, dataset.Train, recipe, func(b *processed.Block) error {
		data.Append(b.X, b.Y, nil)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r, err := gbdt.Train(ctx, data, j.params.Boosting, j.onIteration)
	if err != nil {
		return nil, err
	}
	return &fitted{trees: r.Trees, iterations: r.BestIteration, warnings: r.Warnings}, nil
}

func (j *job) onIteration(p gbdt.Progress) {
	if j.Progress != nil {
		j.Progress(float64(p.Iteration) / float64(max(1, j.params.Boosting.MaxIter)))
	}
}

// fitted is what a learner found.
type fitted struct {
	trees      *model.Trees
	linear     *model.Linear
	iterations int
	warnings   []string
}

func (j *job) fit(ctx context.Context) (*fitted, error) {
	if j.params.Algorithm == GradientBoosting {
		return j.fitBoosting(ctx)
	}
	return j.fitLinear(ctx, j.params.Linear)
}
