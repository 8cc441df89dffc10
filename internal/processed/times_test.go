package processed

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"retrain/internal/dataset"
	"retrain/internal/fault"
)

// TestLatestFrom holds LatestFrom against its definition: as many of
// the latest moments as fit the fraction, whole moments only, but at least one.
func TestLatestFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ints := rapid.SliceOfN(rapid.IntRange(0, 8), 1, 40).Draw(t, "times")
		fraction := rapid.Float64Range(0.01, 0.9).Draw(t, "fraction")
		times := make([]float64, len(ints))
		for i, v := range ints {
			times[i] = float64(v)
		}
		slices.Sort(times)
		cut := LatestFrom(times, fraction)
		after := func(t float64) int {
			n := 0
			for _, x := range times {
				if x >= t {
					n++
				}
			}
			return n
		}
		last := times[len(times)-1]
		budget := int(math.Floor(fraction * float64(len(times))))
		if got := after(cut); got > budget && cut != last {
			t.Fatalf("cut %v holds out %d of %d, more than %d", cut, got, len(times), budget)
		}
		for _, earlier := range times {
			if earlier < cut && after(earlier) <= budget {
				t.Fatalf("cut %v, though %v would fit the fraction too", cut, earlier)
			}
		}
	})
}

// timed is a run whose document says that its split went by a column.
func timed(t *testing.T, column string) *run {
	t.Helper()
	r := write(t, people(203), plainRecipe())
	r.doc.TimeColumn = column
	if err := WriteDocument(ctx, r.store, r.doc); err != nil {
		t.Fatal(err)
	}
	return r
}

// Blocks have the rows' times, and Times has them in order, whatever else the
// column serves as.
func TestTimesAreThoseOfTheRows(t *testing.T) {
	for column, at := range map[string]int{"price": priceColumn, "unused": 3} {
		var want []float64
		for i, row := range people(203).rows(t) {
			if everyFifth(i) == dataset.Train {
				x, _ := strconv.ParseFloat(row[at], 64)
				want = append(want, x)
			}
		}
		for _, batchRows := range []int{7, 0} {
			d := timed(t, column).open(t, batchRows)
			var got []float64
			if err := d.Learn(ctx, func(b *Block) { got = append(got, b.Times...) }); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", column, diff)
			}
			got, err := d.Times(ctx, dataset.Train)
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", column, err, diff)
			}
		}
	}
	if got, err := timed(t, "").open(t, 0).Times(ctx, dataset.Train); got != nil || err != nil {
		t.Errorf("without a time: %v, %v", got, err)
	}
}

// A document that names a column which cannot be one of times is not preprocess's.
func TestTimesThatCannotBeAreRefused(t *testing.T) {
	for _, column := range []string{"nowhere", "label"} {
		if _, err := Open(ctx, timed(t, column).store, "s3://store/prefix/runs/run-1/"+DataFile); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", column, err)
		}
	}
	if _, err := timed(t, "age").open(t, 0).Times(ctx, dataset.Train); !fault.Is(err, fault.InvalidData) {
		t.Errorf("some times are missing: %v", err)
	}
}
