package train

import (
	"math"
	"math/rand/v2"

	"retrain/internal/linear"
	"retrain/internal/model"
)

// baselineRows is about how many rows the linear baseline learns from at most:
// enough for its few weights, and 10 MB of a common table.
const baselineRows = 100_000

// linearSample takes down rows for a linear model: all of a small table, else
// each with the same chance. Which ones depends on nothing but how many there
// are.
type linearSample struct {
	data  *linear.Data
	width int
	share uint64 // of 2^64; all bits set stands for every row
	rng   *rand.PCG
	x, y  []float64 // scratch
}

func newLinearSample(recipe *model.Recipe, rows, wanted int) *linearSample {
	s := &linearSample{width: len(recipe.Features), share: math.MaxUint64, rng: rand.NewPCG(1, 1)}
	if rows > wanted {
		s.share = math.MaxUint64 / uint64(rows) * uint64(wanted)
	}
	s.data = linear.NewData(recipe, min(rows, wanted))
	return s
}

// add takes the rows in order, as linear.Data.Append does.
func (s *linearSample) add(x, y []float64) {
	if s.share == math.MaxUint64 {
		s.data.Append(x, y, nil)
		return
	}
	s.x, s.y = s.x[:0], s.y[:0]
	for i := range y {
		if s.rng.Uint64() < s.share {
			s.x = append(s.x, x[i*s.width:(i+1)*s.width]...)
			s.y = append(s.y, y[i])
		}
	}
	s.data.Append(s.x, s.y, nil)
}
