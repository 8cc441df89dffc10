package modelstore

import (
	"context"
	"fmt"

	"retrain/internal/fault"
	"retrain/internal/usage"
)

// DefaultName is the model that a request without model_name means.
const DefaultName = "default"

// UpdateRequest is the body of POST /update-model: what /evaluate answered.
type UpdateRequest struct {
	ShouldUpdate            *bool  `json:"should_update" doc:"As /evaluate answered it: true makes the model champion, false leaves everything as it is"`
	ModelPath               string `json:"model_path,omitempty" doc:"The challenger, as /train answered it; required if should_update is true"`
	ModelName               string `json:"model_name,omitempty" doc:"Default: the one in model_path, else 'default'"`
	RunID                   string `json:"run_id,omitempty"`
	EvaluationPath          string `json:"evaluation_path,omitempty" doc:"The evaluation that lets the model in, as /evaluate answered it; default: found by the model"`
	ExpectedChampionVersion *int64 `json:"expected_champion_version,omitempty" minimum:"0" doc:"Refuse if another version stands; 0 means that there is no champion"`
	By                      string `json:"by,omitempty" maxLength:"500" doc:"Who asks, for the history"`
	Reason                  string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the history"`
}

// UpdateResult is the answer of POST /update-model.
type UpdateResult struct {
	Status          string       `json:"status"`
	Updated         bool         `json:"updated" doc:"Whether the model became champion by this request, now or when it was first made"`
	Version         *int64       `json:"version" doc:"The version that the model became; if nothing was to be updated, the one that stands; null if there is none"`
	PreviousVersion *int64       `json:"previous_version" doc:"The version that it replaced; null if there was none"`
	ModelURI        string       `json:"model_uri,omitempty" doc:"The model file of that version, which never changes"`
	LatestPath      string       `json:"latest_path,omitempty" doc:"A copy of the champion's model file under a fixed name"`
	Endpoints       []string     `json:"endpoints" doc:"Endpoints that were told to serve the version"`
	AlreadyCurrent  bool         `json:"already_current" doc:"The model was champion already, and nothing changed"`
	ModelName       string       `json:"model_name"`
	RunID           string       `json:"run_id,omitempty"`
	PromotionID     string       `json:"promotion_id,omitempty" doc:"Names the change in the history"`
	Usage           *usage.Usage `json:"usage,omitempty" doc:"What the request took"`
	Warnings        []string     `json:"warnings"`
}

// Update is the update-model step: it makes an evaluated model champion.
type Update struct {
	Store *Store
	// Check examines the model before the pointer moves; nil is CheckGolden.
	Check Check
}

// Run carries out what the verdict says. Nothing in the request is believed
// but should_update: false; that a model may replace the champion is read from
// the stored evaluation.
func (u Update) Run(ctx context.Context, req UpdateRequest) (UpdateResult, error) {
	if req.ShouldUpdate == nil {
		return UpdateResult{}, missing("should_update")
	}
	if *req.ShouldUpdate && req.ModelPath == "" {
		return UpdateResult{}, missing("model_path")
	}
	name, digest, err := u.subject(req)
	if err != nil {
		return UpdateResult{}, err
	}
	if !*req.ShouldUpdate {
		return u.keep(ctx, name, digest, req)
	}
	return u.promote(ctx, name, digest, req)
}

func missing(field string) error {
	return fault.New(fault.InvalidRequest, "The field %s is required.", field).
		At("Field required", "missing", "body", field)
}

// subject returns the model's name, and the version that model_path names.
func (u Update) subject(req UpdateRequest) (name, digest string, err error) {
	name = req.ModelName
	if name == "" {
		name = DefaultName
	}
	if req.ModelPath == "" {
		return name, "", CheckName(name)
	}
	inPath, digest, err := u.Store.ParseModelPath(req.ModelPath)
	if err == nil && req.ModelName != "" && req.ModelName != inPath {
		err = fault.New(fault.InvalidRequest, "The model in model_path is not one of model_name.").
			At("It is another model's.", "name_mismatch", "body", "model_path")
	}
	return inPath, digest, err
}

// keep answers that the champion stays, and whether it is the very model that
// the request is about.
func (u Update) keep(ctx context.Context, name, digest string, req UpdateRequest) (UpdateResult, error) {
	standing, _, err := u.Store.Champion(ctx, name)
	if err != nil {
		return UpdateResult{}, err
	}
	result := u.answer(name, req)
	if standing != nil {
		result.Version = &standing.Generation
		result.AlreadyCurrent = standing.Digest == digest
	}
	return result, nil
}

