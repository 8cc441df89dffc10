package metric

import (
	"fmt"

	"gonum.org/v1/gonum/floats"

	"retrain/internal/model"
)

// Answers are what a model says of each row of a classification.
type Answers struct {
	P []float64 // the probabilities of the classes, row-major
	// Labels are the indices of the classes that the model decides on; nil
	// stands for those of the largest probabilities (model.Label).
	Labels []int32
}

// label returns the label of a row.
func (a Answers) label(row, classes int) int {
	if a.Labels != nil {
		return int(a.Labels[row])
	}
	return model.Label(a.P[row*classes : (row+1)*classes])
}

// Classification scores a model's answers (len(y) × classes probabilities)
// against the true class indices y. A y of -1 is a label that the
// model does not know: it counts as one more class, which is never predicted,
// is no case of any other class, and to which every model gives probability 0.
//
// It panics if the lengths do not agree, for a label that is no class, or
// for fewer than two classes.
func Classification(y []int32, a Answers, classes int) Scores {
	checkAnswers(y, a, classes)
	reason, counts := unusable(a.P), &counts{}
	if reason == "" {
		counts = countLabels(y, a, classes)
	}
	s := newScores()
	for _, name := range known[classTask(classes)] {
		if reason != "" {
			s.set(name, undefined(reason))
		} else {
			s.set(name, classMetric(name, y, a.P, classes, counts))
		}
	}
	return s
}

// ClassificationScore is the one score of Classification that is named, or the
// reason why it is undefined. It panics for a metric that Known does not list.
func ClassificationScore(name string, y []int32, a Answers, classes int) (score float64, undefined string) {
	checkAnswers(y, a, classes)
	v := classScore(name, y, a, classes)
	return v.v, v.reason()
}

func classScore(name string, y []int32, a Answers, classes int) value {
	if reason := unusable(a.P); reason != "" {
		return undefined(reason)
	}
	return classMetric(name, y, a.P, classes, countLabels(y, a, classes))
}

// classMetric is one metric of usable predictions.
func classMetric(name string, y []int32, p []float64, classes int, counts *counts) value {
	switch name {
	case ROCAUC:
		return rocAUC(y, p, classes)
	case AveragePrecision:
		return averagePrecision(y, p)
	case LogLoss, Brier:
		return mean(rowLosses(name, y, p, classes))
	}
	return counts.score(name)
}

func checkAnswers(y []int32, a Answers, classes int) {
	checkClasses(y, a.P, classes)
	if a.Labels != nil && len(a.Labels) != len(y) {
		panic("metric: lengths of truth and labels do not agree")
	}
	for _, label := range a.Labels {
		if label < 0 || int(label) >= classes {
			panic(fmt.Sprintf("metric: no class %d", label))
		}
	}
}

func checkClasses(y []int32, p []float64, classes int) {
	if classes < 2 {
		panic("metric: fewer than two classes")
	}
	if len(p) != len(y)*classes {
		panic("metric: lengths of truth and predictions do not agree")
	}
	for _, c := range y {
		if c < -1 || int(c) >= classes {
			panic(fmt.Sprintf("metric: no class %d", c))
		}
	}
}

// unusable says why predictions cannot be scored at all, or "".
func unusable(p []float64) string {
	switch {
	case len(p) == 0:
		return reasonNoRows
	case !allFinite(p):
		return reasonNotFinite
	}
	return ""
}

// logLossClip is the smallest probability that log loss is taken of, and 1
// minus it the largest: the spacing of float64 at 1, as in scikit-learn.
const logLossClip = 0x1p-52

// rowLosses returns each row's share of a metric that is a mean over the rows.
func rowLosses(name string, y []int32, p []float64, classes int) []float64 {
	if name == Brier {
		return brierLosses(y, p)
	}
	return logLosses(y, p, classes)
}

// logLosses returns -ln of the probability that each row's class was given.
func logLosses(y []int32, p []float64, classes int) []float64 {
	losses := make([]float64, len(y))
	for i, c := range y {
		given := 0.0
		if c >= 0 {
			given = p[i*classes+int(c)]
		}
		losses[i] = -model.Log(min(max(given, logLossClip), 1-logLossClip))
	}
	return losses
}

// brierLosses returns the squared error of each row's probability of class 1.
func brierLosses(y []int32, p []float64) []float64 {
	losses := make([]float64, len(y))
	for i, c := range y {
		miss := p[2*i+1]
		if c == 1 {
			miss -= 1
		}
		losses[i] = float64(miss * miss)
	}
	return losses
}

// mean is the compensated sum in the order of the rows, divided by their
// number.
func mean(xs []float64) value {
	if len(xs) == 0 {
		return undefined(reasonNoRows)
	}
	return value{v: floats.SumCompensated(xs) / float64(len(xs))}
}
