package train_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// grid is a search over both learners of two classes.
func grid() map[string]any {
	return map[string]any{"search": map[string]any{"grid": []any{
		map[string]any{"algorithm": []any{"logistic_regression"}, "C": []any{0.001, 1.0}},
		map[string]any{"algorithm": []any{"gradient_boosting"}, "learning_rate": []any{0.01, 0.3}, "max_iter": []any{20.0}},
	}}}
}

// candidates preprocesses a table and returns what a search asks /train for, and
// the request that ends it.
func (b *bench) candidates(t *testing.T, text string, params map[string]any) ([]train.Request, train.Request) {
	t.Helper()
	req := b.preprocess(t, text, preprocess.Request{ModelParams: params, Split: b.split})
	r, err := b.prepare.Run(ctx, preprocess.Request{DataPath: "s3://data/d.csv", Target: "y", ModelParams: params, Split: b.split})
	if err != nil || !r.Cached {
		t.Fatalf("cached %v: %v", r.Cached, err)
	}
	var all []train.Request
	for _, c := range r.Candidates {
		all = append(all, train.Request{
			ProcessedDataPath: c.ProcessedDataPath, ModelName: c.ModelName, ModelParams: c.ModelParams, ValidateOn: c.ValidateOn,
		})
	}
	return all, req
}

func TestASearchTakesTheBestCandidatesParameters(t *testing.T) {
	b := newBench()
	candidates, final := b.candidates(t, table(3000, model.Binary), grid())
	var values []float64
	for _, c := range candidates {
		r := b.run(t, c)
		if r.ModelPath != "" || r.Metrics != nil || r.Validation == nil || r.RunID == final.RunID {
			t.Errorf("a candidate's answer is %+v", r)
		}
		values = append(values, r.Validation.Value)
	}
	if stored := slices.IndexFunc(b.keys(t), func(key string) bool { return strings.HasPrefix(key, "models/") }); stored >= 0 {
		t.Errorf("candidates are stored: %s", b.keys(t)[stored])
	}
	r := b.run(t, final)
	best := slices.Index(values, slices.Min(values))
	if len(r.Leaderboard) != 4 || !slices.IsSorted(ranked(r)) {
		t.Fatalf("leaderboard %+v", r.Leaderboard)
	}
	first := r.Leaderboard[0]
	if !first.Chosen || first.Rank != 1 || first.Validation.Value != values[best] || !cmp.Equal(first.Params, candidates[best].ModelParams) ||
		!cmp.Equal(first.Validation, r.Validation) {
		t.Errorf("the first is %+v; candidate %d was the best", first, best)
	}
	alone := candidates[best]
	alone.ValidateOn = 0
	if want := b.run(t, alone); want.ModelSHA256 != r.ModelSHA256 || want.RunID == r.RunID {
		t.Error("the model of a search is not that of its best parameters")
	}
	again := b.run(t, final)
	if !again.Cached || !cmp.Equal(again.Leaderboard, r.Leaderboard, near) || !cmp.Equal(asJSON(t, again.ModelParams), asJSON(t, final.ModelParams)) {
		t.Errorf("again: cached %v, %+v", again.Cached, again.Leaderboard)
	}
}

// ranked lists the leaderboard's losses.
func ranked(r train.Result) []float64 {
	var values []float64
	for _, c := range r.Leaderboard {
		if c.Validation != nil {
			values = append(values, c.Validation.Value)
		}
	}
	return values
}

// Rows that know their answers by heart would show: here each row stands twice,
// its answer is chance, and trees learn every row that they are given.
func TestCandidatesAreNotJudgedByRowsThatTheyKnow(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var text strings.Builder
	text.WriteString("x,z,y\n")
	for range 700 {
		row := fmt.Sprintf("%.6f,%.6f,%d\n", rng.Float64(), rng.Float64(), rng.IntN(2))
		text.WriteString(row + row)
	}
	b := newBench()
	candidates, _ := b.candidates(t, text.String(), map[string]any{
		"max_iter": 60.0, "min_samples_leaf": 1.0, "min_hessian": 0.0,
		"search": map[string]any{"grid": map[string]any{"algorithm": []any{"gradient_boosting"}}, "validation_fraction": 0.3},
	})
	r := b.run(t, candidates[0])
	learned := b.run(t, train.Request{ProcessedDataPath: candidates[0].ProcessedDataPath, ModelParams: candidates[0].ModelParams})
	if r.Validation.Value < math.Ln2 {
		t.Errorf("a loss of %v where nothing can be known", r.Validation.Value)
	}
	rows := float64(b.open(t, candidates[0]).Train.Rows)
	if share := float64(r.Validation.Rows) / rows; math.Abs(share-0.3) > 0.05 || learned.Validation != nil {
		t.Errorf("a share of %v judges", share)
	}
}

