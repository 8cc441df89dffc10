package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// By hand, with numpy and scipy:
//
//	p, q = (a+.5)/(a+.5).sum(), (b+.5)/(b+.5).sum()    # without the empty bin
//	((q-p)*np.log(q/p)).sum()
//	stats.chi2(3).ppf(.99)*(1/100+1/100)
func TestStability(t *testing.T) {
	a, b := []int64{50, 30, 20, 0, 0}, []int64{30, 30, 25, 15, 0}
	s := Stability(a, b, 0.01)
	if math.Abs(s.PSI-0.6145687152032965) > 1e-12 || math.Abs(s.Floor-0.22689733460288747) > 1e-9 {
		t.Errorf("%+v", s)
	}
	for _, none := range [][2][]int64{{{5}, {7}}, {{0, 0}, {1, 2}}, {{1, 2}, {0, 0}}, {nil, nil}, {{0, 5}, {0, 7}}} {
		if s := Stability(none[0], none[1], 0.01); s != (Shift{}) {
			t.Errorf("%v: %+v", none, s)
		}
	}
}

// Two samples of one population pass the floor as often as was asked for,
// whatever their sizes.
func TestTheFloorOfTheIndex(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(rows int) []int64 {
		counts := make([]int64, 10)
		for range rows {
			counts[int(10*math.Sqrt(rng.Float64()))]++ // the last bin has a fifth
		}
		return counts
	}
	for _, rows := range [][2]int{{300, 300}, {2000, 200}} {
		const trials = 1000
		alarms := 0
		for range trials {
			if s := Stability(draw(rows[0]), draw(rows[1]), 0.05); s.PSI > s.Floor {
				alarms++
			}
		}
		if share := float64(alarms) / trials; share < 0.02 || share > 0.08 {
			t.Errorf("%v rows: %.3f of samples that are alike raise an alarm, want about 0.05", rows, share)
		}
	}
}
