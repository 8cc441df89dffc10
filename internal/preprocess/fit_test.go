package preprocess

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// exactMoments is the naive twin of moments, in 600-bit arithmetic.
func exactMoments(xs []float64, missing int) (mean, std float64) {
	n := new(big.Float).SetPrec(600).SetInt64(int64(len(xs)))
	sum := new(big.Float).SetPrec(600)
	for _, x := range xs {
		sum.Add(sum, new(big.Float).SetFloat64(x))
	}
	m := new(big.Float).SetPrec(600).Quo(sum, n)
	ss := new(big.Float).SetPrec(600)
	for _, x := range xs {
		d := new(big.Float).SetPrec(600).Sub(new(big.Float).SetFloat64(x), m)
		ss.Add(ss, new(big.Float).SetPrec(600).Mul(d, d))
	}
	mean, _ = m.Float64()
	variance, _ := ss.Quo(ss, new(big.Float).SetInt64(int64(len(xs)+missing))).Float64()
	return mean, math.Sqrt(variance)
}

func TestMomentsAgreeWithExactArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.SampledFrom([]float64{0, 1, -3e5, 1.7e9, 1e12}).Draw(t, "offset")
		xs := rapid.SliceOfN(rapid.Float64Range(-100, 100), 2, 60).Draw(t, "xs")
		missing := rapid.IntRange(0, 5).Draw(t, "missing")
		var m moments
		for i := range xs {
			xs[i] += offset
			m.add(xs[i])
		}
		for range missing {
			m.add(math.NaN())
		}
		mean, std := m.meanStd()
		wantMean, wantStd := exactMoments(xs, missing)
		if math.Abs(mean-wantMean) > 1e-15*math.Abs(wantMean)+1e-300 {
			t.Fatalf("mean %v, want %v", mean, wantMean)
		}
		// mean itself is rounded to half a unit in the last place, which the
		// sum of squares around it cannot be told from.
		slack := 1e-12*wantStd + 4e-16*math.Abs(wantMean)
		if wantStd > slack && math.Abs(std-wantStd) > slack {
			t.Fatalf("std %v, want %v", std, wantStd)
		}
	})
}

func TestMomentsOfAConstantColumnScaleByOne(t *testing.T) {
	var m moments
	for range 1000 {
		m.add(0.1)
	}
	if mean, std := m.meanStd(); math.Abs(mean-0.1) > 1e-16 || !m.constant() || std <= 0 {
		t.Errorf("mean %v, std %v, constant %v", mean, std, m.constant())
	}
	m.add(math.NaN())
	if m.constant() {
		t.Error("a column that is constant or missing is not constant")
	}
}

func TestCategoriesKeepTheMostFrequent(t *testing.T) {
	dict := []string{"b", "a", "d", "never"}
	kept, cut := categories([]int64{1, 3, 2, 9, 0}, dict)
	if diff := cmp.Diff([]string{"", "a", "b", "d"}, kept); diff != "" || cut {
		t.Errorf("cut %v, %s", cut, diff)
	}
	var many []string
	counts := make([]int64, 1+maxCategories+10)
	for i := range maxCategories + 10 {
		many = append(many, string(rune('a'+i%26))+string(rune('a'+i/26)))
		counts[1+i] = int64(i % 7)
	}
	kept, cut = categories(counts, many)
	if want := 0; len(kept) > maxCategories || slices.Index(kept, "") != -1 && want == 0 {
		t.Errorf("%d categories kept", len(kept))
	}
	if cut {
		t.Error("categories that never occur were counted")
	}
	for i := range counts {
		counts[i] = 1
	}
	counts[1+5] = 2
	kept, cut = categories(counts, many)
	if !cut || len(kept) != maxCategories+1 || !slices.Contains(kept, many[5]) || !slices.IsSorted(kept) {
		t.Errorf("cut %v, %d kept", cut, len(kept))
	}
}
