package retrain

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"retrain/internal/fault"
	"retrain/internal/preprocess"
	"retrain/internal/train"
)

// soloCells is the size of a table, in rows of the training side times columns,
// from which on one training makes good use of all processors. Candidates on a
// larger one are trained in turn, so that a search takes no more memory than its
// largest training; of smaller ones, whose steps are too short to be shared, as
// many at a time as there are processors and as the search allows.
const soloCells = 4 << 20

// together returns how many candidates are trained at a time.
func together(p *preprocess.Result) int {
	if p.Rows.Train*int64(len(p.Columns)) > soloCells {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), len(p.Candidates), max(1, p.MaxConcurrency))
}

// trainCandidates trains the candidates of a search, and returns what became of
// each. What they come to does not depend on how many are trained at a time. One
// that fails does not end the search; the end of ctx does.
func (s *Step) trainCandidates(ctx context.Context, p *preprocess.Result) ([]map[string]any, error) {
	n := len(p.Candidates)
	if n == 0 {
		return nil, nil
	}
	trials := make([]trial, n)
	at, next := together(p), make(chan int)
	var workers sync.WaitGroup
	for range at {
		workers.Go(func() {
			for i := range next {
				trials[i] = s.try(ctx, p.Candidates[i], runtime.GOMAXPROCS(0)/at)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		if s.BeginCandidate != nil {
			s.BeginCandidate(i, n)
		}
		next <- i
	}
	close(next)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	became := make([]map[string]any, n)
	for i, t := range trials {
		if t.panic != "" {
			panic(t.panic)
		}
		became[i] = t.became()
	}
	return became, nil
}

// trial is the training of a candidate.
type trial struct {
	runID string
	err   error
	panic string // and where, for the caller's goroutine
}

func (s *Step) try(ctx context.Context, c preprocess.Candidate, threads int) (t trial) {
	defer func() {
		if r := recover(); r != nil {
			t.panic = fmt.Sprintf("%v\n\n%s", r, debug.Stack())
		}
	}()
	r, err := s.Train(ctx, train.Request{
		ProcessedDataPath: c.ProcessedDataPath, ModelParams: c.ModelParams, ModelName: c.ModelName, ValidateOn: c.ValidateOn, Threads: threads,
	})
	return trial{runID: r.RunID, err: err}
}

// became is the trial as the last training is told of it.
func (t *trial) became() map[string]any {
	if t.err != nil {
		return map[string]any{"error": fault.From(t.err).Kind.Code()}
	}
	return map[string]any{"run_id": t.runID}
}
