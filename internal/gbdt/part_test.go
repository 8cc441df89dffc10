package gbdt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/model"
)

// Rows that are kept out of training are as rows that weigh nothing.
func TestKeepOut(t *testing.T) {
	rows := mixed(model.Binary, 1000, 5)
	p := Defaults()
	p.MaxIter, p.RandomState, p.ValidationFraction, p.KeepOut = 5, 3, 0.3, true
	got := rows.train(t, p)
	weighed, out := *rows, 0
	for i := range rows.y {
		w := 1.0
		if Validates(uint64(i), p.ValidationFraction, p.RandomState) {
			w, out = 0, out+1
		}
		weighed.w = append(weighed.w, w)
	}
	p.KeepOut = false
	if diff := cmp.Diff(weighed.train(t, p), got); diff != "" || out < 200 || out > 400 {
		t.Errorf("%d rows kept out: %s", out, diff)
	}
	p.KeepOut, p.ValidationFraction = true, 1e-12
	whole := rows.train(t, p)
	p.KeepOut = false
	if diff := cmp.Diff(rows.train(t, p), whole); diff != "" {
		t.Errorf("without a row to keep out: %s", diff)
	}
}
