package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/processed"
)

// What a training may do when its time is up.
const (
	onDeadlineFail       = "fail"
	onDeadlineCheckpoint = "checkpoint"
	onDeadlineBest       = "best_so_far"
)

// checkOnDeadline refuses other values. A candidate of a search is judged as a
// whole.
func checkOnDeadline(req *Request) error {
	switch req.OnDeadline {
	case onDeadlineBest:
		if req.ValidateOn == 0 {
			return nil
		}
		return fault.New(fault.InvalidRequest, "on_deadline is not valid for a candidate.").
			At("A candidate of a search cannot end before its time", "value_error", "body", "on_deadline")
	case "", onDeadlineFail, onDeadlineCheckpoint:
		return nil
	}
	return fault.New(fault.InvalidRequest, "on_deadline is not valid.").
		At("Input should be 'fail', 'checkpoint' or 'best_so_far'", "enum", "body", "on_deadline")
}

// checkpointEvery is how often a training that may be resumed is saved
// while it goes on, for the case that it is killed.
const checkpointEvery = time.Minute

// maxStalled is how many calls in a row may end without a round.
const maxStalled = 2

// runInCalls is the story of a training that may take several calls. When the
// time is up it saves what it has, and answers with a checkpoint to go on from.
// That may happen anywhere: while the data is read, between rounds, or while
// the challenger is scored.
func (j *job) runInCalls(ctx context.Context) (*Result, error) {
	c, brief := newClock(ctx)
	defer c.stop()
	j.clock = c
	j.clock.keep(j.timeToSave())
	r, err := j.finish(brief)
	if errors.Is(err, gbdt.ErrStopped) || err != nil && rang(brief) {
		return j.suspend(ctx)
	}
	return r, err
}

// findCheckpoint loads the run's checkpoint. One that the request names has to
// be that of this very training.
func (j *job) findCheckpoint(ctx context.Context) error {
	k := newKeeper(j.Store, j.runID, j.fingerprint)
	if named := j.req.Checkpoint; named != nil && named.URI != j.Store.URI(k.key) {
		return fault.New(fault.RunConflict, "The checkpoint belongs to another training than the rest of the request.").
			At("Differs from the checkpoint of this run", "run_conflict", "body", "checkpoint", "uri")
	}
	if err := k.load(ctx); err != nil {
		return err
	}
	if j.req.Checkpoint != nil && k.etag == "" {
		return fault.New(fault.DataNotFound, "The checkpoint does not exist any more; leave it out to begin anew.").
			At("No such checkpoint", "value_error", "body", "checkpoint", "uri")
	}
	k.found = k.best
	j.keeper, j.reached = k, k.found.trees
	j.scores = k.loadScores(ctx)
	return nil
}

// timeToSave is what to set aside for saving a checkpoint: three times what
// loading or saving took so far in this call, since the last one is larger.
func (j *job) timeToSave() time.Duration { return 50*time.Millisecond + 3*j.keeper.took }

// suspend saves how far the training is, and answers with it. It refuses to go
// on for ever without getting anywhere.
func (j *job) suspend(ctx context.Context) (*Result, error) {
	s := j.state()
	if s.Rounds <= j.keeper.found.Rounds {
		s.Stalled = j.keeper.found.Stalled + 1
	}
	if s.Stalled >= maxStalled {
		return nil, fault.New(fault.TooLarge, "Two calls in a row have ended before they could add to the training's %d rounds; "+
			"give them more time or memory, or ask for fewer rows or smaller trees.", s.Rounds)
	}
	if err := j.save(ctx, s); err != nil {
		return nil, err
	}
	return j.inProgress(), nil
}

// state is how far the training is now.
func (j *job) state() state {
	return state{Fingerprint: j.fingerprint, Choice: j.choice, trees: j.reached, Rounds: j.reached.Rounds()}
}

// save takes the run, if that is to be done, and stores the state.
func (j *job) save(ctx context.Context, s state) error {
	if err := j.claim(ctx); err != nil {
		return err
	}
	if s.Rounds > j.keeper.found.Rounds {
		if err := j.keeper.saveScores(ctx, j.scores); err != nil {
			return err
		}
	}
	j.scores = nil
	return j.keeper.save(ctx, s)
}

