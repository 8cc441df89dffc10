package gbdt

import (
	"math"
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
	// has no upper edge. padded is edges, filled up with +Inf for the search.
	edges  []float64
	padded *[cells]float64
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
	return numberBin(c.padded, x)
}

// numberBin counts the edges below x by bisection, in eight steps that the
// compiler turns into conditional moves.
func numberBin(e *[cells]float64, x float64) uint8 {
	var i uint8
	if e[127] < x {
		i = 128
	}
	if e[i+63] < x {
		i += 64
	}
	if e[i+31] < x {
		i += 32
	}
	if e[i+15] < x {
		i += 16
	}
	if e[i+7] < x {
		i += 8
	}
	if e[i+3] < x {
		i += 4
	}
	if e[i+1] < x {
		i += 2
	}
	if e[i] < x {
		i++
	}
	return i
}

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
	c := column{feature: feature, edges: edges, padded: new([cells]float64)}
	for i := range c.padded {
		c.padded[i] = math.Inf(1)
	}
	copy(c.padded[:], edges)
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
