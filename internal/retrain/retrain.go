// Package retrain runs the four steps in turn: preprocess, train, evaluate and
// update-model, as the state machine does, in one call.
//
// It knows the steps' requests and results, and nothing of how a request
// reached it. The route, the command and the direct Lambda call share it.
package retrain

import (
	"context"
	"time"

	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/train"
	"retrain/internal/usage"
)

// Request is the body of POST /retrain: that of POST /preprocess.
type Request = preprocess.Request

// Result is the answer of POST /retrain.
type Result struct {
	Status       string                  `json:"status"`
	RunID        string                  `json:"run_id"`
	ModelName    string                  `json:"model_name"`
	ModelPath    string                  `json:"model_path"`
	Metrics      map[string]*float64     `json:"metrics"`
	ShouldUpdate bool                    `json:"should_update"`
	Decision     string                  `json:"decision"`
	Summary      string                  `json:"summary"`
	Updated      bool                    `json:"updated"`
	Version      *int64                  `json:"version" doc:"The version that serves now"`
	Preprocess   preprocess.Result       `json:"preprocess"`
	Train        train.Result            `json:"train"`
	Evaluate     evaluate.Result         `json:"evaluate"`
	UpdateModel  modelstore.UpdateResult `json:"update_model"`
	Warnings     []string                `json:"warnings" doc:"Of all steps"`
	DurationMS   int64                   `json:"duration_ms"`
	Usage        *usage.Usage            `json:"usage,omitempty" doc:"What the request took"`
}

// Step runs the four steps. All fields are required but Begin and
// BeginCandidate.
type Step struct {
	Preprocess func(context.Context, preprocess.Request) (preprocess.Result, error)
	Train      func(context.Context, train.Request) (train.Result, error)
	Evaluate   func(context.Context, evaluate.Request) (evaluate.Result, error)
	Update     func(context.Context, modelstore.UpdateRequest) (modelstore.UpdateResult, error)
	Now        func() time.Time
	// Begin is told the name of each step before it runs; nil is nobody.
	Begin func(step string)
	// BeginCandidate is told, one call after the other, which candidate of a search
	// begins to be trained, counted from 0, of how many; nil is nobody.
	BeginCandidate func(candidate, of int)
}

// maxComparisons bounds how often a challenger is compared, if each time
// another model becomes champion before it can.
const maxComparisons = 3

// Run carries a request through the four steps. Each step's request is what the
// step before it answered, as in the state machine. If the champion changes
// between the comparison and the update, both are done again. Any other error
// of a step ends the run and is returned as it is.
func (s *Step) Run(ctx context.Context, req Request) (Result, error) {
	start := s.Now()
	var r Result
	if req.DryRun {
		return r, fault.New(fault.InvalidRequest, "A retraining cannot be a dry run.").
			At("Use /preprocess for a dry run", "value_error", "body", "dry_run")
	}
	if err := s.preprocess(ctx, req, &r); err != nil {
		return Result{}, err
	}
	if err := s.train(ctx, &r); err != nil {
		return Result{}, err
	}
	for n := 1; ; n++ {
		err := s.evaluate(ctx, &r)
		if err == nil {
			err = s.update(ctx, &r)
		}
		if err == nil {
			break
		}
		if n == maxComparisons || !fault.Is(err, fault.ChampionChanged) {
			return Result{}, err
		}
	}
	r.summarize()
	r.DurationMS = s.Now().Sub(start).Milliseconds()
	return r, nil
}

func (s *Step) begin(step string) {
	if s.Begin != nil {
		s.Begin(step)
	}
}

func (s *Step) preprocess(ctx context.Context, req Request, r *Result) (err error) {
	s.begin("preprocess")
	r.Preprocess, err = s.Preprocess(ctx, req)
	return err
}

func (s *Step) train(ctx context.Context, r *Result) error {
	p := &r.Preprocess
	candidates, err := s.trainCandidates(ctx, p)
	if err != nil {
		return err
	}
	s.begin("train")
	r.Train, err = s.Train(ctx, train.Request{
		ProcessedDataPath: p.ProcessedDataPath, ModelParams: p.ModelParams, ModelName: p.ModelName, RunID: p.RunID, Gate: p.Gate,
		Candidates: candidates,
	})
	return err
}

func (s *Step) evaluate(ctx context.Context, r *Result) (err error) {
	s.begin("evaluate")
	t := &r.Train
	r.Evaluate, err = s.Evaluate(ctx, evaluate.Request{ModelPath: t.ModelPath, ModelName: t.ModelName, RunID: t.RunID, Gate: t.Gate})
	return err
}

func (s *Step) update(ctx context.Context, r *Result) (err error) {
	s.begin("update-model")
	e := &r.Evaluate
	r.UpdateModel, err = s.Update(ctx, modelstore.UpdateRequest{
		ShouldUpdate: &e.ShouldUpdate, ModelPath: e.ModelPath, ModelName: e.ModelName, RunID: e.RunID, EvaluationPath: e.EvaluationPath,
		ExpectedChampionVersion: &e.ExpectedChampionVersion,
	})
	return err
}

// summarize lifts what most callers look for to the top of the answer.
func (r *Result) summarize() {
	r.Status = "success"
	r.RunID, r.ModelName, r.ModelPath = r.Preprocess.RunID, r.Train.ModelName, r.Train.ModelPath
	r.Metrics, r.ShouldUpdate, r.Decision, r.Summary = r.Evaluate.Metrics, r.Evaluate.ShouldUpdate, r.Evaluate.Decision, r.Evaluate.Summary
	r.Updated, r.Version = r.UpdateModel.Updated, r.UpdateModel.Version
	r.Warnings = []string{}
	for _, warnings := range [][]string{r.Preprocess.Warnings, r.Train.Warnings, r.Evaluate.Warnings, r.UpdateModel.Warnings} {
		r.Warnings = append(r.Warnings, warnings...)
	}
}
