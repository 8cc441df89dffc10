package gbdt

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// cellsOf returns a histogram of one column with rows of the given bins, their
// number in each bin, and a site for them.
func cellsOf(bins []uint8, pairs []pair) (*[cells]pair, *tally, *site) {
	h, rows, s := new([cells]pair), new(tally), &site{rows: len(bins), low: math.Inf(-1), high: math.Inf(1)}
	for i, b := range bins {
		h[b] += pairs[i]
		rows.add(b)
		s.sum += pairs[i]
	}
	rows.total()
	return h, rows, s
}

// gainOf is the gain of a split by its definition.
func gainOf(r *rules, left pair, s *site) float64 {
	square := func(p pair) float64 { return p.gradient() * p.gradient() / (p.hessian() + r.l2) }
	return square(left) + square(s.sum-left) - square(s.sum)
}

// side sums up the pairs and rows that go left.
func side(goesLeft func(b uint8) bool, h *[cells]pair, rows *tally) (sum pair, n int) {
	for b := range h {
		if goesLeft(uint8(b)) {
			sum += h[b]
			n += rows.rows[b]
		}
	}
	return sum, n
}

func drawRows(t *rapid.T, bins int, missing bool) ([]uint8, []pair) {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	n := rapid.IntRange(2, 400).Draw(t, "rows")
	bs, pairs := make([]uint8, n), make([]pair, n)
	for i := range bs {
		bs[i] = uint8(rng.IntN(bins))
		if missing && rng.IntN(4) == 0 {
			bs[i] = missingBin
		}
		pairs[i] = newPair(rng.Int64N(20001)-10000, 1+rng.Int64N(10000))
	}
	return bs, pairs
}

// near reports whether two gains are the same but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestNumericSplitIsTheBestOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := rapid.IntRange(1, 30).Draw(t, "bins")
		bs, pairs := drawRows(t, bins, rapid.Bool().Draw(t, "missing"))
		h, rows, s := cellsOf(bs, pairs)
		r := &rules{
			l2:         rapid.Float64Range(0, 1e6).Draw(t, "l2"),
			minHessian: rapid.Float64Range(1, 2e5).Draw(t, "minHessian"),
			minSamples: rapid.IntRange(1, 60).Draw(t, "minSamples"),
		}
		best := 0.0
		for b := range bins {
			for _, missingLeft := range []bool{false, true} {
				c := candidate{bin: uint8(b), missingLeft: missingLeft}
				goesLeft := c.goesLeft()
				left, n := side(goesLeft.has, h, rows)
				heavy := min(left.hessian(), (s.sum-left).hessian()) >= r.minHessian
				if heavy && n >= r.minSamples && s.rows-n >= r.minSamples {
					best = max(best, gainOf(r, left, s))
				}
			}
		}
		got := r.numeric(h, bins, s, 0, rows)
		if got.column < 0 {
			if best > 1e-6*r.score(s.sum, s) {
				t.Fatalf("no split was found, but one gains %v", best)
			}
			return
		}
		goesLeft := got.goesLeft()
		left, n := side(goesLeft.has, h, rows)
		if left != got.sum || n < r.minSamples || s.rows-n < r.minSamples {
			t.Fatalf("the split's sum is %v, want %v; it has %d of %d rows", got.sum, left, n, s.rows)
		}
		if !near(got.gain, best) || !near(got.gain, gainOf(r, left, s)) {
			t.Fatalf("the split gains %v; by its sum %v, and the best %v", got.gain, gainOf(r, left, s), best)
		}
	})
}

// Where all rows agree, no split gains anything, whatever rounding says.
func TestRowsThatAgreeAreNotSplit(t *testing.T) {
	for gradient := int64(-999999); gradient < 0; gradient += 7919 {
		h, s := new([cells]pair), &site{rows: 1}
		for b := range 40 {
			h[b] = newPair(gradient*int64(b+1), 7*int64(b+1))
			s.sum += h[b]
		}
		r := &rules{minHessian: 1, minSamples: 1}
		if c := r.numeric(h, 40, s, 0, nil); c.column >= 0 {
			t.Fatalf("with gradients of %d a split gains %v", gradient, c.gain)
		}
	}
}

