package preprocess_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
)

// Whatever goes wrong with whichever call of the data or of the store, the run
// is there as a whole or not at all, and the repeated request ends as if
// nothing had happened: with the same answer, and the same bytes.
func TestEveryMishap(t *testing.T) {
	text := strings.Replace(table(300), "\n", "\na row,with,too many,cells\n", 1)
	var want preprocess.Result
	var whole map[string]string
	blobtest.EveryMishap(t, func(t *testing.T, tr *blobtest.Trial) {
		b := newBench()
		b.put(t, text)
		step := *b.Step
		step.Store.Bucket = tr.Over(b.Store.Bucket)
		step.Data = blob.Roots{{Bucket: tr.Over(b.data), Base: "s3://data"}}
		step.Models.Root = step.Store
		got, err := step.Run(tr.Context, request())
		step.Models.Root = b.Store
		if tr.Quiet() {
			if want, whole = got, contents(t, b.Store); err != nil || want.Rows.Rejected == 0 {
				t.Fatalf("%+v: %v", got, err)
			}
		}
		if stands := contents(t, b.Store); stands["runs/"+want.RunID+"/preprocess.json"] != "" || err == nil {
			b.open(t, want) // an answer is about data that is there
		}
		if diff := same(want, got); err == nil && diff != "" {
			t.Errorf("%s: the answer is another:\n%s", tr.What, diff)
		}
		got, err = b.Run(context.Background(), request())
		if diff := same(want, got); err != nil || diff != "" {
			t.Fatalf("%s: repeated, it ends with %v\n%s", tr.What, err, diff)
		}
		stands := contents(t, b.Store)
		for _, file := range []string{processed.DataFile, "recipe.json"} {
			key := processed.Path(want.RunID, file)
			if stands[key] != whole[key] {
				t.Errorf("%s: repeated, it writes another %s", tr.What, file)
			}
		}
		if len(stands) != len(whole) {
			t.Errorf("%s: repeated, it leaves %d objects, not %d", tr.What, len(stands), len(whole))
		}
	})
}

// same compares two answers to one request.
func same(want, got preprocess.Result) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(want, "Cached", "DurationMS"))
}

// contents returns the objects of a store.
func contents(t *testing.T, root blob.Root) map[string]string {
	t.Helper()
	all := map[string]string{}
	for info, err := range root.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := blob.ReadAll(context.Background(), root, info.Key, info.Size)
		if err != nil {
			t.Fatal(err)
		}
		all[info.Key] = string(data)
	}
	return all
}
