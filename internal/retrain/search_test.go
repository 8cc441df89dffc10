package retrain_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/train"
)

// tried is a search of which one candidate fails, since its constraint names a
// column that the data does not have.
func tried() map[string]any {
	return map[string]any{"search": map[string]any{"grid": []any{
		map[string]any{"algorithm": []any{"logistic_regression"}, "C": []any{0.0001, 1.0}},
		map[string]any{"algorithm": []any{"gradient_boosting"}, "max_iter": []any{10.0}, "monotonic_cst": []any{nil, map[string]any{"nothing": 1.0}}},
	}}}
}

// The one call and the single steps, which a state machine takes in any order,
// come to the same champion.
func TestASearchInOneCallAndInSteps(t *testing.T) {
	h := newHouse()
	var begun []int
	h.steps.BeginCandidate = func(candidate, of int) { begun = append(begun, candidate, of) }
	whole := h.run(t, h.churn(t, 2000, tried()))
	if !slices.Equal(begun, []int{0, 4, 1, 4, 2, 4, 3, 4}) {
		t.Errorf("candidates %v", begun)
	}
	board := whole.Evaluate.Leaderboard
	if len(board) != 4 || !board[0].Chosen || board[0].Params["C"] != 1.0 || board[3].Error != fault.InvalidRequest.Code() ||
		!cmp.Equal(board, whole.Train.Leaderboard) {
		t.Errorf("leaderboard %+v", board)
	}

	h = newHouse()
	pre, err := h.steps.Preprocess(ctx, h.churn(t, 2000, tried()))
	if err != nil {
		t.Fatal(err)
	}
	answer := through[map[string]any](t, pre)
	candidates := answer["candidates"].([]any)
	for i := len(candidates) - 1; i >= 0; i-- {
		if _, err := h.steps.Train(ctx, through[train.Request](t, candidates[i])); err != nil {
			candidates[i] = map[string]any{"error": fault.From(err).Kind.Code()}
		}
	}
	trained, err := h.steps.Train(ctx, through[train.Request](t, answer))
	if err != nil {
		t.Fatal(err)
	}
	judged, err := h.steps.Evaluate(ctx, through[evaluate.Request](t, trained))
	if err != nil {
		t.Fatal(err)
	}
	if judged.ModelSHA256 != whole.Evaluate.ModelSHA256 {
		t.Error("another challenger")
	}
	for i := range board {
		judged.Leaderboard[i].DurationMS = board[i].DurationMS
	}
	if diff := cmp.Diff(board, judged.Leaderboard); diff != "" {
		t.Errorf("leaderboard (-one call +steps):\n%s", diff)
	}
	id := strings.TrimSuffix(judged.ReportPath[strings.LastIndex(judged.ReportPath, "/")+1:], ".html")
	page, err := h.models.Report(ctx, "churn", id)
	if err != nil || !strings.Contains(string(page), "How the parameters were found") || strings.Count(string(page), "Retrain.InvalidRequest") != 1 {
		t.Errorf("the report does not tell of the search: %v", err)
	}
}

var ctx = context.Background()

// through carries a value to another type by way of JSON.
func through[T any](t *testing.T, v any) (to T) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &to); err != nil {
		t.Fatal(err)
	}
	return to
}

// The end of the request's time ends the search, and is no candidate's failure.
func TestAnEndedSearch(t *testing.T) {
	h := newHouse()
	brief, cancel := context.WithCancel(ctx)
	h.steps.BeginCandidate = func(candidate, _ int) {
		if candidate == 1 {
			cancel()
		}
	}
	if _, err := h.steps.Run(brief, h.churn(t, 500, tried())); !fault.Is(err, fault.Transient) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestASearchThatFailsAltogether(t *testing.T) {
	h := newHouse()
	params := map[string]any{"algorithm": "gradient_boosting", "search": map[string]any{"grid": map[string]any{"monotonic_cst": []any{map[string]any{"nothing": 1.0}}}}}
	_, err := h.steps.Run(ctx, h.churn(t, 500, params))
	if !fault.Is(err, fault.InvalidData) || !strings.Contains(err.Error(), fault.InvalidRequest.Code()) {
		t.Errorf("%v", err)
	}
}
