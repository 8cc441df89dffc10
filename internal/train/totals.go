package train

import (
	"retrain/internal/model"
	"retrain/internal/processed"
)

// totals is what the rows of the training side weigh, all together and by class,
// and the sum of their weighted targets.
type totals struct {
	regression   bool
	weighted     bool // the rows have weights
	rows         int64
	weight, sum  float64
	classWeights []float64
}

func newTotals(recipe *model.Recipe) *totals {
	return &totals{regression: recipe.Task == model.Regression, classWeights: make([]float64, len(recipe.Classes))}
}

func (t *totals) add(b *processed.Block) {
	for i, w := range b.W {
		t.weighted = true
		t.rows++
		t.weight += w
		if t.regression {
			t.sum += float64(w * b.Y[i])
		} else {
			t.classWeights[int(b.Y[i])] += w
		}
	}
}

// classRows returns how many rows of the training side are of each class, by
// their share of the weights.
func (j *job) classRows() []float64 {
	rows := make([]float64, len(j.data.Train.Classes))
	for k, n := range j.data.Train.Classes {
		rows[k] = float64(n)
		if t := j.totals; t.weighted {
			rows[k] = t.classWeights[k] / t.weight * float64(t.rows)
		}
	}
	return rows
}

// meanTarget returns the mean target of the training side, by weight.
func (j *job) meanTarget() float64 {
	if j.totals.weighted {
		return j.totals.sum / j.totals.weight
	}
	return j.data.Train.MeanTarget
}
