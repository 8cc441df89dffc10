package gbdt

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"retrain/internal/model"
)

// Up to exactRows rows the quantiles are those of all rows; beyond, those of a
// sample of at least half as many, which places the edge of one of 255 bins to
// within some 7 % of a bin. A wide table's sample is limited to
// sampleCells values, but has at least fewestRows rows.
const (
	exactRows   = 100_000
	sampleCells = 1 << 23
	fewestRows  = 20_000
)

// Binner finds the bins of each feature in one pass over the training rows.
// What it finds does not depend on how the rows are cut into blocks, nor on
// their order, but only on their numbers and values.
type Binner struct {
	features []model.Feature
	maxBins  int
	numbers  []*numberStats // nil for a category
	counts   [][]int64      // of each code; nil for a number
	others   []bool         // for a category: whether a code out of range was seen
	sampler  sampler
}

// numberStats is what is known of a number's values.
type numberStats struct {
	missing  bool
	distinct *distinctSet // nil once there are too many
	sample   []float64    // of the sampler's rows; NaN is missing
}

// NewBinner returns a Binner for rows of the given features. It panics if
// maxBins is not in 2..255.
func NewBinner(features []model.Feature, maxBins int, seed uint64) *Binner {
	if maxBins < 2 || maxBins > missingBin {
		panic("gbdt: maxBins is not in 2..255")
	}
	b := &Binner{
		features: features,
		maxBins:  maxBins,
		numbers:  make([]*numberStats, len(features)),
		counts:   make([][]int64, len(features)),
		others:   make([]bool, len(features)),
		sampler:  sampler{seed: seed, limit: sampleRows(len(features))},
	}
	for j := range features {
		if features[j].Kind == model.Category {
			b.counts[j] = make([]int64, len(features[j].Categories))
		} else {
			b.numbers[j] = &numberStats{distinct: newDistinctSet(maxBins)}
		}
	}
	return b
}

func sampleRows(features int) int {
	return min(exactRows, max(fewestRows, sampleCells/max(1, features)))
}

// Observe takes a block of rows: row-major, a value for each feature, numbers
// finite or NaN, which is missing, and categories as codes (model.Feature.Code).
// The first of them is row firstRow of the training data; every row is to be
// observed once. It panics if x does not consist of whole rows.
func (b *Binner) Observe(firstRow int64, x []float64) {
	width := len(b.features)
	if width == 0 || len(x) == 0 {
		return
	}
	if len(x)%width != 0 {
		panic("gbdt: x does not consist of whole rows")
	}
	rows := len(x) / width
	taken := b.sampler.take(firstRow, rows)
	b.share(rows, func(j int) {
		if s := b.numbers[j]; s != nil {
			s.observe(x[j:], width)
			for _, i := range taken {
				s.sample = append(s.sample, x[int(i)*width+j])
			}
		} else {
			b.count(j, x[j:])
		}
	})
	for b.sampler.full() {
		stay := b.sampler.thin()
		for _, s := range b.numbers {
			if s != nil {
				s.sample = filter(s.sample, stay)
			}
		}
	}
}

// share calls f for each feature, on all processors if there are many rows.
func (b *Binner) share(rows int, f func(feature int)) {
	parts := min(runtime.GOMAXPROCS(0), len(b.features), 1+rows*len(b.features)/parallelCells)
	var wait sync.WaitGroup
	part := func(p int) {
		for j := p; j < len(b.features); j += parts {
			f(j)
		}
	}
	for p := 1; p < parts; p++ {
		wait.Go(func() { part(p) })
	}
	part(0)
	wait.Wait()
}

// count counts a category's codes.
func (b *Binner) count(j int, x []float64) {
	counts := b.counts[j]
	for i := 0; i < len(x); i += len(b.features) {
		if code := int(x[i]); x[i] >= 0 && code < len(counts) {
			counts[code]++
		} else {
			b.others[j] = true
		}
	}
}

// observe notes the distinct values of a column.
func (s *numberStats) observe(x []float64, stride int) {
	for i := 0; i < len(x) && !(s.missing && s.distinct == nil); i += stride {
		switch {
		case math.IsNaN(x[i]):
			s.missing = true
		case s.distinct != nil && !s.distinct.add(x[i]):
			s.distinct = nil
		}
	}
}

