// Package train grows a challenger from a run's processed data, scores it on
// the holdout, and stores it.
//
// It streams the training side into the learner that the parameters name,
// scores the baselines beside it, and adds model and manifest to the model
// store. It knows neither the champion nor the gate.
package train

import (
	"context"
	"maps"
	"time"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/drift"
	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
	"retrain/internal/rowset"
	"retrain/internal/search"
)

// Step is the train step. Progress may be nil.
type Step struct {
	Store  blob.Root
	Models *modelstore.Store
	Engine string // version of this program, part of a result's identity
	Now    func() time.Time
	// Progress is told how much of the training is done, from 0 to 1.
	Progress func(done float64)
	// CheckpointEvery is how often a training that may be resumed is saved
	// while it goes on; 0 is once a minute.
	CheckpointEvery time.Duration
}

// Run trains, scores and stores the challenger.
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
	// An earlier answer may have been asked for in other words.
	result.ModelParams, result.Gate = job.req.ModelParams, job.req.Gate
	result.DurationMS = s.Now().Sub(start).Milliseconds()
	return *result, nil
}

// stepName is the name of this step's stored answer within a run.
const stepName = "train"

// job is one run of the step.
type job struct {
	*Step
	req         Request
	data        *processed.Data
	params      *Params   // of a search, those of its best candidate, once it is known
	search      *searched // nil if the parameters are given
	began       time.Time
	runID       string
	fingerprint string
	warnings    []string
	rows        *rowset.Builder // of the training side, once it has been read
	sample      *drift.Sampler
	choice      *choice // what auto has come to; nil if the algorithm is given
	totals      *totals
	judging     cut // of the rows that judge a candidate
	validating  cut // of the validation part, among the rows before

	// Of a training whose time may be up before it is done:
	clock   *clock           // nil if that is an error
	keeper  *keeper          // nil unless it may be resumed
	reached *gbdt.Checkpoint // the last round; nil before the first
	savedAt time.Time
	// rehearsed says that this call has saved a checkpoint, and so knows what
	// that takes.
	rehearsed bool
	scores    []byte // gbdt's, to resume with, or to be saved
}

// plan opens the data and reads the parameters.
func (s *Step) plan(ctx context.Context, req Request) (*job, error) {
	if req.ProcessedDataPath == "" {
		return nil, fault.New(fault.InvalidRequest, "processed_data_path is missing.").
			At("Field required", "missing", "body", "processed_data_path")
	}
	if err := checkOnDeadline(&req); err != nil {
		return nil, err
	}
	data, err := processed.Open(ctx, s.Store, req.ProcessedDataPath)
	if err != nil {
		return nil, err
	}
	j := &job{Step: s, req: req, data: data, began: s.Now()}
	if err = j.prepare(); err == nil {
		err = j.identify()
	}
	if err != nil {
		data.Close()
		return nil, err
	}
	return j, nil
}

// prepare fills in what the request leaves out from the data, and reads the
// parameters.
func (j *job) prepare() (err error) {
	if j.req.ModelName != "" && j.req.ModelName != j.data.ModelName {
		return fault.New(fault.InvalidRequest, "The data was preprocessed for another model than model_name gives.").
			At("Differs from the model that the data was preprocessed for", "value_error", "body", "model_name")
	}
	if j.req.ModelParams == nil {
		j.req.ModelParams = j.data.Params
	}
	if j.req.Gate == nil {
		j.req.Gate = j.data.Gate
	}
	params := j.req.ModelParams
	for _, named := range [][2]string{
		{"target", j.data.Recipe.Target}, {"sample_weight", j.data.SampleWeight}, {"weight_column", j.data.SampleWeight},
	} {
		if params, err = withoutColumn(params, named[0], named[1]); err != nil {
			return err
		}
	}
	if j.search, err = parseSearch(params, &j.data.Recipe); err != nil {
		return err
	}
	if j.search == nil {
		j.params, err = ParseParams(params, &j.data.Recipe)
		return err
	}
	if j.req.ValidateOn > 0 {
		return fault.New(fault.InvalidRequest, "A candidate has no search of its own.").
			At("A candidate has no search of its own", "value_error", "body", "model_params", search.Key)
	}
	return nil
}

// withoutColumn drops a parameter that repeats a column's name; another column
// comes too late.
func withoutColumn(params map[string]any, name, column string) (map[string]any, error) {
	given, ok := params[name]
	if !ok {
		return params, nil
	}
	if given != column && (given != nil || column != "") {
		return nil, fault.New(fault.InvalidRequest, "The data was preprocessed for another %s than model_params gives.", name).
			At("Differs from the "+name+" that the data was preprocessed for", "value_error", "body", "model_params", name)
	}
	rest := maps.Clone(params)
	delete(rest, name)
	return rest, nil
}

// identify derives the fingerprint of the training, and the run that its
// result belongs to: the one that the request names; else the data's own run,
// if program and parameters come to those that it was preprocessed with; else
// one of the training's own.
func (j *job) identify() error {
	var err error
	if j.fingerprint, err = j.fingerprintOf(j.params, j.search, j.req.ValidateOn); err != nil {
		return err
	}
	if j.req.RunID != "" {
		j.runID = j.req.RunID
		return processed.CheckRunID(j.runID)
	}
	j.runID = j.fingerprint[:20]
	recipe := &j.data.Recipe
	several, err := parseSearch(j.data.Params, recipe)
	if err != nil {
		return nil // the run was made with parameters that do not fit its data
	}
	var planned *Params
	if several == nil {
		if planned, err = ParseParams(j.data.Params, recipe); err != nil {
			return nil
		}
	}
	fingerprint, err := j.fingerprintOf(planned, several, 0)
	if fingerprint == j.fingerprint && j.Engine == j.data.Engine {
		j.runID = j.data.RunID
	}
	return err
}

