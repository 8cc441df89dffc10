// Package train grows a challenger from a run's processed data, scores it on
// the holdout, and stores it.
//
// It streams the training side into the learner that the parameters name,
// scores the baselines beside it, and adds model and manifest to the model
// store. It knows neither the champion nor the gate.
package train

import (
	"context"
	"time"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
)

// Step is the train step. Progress may be nil.
type Step struct {
	Store  blob.Root
	Models *modelstore.Store
	Engine string // version of this program, part of a result's identity
	Now    func() time.Time
	// Progress is told how much of the training is done, from 0 to 1.
	Progress func(done float64)
}

// Run trains, scores and stores the challenger.
func (s *Step) Run(ctx context.Context, req Request) (Result, error) {
	start := s.Now()
	job, err := s.plan(ctx, req)
	if err != nil {
		return Result{}, err
	}
	defer job.data.Close()
	var result Result
	result.Cached, err = processed.LoadResult(ctx, s.Store, job.runID, stepName, job.fingerprint, &result)
	if err != nil {
		return Result{}, err
	}
	if !result.Cached {
		if result, err = job.run(ctx); err != nil {
			return Result{}, err
		}
		if err = processed.SaveResult(ctx, s.Store, job.runID, stepName, job.fingerprint, result); err != nil {
			return Result{}, err
		}
	}
	result.Gate = job.req.Gate
	result.DurationMS = s.Now().Sub(start).Milliseconds()
	return result, nil
}

// stepName is the name of this step's stored answer within a run.
const stepName = "train"

// job is one run of the step.
type job struct {
	*Step
	req         Request
	data        *processed.Data
	params      *Params
	runID       string
	fingerprint string
	warnings    []string
}

// plan opens the data and reads the parameters.
func (s *Step) plan(ctx context.Context, req Request) (*job, error) {
	if req.ProcessedDataPath == "" {
		return nil, fault.New(fault.InvalidRequest, "processed_data_path is missing.").
			At("Field required", "missing", "body", "processed_data_path")
	}
	data, err := processed.Open(ctx, s.Store, req.ProcessedDataPath)
	if err != nil {
		return nil, err
	}
	j, err := s.prepare(req, data)
	if err != nil {
		data.Close()
	}
	return j, err
}

// prepare reads the parameters for the data at hand.
func (s *Step) prepare(req Request, data *processed.Data) (*job, error) {
	if req.ModelName != "" && req.ModelName != data.ModelName {
		return nil, fault.New(fault.InvalidRequest, "The data was preprocessed for another model than model_name gives.").
			At("Differs from the model that the data was preprocessed for", "value_error", "body", "model_name")
	}
	if req.ModelParams == nil {
		req.ModelParams = data.Params
	}
	if req.Gate == nil {
		req.Gate = data.Gate
	}
	j := &job{Step: s, req: req, data: data}
	var err error
	if j.params, err = ParseParams(withoutTarget(req.ModelParams, data.Recipe.Target), &data.Recipe); err != nil {
		return nil, err
	}
	return j, j.identify()
}

// withoutTarget drops a target that only repeats the run's own.
func withoutTarget(params map[string]any, target string) map[string]any {
	if params["target"] != target {
		return params
	}
	rest := make(map[string]any, len(params))
	for k, v := range params {
		if k != "target" {
			rest[k] = v
		}
	}
	return rest
}

// identify derives the fingerprint of the training, and the run that its
// result belongs to: the data's own run if the parameters are those that it was
// preprocessed with; else, unless the request names a run, one of its own.
func (j *job) identify() error {
	var err error
	j.fingerprint, err = processed.Fingerprint(map[string]any{
		"engine": j.Engine, "run": j.data.RunID, "train": j.data.Train.Digest, "holdout": j.data.Holdout.Digest,
		"recipe": j.data.Recipe, "params": j.params.Effective(),
	})
	if err != nil {
		return err
	}
	same, err := sameJSON(j.req.ModelParams, j.data.Params)
	switch {
	case j.req.RunID != "":
		j.runID = j.req.RunID
		err = processed.CheckRunID(j.runID)
	case same:
		j.runID = j.data.RunID
	default:
		j.runID = j.fingerprint[:20]
	}
	return err
}

func sameJSON(a, b any) (bool, error) {
	x, err := processed.Fingerprint(a)
	if err != nil {
		return false, err
	}
	y, err := processed.Fingerprint(b)
	return x == y, err
}

// run is the story of a training that was not done before.
func (j *job) run(ctx context.Context) (Result, error) {
	fitted, err := j.fit(ctx)
	if err != nil {
		return Result{}, err
	}
	j.warnings = append(j.warnings, fitted.warnings...)
	challenger := &model.Model{Recipe: j.data.Recipe, Trees: fitted.trees, Linear: fitted.linear}
	scored, err := j.data.Score(ctx, challenger, dataset.Holdout)
	if err != nil {
		return Result{}, err
	}
	scores := scored.Scores()
	baselines, err := j.baselines(ctx, scores)
	if err != nil {
		return Result{}, err
	}
	if challenger.Meta, err = j.lineage(scores); err != nil {
		return Result{}, err
	}
	version, err := j.store(ctx, challenger, scores, baselines)
	if err != nil {
		return Result{}, err
	}
	return j.result(challenger, version, fitted, scored, scores, baselines), nil
}
