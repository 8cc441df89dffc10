package evaluate_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
)

// payload is the body of a request, as a caller makes it.
type payload = map[string]any

// forge is a store in which no promotion is due: every model is the champion,
// was judged and found wanting, has a verdict that let it in over a champion
// that has been replaced since, or was never judged.
type forge struct {
	*ring
	answers []payload      // honest answers of /evaluate, the material
	values  map[string]any // what a caller may know or guess, by what it is
}

func newForge(t *testing.T) *forge {
	f := &forge{ring: newRing()}
	run := f.process(t, "run-1", yesNo(), nil)
	add := func(column string) modelstore.Version { return f.add(t, run, believing(run.recipe, column)) }
	judge := func(v modelstore.Version) evaluate.Result {
		r := f.evaluate(t, v, nil)
		f.answers = append(f.answers, answer(t, r))
		return r
	}
	unopposed, worse, never := add("right80"), add("right70"), add("right81")
	first := judge(unopposed)
	f.crown(t, worse)
	second := judge(unopposed)
	f.crown(t, add("right90"))
	now := judge(worse)
	if !first.ShouldUpdate || !second.ShouldUpdate || now.ShouldUpdate {
		t.Fatal("the verdicts are not what the forgeries start from")
	}
	foreign := f.foreign(t, unopposed)
	f.values = map[string]any{
		"yes": true, "no": false, "the word": "true", "null": nil, "one": 1.0, "two": 2.0, "three": 3.0, "none": 0.0, "negative": -1.0, "half": 1.5,
		"stale model": unopposed.URI, "kept model": worse.URI, "unjudged model": never.URI, "foreign model": f.Models.ModelURI("n", unopposed.Digest),
		"copy": f.Models.LatestURI("m"), "pointer": "s3://store/models/m/champion.json", "manifest": strings.Replace(never.URI, "model.onnx", "manifest.json", 1),
		"unopposed verdict": first.EvaluationPath, "stale verdict": second.EvaluationPath, "verdict that says no": now.EvaluationPath, "foreign verdict": foreign,
		"page": now.ReportPath, "moved verdict": strings.Replace(foreign, "/models/n/", "/models/m/", 1), "invented verdict": strings.Replace(now.EvaluationPath, "-g2-", "-g3-", 1),
		"dots": strings.Replace(never.URI, "sha256/", "sha256/../sha256/", 1), "dots to another name": "s3://store/models/n/../m/evaluations/" + fileOf(second.EvaluationPath),
		"encoded dots": strings.Replace(never.URI, "sha256/", "sha256/%2e%2e/sha256/", 1), "another store": strings.Replace(never.URI, "s3://store", "s3://elsewhere", 1),
		"a file": "/etc/passwd", "a file's address": "file:///etc/passwd", "metadata": "http://169.254.169.254/latest/meta-data", "double slash": strings.Replace(never.URI, "/models/", "//models/", 1),
		"backslash": strings.ReplaceAll(never.URI, "/", "\\"), "nothing": "", "null byte": never.URI + "\x00.json", "long": strings.Repeat("a/", 3000), "a name": "n", "a path as a name": "../m",
		"perfect": payload{"accuracy": 1.0, "roc_auc": 1.0}, "a list": []any{never.URI, second.EvaluationPath}, "digest": never.Digest, "decision": "promote",
	}
	return f
}

func fileOf(uri string) string { return uri[strings.LastIndex(uri, "/")+1:] }

// foreign adds a model under another name, with a verdict that let it in before
// that name had a champion, and returns the verdict's address.
func (f *forge) foreign(t *testing.T, like modelstore.Version) string {
	t.Helper()
	loaded, err := f.Models.Load(ctx, "m", like.Digest)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 2)
	for i, file := range [][]byte{loaded.Model, []byte("the other name's champion")} {
		m := loaded.Manifest
		m.ModelName = "n"
		v, err := f.Models.Add(ctx, "n", file, m)
		if err != nil {
			t.Fatal(err)
		}
		e := modelstore.Evaluation{Decision: "bootstrap", ShouldUpdate: true, Result: []byte("{}")}
		e.Comparison = modelstore.Comparison{ModelName: "n", ModelDigest: v.Digest, HoldoutDigest: "made by hand"}
		if _, _, err := f.Models.PutEvaluation(ctx, e); err != nil {
			t.Fatal(err)
		}
		ids[i] = e.ID()
	}
	if _, err := f.Models.Promote(ctx, "n", ids[1], modelstore.Asked{}, nil); err != nil {
		t.Fatal(err)
	}
	return f.Models.EvaluationURI("n", ids[0])
}

