package train_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/train"
)

// The time in these tests is that of a bubble: it passes only where somebody
// sleeps. A round takes what the bench's Progress sleeps, and nothing else takes
// any time.

// bubble runs a test in a bubble. The program's own channels, those of its
// compressors, have to be made outside of it.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	b := newBench()
	b.run(t, b.preprocess(t, table(300, model.Binary), preprocess.Request{ModelParams: small()}))
	synctest.Test(t, f)
}

// slow lets each round take some time, and the whole call no more than limit.
func (b *bench) slow(t *testing.T, round, limit time.Duration, req train.Request) (train.Result, error) {
	t.Helper()
	b.Progress = func(float64) { time.Sleep(round) }
	brief, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := b.Run(brief, req)
	b.Progress = nil
	return r, err
}

// again turns an answer into the next request, as a state machine does.
func again(t *testing.T, r train.Result) (req train.Request) {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &req); err != nil {
		t.Fatal(err)
	}
	return req
}

const checkpoint = "checkpoint"

func TestATrainingOverSeveralCalls(t *testing.T) {
	for _, c := range []struct {
		name   string
		task   model.Task
		params map[string]any
		runID  string
		split  map[string]any
	}{
		{"two classes", model.Binary, small(), "", nil},
		{"three classes, another run", model.Multiclass, small(), "tuesday", nil},
		{"calibrated", model.Binary, small("calibration", "isotonic", "tune_threshold", "balanced_accuracy"), "", nil},
		{"values, chosen by auto", model.Regression, small("algorithm", "auto", "learning_rate", 0.5, "early_stopping", true), "", nil},
		{"values, early stopping", model.Regression, small("early_stopping", true, "n_iter_no_change", 3.0, "learning_rate", 0.9), "", nil},
		{"values, the latest judge", model.Regression, small("early_stopping", true, "n_iter_no_change", 3.0), "", map[string]any{"time_column": "z"}},
		{"calibrated by the latest", model.Binary, small("calibration", "sigmoid"), "", map[string]any{"time_column": "z"}},
		{"groups, some rows without", model.Regression, small("early_stopping", true, "n_iter_no_change", 3.0), "", map[string]any{"group_column": "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				whole := newBench()
				text := table(800, c.task)
				req := whole.preprocess(t, text, preprocess.Request{ModelParams: c.params, Split: c.split})
				want := whole.run(t, req)

				b := newBench()
				req = b.preprocess(t, text, preprocess.Request{ModelParams: c.params, Split: c.split})
				if c.runID != "" {
					req.RunID = c.runID
				}
				req.OnDeadline = checkpoint
				var done []int
				for {
					r, err := b.slow(t, time.Second, 4*time.Second, req)
					if err != nil {
						t.Fatal(err)
					}
					if r.Status == "success" {
						checkFinished(t, r, want)
						break
					}
					checkInProgress(t, b, r, req)
					done = append(done, r.Checkpoint.TreesDone)
					req = again(t, r)
				}
				// Three rounds take three seconds, and a fourth would end too late.
				if len(done) == 0 || done[0] != 3 || !slices.IsSorted(done) {
					t.Errorf("after the calls there were %v rounds", done)
				}
			})
		})
	}
}

// checkFinished wants what an uninterrupted training has answered.
func checkFinished(t *testing.T, got, want train.Result) {
	t.Helper()
	got.DurationMS, want.DurationMS = 0, 0
	got.RunID, want.RunID = "", ""
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" {
		t.Errorf("in several calls the answer is another (-want +got):\n%s", diff)
	}
}

func checkInProgress(t *testing.T, b *bench, r train.Result, req train.Request) {
	t.Helper()
	c := r.Checkpoint
	if r.Status != "in_progress" || c == nil || c.TreesTarget != 12 || r.Progress != float64(c.TreesDone)/12 || len(c.SHA256) != 64 {
		t.Fatalf("%+v with %+v", r, c)
	}
	if key := strings.TrimPrefix(c.URI, "s3://store/"); !slices.Contains(b.keys(t), key) || !strings.HasPrefix(key, "runs/"+r.RunID+"/") {
		t.Errorf("there is no checkpoint %s", c.URI)
	}
	if r.ProcessedDataPath != req.ProcessedDataPath || r.OnDeadline != checkpoint || cmp.Diff(r.ModelParams, req.ModelParams) != "" {
		t.Errorf("the answer is not the next request: %+v", r)
	}
	for name, v := range asJSON(t, r).(map[string]any) {
		if name == "metrics" || strings.HasPrefix(name, "model_path") || name == "model_sha256" {
			t.Errorf("a training that is not done answers %s: %v", name, v)
		}
	}
}