// claim takes the run before anything is written under it. That of the data was
// taken by /preprocess.
func (j *job) claim(ctx context.Context) error {
	if j.runID == j.data.RunID {
		return nil
	}
	return processed.Claim(ctx, j.Store, j.runID, j.fingerprint)
}

// inProgress is the answer of a training that goes on in another call.
func (j *job) inProgress() *Result {
	k, recipe := j.keeper, &j.data.Recipe
	target := j.params.Boosting.MaxIter
	return &Result{
		Status: "in_progress", RunID: j.runID, ModelName: j.data.ModelName, ProcessedDataPath: j.data.URI,
		Params: j.params.Effective(), Target: recipe.Target, Task: string(recipe.Task), Algorithm: j.params.Algorithm,
		OnDeadline: j.req.OnDeadline, ValidateOn: j.req.ValidateOn, Progress: float64(k.best.Rounds) / float64(target), BestIteration: k.best.Rounds,
		Checkpoint: &Checkpoint{URI: j.Store.URI(k.key), SHA256: k.sum, TreesDone: k.best.Rounds, TreesTarget: target},
		Warnings:   []string{},
	}
}

// afterRound tells how far the training is, and ends it when the time for this
// call is up.
func (j *job) afterRound(ctx context.Context, now *gbdt.Round) error {
	if j.Progress != nil {
		j.Progress(float64(now.Iteration) / float64(max(1, now.MaxIter)))
	}
	if j.clock == nil {
		return nil
	}
	j.clock.round()
	if j.req.OnDeadline == onDeadlineCheckpoint {
		j.reached = now.Checkpoint()
		if err := j.saveNowAndThen(ctx, now); err != nil {
			return err
		}
	}
	if now.Iteration < now.MaxIter && !j.clock.fits() {
		j.scores = now.Scores()
		return gbdt.ErrStopped
	}
	j.clock.begin()
	return nil
}

// saveNowAndThen saves the state once in a while, and in any case when half of
// the time is over, which shows what it takes. If another call has come
// further meanwhile, this one is at its end.
func (j *job) saveNowAndThen(ctx context.Context, now *gbdt.Round) error {
	every := j.CheckpointEvery
	if every == 0 {
		every = checkpointEvery
	}
	rehearse := !j.rehearsed && j.clock.halfway()
	if time.Since(j.savedAt) < every && !rehearse {
		return nil
	}
	j.rehearsed = true
	j.scores = now.Scores()
	s := j.state()
	if err := j.save(ctx, s); err != nil {
		return err
	}
	j.savedAt = time.Now()
	j.clock.keep(j.timeToSave())
	if s.behind(&j.keeper.best) {
		return gbdt.ErrStopped
	}
	return nil
}

// fitInTime is fit for a training that is to end with the trees so far when its
// time is up.
func (j *job) fitInTime(ctx context.Context) (*fitted, error) {
	c, brief := newClock(ctx)
	defer c.stop()
	j.clock = c
	f, err := j.fit(brief)
	if err != nil && rang(brief) {
		return nil, context.DeadlineExceeded
	}
	return f, err
}

// beginRounds starts the clock for the rounds. Scores and baselines take about
// as much reading as the learner took, and computing besides: that much is set
// aside if they are to be had in this call.
func (j *job) beginRounds(loading time.Duration) {
	if j.req.OnDeadline == onDeadlineBest {
		after := 50*time.Millisecond + loading*3/2
		if j.params.Decision.judges() {
			after += loading / 2 // to read the validation part
		}
		j.clock.keep(after)
	}
	j.savedAt = time.Now()
	j.clock.begin()
}

// soFar takes what a training has that was ended by the clock, or returns its
// error.
func (j *job) soFar(ctx context.Context, r *gbdt.Result, sample *linear.Data, err error) (*fitted, error) {
	ended := errors.Is(err, gbdt.ErrStopped) || err != nil && rang(ctx)
	if j.req.OnDeadline != onDeadlineBest || !ended || r == nil || r.BestIteration == 0 {
		return nil, err
	}
	text := fmt.Sprintf("The time was up after %d of %d rounds; the model has the trees so far.", r.Checkpoint.Rounds(), j.params.Boosting.MaxIter)
	return &fitted{
		trees: r.Trees, sample: sample, iterations: r.BestIteration, warnings: append(r.Warnings, text), unfinished: true,
	}, nil
}
