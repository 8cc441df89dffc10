package train_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/train"
)

// What the champion is has no part in a training.
func TestTrainingNeverReadsTheChampion(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
	if _, err := b.bucket.Put(ctx, "models/default/champion.json", []byte("nonsense"), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var read []string
	w := &blobtest.Faulty{Bucket: b.bucket, Fault: func(op blobtest.Op, key string) (through blobtest.Outcome) {
		mu.Lock()
		defer mu.Unlock()
		if op == blobtest.Open || op == blobtest.Stat {
			read = append(read, key)
		}
		return through
	}}
	b.Store.Bucket, b.Models.Root.Bucket = w, w
	r := b.run(t, req)
	for _, key := range read {
		if !strings.HasPrefix(key, "runs/"+r.RunID+"/") && !strings.HasPrefix(key, "models/default/sha256/"+r.ModelSHA256) {
			t.Errorf("training has read %s", key)
		}
	}
	if len(read) == 0 {
		t.Error("nothing was read")
	}
}

// A training that runs out of time ends with the round in which that happens,
// leaves nothing, and can be asked again.
func TestATrainingThatRunsOutOfTimeLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		req := b.preprocess(t, table(500, model.Regression), preprocess.Request{ModelParams: small()})
		before := b.keys(t)
		start := time.Now()
		if r, err := b.slow(t, time.Second, 5500*time.Millisecond, req); !fault.Is(err, fault.DeadlineExceeded) {
			t.Errorf("%+v: %v", r, err)
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("it noticed only after %v", took)
		}
		if diff := cmp.Diff(before, b.keys(t)); diff != "" {
			t.Errorf("it has written:\n%s", diff)
		}
		req.RunID = "second-try"
		if r := b.run(t, req); r.Cached {
			t.Error("a training that was not finished was answered from the store")
		}
	})
}

// Whatever goes wrong with whichever call of the store, what stands is whole: a
// version or none, a result with its version or none; and the repeated request
// ends with the same answer and the same model. So it is with a training that
// is saved after every round.
func TestEveryMishap(t *testing.T) {
	for _, c := range []struct{ runID, onDeadline string }{{"", ""}, {"mine", checkpoint}} {
		t.Run("on_deadline "+c.onDeadline, func(t *testing.T) {
			prepared := newBench()
			req := prepared.preprocess(t, table(100, model.Binary), preprocess.Request{ModelParams: small("max_iter", 2.0)})
			req.OnDeadline = c.onDeadline
			if c.runID != "" {
				req.RunID = c.runID
			}
			want := copyOf(t, prepared).run(t, req)
			blobtest.EveryMishap(t, func(t *testing.T, tr *blobtest.Trial) {
				b := copyOf(t, prepared)
				faulty := tr.Over(b.bucket)
				b.Store.Bucket, b.Models.Root.Bucket = faulty, faulty
				got, err := b.Run(tr.Context, req)
				b.Store.Bucket, b.Models.Root.Bucket = b.bucket, b.bucket
				if err == nil {
					checkRepeated(t, tr.What, got, want)
				} else if tr.Quiet() {
					t.Fatal(err)
				}
				b.checkWhole(t, tr.What, want)
				got, err = b.Run(ctx, req)
				if err != nil {
					t.Fatalf("%s: repeated, it fails: %v", tr.What, err)
				}
				checkRepeated(t, tr.What, got, want)
				b.checkWhole(t, tr.What, want)
			})
		})
	}
}

// A store that never takes the checkpoint is not asked for ever.
func TestAStoreThatIsAlwaysBusy(t *testing.T) {
	b := newBench()
	b.CheckpointEvery = 1
	req := b.preprocess(t, table(100, model.Binary), preprocess.Request{ModelParams: small("max_iter", 2.0)})
	req.OnDeadline = checkpoint
	b.Store.Bucket = &blobtest.Faulty{Bucket: b.bucket, Fault: func(op blobtest.Op, key string) (out blobtest.Outcome) {
		if op == blobtest.Put && strings.HasSuffix(key, ".checkpoint") {
			out.Err = blob.ErrConflict
		}
		return out
	}}
	if _, err := b.Run(ctx, req); !fault.Is(err, fault.Transient) {
		t.Errorf("it ends with %v", err)
	}
}

// copyOf returns a bench over a copy of another's store.
func copyOf(t *testing.T, from *bench) *bench {
	t.Helper()
	b := newBench()
	b.bucket = blobtest.Copy(t, from.bucket)
	b.Store.Bucket, b.Models.Root.Bucket = b.bucket, b.bucket
	b.CheckpointEvery = 1
	return b
}

func checkRepeated(t *testing.T, what string, got, want train.Result) {
	t.Helper()
	got.DurationMS, got.Cached = want.DurationMS, want.Cached
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
		t.Errorf("%s: the answer is another:\n%s", what, diff)
	}
}

// checkWhole wants every version that is listed, and the one that a stored
// answer names, to be there with all its files.
func (b *bench) checkWhole(t *testing.T, what string, want train.Result) {
	t.Helper()
	versions, err := b.Models.Versions(ctx, want.ModelName)
	if err != nil {
		t.Fatal(err)
	}
	if _, answered := slices.BinarySearch(b.keys(t), "runs/"+want.RunID+"/train.json"); answered && !slices.Contains(versions, want.ModelSHA256) {
		t.Errorf("%s: there is an answer without its model", what)
	}
	for _, digest := range versions {
		version, err := b.Models.Load(ctx, want.ModelName, digest)
		if err != nil {
			t.Fatalf("%s: a listed version: %v", what, err)
		}
		for file := range version.Manifest.Files {
			if file == "model.onnx" {
				continue
			}
			if _, err := b.Models.Attachment(ctx, version.Version, file); err != nil {
				t.Fatalf("%s: %s of a listed version: %v", what, file, err)
			}
		}
	}
	if err := b.Models.Audit(ctx, want.ModelName); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Data that was changed after preprocessing must not become a model.
func TestChangedDataIsNotTrainedOn(t *testing.T) {
	for _, algorithm := range []string{"gradient_boosting", "logistic_regression"} {
		b := newBench()
		other := newBench()
		params := map[string]any{"algorithm": algorithm}
		text := table(300, model.Binary)
		req := b.preprocess(t, text, preprocess.Request{ModelParams: params, RunID: "r"})
		// Of as many rows, and with a label that the recipe does not know.
		changed := strings.Replace(text, "yes", "eys", 1)
		other.preprocess(t, changed, preprocess.Request{ModelParams: params, RunID: "r", Task: "multiclass"})
		file, _, err := blob.ReadAll(ctx, other.bucket, "runs/r/processed.parquet", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.bucket.Put(ctx, "runs/r/processed.parquet", file, blob.Condition{}); err != nil {
			t.Fatal(err)
		}
		before := b.keys(t)
		if _, err := b.Run(ctx, req); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", algorithm, err)
		}
		if diff := cmp.Diff(before, b.keys(t)); diff != "" {
			t.Errorf("%s: it has written:\n%s", algorithm, diff)
		}
	}
}
