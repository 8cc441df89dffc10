package train_test

import (
	"slices"
	"testing"

	"retrain/internal/dataset"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/rowset"
)

// Each version carries the set of the rows that it was trained on, whatever
// the learner.
func TestAVersionKnowsItsTrainingRows(t *testing.T) {
	for _, c := range cases {
		b := newBench()
		req := b.preprocess(t, table(400, c.task), preprocess.Request{ModelParams: c.params})
		v, err := b.Models.Version(ctx, "default", b.run(t, req).ModelSHA256)
		if err != nil {
			t.Fatal(err)
		}
		file, err := b.Models.Attachment(ctx, v, modelstore.TrainedRows)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := rowset.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		d := b.open(t, req)
		if want := slices.Sorted(slices.Values(d.Digested)); rows.Rows() != d.Train.Rows || !slices.Equal(rows.Columns(), want) {
			t.Errorf("%s: %d rows of %v", c.name, rows.Rows(), rows.Columns())
		}
		var seen [2]int
		for side, name := range []dataset.Side{dataset.Train, dataset.Holdout} {
			err := d.RowHashes(ctx, name, [][]string{rows.Columns()}, func(hashes [][]uint64) {
				for _, h := range hashes[0] {
					if in, _ := rows.Has(h); in {
						seen[side]++
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if int64(seen[0]) != d.Train.Rows || seen[1] > 4 {
			t.Errorf("%s: %d of the training side and %d of the holdout are among the rows trained on", c.name, seen[0], seen[1])
		}
	}
}
