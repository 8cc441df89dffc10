package gbdt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"retrain/internal/model"
)

// binsOf bins one column.
func binsOf(t testing.TB, f model.Feature, x []float64, maxBins int) *Bins {
	t.Helper()
	b := NewBinner([]model.Feature{f}, maxBins, 1)
	b.Observe(0, x)
	return b.Bins()
}

// anyNumber draws numbers of which many are equal or next to one another.
func anyNumber(t *rapid.T) float64 {
	x := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e300, -math.MaxFloat64, math.MaxFloat64, 5e-324}).Draw(t, "near")
	switch rapid.IntRange(0, 4).Draw(t, "how") {
	case 0:
		return math.Nextafter(x, 0)
	case 1:
		return rapid.Float64Range(-1e6, 1e6).Draw(t, "x")
	case 2:
		return math.NaN()
	}
	return x
}

// A row is in a bin up to b exactly if its value is at most threshold(b), and
// the search agrees with a count of the edges below.
func TestThresholdsReproduceTheBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Custom(anyNumber), 1, 200).Draw(t, "x")
		maxBins := rapid.IntRange(2, 255).Draw(t, "maxBins")
		b := NewBinner(numbers(1), maxBins, 1)
		b.Observe(0, x)
		for _, c := range b.Bins().columns {
			if len(c.edges) >= maxBins {
				t.Fatalf("%d edges make more than %d bins", len(c.edges), maxBins)
			}
			for _, v := range x {
				got := c.bin(v)
				if math.IsNaN(v) {
					if got != missingBin {
						t.Fatalf("NaN is in bin %d", got)
					}
					continue
				}
				below := 0
				for _, e := range c.edges {
					if e < v {
						below++
					}
				}
				if int(got) != below {
					t.Fatalf("%v is in bin %d, but %d edges are below", v, got, below)
				}
				for k := range len(c.edges) + 1 {
					if (v <= c.threshold(uint8(k))) != (int(got) <= k) {
						t.Fatalf("%v is in bin %d, but threshold(%d) = %v", v, got, k, c.threshold(uint8(k)))
					}
				}
			}
		}
	})
}

func TestMidpointsOfAdjacentNumbers(t *testing.T) {
	for _, a := range []float64{0, 1, -1, 1e308, -math.MaxFloat64, -5e-324, 0.1} {
		b := math.Nextafter(a, math.Inf(1))
		if m := midpoint(a, b); !(a <= m && m < b) {
			t.Errorf("midpoint(%v, %v) = %v", a, b, m)
		}
	}
	if m := midpoint(-math.MaxFloat64, math.MaxFloat64); m != 0 {
		t.Errorf("the midpoint of the extremes is %v", m)
	}
}

func TestFewValuesGetABinEach(t *testing.T) {
	x := []float64{3, 0, 2, 2, math.NaN(), 7, math.Copysign(0, -1)}
	b := binsOf(t, numbers(1)[0], x, 255)
	if diff := cmp.Diff([]float64{1, 2.5, 5}, b.columns[0].edges); diff != "" {
		t.Error(diff)
	}
}

// Rows beyond the sample may have more values than there are bins for.
func TestFewValuesInTheSample(t *testing.T) {
	b := NewBinner(numbers(1), 3, 1)
	b.sampler.limit = 2
	for row := range int64(64) {
		b.Observe(row, []float64{float64(row)})
	}
	c := b.Bins().columns[0]
	if n := len(b.numbers[0].sample); n == 0 || n > 2 || len(c.edges) != n-1 {
		t.Errorf("edges %v for the sample %v", c.edges, b.numbers[0].sample)
	}
}

func TestManyValuesGetEvenBins(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := make([]float64, 50000)
	for i := range x {
		x[i] = math.Exp(rng.NormFloat64())
		if i%5 == 0 {
			x[i] = 1.25 // a value so frequent that it is to have a bin of its own
		}
	}
	c := binsOf(t, numbers(1)[0], x, 64).columns[0]
	if len(c.edges) != 63 {
		t.Fatalf("%d bins", len(c.edges)+1)
	}
	counts := make([]int, 64)
	for _, v := range x {
		counts[c.bin(v)]++
	}
	heavy := c.bin(1.25)
	for b, n := range counts {
		if uint8(b) == heavy {
			if n < 10000 || n > 10400 {
				t.Errorf("the frequent value's bin has %d rows", n)
			}
		} else if n < 580 || n > 700 {
			t.Errorf("bin %d has %d rows, want about %d", b, n, 40000/63)
		}
	}
}