func (u Update) answer(name string, req UpdateRequest) UpdateResult {
	return UpdateResult{
		Status: "success", ModelName: name, RunID: req.RunID,
		Endpoints: []string{}, Warnings: []string{},
	}
}

// promote finds the evaluation that the request rests on, and promotes by it.
func (u Update) promote(ctx context.Context, name, digest string, req UpdateRequest) (UpdateResult, error) {
	standing, _, err := u.Store.Champion(ctx, name)
	if err != nil {
		return UpdateResult{}, err
	}
	var promotion Promotion
	evaluation, err := u.evaluation(ctx, name, digest, req, standing)
	switch {
	case err != nil:
		return UpdateResult{}, err
	case standing.digest() == digest:
		done := Promotion{Change: standing.Change, Already: true, Standing: standing.Generation}
		promotion, err = u.Store.withLatest(ctx, name, done, nil)
	default:
		asked := Asked{By: req.By, Reason: req.Reason}
		promotion, err = u.Store.Promote(ctx, name, evaluation.ID(), asked, orGolden(u.Check))
	}
	if err != nil {
		return UpdateResult{}, err
	}
	result := u.answer(name, req)
	result.tell(u.Store, promotion)
	return result, nil
}

// evaluation returns the stored evaluation that lets the model in: the one that
// the request names, else one that the store finds. A champion needs none.
func (u Update) evaluation(ctx context.Context, name, digest string, req UpdateRequest, standing *Champion) (e Evaluation, err error) {
	switch {
	case req.EvaluationPath != "":
		e, err = u.named(ctx, name, digest, req.EvaluationPath)
	case standing.digest() == digest:
		return Evaluation{}, nil
	default:
		over := standing.generation()
		if req.ExpectedChampionVersion != nil {
			over = *req.ExpectedChampionVersion
		}
		e, err = u.Store.findEvaluation(ctx, name, digest, over)
	}
	if err != nil {
		return Evaluation{}, err
	}
	if expected := req.ExpectedChampionVersion; expected != nil && *expected != e.ChampionGeneration && standing.digest() != digest {
		return Evaluation{}, fault.New(fault.ChampionChanged, "The evaluation of this model did not compare it with the expected champion; evaluate the model again and update with that evaluation.").
			At("Not the version that the evaluation compared with", "version_mismatch", "body", "expected_champion_version")
	}
	return e, nil
}

// named returns the evaluation at the path, which must be of this very model.
func (u Update) named(ctx context.Context, name, digest, path string) (Evaluation, error) {
	inPath, id, err := u.Store.ParseEvaluationPath(path)
	if err != nil {
		return Evaluation{}, err
	}
	another := fault.New(fault.GateNotPassed, "The evaluation is not one of this model; call /evaluate first.").
		At("It is another model's.", "evaluation_mismatch", "body", "evaluation_path")
	if inPath != name {
		return Evaluation{}, another
	}
	e, err := u.Store.Evaluation(ctx, name, id)
	switch {
	case fault.Is(err, fault.DataNotFound):
		return Evaluation{}, noEvaluation(err)
	case err == nil && e.ModelDigest != digest:
		return Evaluation{}, another
	}
	return e, err
}

// tell describes a change of champion.
func (r *UpdateResult) tell(s *Store, p Promotion) {
	r.Updated = p.Kind == Promoted
	r.AlreadyCurrent = p.Already && p.Standing == p.Generation
	r.Version = &p.Generation
	if p.ReplacedGeneration > 0 {
		r.PreviousVersion = &p.ReplacedGeneration
	}
	r.ModelURI = s.ModelURI(r.ModelName, p.Digest)
	r.LatestPath = s.LatestURI(r.ModelName)
	r.PromotionID = p.PromotionID
	r.Warnings = append(r.Warnings, p.warnings()...)
}

// warnings returns what a caller should know of a change that took place.
func (p Promotion) warnings() []string {
	if p.Standing == p.Generation {
		return p.Warnings
	}
	replaced := fmt.Sprintf("Version %d has been replaced since; version %d stands.", p.Generation, p.Standing)
	return append([]string{replaced}, p.Warnings...)
}

// orGolden is the check of a step that names none.
func orGolden(check Check) Check {
	if check == nil {
		return CheckGolden
	}
	return check
}