// A model that has learned next to nothing has a loss that is known without it:
// that of the mean, the median, a quantile or the classes' shares.
func TestValidationIsTheLossThatIsMinimized(t *testing.T) {
	absolute := func(q float64) func([]float64) float64 {
		return func(ys []float64) float64 {
			at := slices.Sorted(slices.Values(ys))[int(q*float64(len(ys)))]
			return mean(ys, func(y float64) float64 { return max(q*(y-at), (q-1)*(y-at)) })
		}
	}
	for name, c := range map[string]struct {
		task   model.Task
		params map[string]any
		want   func(ys []float64) float64
	}{
		"squared_error": {model.Regression, small(), func(ys []float64) float64 {
			at := mean(ys, func(y float64) float64 { return y })
			return mean(ys, func(y float64) float64 { return (y - at) * (y - at) })
		}},
		"absolute_error": {model.Regression, small("loss", "mae"), func(ys []float64) float64 { return 2 * absolute(0.5)(ys) }},
		"quantile":       {model.Regression, small("loss", "quantile", "quantile", 0.9), absolute(0.9)},
		"poisson": {model.Regression, small("loss", "poisson"), func(ys []float64) float64 {
			at := mean(ys, func(y float64) float64 { return y })
			return mean(ys, func(y float64) float64 { return y*math.Log(max(y, 1e-300)/at) - y + at })
		}},
		"log_loss": {model.Multiclass, small(), func(ys []float64) float64 {
			count := map[float64]float64{}
			for _, y := range ys {
				count[y]++
			}
			return mean(ys, func(y float64) float64 { return -math.Log(count[y] / float64(len(ys))) })
		}},
	} {
		b := newBench()
		params := maps.Clone(c.params)
		params["algorithm"], params["learning_rate"] = "gradient_boosting", 1e-9
		params["search"] = map[string]any{"grid": map[string]any{"random_state": []any{3.0}}}
		text := table(900, c.task)
		if name == "poisson" {
			text = strings.ReplaceAll(text, ",-", ",")
		}
		candidates, _ := b.candidates(t, text, params)
		got := b.run(t, candidates[0]).Validation
		var ys []float64
		if err := b.open(t, candidates[0]).Learn(ctx, func(b *processed.Block) { ys = append(ys, b.Y...) }); err != nil {
			t.Fatal(err)
		}
		if want := c.want(ys); got.Metric != name || math.Abs(got.Value-want) > 4*got.StandardError || got.StandardError <= 0 || got.GreaterIsBetter {
			t.Errorf("%s: %+v; all rows have %v", name, got, want)
		}
	}
}

func mean(ys []float64, of func(float64) float64) float64 {
	sum := 0.0
	for _, y := range ys {
		sum += of(y)
	}
	return sum / float64(len(ys))
}

// The holdout is for the verdict alone: whatever its answers are, a search comes
// to the same scores.
func TestTheHoldoutDoesNotChoose(t *testing.T) {
	boards := map[bool][]float64{}
	for _, spoiled := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(7, 8))
		var text strings.Builder
		text.WriteString("day,x,y\n")
		for day := range 1500 {
			x := rng.NormFloat64()
			answer := x+rng.NormFloat64() > 0
			if spoiled && day >= 1200 { // the holdout
				answer = x <= 0
			}
			fmt.Fprintf(&text, "%d,%.4f,%v\n", day, x, answer)
		}
		b := newBench()
		b.split = map[string]any{"time_column": "day", "test_fraction": 0.2}
		candidates, final := b.candidates(t, text.String(), grid())
		if d := b.open(t, final); d.Train.Rows != 1200 {
			t.Fatalf("%d rows to train on", d.Train.Rows)
		}
		for _, c := range candidates {
			b.run(t, c)
		}
		boards[spoiled] = ranked(b.run(t, final))
	}
	if diff := cmp.Diff(boards[false], boards[true]); diff != "" || len(boards[true]) != 4 {
		t.Errorf("other scores: %s", diff)
	}
}

