package modelstore

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

// update runs the step without looking into the models.
func update(s *Store, req UpdateRequest) (UpdateResult, error) {
	return Update{Store: s, Check: passAll}.Run(context.Background(), req)
}

// yes is the request that /evaluate's answer makes.
func yes(s *Store, e Evaluation) UpdateRequest {
	return UpdateRequest{
		ShouldUpdate: ptr(true), ModelPath: s.ModelURI(e.ModelName, e.ModelDigest), ModelName: e.ModelName, RunID: e.RunID,
		EvaluationPath: s.EvaluationURI(e.ModelName, e.ID()), ExpectedChampionVersion: &e.ChampionGeneration,
	}
}

func TestUpdate(t *testing.T) {
	s := newStore()
	first, err := update(s, yes(s, judge(t, s, "churn", "model A", true)))
	must(t, err)
	if *first.Version != 1 || first.PreviousVersion != nil {
		t.Errorf("the first update is %+v", first)
	}
	e := judge(t, s, "churn", "model B", true)
	want := UpdateResult{
		Status: "success", Updated: true, Version: ptr(int64(2)), PreviousVersion: ptr(int64(1)),
		ModelURI: s.ModelURI("churn", e.ModelDigest), LatestPath: s.LatestURI("churn"), Endpoints: []string{},
		ModelName: "churn", RunID: "run-1", PromotionID: promotionID("churn", e.ID()), Warnings: []string{},
	}
	got, err := update(s, yes(s, e))
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	want.AlreadyCurrent = true
	bare := UpdateRequest{ShouldUpdate: ptr(true), ModelPath: want.ModelURI, RunID: "run-1"}
	for what, request := range map[string]UpdateRequest{"repeated": yes(s, e), "repeated with the model alone": bare} {
		got, err := update(s, request)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

// The answer's documented form, which the state machine's later states read.
func TestUpdateResultJSON(t *testing.T) {
	s := newStore()
	no := UpdateRequest{ShouldUpdate: ptr(false)}
	got, err := update(s, no)
	must(t, err)
	text, err := json.Marshal(got)
	must(t, err)
	want := `{"status":"success","updated":false,"version":null,"previous_version":null,"endpoints":[],"already_current":false,"model_name":"default","warnings":[]}`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}

func TestKeep(t *testing.T) {
	s := newStore()
	crownAll(t, s, "model A", "model B")
	e := judge(t, s, "churn", "model C", false)
	before := snapshot(t, s)
	request := yes(s, e)
	request.ShouldUpdate = ptr(false)
	for _, name := range []string{"churn", ""} {
		request.ModelName = name
		got, err := update(s, request)
		must(t, err)
		want := UpdateResult{Status: "success", Version: ptr(int64(2)), Endpoints: []string{}, ModelName: "churn", RunID: "run-1", Warnings: []string{}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Error(diff)
	}
}

// Forged and outdated requests: each is refused with its code, and changes
// nothing.
func TestUpdateRefuses(t *testing.T) {
	s := newStore()
	stale := judge(t, s, "churn", "model S", true)
	crown(t, s, "churn", "model A")
	good := judge(t, s, "churn", "model B", true)
	rival := judge(t, s, "churn", "model C", true)
	kept := judge(t, s, "churn", "model D", false)
	fraud := judge(t, s, "fraud", "model B", true)
	unjudged := s.ModelURI("churn", add(t, s, "churn", "model E").Digest)
	digest := good.ModelDigest

	for what, try := range map[string]struct {
		kind fault.Kind
		edit func(r *UpdateRequest)
	}{
		"no should_update":                  {fault.InvalidRequest, func(r *UpdateRequest) { r.ShouldUpdate = nil }},
		"no model_path":                     {fault.InvalidRequest, func(r *UpdateRequest) { r.ModelPath = "" }},
		"another model's name":              {fault.InvalidRequest, func(r *UpdateRequest) { r.ModelName = "fraud" }},
		"no name":                           {fault.InvalidRequest, func(r *UpdateRequest) { r.ModelName = "a b" }},
		"a path outside the store":          {fault.AccessDenied, func(r *UpdateRequest) { r.ModelPath = "s3://other/models/churn/sha256/" + digest + "/model.onnx" }},
		"a path to the metadata service":    {fault.InvalidRequest, func(r *UpdateRequest) { r.ModelPath = "http://169.254.169.254/latest/meta-data" }},
		"a path to the copy":                {fault.InvalidRequest, func(r *UpdateRequest) { r.ModelPath = s.LatestURI("churn") }},
		"an evaluation outside the store":   {fault.AccessDenied, func(r *UpdateRequest) { r.EvaluationPath = "/tmp/evaluation.json" }},
		"an evaluation that is a model":     {fault.InvalidRequest, func(r *UpdateRequest) { r.EvaluationPath = r.ModelPath }},
		"another name's evaluation":         {fault.GateNotPassed, func(r *UpdateRequest) { r.EvaluationPath = s.EvaluationURI("fraud", fraud.ID()) }},
		"another model's evaluation":        {fault.GateNotPassed, func(r *UpdateRequest) { r.EvaluationPath = s.EvaluationURI("churn", rival.ID()) }},
		"an evaluation that does not exist": {fault.GateNotPassed, func(r *UpdateRequest) { r.EvaluationPath = s.EvaluationURI("churn", thirdVerdict("model B").ID()) }},
		"an evaluation that says no":        {fault.GateNotPassed, func(r *UpdateRequest) { *r = yes(s, kept) }},
		"a model that was judged and kept": {fault.GateNotPassed, func(r *UpdateRequest) {
			*r = UpdateRequest{ShouldUpdate: ptr(true), ModelPath: s.ModelURI("churn", kept.ModelDigest)}
		}},
		"a model that was never judged": {fault.GateNotPassed, func(r *UpdateRequest) { *r = UpdateRequest{ShouldUpdate: ptr(true), ModelPath: unjudged} }},
		"a model that does not exist": {fault.GateNotPassed, func(r *UpdateRequest) {
			*r = UpdateRequest{ShouldUpdate: ptr(true), ModelPath: s.ModelURI("churn", Digest([]byte("x")))}
		}},
		"a swapped digest":      {fault.GateNotPassed, func(r *UpdateRequest) { r.ModelPath = unjudged }},
		"a replayed evaluation": {fault.ChampionChanged, func(r *UpdateRequest) { *r = yes(s, stale) }},
		"a model judged against no champion": {fault.ChampionChanged, func(r *UpdateRequest) {
			*r = UpdateRequest{ShouldUpdate: ptr(true), ModelPath: s.ModelURI("churn", stale.ModelDigest)}
		}},
		"another expected version":        {fault.ChampionChanged, func(r *UpdateRequest) { r.ExpectedChampionVersion = ptr(int64(2)) }},
		"an expected version and no path": {fault.ChampionChanged, func(r *UpdateRequest) { r.EvaluationPath, r.ExpectedChampionVersion = "", ptr(int64(0)) }},
		"a reason of two lines":           {fault.InvalidRequest, func(r *UpdateRequest) { r.Reason = "a\nb" }},
	} {
		request := yes(s, good)
		try.edit(&request)
		before := snapshot(t, s)
		if _, err := update(s, request); !fault.Is(err, try.kind) {
			t.Errorf("%s: got %v, want a %v", what, err, try.kind)
		}
		if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	_, err := update(s, yes(s, good))
	must(t, err)
}

// Without a path the store finds the evaluation: one that lets the model in
// over the champion that stands or is expected, of several; else the newest.
func TestUpdateFindsItsEvaluation(t *testing.T) {
	s := newStore()
	digest := Digest([]byte("model X"))
	bare := UpdateRequest{ShouldUpdate: ptr(true), ModelPath: s.ModelURI("churn", digest)}
	replaced := []string{"Version 2 has been replaced since; version 3 stands."}

	judge(t, s, "churn", "model X", true)
	crown(t, s, "churn", "model A")
	judge(t, s, "churn", "model X", false)
	_, err := update(s, bare)
	wantKind(t, err, fault.GateNotPassed)

	other := verdict(comparison(t, s, "churn", digest), true)
	other.GateDigest = Digest([]byte("another gate"))
	_, _, err = s.PutEvaluation(t.Context(), other)
	must(t, err)
	got, err := update(s, bare)
	must(t, err)
	if got.PromotionID != promotionID("churn", other.ID()) || *got.Version != 2 {
		t.Errorf("the update rests on another evaluation: %+v", got)
	}

	crown(t, s, "churn", "model B")
	got, err = update(s, bare)
	must(t, err)
	if *got.Version != 2 || !got.Updated || got.AlreadyCurrent || !cmp.Equal(replaced, got.Warnings) {
		t.Errorf("a promotion that has been replaced since is answered with %+v", got)
	}

	judge(t, s, "churn", "model X", true)
	replaced[0] = "Version 2 has been replaced since; version 4 stands."
	crown(t, s, "churn", "model C")
	_, err = update(s, bare)
	wantKind(t, err, fault.ChampionChanged)
	bare.ExpectedChampionVersion = ptr(int64(1))
	got, err = update(s, bare)
	must(t, err)
	if *got.Version != 2 || !cmp.Equal(replaced, got.Warnings) {
		t.Errorf("the repeated update of version 1 is answered with %+v", got)
	}
}

// A model that a rollback made champion is current, though not by a promotion.
func TestUpdateOfARestoredModel(t *testing.T) {
	s := newStore()
	e := judge(t, s, "churn", "model A", true)
	crownAll(t, s, "model A", "model B")
	_, err := s.Rollback(t.Context(), "churn", 1, nil, Asked{Reason: "r"}, nil)
	must(t, err)
	got, err := update(s, yes(s, e))
	must(t, err)
	if *got.Version != 3 || got.Updated || !got.AlreadyCurrent {
		t.Errorf("the update of a restored champion is answered with %+v", got)
	}
}

// The copy is never the truth: failing to write it is a warning, and the next
// update, or the same one repeated, writes it.
func TestLatestIsRepaired(t *testing.T) {
	bucket := blobtest.Memory(t)
	sound := over(bucket)
	e := judge(t, sound, "churn", "model A", true)
	faulty := over(&blobtest.Faulty{Bucket: bucket, Fault: func(_ blobtest.Op, key string) (o blobtest.Outcome) {
		if key == latestKey("churn") {
			o.Err = unreachable
		}
		return o
	}})
	got, err := update(faulty, yes(faulty, e))
	must(t, err)
	if diff := cmp.Diff([]string{latestWarning}, got.Warnings); diff != "" {
		t.Error(diff)
	}
	overwrite(t, sound, latestKey("churn"), []byte("half of"))
	got, err = update(sound, yes(sound, e))
	must(t, err)
	if copied := string(stored(t, sound, latestKey("churn"))); copied != "model A" || len(got.Warnings) != 0 {
		t.Errorf("the copy holds %q, with %v", copied, got.Warnings)
	}
}

// A writer of the copy that was overtaken writes the newer champion.
func TestLatestIsOfTheStandingChampion(t *testing.T) {
	bucket := blobtest.Memory(t)
	sound := over(bucket)
	overtaken := false
	s := over(&blobtest.Faulty{Bucket: bucket, Fault: func(op blobtest.Op, key string) (o blobtest.Outcome) {
		if op == blobtest.Put && key == latestKey("churn") && !overtaken {
			overtaken = true
			crown(t, sound, "churn", "model B")
		}
		return o
	}})
	crown(t, s, "churn", "model A")
	if copied := string(stored(t, sound, latestKey("churn"))); copied != "model B" {
		t.Errorf("the copy holds %q", copied)
	}
}

// A store that stays out of reach is a Transient that names the promotion.
func TestUnreachableStoreNamesThePromotion(t *testing.T) {
	bucket := blobtest.Memory(t)
	sound := over(bucket)
	e := judge(t, sound, "churn", "model A", true)
	ctx, cancel := context.WithCancel(t.Context())
	wrote := false
	s := over(&blobtest.Faulty{Bucket: bucket, Fault: func(op blobtest.Op, key string) (o blobtest.Outcome) {
		switch {
		case op == blobtest.Put:
			wrote = true
			o = blobtest.Outcome{Err: unreachable, Applied: true}
		case wrote:
			o.Err = unreachable
			cancel()
		}
		return o
	}})
	_, err := s.Promote(ctx, "churn", e.ID(), Asked{}, nil)
	wantKind(t, err, fault.Transient)
	want := "The model store could not be reached to finish promotion " + promotionID("churn", e.ID()) + "; repeat the request to settle it."
	if got := fault.From(err).Detail; got != want {
		t.Errorf("the error says %q", got)
	}
	p, err := sound.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
	must(t, err)
	if !p.Already || p.Generation != 1 {
		t.Errorf("the repeated promotion is %+v", p)
	}
}

// The life of a model over a folder: the store knows nothing of what is below.
func TestLifeInAFolder(t *testing.T) {
	root, err := blob.OpenRoot(t.TempDir(), nil)
	must(t, err)
	s := &Store{Root: root}
	for i, model := range []string{"model A", "model B", "model C"} {
		got, err := update(s, yes(s, judge(t, s, "churn", model, true)))
		must(t, err)
		if *got.Version != int64(i)+1 || len(got.Warnings) != 0 {
			t.Errorf("update %d is answered with %+v", i+1, got)
		}
	}
	_, err = s.Rollback(t.Context(), "churn", 2, nil, Asked{Reason: "r"}, nil)
	must(t, err)
	wantChampion(t, s, 4, "model B")
	if copied := string(stored(t, s, latestKey("churn"))); copied != "model B" {
		t.Errorf("the copy holds %q", copied)
	}
	must(t, s.Audit(t.Context(), "churn"))
	names, err := s.Names(t.Context())
	if must(t, err); !cmp.Equal(names, []string{"churn"}) {
		t.Errorf("the folder has the models %v", names)
	}
}

// A retraining that is repeated after its promotion is told to keep the
// champion, and that the champion is its own model.
func TestUpdateKeepsTheModelItself(t *testing.T) {
	s := newStore()
	crown(t, s, "churn", "model A")
	other := add(t, s, "churn", "model B")
	for path, already := range map[string]bool{s.ModelURI("churn", Digest([]byte("model A"))): true, other.URI: false} {
		r, err := Update{Store: s}.Run(t.Context(), UpdateRequest{ShouldUpdate: ptr(false), ModelPath: path})
		must(t, err)
		if r.AlreadyCurrent != already || r.Updated || *r.Version != 1 {
			t.Errorf("%s: %+v", path, r)
		}
	}
}