// A call that was killed has said nothing; what it had saved meanwhile counts.
func TestAKilledTrainingIsResumed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		b.CheckpointEvery = 3 * time.Second
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline = checkpoint
		killed, kill := context.WithCancel(ctx)
		time.AfterFunc(8500*time.Millisecond, kill)
		b.Progress = func(float64) { time.Sleep(time.Second) }
		if r, err := b.Run(killed, req); !fault.Is(err, fault.Transient) {
			t.Fatalf("%+v: %v", r, err)
		}
		var heard []float64
		b.Progress = func(done float64) { heard = append(heard, 12*done) }
		b.run(t, req)
		if want := []float64{7, 8, 9, 10, 11, 12}; cmp.Diff(want, heard) != "" {
			t.Errorf("the second call did rounds %v, not %v", heard, want)
		}
	})
}

func TestATrainingThatGetsNowhereIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline = checkpoint
		r, err := b.slow(t, time.Second, 2500*time.Millisecond, req)
		if err != nil || r.Checkpoint.TreesDone != 2 {
			t.Fatalf("%+v: %v", r, err)
		}
		// Nothing fits in a call that has no time for its own checkpoint.
		r, err = b.slow(t, time.Second, 40*time.Millisecond, again(t, r))
		if err != nil || r.Checkpoint.TreesDone != 2 {
			t.Fatalf("a first call without a round: %+v: %v", r, err)
		}
		if r, err := b.slow(t, time.Second, 40*time.Millisecond, again(t, r)); !fault.Is(err, fault.TooLarge) {
			t.Fatalf("a second call without a round: %+v: %v", r, err)
		}
		r, err = b.slow(t, time.Second, 2500*time.Millisecond, again(t, r))
		if err != nil || r.Checkpoint.TreesDone != 4 {
			t.Errorf("with more time: %+v: %v", r, err)
		}
	})
}

// slowStore is a bucket that takes its time.
type slowStore struct {
	*blob.Memory
	takes time.Duration
	// before is called before a checkpoint is written.
	before func()
}

func (s *slowStore) Put(ctx context.Context, key string, data []byte, cond blob.Condition) (blob.Info, error) {
	if strings.HasSuffix(key, ".checkpoint") {
		time.Sleep(s.takes)
		if s.before != nil {
			s.before()
		}
	}
	return s.Memory.Put(ctx, key, data, cond)
}

// What saving takes is measured, and set aside from then on.
func TestTimeIsSetAsideForSaving(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		b.CheckpointEvery = 2500 * time.Millisecond
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline = checkpoint
		b.Store.Bucket = &slowStore{Memory: b.bucket, takes: 2 * time.Second}
		start := time.Now()
		// Rounds end after 1, 2 and 3 seconds; saving takes 2. Then 6 seconds
		// are set aside of the 9.5, so there is no time for a fourth round.
		r, err := b.slow(t, time.Second, 9500*time.Millisecond, req)
		if err != nil || r.Checkpoint.TreesDone != 3 {
			t.Errorf("%+v: %v", r.Checkpoint, err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("the call took %v", took)
		}
	})
}

// A call that would not save before its end tries half-way how long that takes.
func TestSavingIsRehearsed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline = checkpoint
		b.Store.Bucket = &slowStore{Memory: b.bucket, takes: 2 * time.Second}
		// Half of the 9.5 seconds is over after the fifth round.
		r, err := b.slow(t, time.Second, 9500*time.Millisecond, req)
		if err != nil || r.Checkpoint.TreesDone != 5 {
			t.Errorf("%+v: %v", r.Checkpoint, err)
		}
	})
}

