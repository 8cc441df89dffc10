package gbdt

import (
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// errDiverged is about a learning rate, weights or targets so far from 1 that a
// number has left its range: that of single precision for a gradient, of double
// precision for the rest. What would come of it is no model that can be stored,
// and not the same one on every architecture, so the training ends there.
func errDiverged() error {
	return fault.New(fault.InvalidData, "The training diverged: the learning rate, the weights or the targets are too large, or too small.")
}

// follow adds the trees of a round to the bounds of the raw scores, and reports
// whether none of their numbers has left its range. Without trees it is about
// the base.
func (t *trainer) follow(grown []model.Tree) bool {
	gain := 0.0
	for k := range grown {
		value := 0.0
		for _, n := range grown[k].Nodes {
			value, gain = max(value, math.Abs(n.Value)), max(gain, n.Gain)
		}
		t.reach[k] += value
	}
	reach := 0.0
	for k, b := range t.base {
		reach = max(reach, math.Abs(b)+t.reach[k])
	}
	if t.params.Loss == Poisson {
		reach = model.Exp(reach) // which a prediction is
	}
	return finite(gain) && finite(reach)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
