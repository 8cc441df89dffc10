package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// recipe has a number, a category, and another number.
func recipe(task model.Task) *model.Recipe {
	r := &model.Recipe{Target: "y", Task: task, Features: []model.Feature{
		{Name: "age", Kind: model.Number, Scale: 1},
		{Name: "colour", Kind: model.Category, Categories: []string{"blue", "red"}},
		{Name: "tenure", Kind: model.Number, Scale: 1},
	}}
	switch task {
	case model.Binary:
		r.Classes = []string{"no", "yes"}
	case model.Multiclass:
		r.Classes = []string{"high", "low", "medium"}
	}
	return r
}

// decoded returns an object as a request's decoder gives it.
func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDefaultsAreShownInFull(t *testing.T) {
	for text, want := range map[string]map[string]any{
		`{"algorithm":"gradient_boosting"}`: {
			"algorithm": "gradient_boosting", "loss": "log_loss", "quantile": 0.5, "learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31, "max_depth": nil,
			"min_samples_leaf": 20, "l2_regularization": 1.0, "min_hessian": 1.0, "min_gain": 0.0, "max_bins": 255,
			"reg_alpha": 0.0, "max_delta_step": 0.0, "colsample_bytree": 1.0, "subsample": 1.0, "subsample_freq": 1,
			"max_features": 1.0, "cat_smooth": 10.0, "early_stopping": false, "n_iter_no_change": 10,
			"validation_fraction": 0.1, "tol": 1e-7, "random_state": uint64(0), "class_weight": nil, "monotonic_cst": nil,
			"calibration": nil, "threshold": 0.5, "tune_threshold": nil,
		},
		`{}`: {
			"algorithm": "auto", "C": nil, "penalty": "l2", "l1_ratio": 0.0, "loss": "log_loss", "quantile": 0.5, "learning_rate": 0.1, "max_iter": nil, "max_leaf_nodes": 31, "max_depth": nil,
			"min_samples_leaf": 20, "l2_regularization": 1.0, "min_hessian": 1.0, "min_gain": 0.0, "max_bins": 255,
			"reg_alpha": 0.0, "max_delta_step": 0.0, "colsample_bytree": 1.0, "subsample": 1.0, "subsample_freq": 1,
			"max_features": 1.0, "cat_smooth": 10.0, "early_stopping": false, "n_iter_no_change": 10,
			"validation_fraction": 0.1, "tol": 1e-7, "threshold": 0.5, "tune_threshold": nil, "calibration": nil, "random_state": uint64(0), "class_weight": nil, "monotonic_cst": nil,
		},
		`{"algorithm":"logistic_regression"}`: {
			"algorithm": "logistic_regression", "C": 1.0, "penalty": "l2", "l1_ratio": 0.0, "max_iter": 100, "tol": 1e-4, "class_weight": nil,
			"validation_fraction": 0.1, "random_state": uint64(0), "calibration": nil, "threshold": 0.5, "tune_threshold": nil,
		},
	} {
		p, err := ParseParams(decoded(t, text), recipe(model.Binary))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.Effective()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	p, err := ParseParams(decoded(t, `{"algorithm":"ridge"}`), recipe(model.Regression))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"algorithm": "linear_regression", "alpha": 1.0, "l1_ratio": nil, "random_state": uint64(0)}, p.Effective()); diff != "" {
		t.Error(diff)
	}
}

