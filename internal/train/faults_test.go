package train_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
)

// watched is a bucket that says what was read.
type watched struct {
	*blob.Memory
	mu   sync.Mutex
	read []string
}

func (w *watched) note(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = append(w.read, key)
}

func (w *watched) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	w.note(key)
	return w.Memory.Open(ctx, key, span)
}

func (w *watched) Stat(ctx context.Context, key string) (blob.Info, error) {
	w.note(key)
	return w.Memory.Stat(ctx, key)
}

// What the champion is has no part in a training.
func TestTrainingNeverReadsTheChampion(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
	if _, err := b.bucket.Put(ctx, "models/default/champion.json", []byte("nonsense"), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	w := &watched{Memory: b.bucket}
	b.Store.Bucket, b.Models.Root.Bucket = w, w
	r := b.run(t, req)
	for _, key := range w.read {
		if !strings.HasPrefix(key, "runs/"+r.RunID+"/") && !strings.HasPrefix(key, "models/default/sha256/"+r.ModelSHA256) {
			t.Errorf("training has read %s", key)
		}
	}
	if len(w.read) == 0 {
		t.Error("nothing was read")
	}
}

// A training that runs out of time leaves nothing, and can be asked again.
func TestATrainingThatRunsOutOfTimeLeavesNothing(t *testing.T) {
	b := newBench()
	req := b.preprocess(t, table(3000, model.Regression), preprocess.Request{ModelParams: map[string]any{"max_iter": 50000.0}})
	before := b.keys(t)
	brief, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if r, err := b.Run(brief, req); !fault.Is(err, fault.DeadlineExceeded) {
		t.Errorf("%+v: %v", r, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it noticed only after %v", took)
	}
	if diff := cmp.Diff(before, b.keys(t)); diff != "" {
		t.Errorf("it has written:\n%s", diff)
	}
	req.ModelParams, req.RunID = small(), "second-try"
	if r := b.run(t, req); r.Cached {
		t.Error("a training that was not finished was answered from the store")
	}
}

// Whenever the time runs out, what stands in the store is whole: a version or
// none, a result with its version or none; and the same request then succeeds.
func TestATrainingThatIsCutOffAnywhereCanBeRepeated(t *testing.T) {
	text := table(300, model.Binary)
	whole := newBench()
	want := whole.run(t, whole.preprocess(t, text, preprocess.Request{ModelParams: small()})).ModelSHA256
	for cut := 1; ; cut++ {
		b := newBench()
		req := b.preprocess(t, text, preprocess.Request{ModelParams: small()})
		req.RunID = "mine"
		brief, cancel := context.WithCancel(ctx)
		w := &counted{Memory: b.bucket, left: cut, cancel: cancel}
		b.Store.Bucket, b.Models.Root.Bucket = w, w
		_, err := b.Run(brief, req)
		cancel()
		if err == nil {
			if cut < 5 {
				t.Errorf("a training makes only %d calls of the store", cut)
			}
			return
		}
		if !fault.Is(err, fault.Transient) {
			t.Errorf("cut at call %d: %v", cut, err)
		}
		if _, found := slices.BinarySearch(b.keys(t), "runs/mine/train.json"); found {
			t.Errorf("cut at call %d: the result is stored", cut)
		}
		b.Store.Bucket, b.Models.Root.Bucket = b.bucket, b.bucket
		if r := b.run(t, req); r.ModelSHA256 != want {
			t.Errorf("cut at call %d: repeated, the training gives another model", cut)
		}
	}
}

// counted is a bucket whose user is cancelled at one of the calls.
type counted struct {
	*blob.Memory
	left   int
	cancel func()
	mu     sync.Mutex
}

func (c *counted) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.cancel()
	}
}

func (c *counted) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	c.count()
	return c.Memory.Open(ctx, key, span)
}

func (c *counted) Stat(ctx context.Context, key string) (blob.Info, error) {
	c.count()
	return c.Memory.Stat(ctx, key)
}

func (c *counted) Put(ctx context.Context, key string, data []byte, cond blob.Condition) (blob.Info, error) {
	c.count()
	return c.Memory.Put(ctx, key, data, cond)
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
