package evaluate_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/drift"
	"retrain/internal/evaluate"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/rowset"
)

var ctx = context.Background()

// ring is where challengers meet the champion: the evaluate step over a bucket
// in memory, and what puts data and models into it.
type ring struct {
	*evaluate.Step
	bucket, data *blob.Memory
}

func newRing() *ring {
	r := &ring{bucket: blob.NewMemory(), data: blob.NewMemory()}
	store := blob.Root{Bucket: r.bucket, Base: "s3://store"}
	models := &modelstore.Store{Root: store, Now: time.Now}
	r.Step = &evaluate.Step{Store: store, Models: models, Engine: "test", Now: time.Now}
	return r
}

// run is a run's data, with the recipe that models of it have.
type run struct {
	uri    string
	recipe model.Recipe
	doc    processed.Document
}

// process preprocesses a table whose last fifth, by the column day, is the
// holdout.
func (r *ring) process(t *testing.T, runID, text string, gate map[string]any) *run {
	t.Helper()
	return r.processFrom(t, runID, text, 0.2, gate)
}

// processFrom is process with another share of the rows as the holdout.
func (r *ring) processFrom(t *testing.T, runID, text string, held float64, gate map[string]any) *run {
	t.Helper()
	if _, err := r.data.Put(ctx, "d.csv", []byte(text), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	accept := func(map[string]any, string) error { return nil }
	step := &preprocess.Step{
		Store: r.Store, Data: blob.Roots{{Bucket: r.data, Base: "s3://data"}}, Models: r.Models, Engine: "test",
		CheckParams: accept, CheckGate: accept, Now: time.Now,
	}
	result, err := step.Run(ctx, preprocess.Request{
		DataPath: "s3://data/d.csv", ModelParams: map[string]any{}, ModelName: "m", Target: "y", RunID: runID, Gate: gate,
		Split: map[string]any{"time_column": "day", "test_fraction": held},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := r.open(t, result.ProcessedDataPath)
	return &run{uri: d.URI, recipe: d.Recipe, doc: d.Document}
}

func (r *ring) open(t *testing.T, uri string) *processed.Data {
	t.Helper()
	d, err := processed.Open(ctx, r.Store, uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// The holdout of yesNo has so many rows.
const held = 400

// yesNo is a table with a balanced target and columns that hold answers to it:
// "right80" agrees with the target in 320 of the 400 rows of the holdout,
// "other80" in as many others, "right90" where "right80" does and in 40 more.
func yesNo() string {
	var b strings.Builder
	b.WriteString("day,right70,right80,other80,right81,right90,north,region,rare,y\n")
	for i := range 5 * held {
		y := i / 2 % 2
		place := 37 * i % held // a permutation of the holdout's rows
		answer := func(from, to int) int {
			if from <= place && place < to {
				return y
			}
			return 1 - y
		}
		region := []string{"north", "south"}[i%2]
		north := answer(0, held)
		if region == "north" {
			north = answer(0, 200)
		}
		fmt.Fprintf(&b, "%d,%d,%d,%d,%d,%d,%d,%s,%s,%s\n", i, answer(0, 280), answer(0, 320), answer(80, 400), answer(0, 324), answer(0, 360),
			north, region, []string{"often", "seldom"}[min(i%97, 1)], []string{"no", "yes"}[y])
	}
	return b.String()
}

// believing returns a binary model that answers what a column of yesNo says,
// with a probability of 0.88.
func believing(recipe model.Recipe, column string) *model.Model {
	m := &model.Model{Recipe: recipe, Linear: &model.Linear{Coef: [][]float64{make([]float64, recipe.Inputs())}, Intercept: []float64{0}}}
	at := 0
	for i := range recipe.Features {
		f := &recipe.Features[i]
		if f.Name == column { // 4·(x - ½), of the standardized x
			m.Linear.Coef[0][at] = 4 * f.Scale
			m.Linear.Intercept[0] = 4 * (f.Mean - 0.5)
		}
		at += f.Width()
	}
	return m
}

// profile says how the training side of a run is spread.
func (r *ring) profile(t *testing.T, run *run) modelstore.Attachment {
	t.Helper()
	sample := drift.NewSampler(&run.recipe, run.doc.Train.Rows)
	if err := r.open(t, run.uri).Learn(ctx, func(b *processed.Block) { sample.Add(b.X, b.Y) }); err != nil {
		t.Fatal(err)
	}
	file, err := sample.Profile().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return modelstore.Attachment{Name: modelstore.DataProfile, Data: file}
}

// denying returns a binary model that never says yes.
func denying(recipe model.Recipe) *model.Model {
	m := believing(recipe, "")
	m.Linear.Intercept[0] = -9
	return m
}

// add stores a model that was trained beside a run's data.
func (r *ring) add(t *testing.T, run *run, m *model.Model) modelstore.Version {
	t.Helper()
	return r.addKnowing(t, run, m, dataset.Train)
}

// addKnowing is add for a model that was trained on the given sides.
func (r *ring) addKnowing(t *testing.T, run *run, m *model.Model, sides ...dataset.Side) modelstore.Version {
	t.Helper()
	file, err := onnx.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	version, err := r.Models.Add(ctx, "m", file, modelstore.Manifest{
		RunID: run.doc.RunID, Engine: "test", Task: string(m.Task), Target: m.Target, Params: []byte("{}"),
		Data:      modelstore.Data{ProcessedPath: run.uri, HoldoutSHA256: run.doc.Holdout.Digest, HoldoutRows: run.doc.Holdout.Rows},
		Baselines: r.baselines(t, run),
	}, r.trainedRows(t, run, sides), r.profile(t, run))
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// trainedRows is what /train would attach to a version.
func (r *ring) trainedRows(t *testing.T, run *run, sides []dataset.Side) modelstore.Attachment {
	t.Helper()
	rows := rowset.NewBuilder()
	for _, side := range sides {
		err := r.open(t, run.uri).RowHashes(ctx, side, [][]string{run.doc.Digested}, func(hashes [][]uint64) { rows.Add(hashes[0]...) })
		if err != nil {
			t.Fatal(err)
		}
	}
	file, err := rows.Build(run.doc.Digested).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return modelstore.Attachment{Name: modelstore.TrainedRows, Data: file}
}

// baselines scores the constant prediction on a run's holdout.
func (r *ring) baselines(t *testing.T, run *run) map[string]modelstore.Scores {
	t.Helper()
	m, name := believing(run.recipe, ""), "majority"
	switch run.recipe.Task {
	case model.Regression:
		name, m.Linear.Intercept = "mean", []float64{run.doc.Train.MeanTarget}
	default:
		m.Linear.Intercept = processed.LogPriors(run.recipe.Task, run.doc.Train.Classes)
		m.Linear.Coef = slices.Repeat(m.Linear.Coef, len(m.Linear.Intercept))
	}
	scored, err := r.open(t, run.uri).Score(ctx, m, dataset.Holdout)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]modelstore.Scores{name: scored.Scores().Metrics()}
}

// crown makes a stored model champion, whatever there was before.
func (r *ring) crown(t *testing.T, version modelstore.Version) {
	t.Helper()
	standing, _, err := r.Models.Champion(ctx, "m")
	if err != nil {
		t.Fatal(err)
	}
	e := modelstore.Evaluation{Decision: "bootstrap", ShouldUpdate: true, Result: []byte("{}")}
	e.Comparison = modelstore.Comparison{ModelName: "m", ModelDigest: version.Digest, HoldoutDigest: "made by hand"}
	if standing != nil {
		e.Decision, e.ChampionGeneration, e.ChampionDigest = "promote", standing.Generation, standing.Digest
	}
	if _, _, err := r.Models.PutEvaluation(ctx, e); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Models.Promote(ctx, "m", e.ID(), modelstore.Asked{}, nil); err != nil {
		t.Fatal(err)
	}
}

// evaluate runs the step; gate is JSON-like, without the baseline rule and
// guardrails unless it names them.
func (r *ring) evaluate(t *testing.T, version modelstore.Version, gate map[string]any) evaluate.Result {
	t.Helper()
	result, err := r.Run(ctx, evaluate.Request{ModelPath: version.URI, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// bare is a gate with no rule but the policy, and what is added to it.
func bare(more ...any) map[string]any {
	gate := map[string]any{"guardrails": map[string]any{}, "must_beat_baseline": false}
	for i := 0; i < len(more); i += 2 {
		gate[more[i].(string)] = more[i+1]
	}
	return gate
}

// rules lists a verdict's rules, with a sign of how they came out.
func rules(r evaluate.Result) string {
	var all []string
	for _, reason := range r.Reasons {
		text := reason.Rule
		if reason.Metric != "" {
			text += " " + reason.Metric
		}
		all = append(all, map[bool]string{true: "+", false: "-"}[reason.Passed]+text)
	}
	return strings.Join(all, ", ")
}

// keys lists the store.
func (r *ring) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for info, err := range r.bucket.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// noise draws the same numbers in every run.
func noise() *rand.Rand { return rand.New(rand.NewPCG(21, 22)) }
