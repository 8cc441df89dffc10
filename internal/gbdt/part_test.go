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

// Whoever the caller says judges, whatever the seed and the share; and that is
// part of what a checkpoint belongs to.
func TestTheCallerSaysWhoJudges(t *testing.T) {
	const rows = 4000
	workers := newPool(2)
	defer workers.close()
	digests := map[[32]byte]int{}
	for every := range 4 { // 0: nobody says anything
		d := mixed(model.Regression, rows, 1).data(Defaults(), rows)
		judging := make([]bool, rows)
		for i := range judging {
			judging[i] = every > 0 && i%(every+1) == 1
		}
		if every > 0 {
			d.Judge(judging)
			p := newPart(d, 0.01, 7)
			var want []uint32
			for row, judges := range judging {
				if p.has(row) == judges {
					t.Fatalf("every %d: row %d is not where it is to be", every, row)
				}
				if judges {
					want = append(want, uint32(row))
				}
			}
			if diff := cmp.Diff(want, p.judging); diff != "" {
				t.Errorf("every %d: %s", every, diff)
			}
			if p := newPart(d, 0, 0); p.out != nil {
				t.Error("there is a part, though there was to be none")
			}
		}
		digests[d.digest(workers)]++
	}
	if len(digests) != 4 {
		t.Errorf("%d digests of 4 trainings", len(digests))
	}
}
