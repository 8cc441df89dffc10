package model

import (
	"math"
	"slices"
)

// Importance returns each feature's part in the model, in the order of the
// features; the parts sum to 1, or are all 0 in a model that tells nothing
// apart. For trees it is the gain of the feature's splits. In a linear model it
// is how far the feature can move the raw scores: a number by its standardized
// weight, a category by half the distance between its largest and smallest
// weights.
func (m *Model) Importance() []float64 {
	shares := make([]float64, len(m.Features))
	if m.Trees != nil {
		m.addGain(shares)
	} else {
		m.addReach(shares)
	}
	total := 0.0
	for _, share := range shares {
		total += share
	}
	for i := range shares {
		shares[i] /= max(total, math.SmallestNonzeroFloat64)
	}
	return shares
}

func (m *Model) addGain(shares []float64) {
	for i := range m.Trees.Trees {
		for _, n := range m.Trees.Trees[i].Nodes {
			if n.Feature >= 0 {
				shares[n.Feature] += n.Gain
			}
		}
	}
}

func (m *Model) addReach(shares []float64) {
	for _, weights := range m.Linear.Coef {
		for i := range m.Features {
			own := weights[:m.Features[i].Width()]
			weights = weights[len(own):]
			reach := math.Abs(own[0])
			if m.Features[i].Kind == Category {
				reach = (slices.Max(own) - slices.Min(own)) / 2
			}
			shares[i] += reach
		}
	}
}
