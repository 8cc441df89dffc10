package gbdt

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"retrain/internal/model"
)

// randomData returns data with random bins and pairs. Some columns have so few
// bins that they share a lane.
func randomData(columns, rows int, seed uint64) (*Data, []pair) {
	rng := rand.New(rand.NewPCG(seed, 3))
	bins := &Bins{columns: make([]column, columns)}
	for k := range bins.columns {
		bins.columns[k].edges = make([]float64, 254>>(k%8*rng.IntN(2)))
	}
	bins.lanes = lanes(bins.columns)
	d := NewData(bins, model.Regression, 1, rows)
	for g := range d.words {
		d.words[g] = make([]uint64, rows)
	}
	d.rows = rows
	pairs := make([]pair, rows)
	for r := range rows {
		for k := range bins.columns {
			c := &bins.columns[k]
			b := uint8(rng.IntN(c.digits()) >> rng.IntN(8))
			if int(b) == c.digits()-1 {
				b = missingBin
			}
			d.words[c.lane/group][r] += uint64(c.encode(b)) << (c.lane % group * 8)
			if binOf(d, r, k) != b {
				panic("a bin is not what it was set to")
			}
		}
		pairs[r] = newPair(rng.Int64N(2001)-1000, 1+rng.Int64N(1000))
		d.numbers = append(d.numbers, uint32(r))
	}
	return d, pairs
}

// binOf returns the bin of column k of the row in a place.
func binOf(d *Data, place, k int) uint8 {
	c := &d.bins.columns[k]
	return c.decode(d.byte(place, c.lane))
}

// columnSums returns the sums by each column's bins.
func columnSums(d *Data, h histogram) histogram {
	sums := make(histogram, len(d.bins.columns)*cells)
	g := &grower{data: d}
	for i := range d.bins.lanes {
		for k, own := range g.sums(&leaf{hist: h}, &d.bins.lanes[i], &desk{}) {
			bins := d.bins.columns[k].digits() - 1
			copy(sums.lane(k)[:bins], own[:bins])
			sums.lane(k)[missingBin] = own[missingBin]
		}
	}
	return sums
}

// naiveHistogram is accumulate's twin, by columns.
func naiveHistogram(d *Data, pairs []pair, from, to int) histogram {
	h := make(histogram, len(d.bins.columns)*cells)
	for i := from; i < to; i++ {
		for k := range d.bins.columns {
			h[k*cells+int(binOf(d, i, k))] += pairs[i]
		}
	}
	return h
}

func TestHistogramsAgreeWithNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 20).Draw(t, "columns")
		d, pairs := randomData(columns, rapid.IntRange(1, 3*blockRows).Draw(t, "rows"), rapid.Uint64().Draw(t, "seed"))
		from := rapid.IntRange(0, d.rows).Draw(t, "from")
		to := rapid.IntRange(from, d.rows).Draw(t, "to")
		got := make(histogram, len(d.words)*group*cells)
		pieces := d.pieces(1 << rapid.IntRange(0, 3).Draw(t, "size"))
		middle := rapid.IntRange(0, len(pieces)).Draw(t, "middle")
		d.accumulate(got, pairs, from, to, pieces[:middle]...)
		d.accumulate(got, pairs, from, to, pieces[middle:]...)
		if want := naiveHistogram(d, pairs, from, to); !slices.Equal(columnSums(d, got), want) {
			t.Fatal(cmp.Diff(want, columnSums(d, got)))
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
		parent := &leaf{to: d.rows}
		g.find(nil, []*leaf{parent}, nil)
		if want := naiveHistogram(d, pairs, 0, d.rows); !slices.Equal(columnSums(d, parent.hist), want) {
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
					want := naiveHistogram(d, pairs, l.from, l.to)
					if !slices.Equal(columnSums(d, l.hist), want) {
						t.Errorf("%d workers, cut at %d, parent kept %v: a child's histogram is wrong", size, cut, keep)
					}
				}
			}
		}
		workers.close()
	}
}

// divide brings the marked rows to the front, and each with its pair and its
// number; it touches no other row, and the order is the same for any number of
// workers.
func TestDivide(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for _, n := range []int{0, 1, 63, 64, 65, 1000, markTask - 1, markTask, 3*markTask + 5} {
		for _, share := range []int{0, 1, 100, 250, 256} {
			var goesLeft binSet
			for b := range 256 {
				if rng.IntN(256) < share {
					goesLeft.add(uint8(b))
				}
			}
			flags := goesLeft.flags()
			var orders [][]uint32
			for _, size := range []int{1, 3} {
				d, pairs := randomData(10, n+100, uint64(n))
				lane := len(d.bins.lanes) - 1
				before := &Data{}
				for _, words := range d.words {
					before.words = append(before.words, slices.Clone(words))
				}
				pairsBefore := slices.Clone(pairs)
				scores := make([]float64, d.rows)
				for i := range scores {
					scores[i] = float64(i)
					d.labels = append(d.labels, uint16(i))
				}
				workers := newPool(size)
				middle := d.divide(workers, 30, 30+n, cargo{pairs, [][]float64{scores}}, func(dst []uint64, from, to int) {
					d.mark(dst, from, to, lane, &flags)
				})
				workers.close()
				seen := make([]bool, d.rows)
				for i, r := range d.numbers {
					seen[r] = true
					words := func(d *Data, place int) (w [2]uint64) {
						for g := range d.words {
							w[g] = d.words[g][place]
						}
						return w
					}
					if words(d, i) != words(before, int(r)) || pairs[i] != pairsBefore[r] || scores[i] != float64(r) || d.labels[i] != uint16(r) {
						t.Fatalf("%d rows: place %d does not have all of row %d", n, i, r)
					}
					if inside := i >= 30 && i < 30+n; !inside && int(r) != i {
						t.Fatalf("%d rows: place %d outside was touched", n, i)
					} else if inside && goesLeft.has(d.byte(i, lane)) != (i < middle) {
						t.Fatalf("%d rows, middle %d: the row in place %d is on the wrong side", n, middle, i)
					}
				}
				if slices.Contains(seen, false) {
					t.Fatalf("%d rows: one was lost", n)
				}
				orders = append(orders, slices.Clone(d.numbers))
				if d.restore(); !slices.Equal(d.words[0], before.words[0]) || !slices.IsSorted(d.numbers) {
					t.Fatalf("%d rows: they are not restored", n)
				}
			}
			if !slices.Equal(orders[0], orders[1]) {
				t.Errorf("%d rows: the order depends on the workers", n)
			}
		}
	}
}

func BenchmarkAccumulate(b *testing.B) {
	d, pairs := randomData(24, 100000, 1)
	h := make(histogram, len(d.words)*group*cells)
	for b.Loop() {
		d.accumulate(h, pairs, 0, d.rows, d.pieces(group)...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*d.rows*24), "ns/entry")
}

func BenchmarkDivide(b *testing.B) {
	d, pairs := randomData(24, 100000, 1)
	workers := newPool(1)
	defer workers.close()
	half := upTo(20)
	flags := half.flags()
	for k := 0; b.Loop(); k++ {
		d.divide(workers, 0, d.rows, cargo{pairs: pairs}, func(dst []uint64, from, to int) {
			d.mark(dst, from, to, k%len(d.bins.lanes), &flags)
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*d.rows), "ns/row")
}
