package gbdt

import (
	"fmt"
	"math"
	"slices"

	"retrain/internal/fault"
)

// Params says how to train. The names and defaults are those of
// scikit-learn's HistGradientBoosting where it has them; Defaults differs from
// it in L2Regularization and MinHessian, since without them rare classes make
// the leaves' values explode.
type Params struct {
	Loss     string  // loss: what is minimized; "" is SquaredError for a regression, else LogLoss
	Quantile float64 // quantile: which one the loss Quantile predicts

	MaxIter          int     // max_iter: rounds, that is trees for each raw score
	LearningRate     float64 // learning_rate: the factor on every leaf's value
	MaxLeafNodes     int     // max_leaf_nodes: leaves of a tree; 0 is no limit
	MaxDepth         int     // max_depth: edges from the root to a leaf; 0 is no limit
	MinSamplesLeaf   int     // min_samples_leaf: training rows in a leaf
	L2Regularization float64 // l2_regularization: added to a leaf's sum of hessians
	RegAlpha         float64 // reg_alpha: by how much a leaf's sum of gradients is brought nearer to 0
	MaxDeltaStep     float64 // max_delta_step: bound of a leaf's value before the learning rate; 0 is none
	MinHessian       float64 // min_hessian: the sum of hessians in a leaf
	MinGain          float64 // min_gain: a split's gain must be above it
	MaxBins          int     // max_bins: bins of a number, besides the one for missing
	MaxFeatures      float64 // max_features: the share of features tried at each split
	ColsampleBytree  float64 // colsample_bytree: the share of features that a tree may split by
	Subsample        float64 // subsample: the share of rows that a round's trees are grown on
	SubsampleFreq    int     // subsample_freq: rounds after which other rows are drawn
	CatSmooth        float64 // cat_smooth: hessian added to each category's when they are sorted

	EarlyStopping      bool    // early_stopping: keep part of the rows out of training and stop by their loss
	NIterNoChange      int     // n_iter_no_change: rounds without a better loss that end the training
	ValidationFraction float64 // validation_fraction: the share of rows kept out
	Tol                float64 // tol: how much lower a loss must be to be better

	// KeepOut keeps the validation part out of training without early stopping,
	// too: for a caller that has a use for rows which the trees have not seen.
	KeepOut bool

	RandomState  uint64    // random_state: seed of the validation part and of what is drawn
	MonotonicCst []int8    // monotonic_cst: for each feature -1, 0 or 1; nil is no constraint
	Balanced     bool      // class_weight "balanced": rows / (classes × rows of the class)
	ClassWeight  []float64 // class_weight: a factor for each class; nil is 1

	Threads int // goroutines that share the work; 0 is GOMAXPROCS. The result is the same for any number.
}

// Defaults returns the parameters that a caller changes what it wants of.
func Defaults() Params {
	return Params{
		Quantile:           0.5,
		MaxIter:            100,
		LearningRate:       0.1,
		MaxLeafNodes:       31,
		MinSamplesLeaf:     20,
		L2Regularization:   1,
		MinHessian:         1,
		MaxBins:            maxBins,
		MaxFeatures:        1,
		ColsampleBytree:    1,
		Subsample:          1,
		SubsampleFreq:      1,
		CatSmooth:          10,
		NIterNoChange:      10,
		ValidationFraction: 0.1,
		Tol:                1e-7,
	}
}

// The bounds that keep a training's memory and a model's size sane.
const (
	maxIter      = 100_000
	maxLeafNodes = 1 << 16
)

