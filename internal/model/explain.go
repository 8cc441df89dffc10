package model

// Explain tells how a row's raw score k comes about: it writes each feature's
// contribution into dst, one number a feature, and returns the base, which is
// the score without any of them. Base and contributions sum to the raw score:
// the log odds of class 1, the raw score of class k, or the predicted value (its
// logarithm, if Trees.Log). A Calibration comes after it: the score says which
// way a feature moves the probability, and the calibration how far.
//
// Of trees these are exact Shapley values (Lundberg et al. 2018, path-dependent
// TreeSHAP): a feature that is left out goes both ways, in the shares of the
// training rows that did. Of a linear model they are the weight of the
// standardized number, and the weight of the category. The model must have
// passed Check; Explain may be called concurrently.
func (m *Model) Explain(dst, row []float64, k int) (base float64) {
	if len(dst) != len(m.Features) || len(row) != len(m.Features) {
		panic("model: lengths of dst and row do not agree with the features")
	}
	clear(dst)
	if m.Linear != nil {
		return m.explainLinear(dst, row, k)
	}
	base = m.Trees.Base[k]
	for i := k; i < len(m.Trees.Trees); i += len(m.Trees.Base) {
		s := shap{tree: &m.Trees.Trees[i], row: row, dst: dst}
		s.walk(0, 1)
		base += s.mean
	}
	return base
}

func (m *Model) explainLinear(dst, row []float64, k int) (base float64) {
	at := 0
	for j := range m.Features {
		f := &m.Features[j]
		if f.Kind == Number {
			dst[j] = m.Linear.Coef[k][at] * f.Standardize(row[j])
		} else if code := row[j]; code >= 0 {
			dst[j] = m.Linear.Coef[k][at+int(code)]
		}
		at += f.Width()
	}
	return m.Linear.Intercept[k]
}

// shap explains one row by one tree.
type shap struct {
	tree     *Tree
	row, dst []float64
	path     []onPath // the features that the way to a node asks for, each once
	weights  []float64
	mean     float64 // of the leaves' values, by the shares of the training rows
}

// onPath is what becomes of a row on its way to a node at the splits of one
// feature: without the feature, zero of it passes; with it, one (all or nothing).
type onPath struct {
	feature   int32
	zero, one float64
}

// walk adds the leaves below a node, which the share of all training rows
// reaches.
func (s *shap) walk(at int32, share float64) {
	n := &s.tree.Nodes[at]
	if n.Feature < 0 {
		s.leaf(n.Value, share)
		return
	}
	left := s.tree.leftShare(n)
	goes := 0.0
	if s.tree.goesLeft(n, s.row[n.Feature]) {
		goes = 1
	}
	s.descend(n.Feature, n.Left, share, left, goes)
	s.descend(n.Feature, n.Right, share, 1-left, 1-goes)
}

// descend walks on to a child with the split's feature on the path. Where
// nothing passes with or without the feature, no leaf can add anything.
func (s *shap) descend(feature, child int32, share, zero, one float64) {
	if zero == 0 && one == 0 {
		return
	}
	for i := range s.path {
		if p := &s.path[i]; p.feature == feature {
			before := *p
			p.zero, p.one = p.zero*zero, p.one*one
			if p.zero != 0 || p.one != 0 {
				s.walk(child, share*zero)
			}
			s.path[i] = before
			return
		}
	}
	s.path = append(s.path, onPath{feature, zero, one})
	s.walk(child, share*zero)
	s.path = s.path[:len(s.path)-1]
}

// leaf adds what a leaf gives to the features on its path.
func (s *shap) leaf(value, share float64) {
	s.mean += value * share
	s.weights = append(s.weights[:0], 1)
	for _, p := range s.path {
		s.extend(p)
	}
	for _, p := range s.path {
		s.dst[p.feature] += s.without(p) * (p.one - p.zero) * value
	}
}

// extend takes a feature into the weights: weights[i] is the sum over all sets
// of i features of what passes with just those, each set with its share of the
// orders in which features can come.
func (s *shap) extend(p onPath) {
	s.weights = append(s.weights, 0)
	w, last := s.weights, len(s.weights)-1
	for i := last - 1; i >= 0; i-- {
		w[i+1] += p.one * w[i] * float64(i+1) / float64(last+1)
		w[i] *= p.zero * float64(last-i) / float64(last+1)
	}
}

// without returns the sum of the weights as they are without the feature.
func (s *shap) without(p onPath) (sum float64) {
	w, last := s.weights, len(s.weights)-1
	next := w[last]
	for i := last - 1; i >= 0; i-- {
		if p.one == 0 {
			sum += w[i] * float64(last+1) / (p.zero * float64(last-i))
			continue
		}
		one := next * float64(last+1) / (float64(i+1) * p.one)
		sum += one
		next = w[i] - one*p.zero*float64(last-i)/float64(last+1)
	}
	return sum
}

// leftShare returns the share of a split's training rows that went left; half,
// if the model does not know.
func (t *Tree) leftShare(n *Node) float64 {
	left, right := float64(t.Nodes[n.Left].Count), float64(t.Nodes[n.Right].Count)
	if left+right == 0 {
		return 0.5
	}
	return left / (left + right)
}