// Each parameter comes under its own name and under each of its others, and
// arrives where the learner looks for it.
func TestParametersHaveTheirNamesAndAliases(t *testing.T) {
	for _, c := range []struct {
		names, value string
		get          func(*Params) any
		want         any
	}{
		{"learning_rate eta shrinkage_rate", "0.3", func(p *Params) any { return p.Boosting.LearningRate }, 0.3},
		{"max_iter n_estimators num_iterations num_boost_round num_trees num_round", "7", func(p *Params) any { return p.Boosting.MaxIter }, 7},
		{"max_leaf_nodes num_leaves max_leaves", "8", func(p *Params) any { return p.Boosting.MaxLeafNodes }, 8},
		{"max_leaf_nodes num_leaves max_leaves", "null", func(p *Params) any { return p.Boosting.MaxLeafNodes }, 0},
		{"max_depth", "6", func(p *Params) any { return p.Boosting.MaxDepth }, 6},
		{"max_depth", "-1", func(p *Params) any { return p.Boosting.MaxDepth }, 0},
		{"max_depth", "0", func(p *Params) any { return p.Boosting.MaxDepth }, 0},
		{"max_depth", "null", func(p *Params) any { return p.Boosting.MaxDepth }, 0},
		{"min_samples_leaf min_data_in_leaf min_child_samples", "5", func(p *Params) any { return p.Boosting.MinSamplesLeaf }, 5},
		{"l2_regularization lambda_l2 reg_lambda lambda", "2.5", func(p *Params) any { return p.Boosting.L2Regularization }, 2.5},
		{"min_hessian min_child_weight min_sum_hessian_in_leaf", "0.001", func(p *Params) any { return p.Boosting.MinHessian }, 0.001},
		{"min_gain min_gain_to_split min_split_gain gamma", "0.5", func(p *Params) any { return p.Boosting.MinGain }, 0.5},
		{"max_bins max_bin", "63", func(p *Params) any { return p.Boosting.MaxBins }, 63},
		{"max_features feature_fraction_bynode colsample_bynode", "0.5", func(p *Params) any { return p.Boosting.MaxFeatures }, 0.5},
		{"loss objective", `"binary"`, func(p *Params) any { return p.Boosting.Loss }, "log_loss"},
		{"loss objective", "null", func(p *Params) any { return p.Boosting.Loss }, ""},
		{"quantile quantile_alpha", "0.9", func(p *Params) any { return p.Boosting.Quantile }, 0.9},
		{"reg_alpha lambda_l1 l1_regularization", "0.5", func(p *Params) any { return p.Boosting.RegAlpha }, 0.5},
		{"max_delta_step max_leaf_output max_tree_output", "2", func(p *Params) any { return p.Boosting.MaxDeltaStep }, 2.0},
		{"colsample_bytree feature_fraction", "0.5", func(p *Params) any { return p.Boosting.ColsampleBytree }, 0.5},
		{"subsample bagging_fraction", "0.8", func(p *Params) any { return p.Boosting.Subsample }, 0.8},
		{"subsample_freq bagging_freq", "5", func(p *Params) any { return p.Boosting.SubsampleFreq }, 5},
		{"cat_smooth", "20", func(p *Params) any { return p.Boosting.CatSmooth }, 20.0},
		{"early_stopping", "true", func(p *Params) any { return p.Boosting.EarlyStopping }, true},
		{"n_iter_no_change early_stopping_rounds early_stopping_round", "3", func(p *Params) any { return p.Boosting.NIterNoChange }, 3},
		{"validation_fraction", "0.25", func(p *Params) any { return p.Boosting.ValidationFraction }, 0.25},
		{"tol", "0.01", func(p *Params) any { return p.Boosting.Tol }, 0.01},
		{"calibration", `"sigmoid"`, func(p *Params) any { return p.Decision.Calibration }, "sigmoid"},
		{"calibration", `"isotonic"`, func(p *Params) any { return p.Boosting.KeepOut }, true},
		{"calibration", "null", func(p *Params) any { return p.Decision.Calibration }, ""},
		{"threshold", "0.25", func(p *Params) any { return p.Decision.Threshold }, 0.25},
		{"threshold", "0.25", func(p *Params) any { return p.Boosting.KeepOut }, false},
		{"threshold", "0.5", func(p *Params) any { return p.Decision.Threshold }, 0.0},
		{"threshold", "null", func(p *Params) any { return p.Decision.Threshold }, 0.0},
		{"tune_threshold", `"f1_score"`, func(p *Params) any { return p.Decision.TuneThreshold }, "f1_score"},
		{"tune_threshold", `"accuracy"`, func(p *Params) any { return p.Boosting.KeepOut }, true},
		{"tune_threshold", "null", func(p *Params) any { return p.Decision.TuneThreshold }, ""},
		{"random_state seed random_seed", "42", func(p *Params) any { return p.Boosting.RandomState }, uint64(42)},
		{"random_state", "9007199254740992", func(p *Params) any { return p.Boosting.RandomState }, uint64(1 << 53)},
		{"random_state", "null", func(p *Params) any { return p.Boosting.RandomState }, uint64(0)},
		{"class_weight", `"balanced"`, func(p *Params) any { return p.Boosting.Balanced }, true},
		{"class_weight", "null", func(p *Params) any { return p.Boosting.Balanced || p.Boosting.ClassWeight != nil }, false},
		{"class_weight", `{"yes":3}`, func(p *Params) any { return p.Boosting.ClassWeight }, []float64{1, 3}},
		{"class_weight", `{"yes":3,"no":0.5}`, func(p *Params) any { return p.Boosting.ClassWeight }, []float64{0.5, 3}},
		{"class_weight", `{}`, func(p *Params) any { return p.Boosting.ClassWeight }, []float64(nil)},
		{"monotonic_cst monotone_constraints", `{"tenure":-1,"age":1}`, func(p *Params) any { return p.Boosting.MonotonicCst }, []int8{1, 0, -1}},
		{"monotonic_cst", `{"tenure":1,"colour":0}`, func(p *Params) any { return p.Boosting.MonotonicCst }, []int8{0, 0, 1}},
		{"monotonic_cst", "null", func(p *Params) any { return p.Boosting.MonotonicCst }, []int8(nil)},
		{"monotonic_cst", "{}", func(p *Params) any { return p.Boosting.MonotonicCst }, []int8(nil)},
	} {
		own, _, _ := strings.Cut(c.names, " ")
		for _, name := range strings.Fields(c.names) {
			p, err := ParseParams(decoded(t, fmt.Sprintf(`{"%s":%s}`, name, c.value)), recipe(model.Binary))
			if err != nil {
				t.Errorf("%s: %s: %v", name, c.value, err)
				continue
			}
			if diff := cmp.Diff(c.want, c.get(p)); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", name, c.value, diff)
			}
			if _, shown := p.Effective()[own]; !shown {
				t.Errorf("%s is not shown as %s", name, own)
			}
		}
	}
}