// fingerprintOf names a training of the data: all that decides its result. A
// search is named by its candidates.
func (j *job) fingerprintOf(p *Params, several *searched, validateOn float64) (string, error) {
	all := map[string]any{
		"engine": j.Engine, "run": j.data.RunID, "train": j.data.Train.Digest, "holdout": j.data.Holdout.Digest,
		"recipe": j.data.Recipe,
	}
	if several == nil {
		all["params"] = p.Effective()
	} else {
		all["search"] = several.effective()
	}
	if validateOn > 0 {
		all["validate_on"] = validateOn
	}
	if j.data.TimeColumn != "" { // data of earlier versions is divided by chance
		all["time_column"] = j.data.TimeColumn
	}
	return processed.Fingerprint(all)
}

// earlier returns the run's earlier answer, or nil. An answer whose model has
// been deleted from the store is none: the training is done again. A run that
// belongs to other inputs is a fault.RunConflict, before any work is done.
func (j *job) earlier(ctx context.Context) (*Result, error) {
	var r Result
	found, err := processed.LoadResult(ctx, j.Store, j.runID, stepName, j.fingerprint, &r)
	if err != nil {
		return nil, err
	}
	if found && j.req.ValidateOn > 0 {
		r.Cached = true
		return &r, nil
	}
	if found {
		_, err = j.Models.Version(ctx, j.data.ModelName, r.ModelSHA256)
		if fault.Is(err, fault.DataNotFound) {
			return nil, nil
		}
		r.Cached = true
		return &r, err
	}
	if j.runID != j.data.RunID {
		err = processed.Claimable(ctx, j.Store, j.runID, j.fingerprint)
	}
	return nil, err
}

// run does a training that was not done before.
func (j *job) run(ctx context.Context) (*Result, error) {
	if j.search != nil {
		if err := j.takeBest(ctx); err != nil {
			return nil, err
		}
	}
	if j.req.Checkpoint != nil || j.req.OnDeadline == onDeadlineCheckpoint {
		if err := j.findCheckpoint(ctx); err != nil {
			return nil, err
		}
	}
	if j.req.OnDeadline == onDeadlineCheckpoint {
		return j.runInCalls(ctx)
	}
	return j.finish(ctx)
}

// finish is the story of a training: train, store, answer. The answer is kept
// for the same request, unless the training was ended by the time that it had.
func (j *job) finish(ctx context.Context) (*Result, error) {
	if err := j.findCuts(ctx); err != nil {
		return nil, err
	}
	if j.req.ValidateOn > 0 {
		return j.validate(ctx)
	}
	o, err := j.train(ctx)
	if err != nil {
		return nil, err
	}
	version, err := j.store(ctx, o)
	if err != nil {
		return nil, err
	}
	r, err := j.result(ctx, o, version)
	if err != nil || o.unfinished {
		return r, err
	}
	return r, processed.SaveResult(ctx, j.Store, j.runID, stepName, j.fingerprint, r)
}

// outcome is a challenger and how it did on the holdout.
type outcome struct {
	*fitted
	challenger *model.Model
	scored     *processed.Scored
	scores     metric.Scores
	baselines  map[string]metric.Scores
}

func (j *job) train(ctx context.Context) (*outcome, error) {
	fit := j.fit
	if j.req.OnDeadline == onDeadlineBest {
		fit = j.fitInTime
	}
	fitted, err := fit(ctx)
	if err != nil {
		return nil, err
	}
	j.warnings = append(j.warnings, fitted.warnings...)
	o := &outcome{fitted: fitted, challenger: &model.Model{Recipe: j.data.Recipe, Trees: fitted.trees, Linear: fitted.linear}}
	if err = j.decide(ctx, fitted, o.challenger); err != nil {
		return nil, err
	}
	if o.scored, err = j.data.Score(ctx, o.challenger, dataset.Holdout); err != nil {
		return nil, err
	}
	o.scored.Objective = j.objective()
	o.scores = o.scored.Scores()
	o.baselines, err = j.baselines(ctx, o)
	return o, err
}

// fitted is what a learner found.
type fitted struct {
	trees      *model.Trees
	linear     *model.Linear
	sample     *linear.Data // rows for the linear baseline; nil if the learner is linear
	iterations int
	warnings   []string
	unfinished bool // it was ended by the time that it had
	whole      bool // it has seen all rows, the validation part's too
	// calibration is the method by which the model is calibrated, once it is.
	calibration string
}

func (j *job) fit(ctx context.Context) (*fitted, error) {
	read, err := j.choose(ctx)
	if err != nil {
		return nil, err
	}
	if j.params.Algorithm != GradientBoosting {
		return j.fitLinear(ctx)
	}
	if read == nil {
		if read, err = j.findBins(ctx, nil); err != nil {
			return nil, err
		}
	}
	return j.fitBoosting(ctx, read)
}
