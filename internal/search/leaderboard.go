package search

import (
	"cmp"
	"slices"
)

// Validation is how a candidate's parameters did on rows of the training side
// that it did not learn from.
type Validation struct {
	Metric          string  `json:"metric" enum:"log_loss,squared_error,absolute_error,quantile,poisson"`
	Value           float64 `json:"value" doc:"Mean over the rows, by their weights"`
	StandardError   float64 `json:"standard_error"`
	Rows            int64   `json:"rows"`
	GreaterIsBetter bool    `json:"greater_is_better"`
}

// Standing is what became of one candidate.
type Standing struct {
	Rank          int            `json:"rank,omitempty" doc:"From 1; absent if it failed"`
	Params        map[string]any `json:"params" doc:"What the search chose for it"`
	Algorithm     string         `json:"algorithm,omitempty"`
	Validation    *Validation    `json:"validation,omitempty" doc:"Absent if it failed"`
	BestIteration int            `json:"best_iteration,omitempty"`
	DurationMS    int64          `json:"duration_ms,omitempty" doc:"Of its last call"`
	RunID         string         `json:"run_id,omitempty" doc:"Of its training"`
	Chosen        bool           `json:"chosen"`
	Error         string         `json:"error,omitempty" doc:"The code of the error that it failed with"`
}

// Rank orders candidates, the lowest loss first; of equal ones the earlier. Those
// that failed come last. The first one is chosen, unless all have failed.
func Rank(board []Standing) {
	failed := func(s Standing) int {
		if s.Validation == nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(board, func(a, b Standing) int {
		if failed(a)+failed(b) > 0 {
			return failed(a) - failed(b)
		}
		return cmp.Compare(a.Validation.Value, b.Validation.Value)
	})
	for i := range board {
		if board[i].Validation != nil {
			board[i].Rank, board[i].Chosen = i+1, i == 0
		}
	}
}