// Check returns a fault.InvalidRequest that names every parameter that is out
// of its range, or nil.
func (p Params) Check() error {
	c := checker{}
	known := []string{"", SquaredError, AbsoluteError, Quantile, Poisson, LogLoss}
	c.that(slices.Contains(known, p.Loss), "loss", "Input should be 'squared_error', 'absolute_error', 'quantile', 'poisson' or 'log_loss'")
	c.that(p.Quantile > 0 && p.Quantile < 1, "quantile", "Input should be greater than 0 and less than 1")
	c.integer("max_iter", p.MaxIter, 1, maxIter)
	c.positive("learning_rate", p.LearningRate)
	c.integer("max_leaf_nodes", p.MaxLeafNodes, 0, maxLeafNodes)
	c.that(p.MaxLeafNodes != 1, "max_leaf_nodes", "Input should be at least 2, or null for no limit")
	c.integer("max_depth", p.MaxDepth, 0, math.MaxInt32)
	c.integer("min_samples_leaf", p.MinSamplesLeaf, 1, math.MaxInt32)
	c.atLeastZero("l2_regularization", p.L2Regularization)
	c.atLeastZero("reg_alpha", p.RegAlpha)
	c.atLeastZero("max_delta_step", p.MaxDeltaStep)
	c.atLeastZero("min_hessian", p.MinHessian)
	c.atLeastZero("min_gain", p.MinGain)
	c.integer("max_bins", p.MaxBins, 2, maxBins)
	c.share("max_features", p.MaxFeatures)
	c.share("colsample_bytree", p.ColsampleBytree)
	c.share("subsample", p.Subsample)
	c.integer("subsample_freq", p.SubsampleFreq, 1, maxIter)
	c.atLeastZero("cat_smooth", p.CatSmooth)
	c.integer("n_iter_no_change", p.NIterNoChange, 1, maxIter)
	c.share("validation_fraction", p.ValidationFraction)
	c.that(p.ValidationFraction < 1, "validation_fraction", "Input should be less than 1")
	c.atLeastZero("tol", p.Tol)
	for _, m := range p.MonotonicCst {
		c.that(m >= -1 && m <= 1, "monotonic_cst", "Input should be -1, 0 or 1 for each feature")
	}
	for _, w := range p.ClassWeight {
		c.that(w > 0 && !math.IsInf(w, 0), "class_weight", "Input should be greater than 0 for each class")
	}
	c.that(!p.Balanced || p.ClassWeight == nil, "class_weight", "Input should be either 'balanced' or a weight for each class")
	c.integer("threads", p.Threads, 0, math.MaxInt32)
	return c.err()
}

// random reports whether the next round may find a split where this one does
// not.
func (p *Params) random() bool {
	return p.MaxFeatures < 1 || p.ColsampleBytree < 1 || p.Subsample < 1
}

// checker gathers what is wrong with the parameters, each named once.
type checker struct {
	fields []fault.Field
}

func (c *checker) that(ok bool, name, msg string) {
	if ok {
		return
	}
	if n := len(c.fields); n > 0 && c.fields[n-1].Loc[2] == name {
		return
	}
	c.fields = append(c.fields, fault.Field{Loc: []any{"body", "model_params", name}, Msg: msg, Type: "value_error"})
}

func (c *checker) integer(name string, v, low, high int) {
	c.that(v >= low && v <= high, name, fmt.Sprintf("Input should be between %d and %d", low, high))
}

func (c *checker) positive(name string, v float64) {
	c.that(v > 0 && !math.IsInf(v, 0), name, "Input should be greater than 0")
}

func (c *checker) atLeastZero(name string, v float64) {
	c.that(v >= 0 && !math.IsInf(v, 0), name, "Input should be greater than or equal to 0")
}

func (c *checker) share(name string, v float64) {
	c.that(v > 0 && v <= 1, name, "Input should be greater than 0 and at most 1")
}

func (c *checker) err() error {
	if len(c.fields) == 0 {
		return nil
	}
	err := fault.New(fault.InvalidRequest, "The parameter %s is not valid.", c.fields[0].Loc[2])
	if len(c.fields) > 1 {
		err.Detail = fmt.Sprintf("%d parameters are not valid.", len(c.fields))
	}
	err.Fields = c.fields
	return err
}
