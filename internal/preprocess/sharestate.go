package preprocess

import (
	"cmp"
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// The stored forms of what a share counts. Equal counts have equal bytes.

// storedSide is a sideTally without its digest.
type storedSide struct {
	Rows   int64
	Target moments
	Values []byte  // of a numeric target: each one's bits
	Counts []int64 // how often each of them is there
	Codes  []int64
}

func (s *sideTally) stored() storedSide {
	out := storedSide{Rows: s.rows, Target: s.target, Codes: s.codes}
	for _, x := range slices.Sorted(maps.Keys(s.numbers)) {
		out.Values = appendNumbers(out.Values, math.Float64bits(x))
		out.Counts = append(out.Counts, s.numbers[x])
	}
	return out
}

func (s *storedSide) tally() *sideTally {
	out := &sideTally{rows: s.Rows, target: s.Target, codes: s.Codes, numbers: map[float64]int64{}}
	for i, bits := range numbersOf(s.Values) {
		out.numbers[math.Float64frombits(bits)] = s.Counts[i]
	}
	return out
}

// storedSentinels are sentinels.
type storedSentinels struct {
	SampleShift int
	Numbers     []byte
	Cells       []byte // their bits
	TwinsShift  int
	Twins       []byte // of each kind of row its hash, its target, and the rows of each side
}

func (s *sentinels) stored() storedSentinels {
	out := storedSentinels{SampleShift: s.sample.shift, TwinsShift: s.twins.shift, Numbers: appendNumbers(nil, s.sample.numbers...)}
	for _, x := range s.sample.cells {
		out.Cells = appendNumbers(out.Cells, math.Float64bits(x))
	}
	keys := slices.SortedFunc(maps.Keys(s.twins.seen), func(a, b twinKey) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.target, b.target))
	})
	for _, key := range keys {
		counts := s.twins.seen[key]
		out.Twins = appendNumbers(out.Twins, key.hash, key.target, uint64(counts[0]), uint64(counts[1]))
	}
	return out
}

func (s *storedSentinels) sample(columns int) *sample {
	out := &sample{columns: columns, shift: s.SampleShift, numbers: numbersOf(s.Numbers)}
	for _, bits := range numbersOf(s.Cells) {
		out.cells = append(out.cells, math.Float64frombits(bits))
	}
	return out
}

func (s *storedSentinels) twins() *twins {
	out := &twins{shift: s.TwinsShift, seen: map[twinKey]*[2]int64{}}
	for row := range slices.Chunk(numbersOf(s.Twins), 4) {
		out.seen[twinKey{row[0], row[1]}] = &[2]int64{int64(row[2]), int64(row[3])}
	}
	return out
}

func appendNumbers(packed []byte, numbers ...uint64) []byte {
	for _, x := range numbers {
		packed = binary.LittleEndian.AppendUint64(packed, x)
	}
	return packed
}

func numbersOf(packed []byte) []uint64 {
	numbers := make([]uint64, len(packed)/8)
	for i := range numbers {
		numbers[i] = binary.LittleEndian.Uint64(packed[8*i:])
	}
	return numbers
}
