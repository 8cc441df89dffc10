package modelstore

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// twin is the store as one would write it without any storage: a list of
// champions, and for each evaluation what it compared. Its rules are those of
// the package comment, in the fewest words.
type twin struct {
	line        []twinChange // generation i+1 is line[i]
	evaluations []Evaluation
}

type twinChange struct {
	model string
	by    string // the evaluation's id, or "" for a rollback
}

func (w *twin) standing() string {
	if len(w.line) == 0 {
		return ""
	}
	return w.line[len(w.line)-1].model
}

// promote returns the generation that an evaluation's promotion has, whether it
// was made before, and the error that it ends with.
func (w *twin) promote(e Evaluation) (generation int64, already bool, refusal fault.Kind) {
	if !e.ShouldUpdate {
		return 0, false, fault.GateNotPassed
	}
	made := slices.IndexFunc(w.line, func(c twinChange) bool { return c.by == e.ID() })
	if made >= 0 {
		return int64(made) + 1, true, 0
	}
	if e.ChampionGeneration != int64(len(w.line)) {
		return 0, false, fault.ChampionChanged
	}
	w.line = append(w.line, twinChange{model: e.ModelDigest, by: e.ID()})
	return int64(len(w.line)), false, 0
}

// rollback answers as promote does.
func (w *twin) rollback(to int64) (generation int64, already bool, refusal fault.Kind) {
	if to < 1 || to > int64(len(w.line)) {
		return 0, false, fault.DataNotFound
	}
	model := w.line[to-1].model
	if model == w.standing() {
		return int64(len(w.line)), true, 0
	}
	w.line = append(w.line, twinChange{model: model})
	return int64(len(w.line)), false, 0
}

func TestStoreAgainstItsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := newStore(), &twin{}
		models := rapid.IntRange(0, 4)
		t.Repeat(map[string]func(*rapid.T){
			"judge": func(t *rapid.T) { w.judge(t, s, fmt.Sprint("model ", models.Draw(t, "model"))) },
			"promote": func(t *rapid.T) {
				if len(w.evaluations) == 0 {
					return
				}
				e := rapid.SampledFrom(w.evaluations).Draw(t, "evaluation")
				p, err := s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
				generation, already, refusal := w.promote(e)
				agree(t, p, err, generation, already, refusal)
			},
			"update": func(t *rapid.T) { w.update(t, s) },
			"rollback": func(t *rapid.T) {
				to := rapid.Int64Range(0, 6).Draw(t, "to")
				p, err := s.Rollback(t.Context(), "churn", to, nil, Asked{Reason: "r"}, nil)
				generation, already, refusal := w.rollback(to)
				agree(t, p, err, generation, already, refusal)
			},
			"": func(t *rapid.T) { w.compare(t, s) },
		})
	})
}

// judge has a model evaluated against the champion that stands.
func (w *twin) judge(t *rapid.T, s *Store, model string) {
	v, err := s.Add(t.Context(), "churn", []byte(model), manifest())
	if err != nil {
		t.Fatal(err)
	}
	update := v.Digest != w.standing() && rapid.Bool().Draw(t, "should update")
	e := verdictAfter(model, int64(len(w.line)), w.standing())
	e = verdict(e.Comparison, update)
	e, existed, err := s.PutEvaluation(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if !existed {
		w.evaluations = append(w.evaluations, e)
	}
}

// update asks for the promotion of an evaluation's model through the step.
func (w *twin) update(t *rapid.T, s *Store) {
	if len(w.evaluations) == 0 {
		return
	}
	e := rapid.SampledFrom(w.evaluations).Draw(t, "evaluation")
	current := e.ModelDigest == w.standing()
	got, err := update(s, yes(s, e))
	generation, already, refusal := int64(len(w.line)), true, fault.Kind(0)
	if !current {
		generation, already, refusal = w.promote(e)
	}
	switch {
	case refusal != 0:
		agree(t, Promotion{}, err, 0, false, refusal)
	case err != nil:
		t.Fatalf("an update is refused: %v", err)
	case *got.Version != generation || got.AlreadyCurrent != (already && current):
		t.Fatalf("an update answers %+v, the twin version %d", got, generation)
	}
}

// agree compares an answer of the store with the twin's.
func agree(t *rapid.T, p Promotion, err error, generation int64, already bool, refusal fault.Kind) {
	switch {
	case refusal != 0 && !fault.Is(err, refusal):
		t.Fatalf("got %v, want a %v", err, refusal)
	case refusal == 0 && err != nil:
		t.Fatal(err)
	case refusal == 0 && (p.Generation != generation || p.Already != already):
		t.Fatalf("got %+v, want generation %d, already %t", p, generation, already)
	}
}

// compare holds the whole store against the twin.
func (w *twin) compare(t *rapid.T, s *Store) {
	history, err := s.History(t.Context(), "churn")
	if err != nil {
		t.Fatal(err)
	}
	var got []twinChange
	for _, change := range slices.Backward(history) {
		got = append(got, twinChange{model: change.Digest, by: change.EvaluationID})
	}
	if diff := cmp.Diff(w.line, got, cmp.AllowUnexported(twinChange{})); diff != "" {
		t.Fatal(diff)
	}
	if err := s.Audit(t.Context(), "churn"); err != nil {
		t.Fatal(err)
	}
}
