package train

import "testing"

// More trees and more classes cost more; a linear model costs less work.
func TestCostFollowsTheParameters(t *testing.T) {
	cost := func(text, task string, classes int) (memory, work float64) {
		perRow, perCell, work := Cost(decoded(t, text), task, classes)
		return perRow + 20*perCell, work
	}
	memory, work := cost(`{}`, "binary", 2)
	if m, w := cost(`{"n_estimators":300}`, "binary", 2); m != memory || w <= work {
		t.Errorf("300 trees: %g, %g; 100: %g, %g", m, w, memory, work)
	}
	if m, w := cost(`{}`, "multiclass", 5); m <= memory || w <= work {
		t.Errorf("5 classes: %g, %g; 2: %g, %g", m, w, memory, work)
	}
	if _, w := cost(`{"algorithm":"logistic_regression"}`, "binary", 2); w <= 0 || w >= work {
		t.Errorf("linear: %g; trees: %g", w, work)
	}
}