// A frequent value's bin ends with it. The rare ones before it share that bin
// unless they are enough for one of the bins that are left.
func TestFrequentValues(t *testing.T) {
	var sample []float64
	for v := range 12 {
		n := 2
		if v%3 == 2 {
			n = 100
		}
		for range n {
			sample = append(sample, float64(v))
		}
	}
	// 0 1 [2] | 3 4 [5] | 6 7 | [8] | 9 10 [11]: half of what is left is enough.
	if diff := cmp.Diff([]float64{2.5, 5.5, 7.5, 8.5}, quantileEdges(runsOf(sample), len(sample), 5)); diff != "" {
		t.Error(diff)
	}
}

// The bins depend on the rows' numbers and values, not on blocks or order, also
// where the rows are sampled.
func TestBinsDoNotDependOnBlocks(t *testing.T) {
	tab := mixed(model.Regression, 3000, 5)
	want := (*Bins)(nil)
	for _, block := range []int{3000, 1, 7, 1024} {
		b := NewBinner(tab.features, 255, 9)
		b.sampler.limit = 500
		var from []int
		for i := 0; i < tab.rows(); i += block {
			from = append(from, i)
		}
		if block == 7 {
			slices.Reverse(from)
		}
		for _, i := range from {
			b.Observe(int64(i), tab.x[i*len(tab.features):min(i+block, 3000)*len(tab.features)])
		}
		if n := len(b.sampler.hashes); n <= 250 || n > 500 {
			t.Errorf("the sample has %d rows, want 251 to 500", n)
		}
		got := b.Bins()
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Bins{}, column{}, lane{}, sharing{})); diff != "" {
			t.Errorf("with blocks of %d:\n%s", block, diff)
		}
	}
}

func TestRareCategoriesShareABin(t *testing.T) {
	f := category(1000)
	var x []float64
	for code := range 400 {
		for range 1 + code%3 {
			x = append(x, float64(code))
		}
	}
	c := binsOf(t, f, x, 255).columns[0]
	if len(c.codes) != 255 {
		t.Fatalf("%d categories have a bin", len(c.codes))
	}
	for code := range 1000 {
		want := code < 400 && code%3 == 2 || code < 400 && code%3 == 1 && code <= 364
		if got := c.bin(float64(code)) != missingBin; got != want {
			t.Errorf("category %d has a bin: %v", code, got)
		}
	}
	if c.bin(model.Unseen) != missingBin || c.bin(math.NaN()) != missingBin || c.bin(1000) != missingBin {
		t.Error("a code that is none has a bin")
	}
}

func TestColumnsThatCannotBeSplitAreLeftOut(t *testing.T) {
	fs := append(numbers(4), category(3), category(3))
	nan := math.NaN()
	b := NewBinner(fs, 255, 0)
	b.Observe(0, []float64{
		1, nan, 5, 1, 2, 1,
		1, nan, nan, 2, 2, model.Unseen,
	})
	var got []int
	for _, c := range b.Bins().columns {
		got = append(got, c.feature)
	}
	// 0 is constant, 1 all missing, 4 a single category; 2 and 5 have one
	// value and missing ones.
	if diff := cmp.Diff([]int{2, 3, 5}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRadixSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := slices.DeleteFunc(rapid.SliceOf(rapid.Custom(anyNumber)).Draw(t, "x"), math.IsNaN)
		want := slices.Clone(x)
		slices.Sort(want)
		if got := sorted(slices.Clone(x)); !slices.Equal(got, want) {
			t.Fatalf("sorted(%v) = %v", x, got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	tab := mixed(model.Binary, 8192, 1)
	bins := tab.data(Defaults(), 8192).bins
	for b.Loop() {
		NewData(bins, tab.task, tab.outputs, tab.rows()).Append(tab.x, tab.y, nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(tab.x)), "ns/cell")
}