// A call that lives on after another has taken over cannot undo what that did:
// it answers with the other's checkpoint.
func TestACallThatWasOvertakenUndoesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline = checkpoint
		var second train.Result
		b.Store.Bucket = &slowStore{Memory: b.bucket, before: func() {
			if second.Status != "" {
				return
			}
			step := *b.Step
			step.Store.Bucket = b.bucket
			brief, cancel := context.WithTimeout(ctx, 5500*time.Millisecond)
			defer cancel()
			var err error
			if second, err = step.Run(brief, req); err != nil {
				t.Error(err)
			}
		}}
		b.Progress = func(float64) { time.Sleep(time.Second) }
		brief, cancel := context.WithCancel(ctx)
		defer cancel()
		first, err := b.Run(deadline{brief, time.Now().Add(2500 * time.Millisecond)}, req)
		if err != nil || second.Checkpoint.TreesDone != 5 {
			t.Fatalf("%+v and %+v: %v", first, second, err)
		}
		if diff := cmp.Diff(second.Checkpoint, first.Checkpoint); diff != "" {
			t.Errorf("the first call does not answer what stands:\n%s", diff)
		}
		text, _, err := blob.ReadAll(ctx, b.bucket, "runs/"+req.RunID+"/train.checkpoint", 1<<20)
		if sum := sha256.Sum256(text); err != nil || hex.EncodeToString(sum[:]) != second.Checkpoint.SHA256 {
			t.Errorf("the second call's checkpoint was overwritten: %v", err)
		}
	})
}

// deadline is a context that names a deadline and outlives it, as that of a
// call that nobody ends.
type deadline struct {
	context.Context
	at time.Time
}

func (d deadline) Deadline() (time.Time, bool) { return d.at, true }

func TestCheckpointsThatAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline, req.RunID = checkpoint, "mine"
		r, err := b.slow(t, time.Second, 3500*time.Millisecond, req)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(name string, kind fault.Kind, change func(*train.Request)) {
			t.Helper()
			req := again(t, r)
			change(&req)
			if got, err := b.Run(ctx, req); !fault.Is(err, kind) {
				t.Errorf("%s: %+v: %v", name, got, err)
			}
		}
		key := "runs/mine/train.checkpoint"
		refused("other parameters", fault.RunConflict, func(req *train.Request) { req.ModelParams = small("max_iter", 13.0) })
		refused("another run", fault.RunConflict, func(req *train.Request) { req.RunID = "other" })
		refused("another value", fault.InvalidRequest, func(req *train.Request) { req.OnDeadline = "panic" })
		text, _, err := blob.ReadAll(ctx, b.bucket, key, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(text); at += 97 {
			altered := slices.Clone(text)
			altered[at] ^= 1
			if _, err := b.bucket.Put(ctx, key, altered, blob.Condition{}); err != nil {
				t.Fatal(err)
			}
			refused("an altered byte", fault.InvalidData, func(*train.Request) {})
		}
		if err := b.bucket.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
		refused("a checkpoint that is gone", fault.DataNotFound, func(*train.Request) {})
		req = again(t, r)
		req.Checkpoint = nil
		if r := b.run(t, req); r.Status != "success" {
			t.Errorf("begun anew: %+v", r)
		}
	})
}

func TestTheTreesSoFar(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench()
		req := b.preprocess(t, table(500, model.Binary), preprocess.Request{ModelParams: small()})
		req.OnDeadline = "best_so_far"
		r, err := b.slow(t, time.Second, 5500*time.Millisecond, req)
		if err != nil || r.Status != "success" || r.BestIteration != 5 {
			t.Fatalf("%+v: %v", r, err)
		}
		if n := len(r.Warnings); n == 0 || !strings.Contains(strings.Join(r.Warnings, " "), "after 5 of 12 rounds") {
			t.Errorf("warnings %q", r.Warnings)
		}
		if r, err := b.slow(t, time.Second, 500*time.Millisecond, req); !fault.Is(err, fault.DeadlineExceeded) {
			t.Errorf("without any round: %+v: %v", r, err)
		}
		// It was no answer for those who have more time.
		if whole := b.run(t, req); whole.Cached || whole.BestIteration != 12 || whole.ModelSHA256 == r.ModelSHA256 {
			t.Errorf("with time enough: %+v", whole)
		}
	})
}
