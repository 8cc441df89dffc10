package model

import "math"

// rawScores writes the raw scores of a block of at most sweepBlock rows: log
// odds, or the predicted value. Each is the base plus the trees in their order.
// Without a sweep, each row walks through the trees by itself.
func (m *Model) rawScores(raw, x []float64, s *sweep) {
	features, width := len(m.Features), m.Width()
	if m.Linear != nil {
		for i := range len(raw) / width {
			m.linearScores(raw[i*width:(i+1)*width], x[i*features:(i+1)*features])
		}
		return
	}
	for at := 0; at < len(raw); at += width {
		copy(raw[at:], m.Trees.Base)
	}
	if s != nil {
		s.load(x, len(raw)/width)
	}
	for i := range m.Trees.Trees {
		if t := &m.Trees.Trees[i]; s != nil {
			s.add(t, raw[i%width:], width, len(raw)/width)
		} else {
			t.add(raw[i%width:], width, x, features)
		}
	}
}

// add adds the tree's value for each row of x to every width-th number of raw.
func (t *Tree) add(raw []float64, width int, x []float64, features int) {
	for i := 0; len(x) >= features; i += width {
		raw[i] += t.Nodes[t.leaf(x[:features])].Value
		x = x[features:]
	}
}

// leaf returns the index of the leaf that the row falls into.
func (t *Tree) leaf(row []float64) int32 {
	at := int32(0)
	for {
		n := &t.Nodes[at]
		if n.Feature < 0 {
			return at
		}
		if t.goesLeft(n, row[n.Feature]) {
			at = n.Left
		} else {
			at = n.Right
		}
	}
}

func (t *Tree) goesLeft(n *Node, x float64) bool {
	switch {
	case n.Set >= 0:
		return contains(t.Sets[n.Set], x)
	case math.IsNaN(x):
		return n.MissingLeft
	}
	return x <= n.Threshold
}

// contains reports whether the ascending set holds the code.
func contains(set []int32, code float64) bool {
	lo, hi := 0, len(set)
	for lo < hi {
		mid := (lo + hi) / 2
		if float64(set[mid]) < code {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(set) && float64(set[lo]) == code
}

// linearScores adds up the standardized numbers and the weights of the row's
// categories. Products are rounded before they are added, so that no platform
// fuses them.
func (m *Model) linearScores(raw, row []float64) {
	copy(raw, m.Linear.Intercept)
	at := 0
	for j := range m.Features {
		f := &m.Features[j]
		if f.Kind == Number {
			z := f.Standardize(row[j])
			for k := range raw {
				raw[k] += float64(m.Linear.Coef[k][at] * z)
			}
		} else if code := row[j]; code >= 0 {
			for k := range raw {
				raw[k] += m.Linear.Coef[k][at+int(code)]
			}
		}
		at += f.Width()
	}
}

// Standardize fills a missing number and returns its z-score.
func (f *Feature) Standardize(x float64) float64 {
	if math.IsNaN(x) {
		x = f.Fill
	}
	return (x - f.Mean) / f.Scale
}

// link turns raw scores into probabilities, or leaves a prediction as it is.
func (m *Model) link(dst, raw []float64) {
	if m.Calibration != nil {
		m.calibrate(dst, raw)
		return
	}
	switch m.Task {
	case Binary:
		dst[1] = Sigmoid(raw[0])
		dst[0] = 1 - dst[1]
	case Multiclass:
		softmax(dst, raw)
	default:
		dst[0] = raw[0]
		if m.Trees != nil && m.Trees.Log {
			dst[0] = Exp(raw[0])
		}
	}
}

// Sigmoid is the logistic function.
func Sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}

// softmax writes exp(raw)/Σexp(raw), shifted by the largest raw score.
func softmax(dst, raw []float64) {
	top := raw[0]
	for _, r := range raw {
		top = max(top, r)
	}
	sum := 0.0
	for k, r := range raw {
		dst[k] = Exp(r - top)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}
