// Package model holds a trained model in memory: it encodes a row and scores
// it.
//
// The model outlives the learner that grew it and is decoded from untrusted
// bytes, so it has a room of its own. It knows neither how models are trained
// nor how they are stored, and imports only the standard library.
package model

import "fmt"

// Task is what a model predicts.
type Task string

// The tasks.
const (
	Binary     Task = "binary"
	Multiclass Task = "multiclass"
	Regression Task = "regression"
)

// Kind says how a feature's raw values are written.
type Kind string

// The kinds of features.
const (
	Number   Kind = "number"   // a float64; NaN is missing
	Category Kind = "category" // a string; "" is missing
)

// Unseen is the code of a category that the training data did not have.
const Unseen = -1

// Feature is one input of a model, with what the recipe learned about it from
// the training side.
type Feature struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Column is the raw column that the feature is a Part of; empty if it is the
	// one called Name. The parts of a column stand side by side.
	Column string `json:"column,omitempty"`
	Part   Part   `json:"part,omitempty"`
	// Slashes tells how a time like 01/02/2006 is read: DayFirst or MonthFirst,
	// as the training data was; empty if that had none.
	Slashes string `json:"slashes,omitempty"`
	// Numbers: Fill replaces a missing value, and (x-Mean)/Scale standardizes
	// it, in linear models. Trees take the raw value and send NaN where they
	// learned to. Mean and Scale are of the filled column; Scale is never 0.
	Fill  float64 `json:"fill,omitzero"`
	Mean  float64 `json:"mean,omitzero"`
	Scale float64 `json:"scale,omitzero"`
	// Categories, in the order of their codes: sorted, without duplicates.
	// Missing is the category "", present only if the training side had it.
	Categories []string `json:"categories,omitempty"`
}

// The orders of day and month between slashes.
const (
	DayFirst   = "day_first"
	MonthFirst = "month_first"
)

// Recipe says how raw columns become a model's inputs and its target. It is
// fitted on the training side by preprocess, stored inside the model, and used
// for training, holdout and prediction alike.
type Recipe struct {
	Target string `json:"target"`
	Task   Task   `json:"task"`
	// Classes are the labels in ascending order (numerically, if IntLabels);
	// class 1 of a binary task is the positive one. Nil for regression.
	Classes   []string  `json:"classes,omitempty"`
	IntLabels bool      `json:"int_labels,omitzero"` // all labels are integers, and are shown as such
	Features  []Feature `json:"features"`
}

// Outputs returns how many numbers Predict yields for a row: a probability for
// each class, or the one predicted value.
func (r *Recipe) Outputs() int {
	if r.Task == Regression {
		return 1
	}
	return len(r.Classes)
}

// Model is a recipe with the parameters that a learner found. Exactly one of
// Trees and Linear is set.
type Model struct {
	Recipe
	Trees  *Trees
	Linear *Linear
	// Calibration turns the raw scores into probabilities; nil is the logistic
	// function, or softmax.
	Calibration *Calibration
	// Threshold is the probability above which a binary row is of class 1; 0
	// stands for one half.
	Threshold float64
	// Meta is carried along as it is: lineage, parameters, engine version.
	// Keys beginning with "retrain." are the encoder's own.
	Meta map[string]string
}

// Trees is a sum of trees. Tree i adds to raw score i mod Width; a binary
// task has one raw score (the log odds of class 1), a multiclass task one for
// each class, a regression one.
type Trees struct {
	Base  []float64 // starting raw scores; len(Base) is the width
	Trees []Tree
	// Log says that a regression's raw score is the logarithm of what it
	// predicts.
	Log bool
}

// Tree is a binary tree as a flat slice. Node 0 is the root, and children lie
// behind their parents.
type Tree struct {
	Nodes []Node
	// Sets holds the category sets of the tree's nodes; Node.Set indexes it.
	// A set lists codes in ascending order.
	Sets [][]int32
}

// Node is a leaf (Feature < 0) or a split. A number goes left if
// x <= Threshold, or, being NaN, if MissingLeft. A category goes left if its
// code is in the node's set; an unseen one is in no set and goes right.
type Node struct {
	Feature     int32
	Left, Right int32
	Set         int32 // index into Tree.Sets; -1 for a numeric split or a leaf
	Threshold   float64
	MissingLeft bool
	Value       float64 // a leaf's addend, shrinkage included
	Gain        float64 // a split's gain; informative
	Count       int64   // training rows that reached the node; informative
}

// Linear is a linear model on standardized numbers and one-hot categories.
// Its inputs are, feature by feature: one column for a number, and one column
// for each category of a categorical feature (an unseen category is all zeros).
type Linear struct {
	// Coef holds a row for each raw score: one for binary and regression, one
	// for each class of a multiclass task.
	Coef      [][]float64
	Intercept []float64
}

// Inputs returns the number of columns that a linear model of the recipe has.
func (r *Recipe) Inputs() int {
	n := 0
	for i := range r.Features {
		n += r.Features[i].Width()
	}
	return n
}

// Width returns how many columns the feature takes in a linear model.
func (f *Feature) Width() int {
	if f.Kind == Number {
		return 1
	}
	return len(f.Categories)
}

// Width returns the number of raw scores.
func (m *Model) Width() int {
	if m.Task == Multiclass {
		return len(m.Classes)
	}
	return 1
}

// String describes the model in a few words, for logs.
func (m *Model) String() string {
	kind := "linear"
	if m.Trees != nil {
		kind = fmt.Sprintf("%d trees", len(m.Trees.Trees))
	}
	return fmt.Sprintf("%s model of %q, %d features, %s", m.Task, m.Target, len(m.Features), kind)
}