// Bins returns the bins for what was observed so far.
func (b *Binner) Bins() *Bins {
	bins := &Bins{features: b.features}
	edges := make([][]float64, len(b.features))
	b.share(len(b.sampler.hashes), func(j int) {
		if s := b.numbers[j]; s != nil {
			edges[j] = s.edges(b.maxBins)
		}
	})
	for j := range b.features {
		if s := b.numbers[j]; s != nil {
			if len(edges[j]) > 0 || s.missing && s.hasValues() {
				bins.columns = append(bins.columns, newNumber(j, edges[j]))
			}
			continue
		}
		if c := newCategory(j, b.counts[j]); len(c.codes) > 1 || len(c.codes) == 1 && b.others[j] {
			bins.columns = append(bins.columns, c)
		}
	}
	bins.lanes = lanes(bins.columns)
	return bins
}

// hasValues reports whether any value was not missing.
func (s *numberStats) hasValues() bool { return s.distinct == nil || s.distinct.len() > 0 }

// edges returns the midpoints of all distinct values if each can have a bin,
// else those of the sample, cut at quantiles.
func (s *numberStats) edges(maxBins int) []float64 {
	if s.distinct != nil {
		return edgesBetween(s.distinct.sorted())
	}
	sample := sorted(slices.DeleteFunc(slices.Clone(s.sample), math.IsNaN))
	if runs := runsOf(sample); len(runs) > maxBins {
		return quantileEdges(runs, len(sample), maxBins)
	}
	return edgesBetween(slices.Compact(sample))
}

// sampler chooses rows by a hash of their number: those whose hash has level
// leading zeros, where level is the least that leaves at most limit rows. So
// the sample of some rows is the same whatever their order.
type sampler struct {
	seed   uint64
	limit  int
	level  int
	hashes []uint64 // of the rows in the sample
}

// take adds those of n rows, the first of which is row first, that belong to the
// sample, and returns which of them they are.
func (s *sampler) take(first int64, n int) (taken []int32) {
	for i := range n {
		if h := chance(s.seed, forSample, uint64(first)+uint64(i)); s.belongs(h) {
			s.hashes = append(s.hashes, h)
			taken = append(taken, int32(i))
		}
	}
	return taken
}

func (s *sampler) belongs(hash uint64) bool { return hash>>(64-s.level) == 0 }

func (s *sampler) full() bool { return len(s.hashes) > s.limit }

// thin raises the level and returns which rows of the sample remain in it.
func (s *sampler) thin() (stay []bool) {
	s.level++
	stay = make([]bool, len(s.hashes))
	for i, h := range s.hashes {
		stay[i] = s.belongs(h)
	}
	s.hashes = filter(s.hashes, stay)
	return stay
}

// filter keeps the elements that stay, in place.
func filter[T any](s []T, stay []bool) []T {
	kept := s[:0]
	for i, v := range s {
		if stay[i] {
			kept = append(kept, v)
		}
	}
	return kept
}

// distinctSet is a set of at most limit numbers, as a hash table with open
// addressing: a column with few different values asks it for every row.
type distinctSet struct {
	limit int
	n     int
	slots [4 * cells]uint64 // complements of the numbers' bits; 0 is empty (the complement of a NaN)
}

func newDistinctSet(limit int) *distinctSet { return &distinctSet{limit: limit} }

// add adds a number other than NaN, and reports whether the set could hold it.
func (d *distinctSet) add(x float64) bool {
	key := ^math.Float64bits(x + 0) // x + 0 makes one zero of -0 and 0
	for at := mix(key); ; at++ {
		switch slot := &d.slots[at%uint64(len(d.slots))]; *slot {
		case key:
			return true
		case 0:
			if d.n == d.limit {
				return false
			}
			d.n++
			*slot = key
			return true
		}
	}
}

func (d *distinctSet) len() int { return d.n }

// sorted returns the numbers in ascending order.
func (d *distinctSet) sorted() []float64 {
	values := make([]float64, 0, d.n)
	for _, key := range d.slots {
		if key != 0 {
			values = append(values, math.Float64frombits(^key))
		}
	}
	slices.Sort(values)
	return values
}