func TestParametersOfTheLinearModels(t *testing.T) {
	p, err := ParseParams(decoded(t, `{"algorithm":"logistic","C":0.5,"max_iter":9,"tol":0.1,"class_weight":{"low":2},"seed":1}`), recipe(model.Multiclass))
	if err != nil {
		t.Fatal(err)
	}
	if p.Algorithm != LogisticRegression || p.Linear.C != 0.5 || p.Linear.MaxIter != 9 || p.Linear.Tol != 0.1 || !cmp.Equal(p.Linear.ClassWeight, []float64{1, 2, 1}) {
		t.Errorf("%+v", p)
	}
	p, err = ParseParams(decoded(t, `{"algorithm":"linear_regression","reg_lambda":3}`), recipe(model.Regression))
	if err != nil || p.Algorithm != LinearRegression || p.Linear.Alpha != 3 {
		t.Errorf("%+v: %v", p, err)
	}
}

// What is shown of a penalty is what is meant, and means the same again.
func TestPenaltiesOfTheLinearModels(t *testing.T) {
	for text, want := range map[string][]any{ // penalty and l1_ratio
		`{"algorithm":"logistic"}`:                                          {"l2", 0.0},
		`{"algorithm":"logistic","penalty":"l1"}`:                           {"l1", 1.0},
		`{"algorithm":"logistic","l1_ratio":1}`:                             {"l1", 1.0},
		`{"algorithm":"logistic","l1_ratio":null}`:                          {"l2", 0.0},
		`{"algorithm":"logistic","penalty":"elasticnet","l1_ratio":0.25}`:   {"elasticnet", 0.25},
		`{"algorithm":"logistic","penalty":"none"}`:                         {"none", 0.0},
		`{"algorithm":"logistic","penalty":null}`:                           {"none", 0.0},
		`{"algorithm":"linear_regression"}`:                                 {nil, nil},
		`{"algorithm":"lasso"}`:                                             {nil, 1.0},
		`{"algorithm":"elasticnet"}`:                                        {nil, 0.5},
		`{"algorithm":"elastic_net","l1_ratio":0.1}`:                        {nil, 0.1},
		`{"algorithm":"linear_regression","l1_ratio":0.3,"reg_lambda":0.1}`: {nil, 0.3},
	} {
		p, err := ParseParams(decoded(t, text), &model.Recipe{})
		for range 2 {
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			shown := p.Effective()
			if diff := cmp.Diff(want, []any{shown["penalty"], shown["l1_ratio"]}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
			raw, failed := json.Marshal(shown)
			if failed != nil {
				t.Fatal(failed)
			}
			p, err = ParseParams(decoded(t, string(raw)), &model.Recipe{})
		}
	}
	for _, text := range []string{
		`{"algorithm":"logistic","penalty":"elasticnet"}`, `{"algorithm":"logistic","penalty":"l1","l1_ratio":0}`,
		`{"algorithm":"logistic","penalty":"ridge"}`, `{"algorithm":"logistic","l1_ratio":2}`, `{"algorithm":"logistic","l1_ratio":"1"}`,
		`{"algorithm":"lasso","l1_ratio":-1}`, `{"algorithm":"lasso","penalty":"l1"}`,
	} {
		if _, err := ParseParams(decoded(t, text), &model.Recipe{}); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

// Spelled differently, the same parameters are the same training.
func TestTheSameParametersComeToTheSame(t *testing.T) {
	effective := func(text string) map[string]any {
		p, err := ParseParams(decoded(t, text), recipe(model.Binary))
		if err != nil {
			t.Fatal(err)
		}
		return p.Effective()
	}
	want := effective(`{}`)
	for _, text := range []string{
		`{"algorithm":"auto"}`, `{"max_depth":-1}`, `{"max_depth":null,"eta":0.1}`,
		`{"class_weight":null,"monotonic_cst":null}`, `{"random_state":null}`, `{"seed":0}`,
	} {
		if diff := cmp.Diff(want, effective(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{`{"max_iter":100}`, `{"n_estimators":100}`, `{"C":1}`, `{"algorithm":"gradient_boosting"}`} {
		if cmp.Equal(want, effective(text)) {
			t.Errorf("%s comes to the same", text)
		}
	}
}

func TestWrongParametersAreAllNamed(t *testing.T) {
	for _, c := range []struct {
		text string
		task model.Task
		want map[string]string // by parameter
	}{
		{`{"num_tree":5}`, model.Binary, map[string]string{"num_tree": "extra_forbidden: Unknown parameter; did you mean 'max_iter'?"}},
		{`{"max_iters":5}`, model.Binary, map[string]string{"max_iters": "extra_forbidden: Unknown parameter; did you mean 'max_iter'?"}},
		{`{"learning_rate":"0.1","max_iter":1.5,"early_stopping":"false","random_state":-1,"max_depth":"deep"}`, model.Binary, map[string]string{
			"learning_rate": "float_type: Input should be a valid number", "max_iter": "int_type: Input should be a valid integer",
			"early_stopping": "bool_type: Input should be a valid boolean", "random_state": "int_type: Input should be a valid integer, not negative",
			"max_depth": "int_type: Input should be a valid integer",
		}},
		{`{"max_iter":5,"n_estimators":5}`, model.Binary, map[string]string{"n_estimators": "value_error: The same setting is given as 'max_iter' too"}},
		{`{"max_iter":0,"learning_rate":-1,"max_leaf_nodes":1}`, model.Binary, map[string]string{
			"max_iter": "value_error: Input should be between 1 and 100000", "learning_rate": "value_error: Input should be greater than 0",
			"max_leaf_nodes": "value_error: Input should be at least 2, or null for no limit",
		}},
		{`{"algorithm":"gradient_bosting","nonsense":1}`, model.Binary, map[string]string{
			"algorithm": "enum: Input should be 'auto', 'gradient_boosting', 'logistic_regression', 'linear_regression', 'lasso' or 'elasticnet'; did you mean 'gradient_boosting'?",
		}},
		{`{"algorithm":"quantum"}`, model.Binary, map[string]string{
			"algorithm": "enum: Input should be 'auto', 'gradient_boosting', 'logistic_regression', 'linear_regression', 'lasso' or 'elasticnet'",
		}},
		{`{"algorithm":"auto","CC":1}`, model.Binary, map[string]string{"CC": "extra_forbidden: Unknown parameter; did you mean 'C'?"}},
		{`{"algorithms":"lasso"}`, model.Binary, map[string]string{"algorithms": "extra_forbidden: Unknown parameter; did you mean 'algorithm'?"}},
		{`{"weight_colum":"w"}`, model.Binary, map[string]string{"weight_colum": "extra_forbidden: Unknown parameter; did you mean 'sample_weight'?"}},
		{`{"search":{}}`, model.Binary, map[string]string{"search": "extra_forbidden: Not permitted here"}},
		{`{"C":-1,"learning_rate":0,"search":null}`, model.Binary, map[string]string{
			"C": "value_error: Input should be greater than 0", "learning_rate": "value_error: Input should be greater than 0",
		}},
		{`{"algorithm":7}`, model.Binary, map[string]string{"algorithm": "string_type: Input should be a valid string"}},
		{`{"algorithm":"logistic_regression","alpha":1}`, model.Regression, map[string]string{
			"algorithm": "value_error: logistic_regression predicts classes; for this regression task use 'linear_regression' or 'gradient_boosting'",
			"alpha":     "extra_forbidden: Unknown parameter; known are algorithm, search, target, sample_weight, C, penalty, l1_ratio, max_iter, tol, class_weight, validation_fraction, random_state, calibration, threshold, tune_threshold",
		}},
		{`{"algorithm":"linear_regression"}`, model.Multiclass, map[string]string{
			"algorithm": "value_error: linear_regression predicts numbers; for this classification task use 'logistic_regression' or 'gradient_boosting'",
		}},
		{`{"algorithm":"linear_regression","alpha":-1}`, model.Regression, map[string]string{"alpha": "value_error: Input should be greater than or equal to 0"}},
		{`{"class_weight":"even"}`, model.Binary, map[string]string{"class_weight": "enum: Input should be 'balanced', null, or an object: a class and its weight"}},
		{`{"class_weight":{"yes":0}}`, model.Binary, map[string]string{"class_weight": "value_error: Input should be a number greater than 0 for each class"}},
		{`{"class_weight":{"yess":2}}`, model.Binary, map[string]string{"class_weight": "value_error: Input should name classes of the target only; did you mean 'yes'?"}},
		{`{"class_weight":"balanced"}`, model.Regression, map[string]string{"class_weight": "value_error: Classes have no weight in a regression"}},
		{`{"monotonic_cst":[1,0]}`, model.Binary, map[string]string{"monotonic_cst": "dict_type: Input should be an object: a column's name and -1, 0 or 1"}},
		{`{"monotonic_cst":{"age":2}}`, model.Binary, map[string]string{"monotonic_cst": "value_error: Input should be -1, 0 or 1 for each column"}},
		{`{"monotonic_cst":{"tenur":1}}`, model.Binary, map[string]string{"monotonic_cst": "value_error: Input should name features only; did you mean 'tenure'?"}},
		{`{"monotonic_cst":{"colour":1}}`, model.Binary, map[string]string{"monotonic_cst": "value_error: A constraint is only possible on a feature that is a number"}},
		{`{"monotonic_cst":{"age":1}}`, model.Multiclass, map[string]string{"monotonic_cst": "value_error: Constraints are not possible with more than two classes"}},
	} {
		_, err := ParseParams(decoded(t, c.text), recipe(c.task))
		f := fault.From(err)
		if f == nil || f.Kind != fault.InvalidRequest {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := map[string]string{}
		for _, field := range f.Fields {
			if len(field.Loc) != 3 || field.Loc[0] != "body" || field.Loc[1] != "model_params" {
				t.Errorf("%s: loc %v", c.text, field.Loc)
				continue
			}
			got[field.Loc[2].(string)] = field.Type + ": " + field.Msg
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

// Before the data is read, all is checked that does not depend on it.
func TestCheckParamsKnowsTheTaskAtMost(t *testing.T) {
	for _, c := range []struct {
		text, task string
		ok         bool
	}{
		{`{}`, "", true},
		{`{"monotonic_cst":{"anything":1},"class_weight":{"anyone":2}}`, "", true},
		{`{"monotonic_cst":{"anything":1}}`, "binary", true},
		{`{"monotonic_cst":{"anything":1}}`, "multiclass", false},
		{`{"monotonic_cst":{"anything":3}}`, "auto", false},
		{`{"class_weight":{"anyone":"heavy"}}`, "", false},
		{`{"class_weight":"balanced"}`, "regression", false},
		{`{"algorithm":"linear_regression"}`, "", true},
		{`{"algorithm":"linear_regression"}`, "auto", true},
		{`{"algorithm":"linear_regression"}`, "binary", false},
		{`{"algorithm":"logistic_regression"}`, "regression", false},
		{`{"calibration":"sigmoid"}`, "binary", true},
		{`{"calibration":"sigmoid"}`, "", true},
		{`{"calibration":"sigmoid"}`, "multiclass", true},
		{`{"calibration":"sigmoid"}`, "regression", false},
		{`{"calibration":"isotonic","algorithm":"logistic_regression"}`, "", true},
		{`{"calibration":"linear"}`, "", false},
		{`{"threshold":0.1}`, "", true},
		{`{"threshold":0.1,"algorithm":"logistic_regression"}`, "binary", true},
		{`{"threshold":0.1}`, "multiclass", false},
		{`{"threshold":0.5}`, "multiclass", true},
		{`{"threshold":1}`, "binary", false},
		{`{"threshold":"0.1"}`, "binary", false},
		{`{"threshold":0.1,"tune_threshold":"accuracy"}`, "binary", false},
		{`{"threshold":0.5,"tune_threshold":"accuracy"}`, "binary", true},
		{`{"tune_threshold":"balanced_accuracy"}`, "regression", false},
		{`{"tune_threshold":"recall"}`, "binary", false},
		{`{"validation_fraction":1,"algorithm":"logistic_regression"}`, "binary", false},
		{`{"calibration":true}`, "binary", false},
		{`{"num_tree":5}`, "", false},
	} {
		if err := CheckParams(decoded(t, c.text), c.task); (err == nil) != c.ok {
			t.Errorf("%s for %q: %v", c.text, c.task, err)
		}
	}
}

func TestParsingChangesNothing(t *testing.T) {
	given := decoded(t, `{"algorithm":"ridge","alpha":2}`)
	before := maps.Clone(given)
	if _, err := ParseParams(given, recipe(model.Regression)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, given); diff != "" {
		t.Error(diff)
	}
}

func TestLossesAndTheirTasks(t *testing.T) {
	for _, c := range []struct {
		task       model.Task
		name, want string // "" is refused
	}{
		{model.Regression, "l2", "squared_error"}, {model.Regression, "reg:absoluteerror", "absolute_error"},
		{model.Regression, "quantile", "quantile"}, {model.Regression, "count:poisson", "poisson"},
		{model.Regression, "log_loss", ""}, {model.Regression, "huber", ""},
		{model.Multiclass, "multi:softprob", "log_loss"}, {model.Binary, "poisson", ""},
		{"", "poisson", "poisson"}, {"", "log_loss", "log_loss"}, {"", "poison", ""},
	} {
		p, err := ParseParams(map[string]any{"loss": c.name}, &model.Recipe{Task: c.task})
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%s for %q is accepted", c.name, c.task)
		case c.want != "" && err != nil:
			t.Errorf("%s for %q: %v", c.name, c.task, err)
		case err == nil && p.Effective()["loss"] != c.want:
			t.Errorf("%s for %q is %v", c.name, c.task, p.Effective()["loss"])
		}
	}
	p, err := ParseParams(map[string]any{}, &model.Recipe{Task: model.Regression})
	if err != nil || p.Effective()["loss"] != "squared_error" {
		t.Errorf("the default of a regression is %v: %v", p.Effective()["loss"], err)
	}
}
