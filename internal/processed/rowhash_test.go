package processed

import (
	"errors"
	"slices"
	"testing"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// The hashes are those of the stored cells, whichever columns they are of.
func TestRowHashes(t *testing.T) {
	text := table("a,b,c,label\n1,x,,no\n2.50,y,3,yes\n,,,no\n4,x,1e3,yes\n5,long,6,no\n")
	recipe := plainRecipe()
	recipe.Features = []model.Feature{number("a"), category("b", "x", "y")}
	for _, columns := range [][]string{{"a", "b", "c", "label"}, {"c", "a"}, {"b"}, {}} {
		var want []uint64
		for _, row := range text.rows(t)[1:] { // row 0 is held out
			cells := make([]any, len(columns))
			for i, name := range columns {
				cells[i] = row[slices.Index([]string{"a", "b", "c", "label"}, name)]
			}
			want = append(want, dataset.HashOf(columns, cells))
		}
		for _, batchRows := range []int{2, 0} {
			var got []uint64
			d := write(t, text, recipe).open(t, batchRows)
			err := d.RowHashes(ctx, dataset.Train, [][]string{{"label"}, columns}, func(hashes [][]uint64) { got = append(got, hashes[1]...) })
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(want, got) {
				t.Errorf("%v in batches of %d: %x, want %x", columns, batchRows, got, want)
			}
		}
	}
	err := write(t, text, recipe).open(t, 0).RowHashes(ctx, dataset.Holdout, [][]string{{"a"}, {"a", "z"}}, func([][]uint64) { t.Error("hashes of a column that is not there") })
	var unfit *IncompatibleError
	if !errors.As(err, &unfit) || unfit.Column != "z" {
		t.Error(err)
	}
}
