// Package search turns the search that a request asks for into the candidates
// to be trained: every combination of a grid, or some that are drawn.
//
// It follows scikit-learn's ParameterGrid and ParameterSampler. It knows how
// parameters are combined, and not what any of them means.
package search

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/settings"
)

// Key is the name of the search among the model's parameters.
const Key = "search"

// MaxCandidates bounds how many candidates a search may have.
const MaxCandidates = 100

// Plan is a search, ready to be carried out.
type Plan struct {
	Candidates []Candidate
	// ValidationFraction is the share of the training side that judges.
	ValidationFraction float64
	// Jobs is how many candidates may be trained at a time.
	Jobs int
}

// Candidate is one set of parameters.
type Candidate struct {
	Params   map[string]any // all of model_params, but for the search
	Searched map[string]any // those of them that the search chose
}

// Parse returns the search that model_params ask for, nil if they ask for none.
// Its form is one of
//
//	{"grid": {"learning_rate": [0.05, 0.1], "max_leaf_nodes": [15, 31]}}
//	{"grid": [{"algorithm": ["logistic_regression"], "C": [0.1, 1]}, {"learning_rate": [0.05, 0.1]}]}
//	{"random": {"learning_rate": {"min": 0.01, "max": 0.3, "log": true}, "max_leaf_nodes": {"min": 7, "max": 127, "int": true},
//	            "l2_regularization": [0, 1, 10]}, "n_iter": 20, "seed": 0}
//
// each with validation_fraction (0.2) and n_jobs (4). Candidates are in the order of the
// combinations, the last name (in the order of their bytes) varying fastest, or
// in that of the draws; none occurs twice. All that is wrong is named in one
// fault.InvalidRequest.
func Parse(params map[string]any) (*Plan, error) {
	given, asked := params[Key]
	if !asked || given == nil {
		return nil, nil
	}
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	object, ok := given.(map[string]any)
	if !ok {
		bad.At("Input should be an object with 'grid' or 'random'", "dict_type", "body", "model_params", Key)
		return nil, settings.Err(bad)
	}
	r := request{bad: bad, draws: defaultDraws, fraction: defaultFraction, jobs: defaultJobs}
	settings.Collect(bad, settings.Read(object, r.fields(), "body", "model_params", Key))
	r.check(object)
	if err := settings.Err(bad); err != nil {
		return nil, err
	}
	plan := &Plan{ValidationFraction: r.fraction, Jobs: r.jobs}
	base := maps.Clone(params)
	delete(base, Key)
	seen := map[string]bool{}
	for _, searched := range r.combine() {
		r.add(plan, base, searched, seen)
	}
	switch {
	case len(bad.Fields) > 0:
	case len(plan.Candidates) > MaxCandidates:
		r.refuse(fmt.Sprintf("A search may have at most %d candidates; use 'random' with a smaller n_iter", MaxCandidates), "too_long", "grid")
	case len(plan.Candidates) == 0:
		r.refuse("There is nothing to search", "too_short", r.form())
	}
	return plan, settings.Err(bad)
}

// The defaults of what a search may leave out.
const (
	defaultDraws    = 10
	defaultFraction = 0.2
	defaultJobs     = 4
)

// maxJobs is how many iterations AWS runs at a time at most, of an inline Map.
const maxJobs = 40

// request is a search as it was asked for.
type request struct {
	bad      *fault.Error
	grid     []map[string][]any
	random   []dimension
	draws    int
	seed     int
	fraction float64
	jobs     int
}

func (r *request) fields() []settings.Field {
	null := func() any { return nil }
	return []settings.Field{
		{Name: "grid", Value: settings.Custom{Store: r.readGrid, Load: null}},
		{Name: "random", Value: settings.Custom{Store: r.readRandom, Load: null}},
		{Name: "n_iter", Value: settings.Integer{To: &r.draws}},
		{Name: "seed", Aliases: []string{"random_state"}, Value: settings.Integer{To: &r.seed}},
		{Name: "validation_fraction", Value: settings.Number{To: &r.fraction}},
		{Name: "n_jobs", Value: settings.Integer{To: &r.jobs}},
	}
}

// refuse names something that is wrong with a part of the search.
func (r *request) refuse(msg, typ string, loc ...any) {
	r.bad.At(msg, typ, append([]any{"body", "model_params", Key}, loc...)...)
}

func (r *request) form() string {
	if r.random != nil {
		return "random"
	}
	return "grid"
}

// check refuses what does not go together, and values out of range.
func (r *request) check(given map[string]any) {
	if (given["grid"] == nil) == (given["random"] == nil) {
		r.refuse("Input should have either 'grid' or 'random'", "value_error")
	}
	if given["random"] == nil {
		for _, name := range []string{"n_iter", "seed", "random_state"} {
			if given[name] != nil {
				r.refuse("Only a random search draws", "value_error", name)
			}
		}
	}
	if r.draws < 1 || r.draws > MaxCandidates {
		r.refuse(fmt.Sprintf("Input should be from 1 to %d", MaxCandidates), "range", "n_iter")
	}
	if r.seed < 0 {
		r.refuse("Input should not be negative", "range", "seed")
	}
	if r.fraction < 0.01 || r.fraction > 0.5 {
		r.refuse("Input should be from 0.01 to 0.5", "range", "validation_fraction")
	}
	if r.jobs < 1 || r.jobs > maxJobs {
		r.refuse(fmt.Sprintf("Input should be from 1 to %d", maxJobs), "range", "n_jobs")
	}
}

// combine returns what the candidates differ in.
func (r *request) combine() []map[string]any {
	if r.random != nil {
		return r.draw()
	}
	var all []map[string]any
	for _, grid := range r.grid {
		all = append(all, combinations(grid)...)
	}
	return all
}

// add adds a candidate to the plan, unless it is in it already.
func (r *request) add(plan *Plan, base, searched map[string]any, seen map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(searched)) {
		if _, fixed := base[name]; fixed {
			if !seen[name] {
				r.bad.At("The search gives this parameter, too", "value_error", "body", "model_params", name)
			}
			seen[name] = true
		}
	}
	text := identity(searched)
	if seen[text] {
		return
	}
	seen[text] = true
	all := maps.Clone(base)
	maps.Copy(all, searched)
	plan.Candidates = append(plan.Candidates, Candidate{Params: all, Searched: searched})
}

// identity tells one value, or one combination of values, from all others.
func identity(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("search: " + err.Error()) // the values came out of JSON
	}
	return string(text)
}
