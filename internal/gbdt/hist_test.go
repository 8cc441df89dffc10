package gbdt

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// randomData returns data with random bins and pairs.
func randomData(columns, rows int, seed uint64) (*Data, []pair) {
	rng := rand.New(rand.NewPCG(seed, 3))
	d := &Data{bins: &Bins{columns: make([]column, columns)}, groups: (columns + group - 1) / group, rows: rows}
	d.words = make([]uint64, rows*d.groups)
	pairs := make([]pair, rows)
	for r := range rows {
		for k := range columns {
			d.words[r*d.groups+k/group] |= uint64(rng.IntN(256)) >> rng.IntN(8) << (k % group * 8)
		}
		pairs[r] = newPair(rng.Int64N(2001)-1000, 1+rng.Int64N(1000))
	}
	return d, pairs
}

// someRows returns each of the rows with the given probability, ascending.
func someRows(rows int, share float64, rng *rand.Rand) []uint32 {
	var some []uint32
	for r := range rows {
		if rng.Float64() < share {
			some = append(some, uint32(r))
		}
	}
	return some
}

// naiveHistogram is accumulate's twin.
func naiveHistogram(d *Data, rows []uint32, pairs []pair) histogram {
	h := make(histogram, d.groups*group*cells)
	for _, r := range rows {
		for k := range d.bins.columns {
			h[k*cells+int(bin(d.row(int(r)), k))] += pairs[r]
		}
	}
	return h
}

func TestHistogramsAgreeWithNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 20).Draw(t, "columns")
		seed := rapid.Uint64().Draw(t, "seed")
		d, pairs := randomData(columns, rapid.IntRange(1, 600).Draw(t, "rows"), seed)
		rows := someRows(d.rows, 0.7, rand.New(rand.NewPCG(seed, 4)))
		got := make(histogram, d.groups*group*cells)
		middle := rapid.IntRange(0, d.groups).Draw(t, "middle")
		d.accumulate(got, rows, pairs, 0, middle)
		d.accumulate(got, rows, pairs, middle, d.groups)
		if want := naiveHistogram(d, rows, pairs); !slices.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

// Building by rows and by columns, and subtracting from the parent's, give the
// same histograms as building each.
func TestHistogramsOfChildren(t *testing.T) {
	for _, size := range []int{1, 2, 3} {
		d, pairs := randomData(11, 20000, 8)
		p := Defaults()
		workers := newPool(size)
		g := newGrower(d, &p, workers, d.rows)
		g.pairs = pairs
		for i := range g.rows {
			g.rows[i] = uint32(i)
		}
		parent := &leaf{to: d.rows}
		g.find(nil, []*leaf{parent}, nil)
		if want := naiveHistogram(d, g.rows, pairs); !slices.Equal(parent.hist[:11*cells], want[:11*cells]) {
			t.Errorf("%d workers: the root's histogram is wrong", size)
		}
		for _, cut := range []int{300, 9000, 19000} {
			for _, keep := range []bool{true, false} {
				from := &leaf{to: d.rows}
				if keep {
					from.hist = slices.Clone(parent.hist)
				}
				a, b := &leaf{to: cut}, &leaf{from: cut, to: d.rows}
				g.find(from, []*leaf{a, b}, nil)
				for _, l := range []*leaf{a, b} {
					want := naiveHistogram(d, g.rows[l.from:l.to], pairs)
					if !slices.Equal(l.hist[:11*cells], want[:11*cells]) {
						t.Errorf("%d workers, cut at %d, parent kept %v: a child's histogram is wrong", size, cut, keep)
					}
				}
			}
		}
		workers.close()
	}
}

func TestPartitionAgreesWithNaiveTwin(t *testing.T) {
	workers := newPool(3)
	defer workers.close()
	for _, n := range []int{0, 1, 255, 256, 257, 1000, partitionRows, 3*partitionRows + 5} {
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		d, _ := randomData(10, 60000, uint64(n))
		rows := someRows(d.rows, 1, rng)[:n]
		var left binSet
		for range rng.IntN(256) {
			left.add(uint8(rng.IntN(256)))
		}
		var want, right []uint32
		for _, r := range rows {
			if left.has(bin(d.row(int(r)), 9)) {
				want = append(want, r)
			} else {
				right = append(right, r)
			}
		}
		middle := len(want)
		want = append(want, right...)
		got := slices.Clone(rows)
		if m := d.partition(workers, got, make([]uint32, n), 9, &left); m != middle {
			t.Errorf("%d rows: %d go left, want %d", n, m, middle)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d rows: the order is wrong", n)
		}
	}
}

func BenchmarkAccumulate(b *testing.B) {
	for _, share := range []float64{1, 0.05} {
		d, pairs := randomData(24, 200000, 1)
		rows := someRows(d.rows, share, rand.New(rand.NewPCG(1, 1)))
		h := make(histogram, d.groups*group*cells)
		name := map[bool]string{true: "all", false: "sparse"}[share == 1]
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.accumulate(h, rows, pairs, 0, d.groups)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(rows)*24), "ns/entry")
		})
	}
}
