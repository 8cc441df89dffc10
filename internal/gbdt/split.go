package gbdt

import "math"

// candidate is a way to split a leaf.
type candidate struct {
	column      int // -1: there is none
	gain        float64
	sum         pair  // of the rows that go left
	bin         uint8 // a number goes left if its bin is at most this
	missingLeft bool
	missing     bool // the leaf has rows in missingBin
	// The bins of a category that go left and, of those that the leaf has,
	// those that go right.
	left, right binSet
}

var none = candidate{column: -1}

// rules holds what a split must keep to, in the units of one tree's pairs: a
// leaf with sums G and H has the value -G/(H+l2), and its loss is then lower
// than at 0 by G²/(H+l2), both in these units. With l1, G is brought nearer to 0
// by that much; values have bounds, then, too.
type rules struct {
	l1, l2     float64
	most       float64 // bound of a value's size
	bounded    bool    // there is l1, a bound of values, or a constraint
	catSmooth  float64
	noise      float64 // a gradient's variance for each unit of hessian
	minGain    float64
	minHessian float64 // of a leaf; implied by minSamples where that is more
	minSamples int
	// sure is the sum of hessians from which on a leaf has minSamples rows,
	// whichever they are.
	sure float64
	// Monotone constraints of the columns; nil if there are none.
	constraints []int8
}

// relativeGain is the part of the parent's score that a gain must reach, so
// that rounding alone is no reason to split.
const relativeGain = 1e-12

// scanSlack is more than what rounding does to run's comparison, so that it
// offers every split that is better.
const scanSlack = 1e-14

// site is a leaf as split finding sees it.
type site struct {
	sum       pair
	rows      int
	low, high float64 // bounds of the values below, in the units of rules
}

// value returns the best value within the bounds.
func (r *rules) value(sum pair, s *site) float64 {
	if !r.bounded {
		return -sum.gradient() / (sum.hessian() + r.l2)
	}
	return r.clamp(-r.shrink(sum.gradient())/(sum.hessian()+r.l2), s)
}

// score returns how much lower the loss is at the best value than at 0.
func (r *rules) score(sum pair, s *site) float64 {
	g, h := sum.gradient(), sum.hessian()+r.l2
	if !r.bounded {
		return g * g / h
	}
	g = r.shrink(g)
	v := r.clamp(-g/h, s)
	return -v * (float64(2*g) + float64(h*v))
}

// shrink brings a sum of gradients nearer to 0 by l1: with the penalty l1·|v|,
// the best value is that for the shrunken sum without.
func (r *rules) shrink(g float64) float64 {
	return math.Copysign(max(0, math.Abs(g)-r.l1), g)
}

// clamp brings a value into its bounds.
func (r *rules) clamp(v float64, s *site) float64 {
	v = min(max(v, -r.most), r.most)
	return min(max(v, s.low), s.high)
}

// certain reports whether both children surely have minSamples rows.
func (r *rules) certain(c *candidate, s *site) bool {
	return c.sum.hessian() >= r.sure && (s.sum-c.sum).hessian() >= r.sure
}

// numeric returns the best split of a numeric column with the given number of
// bins. A tally makes it keep to minSamples exactly; without one, children that
// might have fewer rows are allowed, and certain tells.
//
// The missing rows go right in a first scan over the bins; where there are any,
// a second one sends them left. Behind the last bin the first scan parts all
// numbers from the missing.
func (r *rules) numeric(h *[cells]pair, bins int, s *site, k int, rows *tally) candidate {
	sc := r.newScan(s, k, rows)
	sc.run(h[:bins], 0, false)
	missing := h[missingBin] != 0
	if missing {
		sc.run(h[:bins], h[missingBin], true)
	}
	return sc.result(missing)
}

// scan is the search for the best split of a column.
type scan struct {
	*rules
	site   *site
	column int
	rows   *tally
	parent float64 // the leaf's score
	best   float64 // the score of the best split so far, or the one to exceed
	found  candidate
}

func (r *rules) newScan(s *site, k int, rows *tally) scan {
	parent := r.score(s.sum, s)
	return scan{
		rules: r, site: s, column: k, rows: rows,
		parent: parent, best: parent + float64(parent*relativeGain) + r.minGain, found: none,
	}
}

// run goes through the bins from left to right. What it compares is the score
// without constraints, which is never below the one with them, times both
// denominators: a product takes a fraction of a quotient's time. Sums and
// differences of the integers are exact in floating point.
func (sc *scan) run(bins []pair, left pair, missingLeft bool) {
	g, h := sc.site.sum.gradient(), sc.site.sum.hessian()
	l2, minHessian := sc.l2, sc.minHessian
	best := sc.best * (1 - scanSlack)
	for b, cell := range bins {
		if cell == 0 {
			continue // no row: the same split as one bin before
		}
		left += cell
		gl, hl := left.gradient(), left.hessian()
		gr, hr := g-gl, h-hl
		if hr < minHessian {
			break
		}
		if hl < minHessian {
			continue
		}
		if beats(gl, hl+l2, gr, hr+l2, best) {
			sc.offer(candidate{sum: left, bin: uint8(b), missingLeft: missingLeft})
			best = sc.best * (1 - scanSlack)
		}
	}
}

// beats reports whether gl²/hl + gr²/hr > best.
func beats(gl, hl, gr, hr, best float64) bool {
	return float64(gl*gl*hr)+float64(gr*gr*hl) > best*(hl*hr)
}

// offer takes the split if it keeps to the constraints and, with them, is
// better than what was found so far.
func (sc *scan) offer(c candidate) {
	right := sc.site.sum - c.sum
	score := sc.score(c.sum, sc.site) + sc.score(right, sc.site)
	if score > sc.best && sc.ordered(c.sum, right) && sc.rows.allow(&c, sc.minSamples) {
		sc.best = score
		sc.found = c
		sc.found.column = sc.column
	}
}

// ordered reports whether the children's values keep to the column's monotone
// constraint.
func (sc *scan) ordered(left, right pair) bool {
	if sc.constraints == nil || sc.constraints[sc.column] == 0 {
		return true
	}
	l, r := sc.value(left, sc.site), sc.value(right, sc.site)
	if sc.constraints[sc.column] > 0 {
		return l <= r
	}
	return l >= r
}

// result returns the best split, if there is one.
func (sc *scan) result(missing bool) candidate {
	sc.found.gain = sc.best - sc.parent
	sc.found.missing = missing
	return sc.found
}

// tally counts the rows of a leaf by their bin in one column.
type tally struct {
	rows [cells]int // with the bin
	upTo [cells]int // with the bin or one below
}

// add counts a row.
func (t *tally) add(bin uint8) { t.rows[bin]++ }

// total completes the tally when all rows are counted.
func (t *tally) total() {
	n := 0
	for b, rows := range t.rows {
		n += rows
		t.upTo[b] = n
	}
}

// allow reports whether both sides of a split have at least least rows. A nil
// tally allows everything.
func (t *tally) allow(c *candidate, least int) bool {
	if t == nil {
		return true
	}
	left := t.upTo[c.bin]
	if c.missingLeft {
		left += t.rows[missingBin]
	}
	if c.left != (binSet{}) {
		left = 0
		for b, rows := range t.rows {
			if c.left.has(uint8(b)) {
				left += rows
			}
		}
	}
	return left >= least && t.upTo[missingBin]-left >= least
}

// goesLeft returns the bins whose rows go left.
func (c *candidate) goesLeft() binSet {
	if c.left != (binSet{}) {
		return c.left
	}
	s := upTo(c.bin)
	s.set(missingBin, c.missingLeft)
	return s
}
