package search_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/search"
)

// parse reads model_params from JSON.
func parse(t *testing.T, text string) (*search.Plan, error) {
	t.Helper()
	var params map[string]any
	if err := json.Unmarshal([]byte(text), &params); err != nil {
		t.Fatal(err)
	}
	return search.Parse(params)
}

func plan(t *testing.T, text string) *search.Plan {
	t.Helper()
	p, err := parse(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNoSearch(t *testing.T) {
	for _, text := range []string{`{}`, `{"max_iter": 3}`, `{"search": null}`} {
		if p := plan(t, text); p != nil {
			t.Errorf("%s: %+v", text, p)
		}
	}
}

// The order is that of scikit-learn's ParameterGrid: names by their bytes, the
// last one varying fastest; grids one after the other.
func TestGridIsInOrderAndWithoutRepetitions(t *testing.T) {
	p := plan(t, `{"max_iter": 7, "search": {"grid": [{"b": [1, 2, 1], "a": ["x", "y"]}, {"c": [null]}, {"b": [2], "a": ["x"]}]}}`)
	var got []string
	for _, c := range p.Candidates {
		if c.Params["max_iter"] != 7.0 || len(c.Params) != len(c.Searched)+1 {
			t.Errorf("the whole is %v", c.Params)
		}
		text, _ := json.Marshal(c.Searched)
		got = append(got, string(text))
	}
	want := []string{`{"a":"x","b":1}`, `{"a":"x","b":2}`, `{"a":"y","b":1}`, `{"a":"y","b":2}`, `{"c":null}`}
	if diff := cmp.Diff(want, got); diff != "" || p.ValidationFraction != 0.2 {
		t.Errorf("share %v, (-want +got):\n%s", p.ValidationFraction, diff)
	}
}

const ranges = `{"search": {"random": {"u": {"min": 2, "max": 6}, "l": {"min": 0.001, "max": 10, "log": true},
	"n": {"min": 1, "max": 4, "int": true}, "m": {"min": 1, "max": 1024, "int": true, "log": true}, "c": ["p", "q"]}, "n_iter": 100, "seed": %d}}`

// Over many seeds, each range is covered as it is meant: evenly, or evenly in
// the logarithm, and both ends of whole numbers as often as the others.
func TestDrawsAreSpreadAsAsked(t *testing.T) {
	sum, counts, n := map[string]float64{}, map[string]float64{}, 0.0
	for seed := range 40 {
		for _, c := range plan(t, fmt.Sprintf(ranges, seed)).Candidates {
			u, l, m := c.Searched["u"].(float64), c.Searched["l"].(float64), c.Searched["m"].(float64)
			if u < 2 || u > 6 || l < 0.001 || l > 10 || m < 1 || m > 1024 || m != math.Trunc(m) {
				t.Fatalf("%v", c.Searched)
			}
			sum["u"], sum["l"], sum["m"], n = sum["u"]+u, sum["l"]+math.Log10(l), sum["m"]+math.Log2(m), n+1
			counts[fmt.Sprint("n", c.Searched["n"])]++
			counts[fmt.Sprint("c", c.Searched["c"])]++
		}
	}
	for name, want := range map[string]float64{"u": 4, "l": -1, "m": 5} {
		if got := sum[name] / n; math.Abs(got-want) > 0.15 {
			t.Errorf("%s: a mean of %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string]float64{"n1": 0.25, "n2": 0.25, "n3": 0.25, "n4": 0.25, "cp": 0.5, "cq": 0.5} {
		if got := counts[name] / n; math.Abs(got-want) > 0.04 {
			t.Errorf("%s: a share of %v, want %v", name, got, want)
		}
	}
}

func TestDrawsFollowFromTheSeed(t *testing.T) {
	first, again, other := plan(t, fmt.Sprintf(ranges, 1)), plan(t, fmt.Sprintf(ranges, 1)), plan(t, fmt.Sprintf(ranges, 2))
	if !cmp.Equal(first, again) || cmp.Equal(first, other) || len(first.Candidates) != 100 {
		t.Errorf("%d candidates; the same seed gives the same: %v, another gives the same: %v",
			len(first.Candidates), cmp.Equal(first, again), cmp.Equal(first, other))
	}
	// What the first ones are must never change: stored runs are named by them.
	want := map[string]any{"c": "q", "l": 0.1009, "m": 1.0, "n": 2.0, "u": 5.0}
	if diff := cmp.Diff(want, first.Candidates[0].Searched); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A space with fewer points than are asked for is searched as a whole.
func TestSmallSpacesAreExhausted(t *testing.T) {
	for text, want := range map[string]int{
		`{"search": {"random": {"a": [1, 2], "b": [1, 2, 3]}, "n_iter": 50}}`:            6,
		`{"search": {"random": {"a": {"min": 1, "max": 5, "int": true}}, "n_iter": 90}}`: 5,
		`{"search": {"random": {"a": [1, 2, 3, 4], "b": [1, 2, 3]}, "n_iter": 7}}`:       7,
		`{"search": {"random": {"a": {"min": 0, "max": 1}}}}`:                            10,
	} {
		if p := plan(t, text); len(p.Candidates) != want {
			t.Errorf("%s: %d candidates, want %d", text, len(p.Candidates), want)
		}
	}
}

func TestRefusals(t *testing.T) {
	const many = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]"
	for text, want := range map[string]string{
		`{"search": 3}`:  "model_params.search: Input should be an object with 'grid' or 'random'",
		`{"search": {}}`: "model_params.search: Input should have either 'grid' or 'random'",
		`{"search": {"grid": {"a": [1]}, "random": {"a": [1]}}}`:             "model_params.search: Input should have either 'grid' or 'random'",
		`{"search": {"gird": {"a": [1]}, "random": {"a": [1]}}}`:             "model_params.search.gird: Unknown parameter; did you mean 'grid'?",
		`{"search": {"grid": {"a": 1}}}`:                                     "model_params.search.grid.a: Input should be a list of values",
		`{"search": {"grid": {"a": []}}}`:                                    "model_params.search.grid.a: There is no value to try",
		`{"search": {"grid": {}}}`:                                           "model_params.search.grid: There is nothing to search",
		`{"search": {"grid": [1]}}`:                                          "model_params.search.grid.0: Input should be an object: a parameter's name and its values",
		`{"search": {"grid": "a"}}`:                                          "model_params.search.grid: Input should be an object (a parameter's name and its values), or a list of such objects",
		`{"search": {"grid": {"target": ["a"]}}}`:                            "model_params.search.grid.target: This cannot be searched",
		`{"search": {"grid": {"a": ` + many + `, "b": ` + many + `}}}`:       "model_params.search.grid: A search may have at most 100 candidates; use 'random' with a smaller n_iter",
		`{"search": {"grid": {"a": [1]}, "n_iter": 3}}`:                      "model_params.search.n_iter: Only a random search draws",
		`{"search": {"random": {"a": [1]}, "n_iter": 101}}`:                  "model_params.search.n_iter: Input should be from 1 to 100",
		`{"search": {"grid": {"a": [1]}, "n_jobs": 41}}`:                     "model_params.search.n_jobs: Input should be from 1 to 40",
		`{"search": {"random": {"a": [1]}, "seed": -1}}`:                     "model_params.search.seed: Input should not be negative",
		`{"search": {"random": {"a": 1}}}`:                                   "model_params.search.random.a: Input should be a list of values, or an object with 'min' and 'max'",
		`{"search": {"random": 1}}`:                                          "model_params.search.random: Input should be an object: a parameter's name and its list or range of values",
		`{"search": {"random": {}}}`:                                         "model_params.search.random: There is nothing to search",
		`{"search": {"random": {"a": {"min": 1}}}}`:                          "model_params.search.random.a: A range needs 'min' and 'max'",
		`{"search": {"random": {"a": {"min": 2, "max": 1}}}}`:                "model_params.search.random.a: min should not be greater than max",
		`{"search": {"random": {"a": {"min": 0, "max": 1, "log": true}}}}`:   "model_params.search.random.a: A range with 'log' should begin above 0",
		`{"search": {"random": {"a": {"min": 0.5, "max": 1, "int": true}}}}`: "model_params.search.random.a: The ends of a range with 'int' should be whole numbers",
		`{"search": {"random": {"a": {"min": "1", "max": 1}}}}`:              "model_params.search.random.a.min: Input should be a valid number",
		`{"search": {"grid": {"a": [1]}, "validation_fraction": 0.9}}`:       "model_params.search.validation_fraction: Input should be from 0.01 to 0.5",
		`{"a": 2, "search": {"grid": {"a": [1, 3]}}}`:                        "model_params.a: The search gives this parameter, too",
	} {
		_, err := parse(t, text)
		if !fault.Is(err, fault.InvalidRequest) || fault.From(err).Detail != fault.Sentence("The request is not valid: "+want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
}
