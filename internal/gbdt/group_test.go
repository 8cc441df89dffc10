package gbdt

import (
	"testing"

	"retrain/internal/model"
)

// A group is never divided between the rows that trees are grown on and those
// that judge, and the groups are part of what a checkpoint belongs to.
func TestGroupsStayTogether(t *testing.T) {
	const rows = 4000
	d := mixed(model.Regression, rows, 1).data(Defaults(), rows)
	workers := newPool(2)
	defer workers.close()
	plain := d.digest(workers)
	keys := make([]uint64, rows)
	for i := range keys {
		keys[i] = mix(uint64(i % 200))
	}
	d.Group(keys)
	if d.digest(workers) == plain {
		t.Error("the digest does not tell whether there are groups")
	}
	judging := map[uint64]bool{}
	p := newPart(d, 0.2, 7)
	for _, row := range p.judging {
		judging[keys[row]] = true
	}
	if len(judging) < 20 || len(judging) > 60 {
		t.Errorf("%d of 200 groups judge", len(judging))
	}
	for row, key := range keys {
		if p.has(row) == judging[key] {
			t.Fatalf("row %d is not with its group", row)
		}
	}
}
