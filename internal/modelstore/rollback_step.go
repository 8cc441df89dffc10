package modelstore

import "context"

// RollbackRequest is the body of POST /models/{name}/rollback.
type RollbackRequest struct {
	ModelName               string `json:"model_name,omitempty" doc:"Default: 'default'"`
	ToVersion               int64  `json:"to_version" minimum:"1" doc:"The version of the history whose model is to be champion again"`
	Reason                  string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the history"`
	By                      string `json:"by,omitempty" maxLength:"500" doc:"Who asks, for the history"`
	ExpectedChampionVersion *int64 `json:"expected_champion_version,omitempty" minimum:"1" doc:"The version to replace: refuse if another one stands, and carry the rollback out once however often it is repeated"`
}

// RollbackResult is the answer of POST /models/{name}/rollback.
type RollbackResult struct {
	Status          string   `json:"status"`
	ModelName       string   `json:"model_name"`
	Version         int64    `json:"version" doc:"The new version, under which the restored model is champion"`
	PreviousVersion int64    `json:"previous_version" doc:"The version that it replaced"`
	RestoredVersion int64    `json:"restored_version" doc:"The version whose model is champion again"`
	ModelURI        string   `json:"model_uri"`
	LatestPath      string   `json:"latest_path"`
	AlreadyCurrent  bool     `json:"already_current" doc:"The model was champion already, and nothing changed"`
	PromotionID     string   `json:"promotion_id" doc:"Names the change in the history"`
	Warnings        []string `json:"warnings"`
}

// Rollback is the step that makes an earlier champion champion again.
type Rollback struct {
	Store *Store
	// Check examines the model before the pointer moves; nil is CheckGolden.
	Check Check
}

// Run moves the champion pointer back, as Store.Rollback says.
func (r Rollback) Run(ctx context.Context, req RollbackRequest) (RollbackResult, error) {
	name := req.ModelName
	if name == "" {
		name = DefaultName
	}
	asked := Asked{By: req.By, Reason: req.Reason}
	p, err := r.Store.Rollback(ctx, name, req.ToVersion, req.ExpectedChampionVersion, asked, orGolden(r.Check))
	if err != nil {
		return RollbackResult{}, err
	}
	return RollbackResult{
		Status: "success", ModelName: name,
		Version: p.Generation, PreviousVersion: p.ReplacedGeneration, RestoredVersion: req.ToVersion,
		ModelURI: r.Store.ModelURI(name, p.Digest), LatestPath: r.Store.LatestURI(name),
		AlreadyCurrent: p.Already && p.Standing == p.Generation,
		PromotionID:    p.PromotionID,
		Warnings:       append([]string{}, p.warnings()...),
	}, nil
}
