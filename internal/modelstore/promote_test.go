package modelstore

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

func TestPromote(t *testing.T) {
	s := newStore()
	first := crown(t, s, "churn", "model A")
	if first.Generation != 1 || first.ReplacedGeneration != 0 || first.Already || first.Standing != 1 {
		t.Errorf("the first promotion is %+v", first)
	}
	second := crown(t, s, "churn", "model B")
	if second.Generation != 2 || second.ReplacedGeneration != 1 || second.Digest != Digest([]byte("model B")) {
		t.Errorf("the second promotion is %+v", second)
	}
	if got := string(stored(t, s, latestKey("churn"))); got != "model B" {
		t.Errorf("the copy is of %q", got)
	}
	must(t, s.Audit(t.Context(), "churn"))
}

func TestPromoteAgain(t *testing.T) {
	s := newStore()
	e := judge(t, s, "churn", "model A", true)
	first, err := s.Promote(t.Context(), "churn", e.ID(), Asked{By: "ann"}, nil)
	must(t, err)
	before := snapshot(t, s)
	first.Already = true
	for range 3 {
		again, err := s.Promote(t.Context(), "churn", e.ID(), Asked{By: "bob"}, nil)
		must(t, err)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Error(diff)
	}
	crown(t, s, "churn", "model B")
	superseded, err := s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
	must(t, err)
	first.Standing = 2
	if diff := cmp.Diff(first, superseded); diff != "" {
		t.Errorf("a promotion that has been replaced since: %s", diff)
	}
}

func TestPromoteRefuses(t *testing.T) {
	s := newStore()
	stale := judge(t, s, "churn", "model B", true)
	crown(t, s, "churn", "model A")
	no := judge(t, s, "churn", "model C", false)
	gone := judge(t, s, "churn", "model D", true)
	must(t, s.Root.Delete(t.Context(), modelKey("churn", gone.ModelDigest)))
	torn := judge(t, s, "churn", "model E", true)
	overwrite(t, s, modelKey("churn", torn.ModelDigest), []byte("model F"))
	failing := judge(t, s, "churn", "model G", true)
	none := Comparison{ModelName: "churn", ModelDigest: no.ModelDigest}

	before := snapshot(t, s)
	refuses := func(kind fault.Kind, name, id string, asked Asked, check Check) {
		t.Helper()
		_, err := s.Promote(t.Context(), name, id, asked, check)
		wantKind(t, err, kind)
		if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
			t.Error(diff)
		}
	}
	refuses(fault.ChampionChanged, "churn", stale.ID(), Asked{}, nil)
	refuses(fault.GateNotPassed, "churn", no.ID(), Asked{}, nil)
	refuses(fault.GateNotPassed, "churn", none.ID(), Asked{}, nil)
	refuses(fault.GateNotPassed, "fraud", failing.ID(), Asked{}, nil)
	refuses(fault.InvalidRequest, "churn", "latest", Asked{}, nil)
	refuses(fault.InvalidRequest, "a/b", no.ID(), Asked{}, nil)
	refuses(fault.InvalidRequest, "churn", failing.ID(), Asked{By: "a\nb"}, nil)
	refuses(fault.DataNotFound, "churn", gone.ID(), Asked{}, nil)
	refuses(fault.InvalidData, "churn", torn.ID(), Asked{}, nil)
	refuses(fault.InvalidData, "churn", failing.ID(), Asked{}, func(model []byte, m Manifest) error {
		if string(model) != "model G" || m.ModelName != "churn" {
			t.Errorf("the check is given %q with the manifest of %q", model, m.ModelName)
		}
		return fault.New(fault.InvalidData, "no")
	})
}

// An evaluation does not hold against the same model under another version.
func TestPromoteTellsEqualChampionsApart(t *testing.T) {
	s := newStore()
	crown(t, s, "churn", "model A")
	e := judge(t, s, "churn", "model C", true)
	crown(t, s, "churn", "model B")
	_, err := s.Rollback(t.Context(), "churn", 1, nil, Asked{Reason: "r"}, nil)
	must(t, err)
	_, err = s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
	wantKind(t, err, fault.ChampionChanged)
}

// An evaluation made against a champion that was removed and made anew, by
// hand, under the same generation: the digest tells them apart.
func TestPromoteTellsEqualGenerationsApart(t *testing.T) {
	s := newStore()
	crown(t, s, "churn", "model A")
	e := judge(t, s, "churn", "model B", true)
	must(t, s.Root.Delete(t.Context(), championKey("churn")))
	_, err := s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
	wantKind(t, err, fault.ChampionChanged)
	crown(t, s, "churn", "model C")
	_, err = s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
	wantKind(t, err, fault.ChampionChanged)
}

func TestAuditFindsBrokenPromises(t *testing.T) {
	for what, spoil := range map[string]func(s *Store, p Promotion){
		"a lost model":    func(s *Store, p Promotion) { must(t, s.Root.Delete(t.Context(), modelKey("churn", p.Digest))) },
		"another model":   func(s *Store, p Promotion) { overwrite(t, s, modelKey("churn", p.Digest), []byte("x")) },
		"a lost manifest": func(s *Store, p Promotion) { must(t, s.Root.Delete(t.Context(), manifestKey("churn", p.Digest))) },
		"a lost evaluation": func(s *Store, p Promotion) {
			must(t, s.Root.Delete(t.Context(), evaluationKey("churn", p.EvaluationID)))
		},
		"an edited evaluation": func(s *Store, p Promotion) {
			e, err := s.Evaluation(t.Context(), "churn", p.EvaluationID)
			must(t, err)
			e.RunID = "another"
			overwrite(t, s, evaluationKey("churn", p.EvaluationID), sealed(t, e))
		},
	} {
		s := newStore()
		p := crown(t, s, "churn", "model A")
		must(t, s.Audit(t.Context(), "churn"))
		spoil(s, p)
		if err := s.Audit(t.Context(), "churn"); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A pointer that skips the comparison, or brings the wrong model back, does
// not pass the audit even if each of its changes is well formed.
func TestAuditFindsForgedChanges(t *testing.T) {
	s := newStore()
	crown(t, s, "churn", "model A")
	stale := judge(t, s, "churn", "model C", true)
	crown(t, s, "churn", "model B")
	sound, _, err := s.Champion(t.Context(), "churn")
	must(t, err)
	for what, change := range map[string]Change{
		"a promotion against another champion": {
			PromotionID: promotionID("churn", stale.ID()), Kind: Promoted, Digest: stale.ModelDigest,
			EvaluationID: stale.ID(), EvaluationSHA256: stale.SHA256,
		},
		"a rollback to another model": {
			PromotionID: rollbackID("churn", 2, 1), Kind: RolledBack, Digest: Digest([]byte("model B")), RestoredGeneration: 1,
		},
	} {
		overwrite(t, s, championKey("churn"), sealed(t, sound.succeed("churn", change)))
		if err := s.Audit(t.Context(), "churn"); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", what, err)
		}
	}
	undecided := errors.New("the disk hums")
	if err := broken(Change{}, undecided); err != undecided {
		t.Errorf("an error that decides nothing is called a broken promise: %v", err)
	}
}
