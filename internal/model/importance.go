package model

// GainImportance returns the share that each feature's splits have in the gain
// of all splits, in the order of the features; the shares sum to 1. It returns
// nil for a linear model, and zeros for trees without gain.
func (m *Model) GainImportance() []float64 {
	if m.Trees == nil {
		return nil
	}
	shares := make([]float64, len(m.Features))
	total := 0.0
	for i := range m.Trees.Trees {
		for _, n := range m.Trees.Trees[i].Nodes {
			if n.Feature >= 0 {
				shares[n.Feature] += n.Gain
				total += n.Gain
			}
		}
	}
	if total > 0 {
		for j := range shares {
			shares[j] /= total
		}
	}
	return shares
}
