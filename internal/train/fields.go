package train

import (
	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/model"
	"retrain/internal/settings"
)

// boostingFields lists the parameters of gradient boosting: scikit-learn's
// names for HistGradientBoosting, and LightGBM's and XGBoost's for the same.
func boostingFields(p *gbdt.Params, recipe *model.Recipe) []settings.Field {
	return []settings.Field{
		{Name: "loss", Aliases: []string{"objective"}, Value: &loss{to: &p.Loss, recipe: recipe}},
		{Name: "quantile", Aliases: []string{"quantile_alpha"}, Value: settings.Number{To: &p.Quantile}},
		{Name: "learning_rate", Aliases: []string{"eta", "shrinkage_rate"}, Value: settings.Number{To: &p.LearningRate}},
		{Name: "max_iter", Aliases: []string{"n_estimators", "num_iterations", "num_boost_round", "num_trees", "num_round"}, Value: settings.Integer{To: &p.MaxIter}},
		{Name: "max_leaf_nodes", Aliases: []string{"num_leaves", "max_leaves"}, Value: limit{&p.MaxLeafNodes}},
		{Name: "max_depth", Value: limit{&p.MaxDepth}},
		{Name: "min_samples_leaf", Aliases: []string{"min_data_in_leaf", "min_child_samples"}, Value: settings.Integer{To: &p.MinSamplesLeaf}},
		{Name: "l2_regularization", Aliases: []string{"lambda_l2", "reg_lambda", "lambda"}, Value: settings.Number{To: &p.L2Regularization}},
		{Name: "reg_alpha", Aliases: []string{"lambda_l1", "l1_regularization"}, Value: settings.Number{To: &p.RegAlpha}},
		{Name: "max_delta_step", Aliases: []string{"max_leaf_output", "max_tree_output"}, Value: settings.Number{To: &p.MaxDeltaStep}},
		{Name: "min_hessian", Aliases: []string{"min_child_weight", "min_sum_hessian_in_leaf"}, Value: settings.Number{To: &p.MinHessian}},
		{Name: "min_gain", Aliases: []string{"min_gain_to_split", "min_split_gain", "gamma"}, Value: settings.Number{To: &p.MinGain}},
		{Name: "max_bins", Aliases: []string{"max_bin"}, Value: settings.Integer{To: &p.MaxBins}},
		{Name: "max_features", Aliases: []string{"feature_fraction_bynode", "colsample_bynode"}, Value: settings.Number{To: &p.MaxFeatures}},
		{Name: "colsample_bytree", Aliases: []string{"feature_fraction"}, Value: settings.Number{To: &p.ColsampleBytree}},
		{Name: "subsample", Aliases: []string{"bagging_fraction"}, Value: settings.Number{To: &p.Subsample}},
		{Name: "subsample_freq", Aliases: []string{"bagging_freq"}, Value: settings.Integer{To: &p.SubsampleFreq}},
		{Name: "cat_smooth", Value: settings.Number{To: &p.CatSmooth}},
		{Name: "early_stopping", Value: settings.Bool{To: &p.EarlyStopping}},
		{Name: "n_iter_no_change", Aliases: []string{"early_stopping_rounds", "early_stopping_round"}, Value: settings.Integer{To: &p.NIterNoChange}},
		{Name: "validation_fraction", Value: settings.Number{To: &p.ValidationFraction}},
		{Name: "tol", Value: settings.Number{To: &p.Tol}},
		{Name: "random_state", Aliases: []string{"seed", "random_seed"}, Value: seed{&p.RandomState}},
		{Name: "class_weight", Value: &classWeight{balanced: &p.Balanced, weights: &p.ClassWeight, recipe: recipe}},
		{Name: "monotonic_cst", Aliases: []string{"monotone_constraints"}, Value: &monotonic{to: &p.MonotonicCst, recipe: recipe}},
	}
}

// logisticFields lists the parameters of logistic regression, by
// scikit-learn's names. Nothing in it is random; the seed is that of the
// validation part, which is taken as boosting's is.
func logisticFields(p *linear.Params, part *gbdt.Params, recipe *model.Recipe) []settings.Field {
	return []settings.Field{
		{Name: "C", Value: settings.Number{To: &p.C}},
		{Name: "penalty", Value: penalty{p}},
		{Name: "l1_ratio", Value: ratio{p}},
		{Name: "max_iter", Value: settings.Integer{To: &p.MaxIter}},
		{Name: "tol", Value: settings.Number{To: &p.Tol}},
		{Name: "class_weight", Value: &classWeight{balanced: &p.Balanced, weights: &p.ClassWeight, recipe: recipe}},
		{Name: "validation_fraction", Value: settings.Number{To: &part.ValidationFraction}},
		{Name: "random_state", Aliases: []string{"seed", "random_seed"}, Value: seed{&part.RandomState}},
	}
}

// penalty is which penalty logistic regression has. It shows the one that is
// meant, also where only l1_ratio is given; null means none, as in scikit-learn.
type penalty struct{ of *linear.Params }

// Set implements settings.Value.
func (p penalty) Set(v any) (string, string) {
	if v == nil {
		v = linear.NoPenalty
	}
	return settings.Choice{To: &p.of.Penalty, Of: []string{linear.Ridge, linear.Lasso, linear.ElasticNet, linear.NoPenalty}}.Set(v)
}

// Get implements settings.Value.
func (p penalty) Get() any { return p.of.PenaltyName() }

// ratio is the share of L1 in the penalty of logistic regression. It shows the
// one that is meant, also where only penalty is given.
type ratio struct{ of *linear.Params }

// Set implements settings.Value.
func (r ratio) Set(v any) (string, string) {
	if v == nil {
		r.of.L1Ratio = nil
		return "", ""
	}
	return settings.Optional{To: &r.of.L1Ratio}.Set(v)
}

// Get implements settings.Value.
func (r ratio) Get() any { return r.of.Ratio() }

// linearFields lists the parameters of linear regression, by scikit-learn's
// names: those of Ridge, and with l1_ratio those of ElasticNet. Nothing in it is random; a seed is accepted since callers give the same
// parameters to every algorithm.
func linearFields(p *linear.Params) []settings.Field {
	return []settings.Field{
		{Name: "alpha", Aliases: []string{"l2_regularization", "lambda_l2", "reg_lambda", "lambda"}, Value: settings.Number{To: &p.Alpha}},
		{Name: "l1_ratio", Value: settings.Optional{To: &p.L1Ratio}},
		{Name: "random_state", Aliases: []string{"seed", "random_seed"}, Value: seed{new(uint64)}},
	}
}
