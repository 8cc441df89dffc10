package preprocess

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"retrain/internal/dataset"
	"retrain/internal/model"
	"retrain/internal/processed"
	"retrain/internal/search"
)

// stepName is the name of this step's stored answer within a run.
const stepName = "preprocess"

// identify derives the run's fingerprint, and its id where none was given, from
// all that the caller asked for: the data's identity, the parameters, and the
// version of this program. The champion counts only where it names the target,
// so that a run which is repeated after its promotion is still the same run.
func (j *job) identify() error {
	target := j.req.Target
	if target == "" && j.prior != nil {
		target = "of the champion: " + j.prior.Target
	}
	asked := map[string]any{
		"engine": j.Engine, "sources": pins(j.sources), "model": j.req.ModelName,
		"params": j.req.ModelParams, "gate": j.req.Gate, "target": target, "task": j.req.Task,
		"split": j.split, "read": j.dialect.Settings(), "max_bad_row_fraction": j.req.MaxBadRowFraction,
	}
	if j.req.SampleWeight != "" { // runs without one are still called as they were
		asked["sample_weight"] = j.req.SampleWeight
	}
	var err error
	j.fingerprint, err = processed.Fingerprint(asked)
	if j.req.RunID == "" {
		j.req.RunID = j.fingerprint[:20]
	}
	return err
}

// pins returns what tells the sources' bytes, in their order.
func pins(sources []processed.Source) [][2]any {
	out := make([][2]any, len(sources))
	for i, s := range sources {
		out[i] = [2]any{s.ETag, s.Size}
	}
	return out
}

// earlier returns the run's earlier answer, or nil. An answer whose data has
// been deleted from the store is none: the run is done again.
func (j *job) earlier(ctx context.Context) (*Result, error) {
	if j.req.DryRun {
		return nil, nil
	}
	var r Result
	found, err := processed.LoadResult(ctx, j.Store, j.req.RunID, stepName, j.fingerprint, &r)
	if err != nil || !found {
		return nil, err
	}
	if found, err = processed.Present(ctx, j.Store, j.req.RunID); err != nil || !found {
		return nil, err
	}
	r.Cached = true
	return &r, nil
}

// save finishes the recipe, takes the run id, and lets the data appear, then
// the recipe that describes it, then the step's answer. Whatever is wrong with
// data or request has been found before: it leaves nothing in the store.
func (j *job) save(ctx context.Context) (*Result, error) {
	doc := &processed.Document{
		RunID: j.req.RunID, ModelName: j.req.ModelName, Engine: j.Engine, Sources: j.sources, Read: j.schema.Dialect.Settings(),
		Params: j.req.ModelParams, Gate: j.req.Gate, Digested: j.storedNames(), SampleWeight: j.req.SampleWeight, GroupColumn: j.storedGroup(), TimeColumn: j.storedTime(), Parts: j.parts,
	}
	if doc.Recipe = j.recipe(); len(doc.Recipe.Features) == 0 {
		return nil, errNoFeatures()
	}
	j.suspect()
	doc.Leaks = j.suspects
	doc.Train, doc.Holdout = j.sides[0].side(&doc.Recipe), j.sides[1].side(&doc.Recipe)
	result := j.result(doc)
	if j.req.DryRun {
		return result, nil
	}
	if err := result.propose(); err != nil {
		return nil, err
	}
	if err := processed.Claim(ctx, j.Store, j.req.RunID, j.fingerprint); err != nil {
		return nil, err
	}
	if err := j.out.finish(); err != nil {
		return nil, err
	}
	if err := processed.WriteDocument(ctx, j.Store, doc); err != nil {
		return nil, err
	}
	return result, processed.SaveResult(ctx, j.Store, j.req.RunID, stepName, j.fingerprint, result)
}

// recipe builds what a model needs to know to read a row, from the training
// side alone.
func (j *job) recipe() model.Recipe {
	r := model.Recipe{Target: j.req.Target, Task: model.Task(j.req.Task)}
	if r.Task != model.Regression {
		r.Classes, r.IntLabels = classes(j.sides[0].classes, j.schema.Columns[j.target].Kind)
	}
	for i := range j.schema.Columns {
		if j.columns[i].Role != roleFeature {
			continue
		}
		features, reason, cut := j.fit.features(i, j.schema)
		if reason != "" {
			j.drop(i, reason)
			continue
		}
		if cut {
			j.warn(fmt.Sprintf("column %q has more than %d categories; rarer ones count as unseen", j.columns[i].Name, maxCategories))
		}
		r.Features = append(r.Features, features...)
	}
	return r
}

// classes orders the labels: numbers by value, texts by their bytes.
func classes(counts map[string]int64, kind dataset.Kind) (labels []string, ints bool) {
	labels = sortedKeys(counts)
	if !kind.Numeric() {
		return labels, false
	}
	value := func(s string) float64 { x, _ := strconv.ParseFloat(s, 64); return x }
	slices.SortFunc(labels, func(a, b string) int { return cmp.Compare(value(a), value(b)) })
	ints = !slices.ContainsFunc(labels, func(s string) bool { return strings.ContainsAny(s, ".e") })
	return labels, ints
}

func (j *job) result(doc *processed.Document) *Result {
	r := &Result{
		Status: "success", RunID: doc.RunID, ModelName: doc.ModelName, ModelParams: doc.Params, Gate: doc.Gate,
		Target: doc.Recipe.Target, SampleWeight: doc.SampleWeight, Task: string(doc.Recipe.Task), Classes: doc.Recipe.Classes,
		Rows: Rows{
			Read: j.tally.Read, Used: doc.Train.Rows + doc.Holdout.Rows, Rejected: j.out.rejected,
			Repaired: j.tally.Repaired, Skipped: j.tally.Skipped,
			Train: doc.Train.Rows, Test: doc.Holdout.Rows,
		},
		RejectedPath: j.out.rejectedURI, Columns: j.columns, Read: doc.Read,
		Leaks: j.suspects, Conflicts: j.conflicts, Warnings: append([]string{}, j.warnings...),
	}
	if j.out.rejected > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d rows could not be used", j.out.rejected, j.tally.Read))
	}
	if weightless := r.Rows.Read - r.Rows.Used - r.Rows.Rejected; j.weight >= 0 && weightless > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d rows have the weight 0 and were left out", weightless, j.tally.Read))
	}
	if j.tally.Repaired > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d rows were repaired", j.tally.Repaired, j.tally.Read))
	}
	if j.tally.Skipped > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d lines that are no rows were skipped", j.tally.Skipped))
	}
	if !j.req.DryRun {
		r.ProcessedDataPath = j.Store.URI(processed.Path(doc.RunID, processed.DataFile))
	}
	return r
}

// propose lists what to ask /train for first, if a search is asked for.
func (r *Result) propose() error {
	plan, err := search.Parse(r.ModelParams)
	if err != nil || plan == nil {
		return err
	}
	r.MaxConcurrency = plan.Jobs
	for _, c := range plan.Candidates {
		r.Candidates = append(r.Candidates, Candidate{r.ProcessedDataPath, r.ModelName, c.Params, plan.ValidationFraction})
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func toAny(parts []string) []any {
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}
