package retrain_test

import (
	"math"
	"testing"
)

// A champion does not know the holdout of a later retraining, unless that is
// split in another way. Then evaluate says how much of it the champion was
// trained on, and the champion stays where that is too much.
func TestAHoldoutThatTheChampionKnows(t *testing.T) {
	h := newHouse()
	h.run(t, h.churn(t, 4000, suited))
	for _, c := range []struct {
		rows   int
		split  map[string]any
		seen   float64 // share of the holdout
		passes bool
	}{
		{4000, nil, 0, true},
		{5000, nil, 0, true},
		{4000, map[string]any{"test_fraction": 0.5}, 0.6, false},
		{4000, map[string]any{"group_column": "tenure"}, 0.8, false},
		{4000, map[string]any{"time_column": "total_charges"}, 0.8, false},
		{7043, map[string]any{"group_column": "tenure"}, 0.8 * 4000 / 7043, true},
	} {
		req := h.churn(t, c.rows, map[string]any{"algorithm": "logistic_regression", "C": 0.5})
		req.Split = c.split
		// So that the champion stays for the next case, whatever the verdict.
		req.Gate = map[string]any{"thresholds": map[string]any{"accuracy": map[string]any{"min": 1.0}}}
		v := h.run(t, req).Evaluate
		passed := true
		for _, r := range v.Reasons {
			passed = passed && (r.Rule != "holdout_seen" || r.Passed)
		}
		if passed != c.passes || math.Abs(v.Seen.Fraction-c.seen) > 0.08 || c.seen == 0 && v.Seen.Rows > 0 {
			t.Errorf("%d rows, %v: %+v, passed %v", c.rows, c.split, *v.Seen, passed)
		}
		if want := v.HoldoutRows - v.Seen.Rows; math.Abs(float64(v.Seen.ComparedRows-want)) > 20 {
			t.Errorf("%d rows, %v: %d rows are compared, want about %d", c.rows, c.split, v.Seen.ComparedRows, want)
		}
	}
}
