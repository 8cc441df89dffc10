package modelstore

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

func TestEvaluationRoundTrip(t *testing.T) {
	s := newStore()
	put := judge(t, s, "churn", "model A", true)
	got, err := s.Evaluation(t.Context(), "churn", put.ID())
	must(t, err)
	if diff := cmp.Diff(put, got); diff != "" {
		t.Error(diff)
	}
	if got.At != s.now() || got.Decision != "bootstrap" || string(got.Result) != `{"status":"success","should_update":true}` {
		t.Errorf("the evaluation reads back as %+v", got)
	}
}

// The first of several verdicts on one comparison counts.
func TestFirstVerdictCounts(t *testing.T) {
	s := newStore()
	c := comparison(t, s, "churn", add(t, s, "churn", "model A").Digest)
	first, existed, err := s.PutEvaluation(t.Context(), verdict(c, false))
	if must(t, err); existed {
		t.Error("the first verdict is said to have existed")
	}
	second, existed, err := s.PutEvaluation(t.Context(), verdict(c, true))
	must(t, err)
	if !existed || second.ShouldUpdate {
		t.Error("a second verdict replaces the first one")
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

// A damaged verdict gives way to a new one; a sound one and that of a later
// release do not. Of two who mend it at once, the first one counts.
func TestDamagedVerdictIsReplaced(t *testing.T) {
	s := newStore()
	e := judge(t, s, "churn", "model A", false)
	key := evaluationKey("churn", e.ID())
	sound := stored(t, s, key)
	anew := verdict(e.Comparison, true)
	for what, damage := range map[string][]byte{
		"a byte is changed": bytes.Replace(sound, []byte("keep"), []byte("Keep"), 1),
		"cut short":         sound[:len(sound)/2],
		"empty":             {},
		"another's":         stored(t, s, evaluationKey("churn", judge(t, s, "churn", "model B", true).ID())),
	} {
		overwrite(t, s, key, damage)
		_, err := s.Evaluation(t.Context(), "churn", e.ID())
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
		got, existed, err := s.PutEvaluation(t.Context(), anew)
		must(t, err)
		if existed || !got.ShouldUpdate || bytes.Equal(stored(t, s, key), damage) {
			t.Errorf("%s: it stays", what)
		}
	}

	later := e
	later.Format = evaluationFormat + 1
	overwrite(t, s, key, sealed(t, later))
	_, _, err := s.PutEvaluation(t.Context(), anew)
	wantKind(t, err, fault.InvalidData)
	if errors.Is(err, ErrDamaged) || !bytes.Equal(stored(t, s, key), sealed(t, later)) {
		t.Errorf("a later release's verdict: %v", err)
	}

	overwrite(t, s, key, nil)
	writes := 0
	slow := over(&blobtest.Faulty{Bucket: s.Root.Bucket, Fault: func(op blobtest.Op, at string) (through blobtest.Outcome) {
		if op == blobtest.Put && at == key {
			if writes++; writes == 2 {
				overwrite(t, s, key, sound)
			}
		}
		return through
	}})
	got, existed, err := slow.PutEvaluation(t.Context(), anew)
	must(t, err)
	if !existed || got.ShouldUpdate || !bytes.Equal(stored(t, s, key), sound) {
		t.Errorf("the second who mends it wins: %+v", got)
	}
}

// Whatever determines a verdict determines its id.
func TestComparisonID(t *testing.T) {
	base := Comparison{
		ModelName: "churn", ModelDigest: Digest([]byte("A")), ChampionGeneration: 3, ChampionDigest: Digest([]byte("B")),
		HoldoutDigest: "h", GateDigest: "g", Engine: "1",
	}
	ids := map[string]bool{base.ID(): true}
	for _, change := range []func(*Comparison){
		func(c *Comparison) { c.ModelName = "fraud" },
		func(c *Comparison) { c.ModelDigest = Digest([]byte("C")) },
		func(c *Comparison) { c.ChampionGeneration = 4 },
		func(c *Comparison) { c.ChampionDigest = Digest([]byte("C")) },
		func(c *Comparison) { c.HoldoutDigest = "i" },
		func(c *Comparison) { c.GateDigest = "h" },
		func(c *Comparison) { c.Engine = "2" },
	} {
		other := base
		change(&other)
		ids[other.ID()] = true
	}
	if len(ids) != 8 {
		t.Errorf("8 comparisons have %d ids", len(ids))
	}
}

func TestPutEvaluationRefuses(t *testing.T) {
	s := newStore()
	crown(t, s, "churn", "model A")
	good := verdict(comparison(t, s, "churn", add(t, s, "churn", "model B").Digest), true)
	before := snapshot(t, s)
	for what, spoil := range map[string]func(*Evaluation){
		"no digest":                  func(e *Evaluation) { e.ModelDigest = "" },
		"no champion":                func(e *Evaluation) { e.ChampionDigest = "" },
		"a champion of generation 0": func(e *Evaluation) { e.ChampionGeneration = 0 },
		"a negative generation":      func(e *Evaluation) { e.ChampionGeneration = -1 },
		"promote without update":     func(e *Evaluation) { e.ShouldUpdate = false },
		"keep with update":           func(e *Evaluation) { e.Decision = "keep" },
		"bootstrap with a champion":  func(e *Evaluation) { e.Decision = "bootstrap" },
		"no decision":                func(e *Evaluation) { e.Decision = "" },
		"a model against itself":     func(e *Evaluation) { e.ChampionDigest = e.ModelDigest },
	} {
		e := good
		spoil(&e)
		if _, _, err := s.PutEvaluation(t.Context(), e); err == nil {
			t.Errorf("an evaluation with %s is stored", what)
		}
	}
	bad := good
	bad.ModelName = "../churn"
	_, _, err := s.PutEvaluation(t.Context(), bad)
	wantKind(t, err, fault.InvalidRequest)
	bad = good
	bad.RunID = "a\nb"
	_, _, err = s.PutEvaluation(t.Context(), bad)
	wantKind(t, err, fault.InvalidRequest)
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluationRefuses(t *testing.T) {
	s := newStore()
	a := judge(t, s, "churn", "model A", true)
	b := judge(t, s, "churn", "model B", true)
	_, err := s.Evaluation(t.Context(), "churn", "latest")
	wantKind(t, err, fault.InvalidRequest)
	_, err = s.Evaluation(t.Context(), "fraud", a.ID())
	wantKind(t, err, fault.DataNotFound)
	overwrite(t, s, evaluationKey("fraud", a.ID()), stored(t, s, evaluationKey("churn", a.ID())))
	_, err = s.Evaluation(t.Context(), "fraud", a.ID())
	wantKind(t, err, fault.InvalidData)
	overwrite(t, s, evaluationKey("churn", a.ID()), stored(t, s, evaluationKey("churn", b.ID())))
	_, err = s.Evaluation(t.Context(), "churn", a.ID())
	wantKind(t, err, fault.InvalidData)
}

func TestEvaluationsOfAVersion(t *testing.T) {
	s := newStore()
	var want []Evaluation
	digest := add(t, s, "churn", "model X").Digest
	for _, model := range []string{"model A", "model B", "model C"} {
		e, _, err := s.PutEvaluation(t.Context(), verdict(comparison(t, s, "churn", digest), false))
		must(t, err)
		want = append([]Evaluation{e}, want...)
		crown(t, s, "churn", model)
	}
	overwrite(t, s, nameKey("churn")+"/evaluations/"+want[0].ID()+".html", nil)
	got, err := s.Evaluations(t.Context(), "churn", digest)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	overwrite(t, s, evaluationKey("churn", want[1].ID()), []byte("{}"))
	got, err = s.Evaluations(t.Context(), "churn", digest)
	must(t, err)
	if diff := cmp.Diff([]Evaluation{want[0], want[2]}, got); diff != "" {
		t.Errorf("a damaged evaluation is not left out: %s", diff)
	}
}
