package preprocess

import (
	"slices"
	"testing"

	"retrain/internal/dataset"
)

// batchOf returns a batch of one column whose cells are the rows' numbers, and
// whose hashes say that every second row is alike.
func batchOf(from, rows int) *dataset.Batch {
	b := &dataset.Batch{Rows: rows, Columns: []dataset.Values{{Kind: dataset.Float}}, Hashes: [][]uint64{nil}}
	for i := from; i < from+rows; i++ {
		b.Columns[0].Numbers = append(b.Columns[0].Numbers, float64(i))
		b.Hashes[0] = append(b.Hashes[0], mix(uint64(i/2)))
	}
	return b
}

// Whatever the batches are, the same rows are seen, and not more than there is
// room for.
func TestTheSampleIsBoundedAndTheSame(t *testing.T) {
	const rows = 200_000
	var seen [][]float64
	for _, size := range []int{rows, 1000} {
		s := newSentinels(1, 0, 0)
		for from := 0; from < rows; from += size {
			all := make([]int, size)
			for i := range all {
				all[i] = i
			}
			s.add(batchOf(from, size), [2][]int{all, nil})
		}
		if n := len(s.sample.numbers); n > maxSampleRows || n < maxSampleRows/3 {
			t.Errorf("the sample has %d rows", n)
		}
		if n := len(s.twins.seen); n > maxTwins || n < maxTwins/3 {
			t.Errorf("%d different rows are told apart", n)
		}
		for key, counts := range s.twins.seen {
			if counts[0] != 1 {
				t.Fatalf("%v is counted %d times", key, counts[0])
			}
		}
		for _, g := range s.twins.groups() {
			if g.rows != 2 || g.targets != 2 || g.most != 1 {
				t.Fatalf("a pair is counted as %+v", g)
			}
		}
		seen = append(seen, s.sample.column(0))
	}
	if !slices.Equal(seen[0], seen[1]) {
		t.Error("batches make a difference")
	}
}
