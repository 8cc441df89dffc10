// Package retrain runs the four steps in turn: preprocess, train, evaluate and
// update-model, as the state machine does, in one call.
//
// It knows the steps' requests and results, and nothing of how a request
// reached it. The route, the command and the direct Lambda call share it.
package retrain

import (
	"context"

	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/train"
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
	DurationMS   int64                   `json:"duration_ms"`
}

// Progress reports that a step began, or how far it has come.
type Progress struct {
	Step string  // preprocess, train, evaluate or update-model
	Done float64 // 0 to 1
}

// Step runs the four steps.
type Step struct {
	Preprocess func(context.Context, preprocess.Request) (preprocess.Result, error)
	Train      func(context.Context, train.Request) (train.Result, error)
	Evaluate   func(context.Context, evaluate.Request) (evaluate.Result, error)
	Update     func(context.Context, modelstore.UpdateRequest) (modelstore.UpdateResult, error)
}
