// Package rowset remembers which rows a model was trained on, in about nine
// bits a row.
//
// A Set is built from rows' canonical hashes and answers whether a row is one
// of them: always yes for those that are, and yes by mistake for one in 256 of
// the others. It is a binary fuse filter (Graf and Lemire, "Binary Fuse
// Filters: Fast and Smaller Than Xor Filters", ACM Journal of Experimental
// Algorithmics 27, 2022) with fingerprints of eight bits. Its bytes depend on
// the set of rows alone, not on their order.
//
// Beyond MaxRows rows the set holds a sample that is chosen by the rows' own
// hashes; it says of each row whether it could be in the sample at all. The
// package knows nothing of models, files or what the hashes are made of.
package rowset

import (
	"math"
	"slices"
)

// MaxRows is how many rows a set holds: a file of 4.7 MB, and 110 MB of memory
// while it is built.
const MaxRows = 4 << 20

// FalsePositives is the share of other rows that a set takes for its own.
const FalsePositives = 1.0 / 256

// Builder gathers the rows of a set.
type Builder struct {
	hashes []uint64
	shift  int   // one hash in 2^shift is kept
	rows   int64 // that were added, sampled or not
	limit  int
}

// NewBuilder returns a Builder without rows.
func NewBuilder() *Builder { return &Builder{limit: MaxRows} }

// Add adds rows by their hashes, which must be uniform: each of their bits is
// as good as random. The same row may be added repeatedly.
func (b *Builder) Add(hashes ...uint64) {
	b.rows += int64(len(hashes))
	for _, h := range hashes {
		if sampled(h, b.shift) {
			b.hashes = append(b.hashes, h)
		}
		for len(b.hashes) > b.limit && b.shift < maxShift {
			b.thin()
		}
	}
}

// maxShift ends the thinning where the same row was added so often that no
// sample of different rows becomes smaller by it.
const maxShift = 40

// thin halves the sample. Which shift it ends with depends on how many rows
// there are of each hash, and not on when they came.
func (b *Builder) thin() {
	b.shift++
	b.hashes = slices.DeleteFunc(b.hashes, func(h uint64) bool { return !sampled(h, b.shift) })
}

// sampled reports whether a row is in the sample. The bits that decide are not
// those of the hash itself, which the filter needs.
func sampled(hash uint64, shift int) bool { return shift == 0 || mix(hash)&(1<<shift-1) == 0 }

// Build returns the set of the rows that were added. columns are the names of
// what the hashes were made of, which the set carries along. The Builder is
// used up.
func (b *Builder) Build(columns []string) *Set {
	slices.Sort(b.hashes)
	keys := slices.Compact(b.hashes)
	b.hashes = nil
	s := &Set{head: head{Format: format, Columns: slices.Sorted(slices.Values(columns)), Rows: b.rows, Distinct: len(keys), Shift: b.shift}}
	s.fill(keys)
	return s
}

// Set is a set of rows. It is immutable, and may be used concurrently.
type Set struct {
	head
	fingerprints []byte
}

// Columns returns the names that Build was given, in ascending order. They are
// the set's own.
func (s *Set) Columns() []string { return s.head.Columns }

// Rows returns how many rows were added, repeated ones included.
func (s *Set) Rows() int64 { return s.head.Rows }

// Share returns the share of all rows that the set can tell anything of: 1
// unless there were more than MaxRows.
func (s *Set) Share() float64 { return math.Ldexp(1, -s.Shift) }

// Has reports whether a row is in the set. A row that is not is taken for one
// with a probability of FalsePositives; of a row outside of the sample, known
// is false.
func (s *Set) Has(hash uint64) (in, known bool) {
	if !sampled(hash, s.Shift) {
		return false, false
	}
	if s.Distinct == 0 {
		return false, true
	}
	p := s.place(hash)
	return p.fingerprint == s.fingerprints[p.at[0]]^s.fingerprints[p.at[1]]^s.fingerprints[p.at[2]], true
}
