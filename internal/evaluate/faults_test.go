package evaluate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
)

func (r *ring) overwrite(t *testing.T, uri string, data []byte) {
	t.Helper()
	if _, err := r.bucket.Put(ctx, strings.TrimPrefix(uri, "s3://store/"), data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	good := r.add(t, run, believing(run.recipe, "right80"))
	before := r.keys(t)
	for _, c := range []struct {
		name, loc string
		kind      fault.Kind
		req       evaluate.Request
	}{
		{"nothing", "[body model_path]", fault.InvalidRequest, evaluate.Request{}},
		{"another place", "[body model_path]", fault.AccessDenied, evaluate.Request{ModelPath: "s3://elsewhere/models/m/sha256/" + good.Digest + "/model.onnx"}},
		{"no model", "[body model_path]", fault.InvalidRequest, evaluate.Request{ModelPath: run.uri}},
		{"its manifest", "[body model_path]", fault.InvalidRequest, evaluate.Request{ModelPath: strings.Replace(good.URI, "model.onnx", "manifest.json", 1)}},
		{"out of its folder", "[body model_path]", fault.InvalidRequest, evaluate.Request{ModelPath: strings.Replace(good.URI, "sha256/", "sha256/../sha256/", 1)}},
		{"no such version", "[body model_path]", fault.DataNotFound, evaluate.Request{ModelPath: strings.Replace(good.URI, good.Digest, strings.Repeat("0", 64), 1)}},
		{"no such model", "[body model_path]", fault.DataNotFound, evaluate.Request{ModelPath: strings.Replace(good.URI, "/m/", "/n/", 1)}},
		{"another name", "[body model_name]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, ModelName: "n"}},
		{"a wrong gate", "[body gate policy]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, Gate: map[string]any{"policy": "best"}}},
		{"a metric of another task", "[body gate primary]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, Gate: map[string]any{"primary": "rmse"}}},
		{"a run id that cannot be kept", "[body run_id]", fault.InvalidRequest, evaluate.Request{ModelPath: good.URI, RunID: "a\nb"}},
	} {
		_, err := r.Run(ctx, c.req)
		if f := fault.From(err); f == nil || f.Kind != c.kind || len(f.Fields) == 0 || fmt.Sprint(f.Fields[0].Loc) != c.loc {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if diff := cmp.Diff(before, r.keys(t)); diff != "" {
		t.Errorf("a refused request has written:\n%s", diff)
	}
}

// What a challenger is judged by must be whole: its file, and its holdout.
func TestWhatHasChangedIsNotJudged(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   fault.Kind
		damage func(t *testing.T, r *ring, run *run, v modelstore.Version)
	}{
		{"one byte of the model", fault.InvalidData, func(t *testing.T, r *ring, _ *run, v modelstore.Version) {
			file, err := r.Models.Load(ctx, "m", v.Digest)
			if err != nil {
				t.Fatal(err)
			}
			file.Model[len(file.Model)/2] ^= 1
			r.overwrite(t, v.URI, file.Model)
		}},
		{"the holdout is gone", fault.DataNotFound, func(t *testing.T, r *ring, run *run, _ modelstore.Version) {
			if err := r.bucket.Delete(ctx, "runs/run-1/processed.parquet"); err != nil {
				t.Fatal(err)
			}
		}},
		{"the holdout is another run's", fault.InvalidData, func(t *testing.T, r *ring, run *run, _ modelstore.Version) {
			other := newRing()
			other.process(t, "run-1", strings.Replace(yesNo(), "south", "north", 1900), nil)
			for _, name := range []string{"processed.parquet", "recipe.json"} {
				data, _, err := blob.ReadAll(ctx, other.bucket, "runs/run-1/"+name, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				r.overwrite(t, "s3://store/runs/run-1/"+name, data)
			}
		}},
		{"the recipe is damaged", fault.InvalidData, func(t *testing.T, r *ring, run *run, _ modelstore.Version) {
			r.overwrite(t, "s3://store/runs/run-1/recipe.json", []byte("{}"))
		}},
	} {
		r := newRing()
		run := r.process(t, "run-1", yesNo(), nil)
		version := r.add(t, run, believing(run.recipe, "right80"))
		c.damage(t, r, run, version)
		before := r.keys(t)
		_, err := r.Run(ctx, evaluate.Request{ModelPath: version.URI})
		if f := fault.From(err); f == nil || f.Kind != c.kind || fmt.Sprint(f.Fields[0].Loc) != "[body model_path]" || strings.Contains(f.Detail, "processed_data_path") {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(before, r.keys(t)); diff != "" {
			t.Errorf("%s: it has written:\n%s", c.name, diff)
		}
	}
}

// A challenger that its own holdout cannot serve is no reason to let it in.
func TestAChallengerThatDoesNotGoWithItsHoldout(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	other := run.recipe
	other.Features = slices.Clone(other.Features)
	other.Features[0].Name = "height"
	_, err := r.Run(ctx, evaluate.Request{ModelPath: r.add(t, run, believing(other, "right90")).URI})
	if f := fault.From(err); f == nil || f.Kind != fault.InvalidData || fmt.Sprint(f.Fields[0].Loc) != "[body model_path]" {
		t.Errorf("got %v", err)
	}
}

// A store that was copied to another place is still a store: its challengers are
// judged there by the copied data. Old addresses do not lead out of it.
func TestAStoreThatWasCopied(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	version := r.add(t, run, believing(run.recipe, "right90"))
	want := r.evaluate(t, version, bare())

	elsewhere, err := blob.OpenRoot(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range r.keys(t) {
		if strings.Contains(key, "/evaluations/"+version.Digest[:16]) {
			continue // it is to be judged anew
		}
		data, _, err := blob.ReadAll(ctx, r.bucket, key, 1<<30)
		if err == nil {
			_, err = elsewhere.Put(ctx, key, data, blob.IfAbsent())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.Store, r.Models = elsewhere, &modelstore.Store{Root: elsewhere}
	req := evaluate.Request{ModelPath: r.Models.ModelURI("m", version.Digest), Gate: bare()}
	got, err := r.Run(ctx, req)
	if err != nil || got.Decision != want.Decision || got.ModelPath != req.ModelPath {
		t.Fatalf("got %+v, %v", got, err)
	}
	if diff := cmp.Diff(want.Metrics, got.Metrics); diff != "" {
		t.Errorf("the copy has other metrics:\n%s", diff)
	}
	if err := elsewhere.Delete(ctx, processed.Path("run-1", processed.DataFile)); err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(ctx, evaluate.Request{ModelPath: req.ModelPath})
	if f := fault.From(err); f == nil || f.Kind != fault.DataNotFound || fmt.Sprint(f.Fields[0].Loc) != "[body model_path]" {
		t.Errorf("got %v", err)
	}
}

// Whatever goes wrong with whichever call of the store, there is a whole verdict
// or none, and the repeated request ends with the same answer. A store that says
// that there is no champion gets a verdict over none, which is of no use.
func TestEveryMishap(t *testing.T) {
	prepared := newRing()
	run := prepared.process(t, "run-1", yesNo(), nil)
	prepared.crown(t, prepared.add(t, run, believing(run.recipe, "right80")))
	version := prepared.add(t, run, believing(run.recipe, "right90"))
	req := evaluate.Request{ModelPath: version.URI, Gate: bare()}
	var want evaluate.Result
	blobtest.EveryMishap(t, func(t *testing.T, tr *blobtest.Trial) {
		r := copyOf(t, prepared)
		faulty := tr.Over(r.bucket)
		r.Store.Bucket, r.Models.Root.Bucket = faulty, faulty
		got, err := r.Run(tr.Context, req)
		r.Store.Bucket, r.Models.Root.Bucket = r.bucket, r.bucket
		if tr.Quiet() {
			if want = got; err != nil || want.Decision != "promote" {
				t.Fatalf("%+v: %v", got, err)
			}
		}
		if diff := differ(want, got); err == nil && diff != "" {
			if _, err := r.update(t, got); !fault.Is(err, fault.ChampionChanged) {
				t.Errorf("%s: the answer is another, and its update ends with %v\n%s", tr.What, err, diff)
			}
		}
		got, err = r.Run(ctx, req)
		if diff := differ(want, got); err != nil || diff != "" {
			t.Fatalf("%s: repeated, it ends with %v\n%s", tr.What, err, diff)
		}
		stored, err := r.Models.Evaluations(ctx, "m", version.Digest)
		over := slices.DeleteFunc(stored, func(e modelstore.Evaluation) bool { return e.ChampionGeneration == 0 })
		if err != nil || len(over) != 1 {
			t.Errorf("%s: %d verdicts over the champion are stored, %v", tr.What, len(over), err)
		}
		if err := r.Models.Audit(ctx, "m"); err != nil {
			t.Errorf("%s: %v", tr.What, err)
		}
	})
}

// copyOf returns a ring over a copy of another's store.
func copyOf(t *testing.T, from *ring) *ring {
	t.Helper()
	r := newRing()
	r.bucket = blobtest.Copy(t, from.bucket)
	r.Store.Bucket, r.Models.Root.Bucket = r.bucket, r.bucket
	return r
}
