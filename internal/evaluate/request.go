package evaluate

import (
	"retrain/internal/drift"
	"retrain/internal/explain"
	"retrain/internal/metric"
	"retrain/internal/search"
	"retrain/internal/usage"
)

// Request is the body of POST /evaluate: what /train answered.
type Request struct {
	ModelPath string              `json:"model_path" doc:"The challenger, as /train answered it"`
	ModelName string              `json:"model_name,omitempty" doc:"Default: the one in model_path"`
	RunID     string              `json:"run_id,omitempty"`
	Gate      map[string]any      `json:"gate,omitempty" doc:"primary, policy, confidence, min_absolute_change, min_relative_change, thresholds, guardrails, slices, must_beat_baseline, on_champion_incompatible, max_seen_fraction, on_suspected_leak; default: the one that /preprocess was given"`
	Metrics   map[string]*float64 `json:"metrics,omitempty" doc:"Ignored: both models are scored here"`
}

// Result is the answer of POST /evaluate. It holds all that /update-model needs.
type Result struct {
	Status                  string                     `json:"status"`
	ShouldUpdate            bool                       `json:"should_update"`
	Decision                string                     `json:"decision" enum:"promote,keep,bootstrap,champion_incompatible"`
	Reasons                 []Reason                   `json:"reasons"`
	Summary                 string                     `json:"summary" doc:"The verdict in a sentence"`
	ModelPath               string                     `json:"model_path"`
	ModelSHA256             string                     `json:"model_sha256"`
	ModelName               string                     `json:"model_name"`
	RunID                   string                     `json:"run_id"`
	Target                  string                     `json:"target"`
	Task                    string                     `json:"task"`
	Gate                    Gate                       `json:"gate" doc:"The settings that were applied, defaults included"`
	Primary                 string                     `json:"primary_metric"`
	HoldoutRows             int64                      `json:"holdout_rows"`
	Metrics                 map[string]*float64        `json:"metrics" doc:"The challenger's"`
	MetricsUndefined        map[string]string          `json:"metrics_undefined,omitempty"`
	Champion                *Champion                  `json:"champion" doc:"null if there is none"`
	Seen                    *Seen                      `json:"holdout_seen,omitempty" doc:"What the champion had seen of the holdout; absent if there is no champion to compare with"`
	MetricsCI               map[string]metric.Interval `json:"metrics_ci,omitempty" doc:"Of the challenger's scores, where there is no champion to compare with"`
	Comparisons             []metric.Comparison        `json:"comparisons" doc:"Both models on the same rows, in each metric; empty if there is no champion to compare with"`
	Baselines               map[string]float64         `json:"baselines,omitempty" doc:"The baselines' scores in the primary metric"`
	ExpectedChampionVersion int64                      `json:"expected_champion_version" doc:"0 if there is no champion"`
	Drift                   []drift.Result             `json:"drift" doc:"Columns of the new data, both sides, against the champion's training data: what is missing, retyped or new, then the others, the farthest first, 100 at most"`
	DriftUnknown            string                     `json:"drift_unknown,omitempty" doc:"Why drift is empty: the champion's version is too old to tell"`
	Importances             *explain.Importances       `json:"permutation_importances,omitempty" doc:"What each column is worth to the challenger, in the primary metric; absent where that is undefined"`
	Dependences             []explain.Dependence       `json:"partial_dependence" doc:"The challenger's mean answers by the values of its most important columns"`
	Leaderboard             []search.Standing          `json:"leaderboard,omitempty" doc:"If a search chose the challenger's parameters: the candidates, the best first"`
	ReportPath              string                     `json:"report_path" doc:"The evaluation as an HTML page; GET /models/{name}/evaluations/{id}/report serves it"`
	EvaluationPath          string                     `json:"evaluation_path"`
	Warnings                []string                   `json:"warnings"`
	Cached                  bool                       `json:"cached"`
	DurationMS              int64                      `json:"duration_ms"`
	Usage                   *usage.Usage               `json:"usage,omitempty" doc:"What the request took"`
}

// Champion is the model that the challenger was compared with.
type Champion struct {
	Version          int64               `json:"version"`
	ModelPath        string              `json:"model_path"`
	ModelSHA256      string              `json:"model_sha256"`
	Metrics          map[string]*float64 `json:"metrics,omitempty" doc:"On the challenger's holdout; absent if it cannot be scored there"`
	MetricsUndefined map[string]string   `json:"metrics_undefined,omitempty"`
	Incompatible     string              `json:"incompatible,omitempty" doc:"Why it cannot be scored"`
}

// Seen says how much of the holdout the champion had been trained on and the
// challenger had not: rows of which it may know the answers by heart. They are
// left out of the comparison.
type Seen struct {
	Rows         int64               `json:"rows" doc:"Holdout rows that are equal to rows which the champion was trained on, and the challenger was not; an estimate, with one false alarm in 256 rows taken off"`
	Fraction     float64             `json:"fraction" doc:"The same as a share of the holdout"`
	ComparedRows int64               `json:"compared_rows" doc:"Rows that the models were compared on"`
	Metrics      map[string]*float64 `json:"metrics,omitempty" doc:"The challenger's on those rows, if they are not all"`
	Unknown      string              `json:"unknown,omitempty" doc:"Why it cannot be told, and all rows are compared"`
}

// Reason is one rule of the gate and how it came out.
type Reason struct {
	Rule       string      `json:"rule" enum:"bootstrap,superior,non_inferior,better,threshold,guardrail,baseline,champion_incompatible,same_model,holdout_seen,suspected_leak,slice"`
	Metric     string      `json:"metric,omitempty"`
	Challenger *float64    `json:"challenger,omitempty"`
	Champion   *float64    `json:"champion,omitempty"`
	Difference *float64    `json:"difference,omitempty" doc:"challenger - champion"`
	CI         *[2]float64 `json:"ci,omitempty" doc:"Of the difference"`
	Required   string      `json:"required" doc:"What the rule asks for"`
	RowsNeeded *int64      `json:"rows_needed,omitempty" doc:"About how many holdout rows would show a lead of this size four times out of five, where these cannot tell it from chance"`
	Passed     bool        `json:"passed"`
}
