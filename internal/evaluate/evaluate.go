// Package evaluate compares a challenger with the champion on one holdout and
// decides whether it may replace it.
//
// Both models are scored here, on the challenger's holdout; scores in a request
// count for nothing. The verdict is stored, bound to the champion that it was
// made against, and modelstore lets nothing be promoted without it. The package
// knows neither how models are trained nor how the pointer moves.
package evaluate

import (
	"context"
	"errors"
	"slices"
	"time"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
	"retrain/internal/processed"
	"retrain/internal/search"
)

// Step is the evaluate step.
type Step struct {
	Store  blob.Root
	Models *modelstore.Store
	Engine string // version of this program, part of an evaluation's identity
	Now    func() time.Time
}

// Run scores challenger and champion, applies the gate and stores the verdict.
func (s *Step) Run(ctx context.Context, req Request) (Result, error) {
	start := s.Now()
	job, err := s.plan(ctx, req)
	if err != nil {
		return Result{}, err
	}
	defer job.data.Close()
	result, err := job.earlier(ctx)
	if err == nil && result == nil {
		result, err = job.run(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	result.RunID, result.Leaderboard = job.runID(), job.leaderboard // the same comparison may serve another run
	result.Warnings = append(result.Warnings, job.contradictions(result.Metrics)...)
	result.DurationMS = s.Now().Sub(start).Milliseconds()
	return *result, nil
}

// job is one run of the step.
type job struct {
	*Step
	req        Request
	name       string
	gate       Gate
	objective  metric.Objective // of the challenger
	challenger contender
	champion   *modelstore.Champion // nil if there is none
	rival      *contender           // the champion's model; nil if it cannot be read
	unfit      string               // why the champion cannot be scored, or ""
	data       *processed.Data
	seen       seen // what the champion knows of the holdout
	drift      drifted
	// leaderboard is that of the search which chose the challenger's parameters;
	// nil if none did.
	leaderboard []search.Standing
	warnings    []string
}

// contender is one of the two models.
type contender struct {
	digest   string
	manifest modelstore.Manifest
	model    *model.Model
}

// plan loads the challenger, its holdout and the champion, and reads the gate.
func (s *Step) plan(ctx context.Context, req Request) (*job, error) {
	j := &job{Step: s, req: req}
	if err := j.findChallenger(ctx); err != nil {
		return nil, err
	}
	if err := j.openHoldout(ctx); err != nil {
		return nil, err
	}
	err := j.readGate()
	if err == nil {
		err = j.findChampion(ctx)
	}
	if err == nil {
		err = j.findLeaderboard(ctx)
	}
	if err != nil {
		j.data.Close()
		return nil, err
	}
	return j, nil
}

func (j *job) findChallenger(ctx context.Context) error {
	if j.req.ModelPath == "" {
		return fault.New(fault.InvalidRequest, "model_path is missing.").At("Field required", "missing", "body", "model_path")
	}
	name, digest, err := j.Models.ParseModelPath(j.req.ModelPath)
	if err != nil {
		return err
	}
	if j.req.ModelName != "" && j.req.ModelName != name {
		return fault.New(fault.InvalidRequest, "model_name and model_path name different models.").
			At("Differs from the model that model_path names", "value_error", "body", "model_name")
	}
	j.name = name
	c, err := j.load(ctx, digest)
	if err != nil {
		return fault.Locate(err, "body", "model_path")
	}
	j.challenger = *c
	return nil
}

// openHoldout opens the data that the challenger was trained beside, in this
// store, wherever the store was then. Its run is the manifest's and not the
// request's, so errors speak of the model.
func (j *job) openHoldout(ctx context.Context) error {
	recorded := j.challenger.manifest.Data
	data, err := processed.OpenRecorded(ctx, j.Store, recorded.ProcessedPath)
	if err == nil && data.Holdout.Digest != recorded.HoldoutSHA256 {
		data.Close()
		err = fault.New(fault.InvalidData, "the holdout has another digest")
	}
	j.data = data
	switch f := fault.From(err); {
	case err == nil:
		return nil
	case f.Kind == fault.DataNotFound:
		return fault.Wrap(fault.DataNotFound, err, "The holdout of this model is no longer in the store; preprocess and train again.").
			At("A model whose processed data is gone", "not_found", "body", "model_path")
	case f.Kind == fault.InvalidData, f.Kind == fault.InvalidRequest, f.Kind == fault.AccessDenied:
		return anotherHoldout(err)
	}
	return err
}

func anotherHoldout(cause error) error {
	return fault.Wrap(fault.InvalidData, cause, "The holdout of this model is not the one that it was trained beside; preprocess and train again.").
		At("A model whose processed data has changed", "value_error", "body", "model_path")
}

// readGate reads the request's gate, or the one that /preprocess was given.
func (j *job) readGate() (err error) {
	given := j.req.Gate
	if given == nil {
		given = j.data.Gate
	}
	if j.gate, err = ParseGate(given, j.challenger.model.Task); err != nil {
		return err
	}
	j.objective = objectiveOf(j.challenger.manifest.Params)
	return j.gate.fits(j.objective)
}

func (j *job) load(ctx context.Context, digest string) (*contender, error) {
	loaded, err := j.Models.Load(ctx, j.name, digest)
	if err != nil {
		return nil, err
	}
	m, err := onnx.Decode(loaded.Model)
	if err != nil {
		return nil, err
	}
	return &contender{digest, loaded.Manifest, m}, nil
}

// findChampion reads the pointer and the champion's model. A champion that is
// damaged or gone does not stop an evaluation; it makes it incompatible.
func (j *job) findChampion(ctx context.Context) error {
	var err error
	if j.champion, _, err = j.Models.Champion(ctx, j.name); err != nil || j.champion == nil {
		return err
	}
	j.rival, err = twice(func() (*contender, error) { return j.load(ctx, j.champion.Digest) })
	if isLost(err) {
		j.unfit = "its files are damaged or gone"
		return nil
	}
	return err
}

// findLeaderboard reads how the search came out that the challenger's run has
// made, if any. It is shown, and decides nothing.
func (j *job) findLeaderboard(ctx context.Context) error {
	if processed.CheckRunID(j.runID()) != nil {
		return nil
	}
	var trained struct {
		ModelSHA256 string            `json:"model_sha256"`
		Leaderboard []search.Standing `json:"leaderboard"`
	}
	_, err := processed.ShowResult(ctx, j.Store, j.runID(), "train", &trained)
	if trained.ModelSHA256 == j.challenger.digest {
		j.leaderboard = trained.Leaderboard
	}
	return err
}

// run scores both models and decides.
func (j *job) run(ctx context.Context) (*Result, error) {
	mine, err := j.data.Score(ctx, j.challenger.model, dataset.Holdout)
	var unfit *processed.IncompatibleError
	if errors.As(err, &unfit) {
		return nil, anotherHoldout(err)
	}
	if err != nil {
		return nil, err
	}
	mine.Objective = j.objective
	theirs, err := j.scoreChampion(ctx)
	if err != nil {
		return nil, err
	}
	if theirs != nil {
		theirs.Objective = j.objective
		if j.seen, err = j.findSeen(ctx); err != nil {
			return nil, err
		}
	}
	if j.drift, err = j.findDrift(ctx); err != nil {
		return nil, err
	}
	v, err := j.judge(ctx, align(mine, theirs, j.seen.kept))
	if err != nil {
		return nil, err
	}
	r := j.result(v)
	if err := j.explain(ctx, v, r); err != nil {
		return nil, err
	}
	return j.store(ctx, v, r)
}

// scoreChampion scores the champion on the challenger's holdout; nil if there
// is none or it cannot be scored.
func (j *job) scoreChampion(ctx context.Context) (*processed.Scored, error) {
	if j.rival == nil {
		return nil, nil
	}
	if j.unfit = otherQuestion(&j.rival.model.Recipe, &j.challenger.model.Recipe); j.unfit != "" {
		return nil, nil
	}
	scored, err := j.data.Score(ctx, j.rival.model, dataset.Holdout)
	var incompatible *processed.IncompatibleError
	if errors.As(err, &incompatible) {
		j.unfit = incompatible.Error()
		return nil, nil
	}
	return scored, err
}

// otherQuestion says why two models do not answer the same question, or "".
// More or fewer of many classes are still the same question, while a binary
// score is about its one pair.
func otherQuestion(champion, challenger *model.Recipe) string {
	switch {
	case champion.Task != challenger.Task:
		return "it was trained for another task, " + string(champion.Task)
	case champion.Target != challenger.Target:
		return "it predicts another column"
	case champion.Task == model.Binary && !slices.Equal(champion.Classes, challenger.Classes):
		return "it tells other classes apart"
	}
	return ""
}
