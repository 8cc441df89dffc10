package preprocess

import (
	"math"
	"math/rand/v2"
	"testing"

	"retrain/internal/fault"
)

func TestSidesHoldOutTheFractionThatIsAskedFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, fraction := range []float64{0.01, 0.2, 0.5, 0.9} {
		s := newSides("default", Split{TestFraction: fraction}, timeCut{})
		const n = 200_000
		held := 0
		for range n {
			if s.holdout(rng.Uint64()) {
				held++
			}
		}
		// Five standard deviations of a binomial share.
		if got, slack := float64(held)/n, 5*math.Sqrt(fraction*(1-fraction)/n); math.Abs(got-fraction) > slack {
			t.Errorf("fraction %g: held out %g", fraction, got)
		}
	}
}

func TestSidesDependOnTheModelAndNotTheRun(t *testing.T) {
	a, again, b := newSides("a", Split{TestFraction: 0.5}, timeCut{}), newSides("a", Split{TestFraction: 0.5}, timeCut{}), newSides("b", Split{TestFraction: 0.5}, timeCut{})
	differ := 0
	for h := range uint64(1000) {
		if a.holdout(h) != again.holdout(h) {
			t.Fatal("the same row of the same model changed sides")
		}
		if a.holdout(h) != b.holdout(h) {
			differ++
		}
	}
	if differ < 400 || differ > 600 {
		t.Errorf("two models' splits differ in %d of 1000 rows, as if they were not independent", differ)
	}
	// A larger holdout only adds rows: what was held out stays so.
	larger := newSides("a", Split{TestFraction: 0.6}, timeCut{})
	for h := range uint64(1000) {
		if a.holdout(h) && !larger.holdout(h) {
			t.Fatal("a row left the holdout when it grew")
		}
	}
}

func TestParseSplitNamesWhatIsWrong(t *testing.T) {
	for name, given := range map[string]map[string]any{
		"test_fraction": {"test_fraction": 0.0},
		"test_fracton":  {"test_fracton": 0.3},
		"group_column":  {"group_column": 3.0},
		"split":         {"group_column": "g", "time_column": "t"},
	} {
		_, err := parseSplit(given)
		f := fault.From(err)
		if err == nil || f.Kind != fault.InvalidRequest || f.Fields[0].Loc[len(f.Fields[0].Loc)-1] != name {
			t.Errorf("%s: %v", name, f)
		}
	}
	if s, err := parseSplit(nil); err != nil || s.TestFraction != 0.2 {
		t.Errorf("default split %+v, %v", s, err)
	}
}