// What the request says of the candidates is worth nothing but the name of an
// error; one that nobody trained does not take part.
func TestFailedCandidatesAreListed(t *testing.T) {
	b := newBench()
	candidates, final := b.candidates(t, table(600, model.Binary), grid())
	b.run(t, candidates[1])
	final.Candidates = []map[string]any{
		{"error": "Retrain.TooLarge", "validation": map[string]any{"value": 0.0}}, {"error": "Retrain.Internal"},
		{"error": "no <code>"}, {"validation": map[string]any{"metric": "log_loss", "value": 0.0}},
	}
	r := b.run(t, final)
	var got []string
	for _, c := range r.Leaderboard {
		got = append(got, fmt.Sprintf("%d %v %s", c.Rank, c.Chosen, c.Error))
	}
	want := []string{"1 true ", "0 false Retrain.TooLarge", "0 false not trained", "0 false not trained"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !cmp.Equal(r.Leaderboard[0].Params, map[string]any{"algorithm": "logistic_regression", "C": 1.0}) {
		t.Errorf("the first is %+v", r.Leaderboard[0])
	}
}

func TestASearchWithoutCandidatesFails(t *testing.T) {
	b := newBench()
	_, final := b.candidates(t, table(300, model.Binary), grid())
	if _, err := b.Run(ctx, final); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("nothing was trained: %v", err)
	}
	final.Candidates = []map[string]any{{"error": "Retrain.TooLarge"}}
	if _, err := b.Run(ctx, final); !fault.Is(err, fault.InvalidData) || !strings.Contains(err.Error(), "Retrain.TooLarge") {
		t.Errorf("all have failed: %v", err)
	}
}

func TestSearchesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"search": {"grid": {"learnin_rate": [0.1]}}}`:                                       "model_params.search.learnin_rate: Unknown parameter; did you mean 'learning_rate'?",
		`{"search": {"grid": {"eta": [0.1]}}, "learning_rate": 0.2}`:                          "model_params.learning_rate: The same setting is given as 'eta' too",
		`{"search": {"grid": {"max_iter": [5, "many"]}}}`:                                     "model_params.search.max_iter: Input should be a valid integer",
		`{"search": {"grid": {"loss": ["mae", "mse"]}}}`:                                      "model_params.search: Candidates with different losses cannot be compared",
		`{"loss": "quantile", "search": {"grid": {"quantile": [0.1, 0.9]}}}`:                  "model_params.search: Candidates with different losses cannot be compared",
		`{"search": {"grid": {"algorithm": ["logistic_regression"], "max_leaf_nodes": [3]}}}`: "model_params.search.max_leaf_nodes: Unknown parameter",
	} {
		var params map[string]any
		if err := json.Unmarshal([]byte(text), &params); err != nil {
			t.Fatal(err)
		}
		if err := train.CheckParams(params, ""); !fault.Is(err, fault.InvalidRequest) || !strings.Contains(fault.From(err).Detail, want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	b := newBench()
	candidates, final := b.candidates(t, table(300, model.Binary), grid())
	final.ValidateOn = 0.2
	candidates[0].OnDeadline = "best_so_far"
	for _, req := range []train.Request{final, candidates[0]} {
		if _, err := b.Run(ctx, req); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%+v: %v", req, err)
		}
	}
}

// A candidate, too, may take several calls, and comes to the same score; so may
// the training of the best, which stays the best.
func TestASearchOverSeveralCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		params := map[string]any{"algorithm": "gradient_boosting", "max_iter": 12.0,
			"search": map[string]any{"grid": map[string]any{"learning_rate": []any{0.01, 0.3}}}}
		text := table(800, model.Binary)
		whole, b := newBench(), newBench()
		candidates, final := whole.candidates(t, text, params)
		var want []train.Result
		for _, req := range append(candidates, final) {
			want = append(want, whole.run(t, req))
		}
		candidates, final = b.candidates(t, text, params)
		for i, req := range append(candidates, final) {
			got, calls := b.inCalls(t, req)
			if calls < 3 || !cmp.Equal(got.Validation, want[i].Validation) || got.ModelSHA256 != want[i].ModelSHA256 {
				t.Errorf("request %d, in %d calls: %+v, want %+v", i, calls, got.Validation, want[i].Validation)
			}
		}
	})
}

// inCalls trains in calls that have time for a few rounds each.
func (b *bench) inCalls(t *testing.T, req train.Request) (r train.Result, calls int) {
	t.Helper()
	req.OnDeadline = checkpoint
	for calls = 1; ; calls++ {
		r, err := b.slow(t, time.Second, 4*time.Second, req)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status == "success" {
			return r, calls
		}
		req = again(t, r)
	}
}
