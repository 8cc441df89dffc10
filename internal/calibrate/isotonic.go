package calibrate

import (
	"cmp"
	"math"
	"slices"

	"retrain/internal/model"
)

// Log odds are rounded to a grid before an isotonic curve is fitted, and kept
// within limits: so knots are apart, a curve is nowhere steeper than 1,024, and
// the last digits of a raw score, which differ from runtime to runtime, stay the
// last ones of the probability.
const (
	grid     = 1024 // places from one to the next whole number
	farthest = 1000
)

// isotonic fits the curve that does not fall and has the least squared error, by
// pooling adjacent violators (Barlow et al. 1972), as scikit-learn's
// IsotonicRegression with out_of_bounds "clip" has it. Its knots are the first
// and the last place of each pool; of more than model.MaxKnots/2 pools, those
// are joined that differ least. Probabilities keep a distance of 1/(n+2) from 0
// and 1, n being the weight of the rows: a class that none of n rows has still
// comes in one of n+2 (Laplace's rule of succession), so that no row's log loss
// is infinite. A curve that rises nowhere has fewer than two knots.
func isotonic(s *sample) (c model.Curve) {
	pools := poolViolators(places(s))
	for len(pools) > model.MaxKnots/2 {
		pools = joinNearest(pools)
	}
	if len(pools) < 2 {
		return c
	}
	total := 0.0
	for _, w := range s.weights {
		total += w
	}
	least := 1 / (total + 2)
	for _, p := range pools {
		y := min(max(p.share(), least), 1-least)
		c.X, c.Y = append(c.X, p.from), append(c.Y, y)
		if p.to > p.from {
			c.X, c.Y = append(c.X, p.to), append(c.Y, y)
		}
	}
	if c.Y[0] == c.Y[len(c.Y)-1] {
		return model.Curve{}
	}
	return c
}

// pool is a run of rows in the order of their log odds, with a common probability.
type pool struct {
	from, to     float64
	hits, weight float64
}

func (p pool) share() float64 { return p.hits / p.weight }

func (p pool) with(q pool) pool {
	return pool{p.from, q.to, p.hits + q.hits, p.weight + q.weight}
}

// places returns the rows by their place on the grid, ascending, without those
// of weight 0.
func places(s *sample) []pool {
	rows := make([]int32, 0, len(s.z))
	z := make([]float64, len(s.z))
	for i, v := range s.z {
		z[i] = math.Round(min(max(v, -farthest), farthest)*grid) / grid
		if s.weights[i] > 0 {
			rows = append(rows, int32(i))
		}
	}
	slices.SortFunc(rows, func(a, b int32) int { return cmp.Or(cmp.Compare(z[a], z[b]), cmp.Compare(a, b)) })
	var all []pool
	for _, i := range rows {
		row := pool{z[i], z[i], 0, s.weights[i]}
		if s.hit[i] {
			row.hits = s.weights[i]
		}
		if last := len(all) - 1; last >= 0 && all[last].to == row.from {
			all[last] = all[last].with(row)
			continue
		}
		all = append(all, row)
	}
	return all
}

// poolViolators joins neighbours until their shares ascend strictly, in place.
func poolViolators(all []pool) []pool {
	done := all[:0]
	for _, p := range all {
		for len(done) > 0 && done[len(done)-1].share() >= p.share() {
			p = done[len(done)-1].with(p)
			done = done[:len(done)-1]
		}
		done = append(done, p)
	}
	return done
}

// joinNearest joins the two neighbours that raise the squared error least (Ward
// 1963), in place.
func joinNearest(pools []pool) []pool {
	best, least := 0, math.Inf(1)
	for i := range len(pools) - 1 {
		a, b := pools[i], pools[i+1]
		gap := b.share() - a.share()
		if cost := a.weight * b.weight / (a.weight + b.weight) * gap * gap; cost < least {
			best, least = i, cost
		}
	}
	pools[best] = pools[best].with(pools[best+1])
	return slices.Delete(pools, best+1, best+2)
}
