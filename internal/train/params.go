package train

import (
	"fmt"
	"maps"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/model"
	"retrain/internal/search"
	"retrain/internal/settings"
)

// The algorithms.
const (
	GradientBoosting   = "gradient_boosting"
	LogisticRegression = "logistic_regression"
	LinearRegression   = "linear_regression"
)

// algorithms lists them with other names that they are known by.
var algorithms = map[string]string{
	GradientBoosting: GradientBoosting, "gbdt": GradientBoosting, "lightgbm": GradientBoosting, "xgboost": GradientBoosting,
	"hist_gradient_boosting": GradientBoosting,
	LogisticRegression:       LogisticRegression, "logistic": LogisticRegression,
	LinearRegression: LinearRegression, "ridge": LinearRegression, "lasso": LinearRegression, "elasticnet": LinearRegression,
	"elastic_net": LinearRegression,
	Auto:          Auto,
}

// ratios are the l1_ratio that algorithms' other names stand for: those of
// scikit-learn's Lasso and ElasticNet, unless another is given.
var ratios = map[string]float64{"lasso": 1, "elasticnet": 0.5, "elastic_net": 0.5}

// besides are the parameters that are taken out before an algorithm's are read.
var besides = []settings.Field{
	{Name: "algorithm", Value: settings.Elsewhere{}}, {Name: search.Key, Value: settings.Elsewhere{}},
	{Name: "target", Value: settings.Elsewhere{}},
	{Name: "sample_weight", Aliases: []string{"weight_column"}, Value: settings.Elsewhere{}},
}

// Params are the parameters of a training, defaults included.
type Params struct {
	Algorithm string
	Boosting  gbdt.Params
	Linear    linear.Params
	Decision  Decision
	fields    []settings.Field
	given     map[string]any // without the algorithm
}

// ParseParams reads model_params for a recipe. Names are scikit-learn's, with
// the common ones of LightGBM and XGBoost as aliases. All that is wrong is named
// in one fault.InvalidRequest. Of a recipe that is not known yet, the task may
// be "", and Classes and Features may be nil: what depends on them is not
// checked then.
func ParseParams(given map[string]any, recipe *model.Recipe) (*Params, error) {
	p := &Params{Boosting: gbdt.Defaults(), Linear: linear.Defaults()}
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	p.Algorithm = algorithm(bad, given, recipe.Task)
	if p.Algorithm == "" {
		return nil, settings.Err(bad) // which parameters there are is not known
	}
	if ratio, ok := ratios[fmt.Sprint(given["algorithm"])]; ok {
		p.Linear.L1Ratio = &ratio
	}
	p.fields = fieldsOf(p, p.Algorithm, recipe)
	p.given = maps.Clone(given)
	delete(p.given, "algorithm")
	settings.Collect(bad, settings.Read(p.given, slices.Concat(besides, p.fields), "body", "model_params"))
	settings.Collect(bad, p.Boosting.Check()) // of the other learners, the validation part's
	settings.Collect(bad, p.Linear.Check())
	settings.Collect(bad, p.Decision.check())
	if err := settings.Err(bad); err != nil {
		return nil, err
	}
	p.Boosting.KeepOut = p.Decision.judges()
	return p, nil
}

// fieldsOf lists the parameters of an algorithm.
func fieldsOf(p *Params, algorithm string, recipe *model.Recipe) []settings.Field {
	switch algorithm {
	case GradientBoosting:
		return append(boostingFields(&p.Boosting, recipe), decisionFields(&p.Decision, recipe)...)
	case LogisticRegression:
		return append(logisticFields(&p.Linear, &p.Boosting, recipe), decisionFields(&p.Decision, recipe)...)
	case LinearRegression:
		return linearFields(&p.Linear)
	}
	return autoFields(p, recipe)
}

// CheckParams is ParseParams for a caller that knows the task at most ("" or
// "auto" if not even that). Of a search, it checks every candidate.
func CheckParams(given map[string]any, task string) error {
	if task == "auto" {
		task = ""
	}
	recipe := &model.Recipe{Task: model.Task(task)}
	several, err := parseSearch(given, recipe)
	switch {
	case err != nil:
		return err
	case several != nil:
		return several.check()
	}
	_, err = ParseParams(given, recipe)
	return err
}

// algorithm finds which algorithm is asked for, or "" if that is wrong.
func algorithm(bad *fault.Error, given map[string]any, task model.Task) string {
	loc := []any{"body", "model_params", "algorithm"}
	v, ok := given["algorithm"]
	if !ok {
		return Auto
	}
	name, ok := v.(string)
	if !ok {
		bad.At("Input should be a valid string", "string_type", loc...)
		return ""
	}
	algorithm, ok := algorithms[name]
	switch {
	case !ok:
		msg := "Input should be 'auto', 'gradient_boosting', 'logistic_regression', 'linear_regression', 'lasso' or 'elasticnet'"
		bad.At(msg+suggest(name, slices.Sorted(maps.Keys(algorithms))), "enum", loc...)
		return ""
	case algorithm == LogisticRegression && task == model.Regression:
		bad.At("logistic_regression predicts classes; for this regression task use 'linear_regression' or 'gradient_boosting'", "value_error", loc...)
	case algorithm == LinearRegression && (task == model.Binary || task == model.Multiclass):
		bad.At("linear_regression predicts numbers; for this classification task use 'logistic_regression' or 'gradient_boosting'", "value_error", loc...)
	}
	return algorithm
}

// gave reports whether a parameter is given, under any of its names.
func (p *Params) gave(name string) bool {
	names := settings.Names(p.fields)
	for key := range p.given {
		if names[key] == name {
			return true
		}
	}
	return false
}

// Effective returns all parameters of the algorithm under their own names. With
// auto, what is not given and the contest finds is null.
func (p *Params) Effective() map[string]any {
	all := settings.Effective(p.fields)
	for _, name := range []string{"C", "alpha", "max_iter"} {
		if _, listed := all[name]; p.Algorithm == Auto && listed && !p.gave(name) {
			all[name] = nil
		}
	}
	all["algorithm"] = p.Algorithm
	return all
}
