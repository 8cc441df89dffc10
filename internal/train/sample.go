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

// sampler takes rows of a stream: all of a small table, else each with the same
// chance. Which ones depends on nothing but how many there are.
type sampler struct {
	width int
	share uint64 // of 2^64; all bits set stands for every row
	rng   *rand.PCG
	x, y  []float64 // scratch
	w     []float64 // the same, of weights
	taken []int     // the last picked rows, by their places in their block
}

// newSampler returns a sampler of about as many as wanted of so many rows of
// that many features. Two streams draw differently.
func newSampler(rows, wanted, width int, stream uint64) sampler {
	s := sampler{width: width, share: math.MaxUint64, rng: rand.NewPCG(1, stream)}
	if rows > wanted {
		s.share = math.MaxUint64 / uint64(rows) * uint64(wanted)
	}
	return s
}

// all reports whether every row is taken.
func (s *sampler) all() bool { return s.share == math.MaxUint64 }

// pick returns those of the next rows that are taken, with their weights, or nil
// if w is. They are valid until the next call.
func (s *sampler) pick(x, y, w []float64) (pickedX, pickedY, pickedW []float64) {
	if s.all() {
		return x, y, w
	}
	s.x, s.y, s.w, s.taken = s.x[:0], s.y[:0], s.w[:0], s.taken[:0]
	for i := range y {
		if s.rng.Uint64() < s.share {
			s.x = append(s.x, x[i*s.width:(i+1)*s.width]...)
			s.y, s.taken = append(s.y, y[i]), append(s.taken, i)
			if w != nil {
				s.w = append(s.w, w[i])
			}
		}
	}
	if w == nil {
		return s.x, s.y, nil
	}
	return s.x, s.y, s.w
}

// appendPicked appends what belongs to the rows last picked, such as their
// groups; nothing if of is nil.
func appendPicked[T any](s *sampler, to, of []T) []T {
	if of == nil || s.all() {
		return append(to, of...)
	}
	for _, i := range s.taken {
		to = append(to, of[i])
	}
	return to
}

// linearSample takes down rows for a linear model.
type linearSample struct {
	sampler
	data *linear.Data
}

func newLinearSample(recipe *model.Recipe, rows, wanted int) *linearSample {
	return &linearSample{newSampler(rows, wanted, len(recipe.Features), 1), linear.NewData(recipe, min(rows, wanted))}
}

// add takes the rows in order, as linear.Data.Append does.
func (s *linearSample) add(x, y, w []float64) {
	s.data.Append(s.pick(x, y, w))
}
