// Package metric scores predictions against the truth, and compares two models
// on the same rows.
//
// It sees only numbers: class indices, probabilities and values. It knows
// nothing of files, features or stores, and of a model no more than how a
// label follows from probabilities. A score that is not defined is reported
// with its reason, and neither NaN nor infinity ever leaves the package.
//
// The scores are those of scikit-learn, to the last few bits, and the same on
// every architecture: counts are integers, sums are compensated and taken in
// the order of the rows. (The ends of a confidence interval may differ in the
// last bits.)
package metric

import (
	"slices"

	"retrain/internal/model"
)

// The metrics, by the names under which results show them.
const (
	Accuracy         = "accuracy"          // share of right labels
	F1               = "f1_score"          // of class 1 (binary), or the mean over the classes
	Precision        = "precision"         // likewise
	Recall           = "recall"            // likewise
	BalancedAccuracy = "balanced_accuracy" // mean recall of the classes that occur
	ROCAUC           = "roc_auc"           // of class 1 (binary), or the mean of one class against the rest
	AveragePrecision = "average_precision" // of class 1; binary only
	LogLoss          = "log_loss"          // in nats
	Brier            = "brier_score"       // mean squared error of the probability of class 1; binary only
	RMSE             = "rmse"              // in the target's units
	MAE              = "mae"               // in the target's units
	R2               = "r2"
	Pinball          = "mean_pinball_loss"     // at the quantile of an Objective; in the target's units
	PoissonDeviance  = "mean_poisson_deviance" // of an Objective of counts
)

var known = map[model.Task][]string{
	model.Binary:     {Accuracy, F1, Precision, Recall, BalancedAccuracy, ROCAUC, AveragePrecision, LogLoss, Brier},
	model.Multiclass: {Accuracy, F1, Precision, Recall, BalancedAccuracy, ROCAUC, LogLoss},
	model.Regression: {RMSE, MAE, R2},
}

// Known lists the metrics of a task, in the order in which they are shown, but
// for those that an Objective adds.
func Known(task model.Task) []string { return slices.Clone(known[task]) }

// Nameable lists the metrics of a task and those that any Objective may add.
func Nameable(task model.Task) []string {
	if task != model.Regression {
		return Known(task)
	}
	return append(Known(task), Pinball, PoissonDeviance)
}

// HigherIsBetter reports whether a larger value of the metric is a better one.
func HigherIsBetter(name string) bool {
	switch name {
	case LogLoss, Brier, RMSE, MAE, Pinball, PoissonDeviance:
		return false
	}
	return true
}

// classTask is the task of predictions of so many classes.
func classTask(classes int) model.Task {
	if classes == 2 {
		return model.Binary
	}
	return model.Multiclass
}
