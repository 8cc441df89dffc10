package train

import (
	"cmp"
	"math"
	"slices"

	"retrain/internal/model"
)

// maxImportances bounds the answer; the model file holds all.
const maxImportances = 50

// importances ranks the features, largest first.
func importances(m *model.Model) []Importance {
	shares := m.GainImportance()
	if m.Linear != nil {
		shares = weightShares(m)
	}
	list := []Importance{}
	for i, share := range shares {
		if share > 0 {
			list = append(list, Importance{m.Features[i].Name, share})
		}
	}
	slices.SortStableFunc(list, func(a, b Importance) int { return cmp.Compare(b.Share, a.Share) })
	return list[:min(len(list), maxImportances)]
}

// weightShares measures a feature of a linear model by how far it can move the
// raw scores: a number by its standardized weight, a category by half the
// distance between its largest and smallest weights.
func weightShares(m *model.Model) []float64 {
	shares := make([]float64, len(m.Features))
	total := 0.0
	for _, weights := range m.Linear.Coef {
		for i := range m.Features {
			own := weights[:m.Features[i].Width()]
			weights = weights[len(own):]
			reach := math.Abs(own[0])
			if m.Features[i].Kind == model.Category {
				reach = (slices.Max(own) - slices.Min(own)) / 2
			}
			shares[i] += reach
			total += reach
		}
	}
	for i := range shares {
		shares[i] /= max(total, math.SmallestNonzeroFloat64)
	}
	return shares
}
