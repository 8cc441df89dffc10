package gbdt

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"retrain/internal/model"
)

// A value's bin is one byte.
const (
	maxBins    = 255 // bins of a number or categories of a feature
	missingBin = 255 // the bin of a missing number, and of a category that has no bin of its own
	cells      = 256 // bins of a feature, missing included
)

// Bins says how raw values become bins. It is fitted by a Binner and read-only
// from then on.
type Bins struct {
	features []model.Feature
	// columns are the features that can be split: those that have at least
	// two different values, missing being one.
	columns []column
	lanes   []lane
}

// column is a feature that is binned.
type column struct {
	feature int
	// Numbers: value x is in bin b if edges[b-1] < x ≤ edges[b]. The last bin
	// has no upper edge. keys are those of edges, filled up with that of +Inf for the search.
	edges []float64
	keys  *[cells]uint64
	// Categories: the code of each bin, ascending, and the bin of each code.
	codes []int32
	binOf []uint8

	lane int // index of the byte that holds the bin, alone if sharing is nil
	*sharing
}

// categorical reports whether the column holds category codes.
func (c *column) categorical() bool { return c.binOf != nil }

// bin returns the bin of a raw value.
func (c *column) bin(x float64) uint8 {
	if c.categorical() {
		if code := int(x); x >= 0 && code < len(c.binOf) {
			return c.binOf[code]
		}
		return missingBin
	}
	if math.IsNaN(x) {
		return missingBin
	}
	return numberBin(c.keys, x)
}

// numberBin counts the edges below x by bisection. It compares the keys of
// numbers, since the compiler makes a branch of every comparison of floating-point
// numbers, and half of these would be guessed wrong.
func numberBin(keys *[cells]uint64, x float64) uint8 {
	key := numberKey(x)
	i := below(keys[127], key) << 7
	i += below(keys[uint8(i+63)], key) << 6
	i += below(keys[uint8(i+31)], key) << 5
	i += below(keys[uint8(i+15)], key) << 4
	i += below(keys[uint8(i+7)], key) << 3
	i += below(keys[uint8(i+3)], key) << 2
	i += below(keys[uint8(i+1)], key) << 1
	i += below(keys[uint8(i)], key)
	return uint8(i)
}

// below returns 1 if a < b, else 0, without a branch.
func below(a, b uint64) uint64 {
	_, borrow := bits.Sub64(a, b, 0)
	return borrow
}

// numberKey is sortKey with one zero.
func numberKey(x float64) uint64 { return sortKey(x + 0) }

// threshold returns t such that x ≤ t exactly for the values in bins up to b.
// Behind the last bin it is the largest number: such a split parts the numbers
// from the missing.
func (c *column) threshold(b uint8) float64 {
	if int(b) < len(c.edges) {
		return c.edges[b]
	}
	return math.MaxFloat64
}

// newNumber returns the column of a number with the given edges.
func newNumber(feature int, edges []float64) column {
	c := column{feature: feature, edges: edges, keys: new([cells]uint64)}
	for i := range c.keys {
		c.keys[i] = numberKey(math.Inf(1))
	}
	for i, e := range edges {
		c.keys[i] = numberKey(e)
	}
	return c
}

// newCategory returns the column of a category. The most frequent codes get a
// bin each (of equally frequent ones the lower); the others share missingBin,
// and always go right.
func newCategory(feature int, counts []int64) column {
	codes := make([]int32, 0, len(counts))
	for code, n := range counts {
		if n > 0 {
			codes = append(codes, int32(code))
		}
	}
	if len(codes) > maxBins {
		sort.SliceStable(codes, func(i, j int) bool { return counts[codes[i]] > counts[codes[j]] })
		codes = codes[:maxBins]
		slices.Sort(codes)
	}
	c := column{feature: feature, codes: codes, binOf: make([]uint8, len(counts))}
	for i := range c.binOf {
		c.binOf[i] = missingBin
	}
	for b, code := range codes {
		c.binOf[code] = uint8(b)
	}
	return c
}

// midpoint returns the middle of a < b, or a where the two are so close that
// the middle rounds to b: a ≤ midpoint < b always.
func midpoint(a, b float64) float64 {
	if m := a/2 + b/2; a <= m && m < b {
		return m
	}
	return a
}

// edgesBetween returns the midpoints between ascending distinct values.
func edgesBetween(values []float64) []float64 {
	edges := make([]float64, 0, max(0, len(values)-1))
	for i := 1; i < len(values); i++ {
		edges = append(edges, midpoint(values[i-1], values[i]))
	}
	return edges
}