// answer is an answer of /evaluate as a caller gets it.
func answer(t *testing.T, r evaluate.Result) (p payload) {
	t.Helper()
	raw, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	delete(p, "gate") // the gate is the caller's to choose, and so no forgery
	return p
}

// forgeries returns n payloads: every answer with every field changed to every
// value is too many, so each answer meets every field and every value in turn,
// with a second change in half of the cases.
func (f *forge) forgeries(n int) []payload {
	rng := rand.New(rand.NewPCG(31, 32))
	fields := []string{"model_path", "evaluation_path", "should_update", "expected_champion_version", "metrics", "model_name", "run_id", "decision", "model_sha256"}
	names := slices.Sorted(maps.Keys(f.values))
	made := make([]payload, n)
	for i := range made {
		p := maps.Clone(f.answers[i%len(f.answers)])
		p["should_update"] = true
		p[fields[i/len(f.answers)%len(fields)]] = f.values[names[i%len(names)]]
		if i%2 == 1 {
			p[fields[rng.IntN(4)]] = f.values[names[rng.IntN(len(names))]]
		}
		if rng.IntN(4) == 0 {
			delete(p, fields[rng.IntN(4)])
		}
		made[i] = p
	}
	return made
}

// send has a request decode a payload, and reports whether it could.
func send[T any](t *testing.T, p payload) (req T, ok bool) {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	err = json.Unmarshal(raw, &req)
	return req, err == nil
}

// pointers returns every champion pointer's bytes.
func (f *forge) pointers(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range f.keys(t) {
		if !strings.HasSuffix(key, "champion.json") {
			continue
		}
		data, _, err := blob.ReadAll(ctx, f.bucket, key, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		all[key] = string(data)
	}
	return all
}

// No payload makes a champion where no stored verdict does: 500 of them are
// sent to /update-model, and to /evaluate, whose answers are then sent on.
func TestForgedPayloads(t *testing.T) {
	f := newForge(t)
	before := f.pointers(t)
	update := modelstore.Update{Store: f.Models, Check: func([]byte, modelstore.Manifest) error { return nil }}
	decoded, answered := 0, 0
	for i, p := range f.forgeries(500) {
		if req, ok := send[modelstore.UpdateRequest](t, p); ok {
			decoded++
			if r, err := update.Run(ctx, req); err == nil && r.Updated && !r.AlreadyCurrent {
				t.Errorf("payload %d is answered with %+v", i, r)
			}
		}
		req, ok := send[evaluate.Request](t, p)
		if !ok {
			continue
		}
		r, err := f.Run(ctx, req)
		if err != nil {
			continue
		}
		answered++
		if r.ShouldUpdate {
			t.Errorf("payload %d gets a verdict that lets it in: %s", i, r.Summary)
		}
		next := answer(t, r)
		next["should_update"] = true
		forged, _ := send[modelstore.UpdateRequest](t, next)
		if r, err := update.Run(ctx, forged); err == nil && !r.AlreadyCurrent {
			t.Errorf("the answer to payload %d, edited, is answered with %+v", i, r)
		}
		if diff := cmp.Diff(before, f.pointers(t)); diff != "" {
			t.Fatalf("payload %d moved a pointer:\n%s", i, diff)
		}
	}
	if decoded < 250 || answered < 100 {
		t.Errorf("only %d payloads reach /update-model, and %d an answer of /evaluate", decoded, answered)
	}
	for _, name := range []string{"m", "n"} {
		if err := f.Models.Audit(ctx, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
