package train

import (
	"retrain/internal/metric"
	"retrain/internal/search"
	"retrain/internal/usage"
)

// Request is the body of POST /train: what /preprocess answered.
type Request struct {
	ProcessedDataPath string         `json:"processed_data_path" doc:"As /preprocess answered it"`
	ModelParams       map[string]any `json:"model_params,omitempty" doc:"algorithm and its parameters, by scikit-learn's names; with a search, the best candidate's are used; default: those that /preprocess was given"`
	ModelName         string         `json:"model_name,omitempty" doc:"Default: the one that the data was preprocessed for"`
	RunID             string         `json:"run_id,omitempty" doc:"Default: the one of the processed data if the parameters are those that it was preprocessed with, else derived from data and parameters"`
	Gate              map[string]any `json:"gate,omitempty" doc:"Passed on to /evaluate; default: the one that /preprocess was given"`
	OnDeadline        string         `json:"on_deadline,omitempty" enum:"fail,checkpoint,best_so_far" doc:"What to do when the time is up before the training is done: fail (the default), answer with a checkpoint to be called again with, or end with the trees so far"`
	Checkpoint        *Checkpoint    `json:"checkpoint,omitempty" doc:"As an answer in_progress gave it"`
	ValidateOn        float64        `json:"validate_on,omitempty" minimum:"0" maximum:"0.5" doc:"Only judge the parameters: learn from the training side without this share of its rows, and answer validation, the loss on those; no model is stored. /preprocess answers such requests as candidates"`
	// Candidates are what became of those that /preprocess answered. Scores in
	// it count for nothing: they are read from the store.
	Candidates []map[string]any `json:"candidates,omitempty" doc:"For model_params with a search: what became of each candidate; an error is taken over into the leaderboard, scores are read from the store"`
	// Threads is how many goroutines the learner shares its work among; 0 is
	// GOMAXPROCS. It changes nothing but the time.
	Threads int `json:"-"`
}

// Checkpoint says where a training goes on that was not done in one call.
type Checkpoint struct {
	URI         string `json:"uri"`
	SHA256      string `json:"sha256"`
	TreesDone   int    `json:"trees_done" doc:"Trees a class"`
	TreesTarget int    `json:"trees_target" doc:"Trees a class, unless early stopping ends the training"`
}

// Result is the answer of POST /train. It holds all that /evaluate needs.
type Result struct {
	Status            string                     `json:"status" enum:"success,in_progress" doc:"in_progress only with on_deadline checkpoint: then call /train again with this answer"`
	RunID             string                     `json:"run_id"`
	ModelName         string                     `json:"model_name"`
	ProcessedDataPath string                     `json:"processed_data_path"`
	ModelParams       map[string]any             `json:"model_params" doc:"As given"`
	Params            map[string]any             `json:"effective_params" doc:"All parameters of the algorithm, defaults included, by scikit-learn's names"`
	Gate              map[string]any             `json:"gate,omitempty"`
	Target            string                     `json:"target"`
	Task              string                     `json:"task"`
	Algorithm         string                     `json:"algorithm"`
	ModelPath         string                     `json:"model_path,omitempty"`
	ModelSHA256       string                     `json:"model_sha256,omitempty"`
	Selection         *Selection                 `json:"selection,omitempty" doc:"With algorithm auto: how it was chosen"`
	ValidateOn        float64                    `json:"validate_on,omitempty" doc:"Of a candidate: as given"`
	Validation        *search.Validation         `json:"validation,omitempty" doc:"Of a candidate, or of the candidate whose parameters a search chose"`
	Leaderboard       []search.Standing          `json:"leaderboard,omitempty" doc:"Of a search: the candidates, the best first"`
	Metrics           map[string]*float64        `json:"metrics,omitzero" doc:"The challenger's scores on the holdout; null where undefined"`
	MetricsUndefined  map[string]string          `json:"metrics_undefined,omitempty" doc:"Why a metric is undefined"`
	MetricsCI         map[string]metric.Interval `json:"metrics_ci,omitempty" doc:"95 % confidence intervals"`
	Baselines         map[string]ScoreList       `json:"baselines,omitzero" doc:"Scores of majority or mean, and of a linear model, on the same holdout"`
	Importances       []Importance               `json:"importances,omitzero" doc:"Gain of each feature, largest first, summing to 1"`
	BestIteration     int                        `json:"best_iteration" doc:"Trees a class, or iterations of the optimizer"`
	Threshold         *float64                   `json:"threshold,omitempty" doc:"The probability of the second class above which a row is given it; left out where it is one half"`
	OnDeadline        string                     `json:"on_deadline,omitempty" doc:"While in progress: as given"`
	Checkpoint        *Checkpoint                `json:"checkpoint,omitempty" doc:"While in progress: where the training goes on"`
	Progress          float64                    `json:"progress,omitempty" doc:"While in progress: the share of the trees that is done"`
	Warnings          []string                   `json:"warnings"`
	Cached            bool                       `json:"cached"`
	DurationMS        int64                      `json:"duration_ms"`
	Usage             *usage.Usage               `json:"usage,omitempty" doc:"What the request took"`
}

// ScoreList is a set of metrics; nil is an undefined one.
type ScoreList map[string]*float64

// Importance is a feature's share of the model.
type Importance struct {
	Feature string  `json:"feature"`
	Share   float64 `json:"share"`
}
