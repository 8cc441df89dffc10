package train

import (
	"maps"
	"slices"

	"retrain/internal/gbdt"
	"retrain/internal/metric"
	"retrain/internal/model"
)

// losses lists the losses of boosting under the names that scikit-learn,
// LightGBM and XGBoost have for them.
var losses = map[string]string{
	gbdt.SquaredError: gbdt.SquaredError, "regression": gbdt.SquaredError, "l2": gbdt.SquaredError, "mse": gbdt.SquaredError,
	"reg:squarederror": gbdt.SquaredError,
	gbdt.AbsoluteError: gbdt.AbsoluteError, "regression_l1": gbdt.AbsoluteError, "l1": gbdt.AbsoluteError, "mae": gbdt.AbsoluteError,
	"reg:absoluteerror": gbdt.AbsoluteError,
	gbdt.Quantile:       gbdt.Quantile, "reg:quantileerror": gbdt.Quantile, "pinball": gbdt.Quantile,
	gbdt.Poisson: gbdt.Poisson, "count:poisson": gbdt.Poisson,
	gbdt.LogLoss: gbdt.LogLoss, "binary": gbdt.LogLoss, "multiclass": gbdt.LogLoss, "binary:logistic": gbdt.LogLoss,
	"multi:softprob": gbdt.LogLoss, "multi:softmax": gbdt.LogLoss, "softmax": gbdt.LogLoss,
}

// loss is the name of a loss that fits the task; null is the task's own. Before
// the task is known, only the name is checked.
type loss struct {
	to     *string
	recipe *model.Recipe
}

func (l *loss) Set(v any) (string, string) {
	if v == nil {
		*l.to = ""
		return "", ""
	}
	name, ok := v.(string)
	if !ok {
		return "Input should be a valid string", "string_type"
	}
	known, ok := losses[name]
	task := l.recipe.Task
	switch {
	case !ok:
		return "Input should be 'squared_error', 'absolute_error', 'quantile', 'poisson' or 'log_loss'" +
			suggest(name, slices.Sorted(maps.Keys(losses))), "enum"
	case task == model.Regression && known == gbdt.LogLoss:
		return "This loss is for classes; for this regression task use 'squared_error', 'absolute_error', 'quantile' or 'poisson'", "value_error"
	case task != "" && task != model.Regression && known != gbdt.LogLoss:
		return "This loss is for numbers; for this classification task use 'log_loss'", "value_error"
	}
	*l.to = known
	return "", ""
}

// Get returns the loss in force.
func (l *loss) Get() any {
	switch {
	case *l.to != "":
		return *l.to
	case l.recipe.Task == model.Regression:
		return gbdt.SquaredError
	}
	return gbdt.LogLoss
}

// objective is what the challenger is scored for beside the metrics of its task.
func (j *job) objective() (o metric.Objective) {
	if j.params.Algorithm != GradientBoosting {
		return o
	}
	switch j.params.Boosting.Loss {
	case gbdt.Quantile:
		o.Quantile = j.params.Boosting.Quantile
	case gbdt.Poisson:
		o.Poisson = true
	case gbdt.AbsoluteError:
		o.Absolute = true
	}
	return o
}
