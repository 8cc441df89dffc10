package api

import (
	"retrain/internal/approval"
	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// stepRoutes are the routes of the steps.
func (s *service) stepRoutes() []routed {
	return []routed{s.preprocess(), s.train(), s.evaluate(), s.updateModel(), s.retrain(), s.approve()}
}

func (s *service) preprocess() routed {
	return step[preprocess.Request, preprocess.Result]{
		path: "/preprocess", run: s.steps.Preprocess, heavy: true,
		outcome: func(r *preprocess.Result) (*[]string, string) { return &r.Warnings, r.RunID },
		told:    preprocessTold,
		doc: description{
			id: "preprocess", order: 1, summary: "Clean the data and set a holdout aside",
			text: "Reads the data, finds the columns' types and the task, drops what cannot be learned from, splits off the holdout " +
				"by a hash of each row's content, and writes the processed data. The answer says what became of each column.",
			examples: map[string]any{
				"Plain":     map[string]any{"data_path": "s3://ml-data/churn/2026-11-22.csv", "model_params": map[string]any{}, "target": "churn"},
				"Boosted":   boosted,
				"Only look": map[string]any{"data_path": "data/churn.csv", "model_params": map[string]any{}, "target": "churn", "dry_run": true},
			},
			kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.RunConflict, fault.Throttled},
		},
	}
}

func (s *service) train() routed {
	return step[train.Request, train.Result]{
		path: "/train", run: s.steps.Train, heavy: true,
		outcome: func(r *train.Result) (*[]string, string) { return &r.Warnings, r.RunID },
		told:    trainTold,
		doc: description{
			id: "train", order: 2, summary: "Train a challenger",
			text: "Grows a model from the processed data, scores it and the baselines on the holdout, and stores it. " +
				"Parameters have scikit-learn's names; LightGBM's and XGBoost's common names are understood too.",
			examples: map[string]any{
				"What preprocess answered": map[string]any{
					"processed_data_path": "s3://ml-models/runs/2f1c9a70/processed.parquet", "run_id": "2f1c9a70",
					"model_params": map[string]any{"algorithm": "gradient_boosting", "max_iter": 100},
				},
			},
			kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.RunConflict, fault.Throttled},
		},
	}
}

func (s *service) evaluate() routed {
	return step[evaluate.Request, evaluate.Result]{
		path: "/evaluate", run: s.steps.Evaluate,
		outcome: func(r *evaluate.Result) (*[]string, string) { return &r.Warnings, r.RunID },
		told:    evaluateTold,
		doc: description{
			id: "evaluate", order: 3, summary: "Compare the challenger with the champion",
			text: "Scores both on the challenger's holdout, row by row, and applies the gate. The verdict is stored; " +
				"`should_update` says whether /update-model will promote. Scores in the request are ignored.",
			examples: map[string]any{
				"Defaults": map[string]any{"model_path": exampleModel},
				"Own gate": map[string]any{"model_path": exampleModel, "gate": map[string]any{
					"policy": "non_inferior", "min_absolute_change": 0.002,
					"thresholds": map[string]any{"roc_auc": map[string]any{"min": 0.8}},
				}},
			},
			kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound},
		},
	}
}

func (s *service) updateModel() routed {
	return step[modelstore.UpdateRequest, modelstore.UpdateResult]{
		path: "/update-model", run: s.steps.Update,
		outcome: func(r *modelstore.UpdateResult) (*[]string, string) { return &r.Warnings, r.RunID },
		told:    updateModelTold,
		doc: description{
			id: "update-model", order: 4, summary: "Promote the challenger, if it passed",
			text: "Moves the champion pointer to the model, if a stored evaluation against the champion that stands says so. " +
				"With `should_update: false` nothing changes. Repeated, it answers the same, with `already_current: true`.",
			examples: map[string]any{
				"Promote": map[string]any{"should_update": true, "model_path": exampleModel},
				"Keep":    map[string]any{"should_update": false},
			},
			kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.GateNotPassed, fault.ChampionChanged},
		},
	}
}

func (s *service) retrain() routed {
	return step[retrain.Request, retrain.Result]{
		path: "/retrain", run: s.steps.Retrain, heavy: true,
		outcome: func(r *retrain.Result) (*[]string, string) { return &r.Warnings, r.RunID },
		told:    retrainTold,
		doc: description{
			id: "retrain", order: 5, summary: "All four steps in one call",
			text:     "Takes what /preprocess takes, runs the four steps in turn, and answers with the results of all of them.",
			examples: map[string]any{"Boosted": boosted},
			kinds: []fault.Kind{
				fault.InvalidData, fault.DataNotFound, fault.RunConflict, fault.GateNotPassed, fault.ChampionChanged, fault.Throttled,
			},
		},
	}
}

func (s *service) approve() routed {
	return step[approval.Request, approval.Result]{
		path: "/approve", run: s.steps.Approve,
		outcome: func(r *approval.Result) (*[]string, string) { return &r.Warnings, "" },
		doc: description{
			id: "approve", order: 6, summary: "Answer a state machine that asks whether a model may be promoted",
			text: "Passes the answer on to the execution that waits with the token. The message on the deployment's topic has the token, " +
				"and the evaluation to decide by.",
			examples: map[string]any{
				"Approve": map[string]any{"task_token": "AQCEAAAAKgAAAAMA…", "approved": true, "by": "jo@example.com", "reason": "The report looks right."},
			},
			kinds: []fault.Kind{fault.DataNotFound, fault.RunConflict},
		},
	}
}

const exampleModel = "s3://ml-models/models/default/sha256/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08/model.onnx"

var boosted = map[string]any{
	"data_path": "s3://ml-data/churn/2026-11-22.csv", "target": "churn", "model_name": "churn",
	"model_params": map[string]any{"algorithm": "gradient_boosting", "max_iter": 200, "learning_rate": 0.05},
	"gate":         map[string]any{"policy": "superior", "guardrails": map[string]any{"f1_score": map[string]any{"max_drop": 0.01}}},
}
