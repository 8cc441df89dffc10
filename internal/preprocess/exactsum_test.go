package preprocess

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestExactSum compares with sums of 2,200 bits, in any order and grouping, and by
// way of the stored form.
func TestExactSum(t *testing.T) {
	sizes := rapid.SampledFrom([]float64{1, 1e-300, 1e300, 5e-324, 0.1, 1 << 52})
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
			return rapid.Float64Range(-1, 1).Draw(t, "value") * sizes.Draw(t, "size")
		}), 0, 60).Draw(t, "values")
		exact := new(big.Float).SetPrec(2200)
		for _, x := range values {
			exact.Add(exact, big.NewFloat(x))
		}
		want, _ := exact.Float64()
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		parts := make([]exactSum, 1+r.IntN(4))
		for _, i := range r.Perm(len(values)) {
			parts[r.IntN(len(parts))].add(values[i])
		}
		var sum exactSum
		for i := range parts {
			raw, err := json.Marshal(&parts[i])
			if err != nil {
				t.Fatal(err)
			}
			var read exactSum
			if err := json.Unmarshal(raw, &read); err != nil {
				t.Fatal(err)
			}
			sum.merge(&read)
		}
		got := sum.value()
		rest, _ := exact.Sub(exact, big.NewFloat(want)).Float64()
		if got.hi != want || got.lo != rest {
			t.Fatalf("%v + %v, want %v + %v", got.hi, got.lo, want, rest)
		}
	})
}

// TestExactSumCarries has the digits carried in between, and ends with what is no
// number.
func TestExactSumCarries(t *testing.T) {
	var s exactSum
	largest := math.Nextafter(1, 0)
	for range 5 {
		s.add(largest)
		s.since = carryAfter - 1 // as if there had been as many of them
	}
	if got := s.value(); got.hi != 5*largest {
		t.Errorf("%v, want %v", got, 5*largest)
	}
	s.add(math.Inf(-1))
	if got := s.value(); !math.IsNaN(got.hi) {
		t.Errorf("%v beyond all numbers", got)
	}
}
