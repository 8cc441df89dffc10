package retrain_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"retrain/internal/fault"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// searching is a step whose data has so many rows and ten columns, and whose
// four candidates are trained by fit, so many at a time at most. The training with the best one fails.
func searching(rows int64, atMost int, fit func(train.Request) (train.Result, error)) *retrain.Step {
	return &retrain.Step{
		Preprocess: func(context.Context, preprocess.Request) (preprocess.Result, error) {
			return preprocess.Result{
				Rows: preprocess.Rows{Train: rows}, Columns: make([]preprocess.Column, 10), Candidates: make([]preprocess.Candidate, 4), MaxConcurrency: atMost,
			}, nil
		},
		Train: func(_ context.Context, r train.Request) (train.Result, error) {
			if r.Candidates != nil {
				return train.Result{}, fault.New(fault.InvalidData, "That is enough.")
			}
			return fit(r)
		},
		Now: time.Now,
	}
}

// Candidates on a small table are trained side by side, as many as there are
// processors and as the search allows, each by its share of them; on a large one in
// turn, by all.
func TestCandidatesSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, c := range []struct {
		rows             int64
		atMost           int
		together, shares int
	}{{1000, 4, 2, 1}, {1000, 1, 1, 2}, {1_000_000, 4, 1, 2}} {
		var mu sync.Mutex
		now, most, meet := 0, 0, make(chan bool)
		s := searching(c.rows, c.atMost, func(r train.Request) (train.Result, error) {
			mu.Lock()
			now++
			most = max(most, now)
			if r.Threads != c.shares {
				t.Errorf("%d rows: a candidate has %d processors", c.rows, r.Threads)
			}
			mu.Unlock()
			if c.together == 2 { // two at a time can pass
				select {
				case meet <- true:
				case <-meet:
				}
			}
			mu.Lock()
			now--
			mu.Unlock()
			return train.Result{}, nil
		})
		if _, err := s.Run(ctx, retrain.Request{}); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%d rows: %v", c.rows, err)
		}
		if most != c.together {
			t.Errorf("%d rows: %d candidates at a time", c.rows, most)
		}
	}
}

// A candidate's panic reaches the caller's goroutine, where the edge recovers.
func TestACandidatesPanicPasses(t *testing.T) {
	s := searching(1000, 2, func(train.Request) (train.Result, error) { panic(errors.New("a defect")) })
	defer func() {
		if recover() == nil {
			t.Error("the panic is gone")
		}
	}()
	_, _ = s.Run(ctx, retrain.Request{})
}
