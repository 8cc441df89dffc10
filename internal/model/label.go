package model

// Label returns the index of the largest probability of a row, the first one
// where several are largest: a binary row is of class 1 only if p[1] > p[0].
// ONNX's ArgMax (select_last_index = 0) and scikit-learn's predict decide alike.
func Label(p []float64) int {
	best := 0
	for k := 1; k < len(p); k++ {
		if p[k] > p[best] {
			best = k
		}
	}
	return best
}

// Label returns the index of the class that the model decides on, given a row's
// probabilities.
func (m *Model) Label(p []float64) int { return LabelAbove(p, m.Threshold) }

// LabelAbove is Label for a model with a threshold: class 1 only if
// p[1] > threshold. A threshold of 0 is none.
func LabelAbove(p []float64, threshold float64) int {
	switch {
	case threshold == 0:
		return Label(p)
	case p[1] > threshold:
		return 1
	}
	return 0
}