// Without smoothing and regularization the search must find the best of all
// sets, and ask of it what sets gain by chance.
func TestCategorySplitIsTheBestOfAllSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(t, "categories")
		bs, pairs := drawRows(t, n, rapid.Bool().Draw(t, "others"))
		h, rows, s := cellsOf(bs, pairs)
		r := &rules{minHessian: 1, minSamples: 1, noise: rapid.Float64Range(0, 1000).Draw(t, "noise")}
		present, supported, roots := 0, 0, 0.0
		for b := range n {
			roots += math.Sqrt(h[b].hessian())
			if h[b] != 0 {
				present |= 1 << b
			}
			if h[b].hessian()*float64(s.rows) >= catSupport*s.sum.hessian() {
				supported |= 1 << b
			}
		}
		luck := 2 / math.Pi * r.noise * roots * roots / s.sum.hessian()
		best := 0.0
		for set := supported; set > 0; set = (set - 1) & supported {
			if set == present && h[missingBin] == 0 {
				continue
			}
			left, _ := side(func(b uint8) bool { return set>>b&1 == 1 }, h, rows)
			best = max(best, gainOf(r, left, s)-luck)
		}
		got := r.category(h, maxBins, s, 0, nil, new([cells]uint64))
		if got.column < 0 {
			if best > 1e-6*r.score(s.sum, s) {
				t.Fatalf("no split was found, but one gains %v", best)
			}
			return
		}
		if left, _ := side(got.left.has, h, rows); left != got.sum {
			t.Fatalf("the split's sum is %v, want %v", got.sum, left)
		}
		if got.left.len()+got.right.len() != bits.OnesCount(uint(present)) || got.left.has(missingBin) {
			t.Fatalf("left %v and right %v are not the categories of the leaf", got.left, got.right)
		}
		if got.missing != (h[missingBin] != 0) {
			t.Fatal("the split does not know whether there are other rows")
		}
		if !near(got.gain, best) {
			t.Fatalf("the split gains %v, the best %v", got.gain, best)
		}
	})
}

// What a split into sets gains where the categories mean nothing is what is
// taken off for chance: on average nothing is left.
func TestCategoriesThatMeanNothingGainNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const categories, variance, hessian, repeats = 60, 1000.0, 1000, 500
	gains, taken := 0.0, 0.0
	for range repeats {
		bs, pairs := make([]uint8, 3000), make([]pair, 3000)
		for i := range bs {
			bs[i] = uint8(rng.IntN(categories))
			pairs[i] = newPair(int64(math.Round(math.Sqrt(variance*hessian)*rng.NormFloat64())), hessian)
		}
		h, _, s := cellsOf(bs, pairs)
		r := &rules{minHessian: 1, minSamples: 1}
		gains += r.category(h, maxBins, s, 0, nil, new([cells]uint64)).gain
		r.noise = variance
		taken += r.chanceGain(h[:maxBins], s)
	}
	if ratio := gains / taken; ratio < 0.9 || ratio > 1.1 {
		t.Errorf("splits gain %.3f of what is taken off", ratio)
	}
}

func TestMonotoneSplitKeepsToConstraintAndBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bs, pairs := drawRows(t, 20, true)
		h, _, s := cellsOf(bs, pairs)
		low, high := rapid.Float64Range(-3, 0).Draw(t, "low"), rapid.Float64Range(0, 3).Draw(t, "high")
		s.low, s.high = low, high
		r := &rules{bounded: true, l1: rapid.Float64Range(0, 500).Draw(t, "l1"), most: rapid.Float64Range(0.1, 3).Draw(t, "most"),
			l2: 1000, minHessian: 1, minSamples: 1, constraints: []int8{int8(rapid.IntRange(-1, 1).Draw(t, "constraint"))}}
		got := r.numeric(h, 20, s, 0, nil)
		if got.column < 0 {
			return
		}
		left, right := r.value(got.sum, s), r.value(s.sum-got.sum, s)
		if d := float64(r.constraints[0]) * (right - left); d < 0 {
			t.Fatalf("values %v and %v do not keep to constraint %d", left, right, r.constraints[0])
		}
		if min(left, right) < max(low, -r.most) || max(left, right) > min(high, r.most) {
			t.Fatalf("values %v and %v are not in [%v, %v]", left, right, low, high)
		}
		// The gain is what the loss g·v + h·v²/2 + l1·|v| falls by, twice.
		loss := func(p pair, v float64) float64 {
			return 2*p.gradient()*v + (p.hessian()+r.l2)*v*v + 2*r.l1*math.Abs(v)
		}
		want := loss(s.sum, r.value(s.sum, s)) - loss(got.sum, left) - loss(s.sum-got.sum, right)
		if !near(got.gain, want) {
			t.Fatalf("the split gains %v, want %v", got.gain, want)
		}
	})
}
