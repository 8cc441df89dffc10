package preprocess

import (
	"retrain/internal/processed"
	"retrain/internal/usage"
)

// Request is the body of POST /preprocess.
type Request struct {
	DataPath string `json:"data_path" doc:"The training data: s3://bucket/key, or a local path below a data root; with a slash at the end, all objects below it, in the order of their keys" example:"s3://ml-data/churn/2026-11-22.csv"`
	// MoreDataPaths are further addresses of the kind of DataPath.
	MoreDataPaths []string       `json:"more_data_paths,omitempty" doc:"Further addresses like data_path; all together make one table, whose rows follow one another in this order"`
	ModelParams   map[string]any `json:"model_params" doc:"The learner's parameters, by scikit-learn's names; may be {}; search has candidates trained, the best of which is used"`
	Target        string         `json:"target,omitempty" doc:"The column to predict; default: the champion's target, else a column named target, label or y"`
	SampleWeight  string         `json:"sample_weight,omitempty" doc:"The column that says how much a row counts in training, 2 as much as the row twice; at least 0, and rows of weight 0 are left out. It is no feature. Scores on the holdout are not weighted"`
	Task          string         `json:"task,omitempty" enum:"auto,binary,multiclass,regression" doc:"Default auto: found from the target's values"`
	ModelName     string         `json:"model_name,omitempty" doc:"Which of the deployment's models this is; default 'default'"`
	RunID         string         `json:"run_id,omitempty" doc:"Default: derived from the data, the parameters and the engine version"`
	Split         map[string]any `json:"split,omitempty" doc:"How the holdout is chosen: test_fraction (0.2), group_column, time_column"`
	Read          map[string]any `json:"read,omitempty" doc:"How the data is written, as far as a sample would not tell: format (csv, jsonl, parquet), encoding (utf-8, utf-16, latin-1, windows-1252 …), delimiter, quote, header (true, false, or the number of rows), decimal, thousands, na_values (besides pandas' own; a list, or lists by column), dayfirst (of dates with slashes), dtypes (by column: string, category, integer, float, boolean, datetime)"`
	Gate          map[string]any `json:"gate,omitempty" doc:"The gate's settings; checked here, used by /evaluate"`
	// MaxBadRowFraction is the share of unusable rows from which on the data
	// is refused as a whole.
	MaxBadRowFraction *float64 `json:"max_bad_row_fraction,omitempty" minimum:"0" maximum:"1" doc:"Default 0.01"`
	DryRun            bool     `json:"dry_run,omitempty" doc:"Read the first 2 MiB only, say what would become of the data, estimate what a retraining takes, and write nothing"`
}

// Result is the answer of POST /preprocess. It holds all that /train needs.
type Result struct {
	Status            string               `json:"status"`
	RunID             string               `json:"run_id"`
	ModelName         string               `json:"model_name"`
	ProcessedDataPath string               `json:"processed_data_path,omitempty" doc:"Absent for a dry run"`
	ModelParams       map[string]any       `json:"model_params"`
	Gate              map[string]any       `json:"gate,omitempty"`
	Target            string               `json:"target"`
	SampleWeight      string               `json:"sample_weight,omitempty"`
	Task              string               `json:"task"`
	Classes           []string             `json:"classes,omitempty"`
	Rows              Rows                 `json:"rows" doc:"Of a dry run, those of the sample"`
	RejectedPath      string               `json:"rejected_path,omitempty" doc:"CSV of line, column and reason of what was rejected, repaired or skipped; absent if nothing was"`
	Columns           []Column             `json:"columns"`
	Read              map[string]any       `json:"read" doc:"How the data was read: what was given, and what was found"`
	Leaks             []processed.Leak     `json:"suspected_leaks" doc:"Why a model of this data may look better than it is; the gate's on_suspected_leak decides"`
	Conflicts         *processed.Conflicts `json:"label_conflicts,omitempty" doc:"Rows alike but for their label; absent if there are none"`
	Warnings          []string             `json:"warnings"`
	Candidates        []Candidate          `json:"candidates,omitempty" doc:"Of a search: requests to /train, each to be sent before the whole answer is"`
	MaxConcurrency    int                  `json:"max_concurrency,omitempty" doc:"How many of the candidates to train at a time: n_jobs of the search"`
	Estimate          *Estimate            `json:"estimate,omitempty" doc:"Of a dry run only"`
	Cached            bool                 `json:"cached"`
	DurationMS        int64                `json:"duration_ms"`
	Usage             *usage.Usage         `json:"usage,omitempty" doc:"What the request took"`
}

// Candidate is a request to /train that judges one candidate of a search.
type Candidate struct {
	ProcessedDataPath string         `json:"processed_data_path"`
	ModelName         string         `json:"model_name"`
	ModelParams       map[string]any `json:"model_params"`
	ValidateOn        float64        `json:"validate_on"`
}

// Rows counts what became of the rows that were read.
type Rows struct {
	Read     int64 `json:"read"`
	Used     int64 `json:"used"`
	Rejected int64 `json:"rejected"`
	Repaired int64 `json:"repaired" doc:"Of the rows that could be read, those that had one sensible reading only; they do not count as bad"`
	Skipped  int64 `json:"skipped" doc:"Lines that are no rows: titles, repeated headers, totals; not among those read"`
	Train    int64 `json:"train"`
	Test     int64 `json:"test"`
}

// Column says what became of one column of the data.
type Column struct {
	Name     string `json:"name"`
	Role     string `json:"role" enum:"feature,target,weight,group,time,dropped"`
	Kind     string `json:"kind" enum:"boolean,integer,float,datetime,text,empty"`
	Missing  int64  `json:"missing"`
	Distinct int    `json:"distinct" doc:"Counted up to a limit"`
	Reason   string `json:"reason,omitempty" doc:"Why a column was dropped"`
}
