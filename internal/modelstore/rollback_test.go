package modelstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

func TestRollbackStep(t *testing.T) {
	s := newStore()
	crownAll(t, s, "model A", "model B", "model C")
	step := Rollback{Store: s, Check: passAll}
	request := RollbackRequest{ModelName: "churn", ToVersion: 2, Reason: "bad predictions", By: "ann"}
	digest := Digest([]byte("model B"))
	want := RollbackResult{
		Status: "success", ModelName: "churn", Version: 4, PreviousVersion: 3, RestoredVersion: 2,
		ModelURI: s.ModelURI("churn", digest), LatestPath: s.LatestURI("churn"),
		PromotionID: rollbackID("churn", 3, 2), Warnings: []string{},
	}
	got, err := step.Run(t.Context(), request)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := string(stored(t, s, latestKey("churn"))); got != "model B" {
		t.Errorf("the copy is of %q", got)
	}
	want.AlreadyCurrent = true
	for range 2 {
		got, err = step.Run(t.Context(), request)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("repeated: %s", diff)
		}
	}
	must(t, s.Audit(t.Context(), "churn"))
}

// With the version that it replaces, a rollback is carried out once: repeated
// after another promotion, it does not take that one back.
func TestBoundRollback(t *testing.T) {
	s := newStore()
	crownAll(t, s, "model A", "model B")
	bound := func() (Promotion, error) {
		return s.Rollback(t.Context(), "churn", 1, ptr(int64(2)), Asked{Reason: "r"}, nil)
	}
	first, err := bound()
	must(t, err)
	crown(t, s, "churn", "model C")
	again, err := bound()
	must(t, err)
	first.Already, first.Standing = true, 4
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	wantChampion(t, s, 4, "model C")

	result, err := Rollback{Store: s, Check: passAll}.Run(t.Context(), RollbackRequest{ModelName: "churn", ToVersion: 1, Reason: "r", ExpectedChampionVersion: ptr(int64(2))})
	must(t, err)
	if diff := cmp.Diff([]string{"Version 3 has been replaced since; version 4 stands."}, result.Warnings); diff != "" || result.AlreadyCurrent {
		t.Errorf("a rollback that has been replaced since is answered with %+v", result)
	}
}

func TestRollbackRefuses(t *testing.T) {
	s := newStore()
	crownAll(t, s, "model A", "model B", "model C")
	overwrite(t, s, modelKey("churn", Digest([]byte("model A"))), []byte("another"))
	before := snapshot(t, s)
	refuses := func(kind fault.Kind, request RollbackRequest, check Check) {
		t.Helper()
		_, err := Rollback{Store: s, Check: check}.Run(t.Context(), request)
		wantKind(t, err, kind)
		if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
			t.Error(diff)
		}
	}
	reject := func([]byte, Manifest) error { return fault.New(fault.InvalidData, "no") }
	refuses(fault.InvalidRequest, RollbackRequest{ModelName: "churn", ToVersion: 2}, passAll)
	refuses(fault.InvalidRequest, RollbackRequest{ModelName: "churn", ToVersion: 2, Reason: "a\tb"}, passAll)
	refuses(fault.InvalidRequest, RollbackRequest{ModelName: "a/b", ToVersion: 2, Reason: "r"}, passAll)
	refuses(fault.DataNotFound, RollbackRequest{ToVersion: 2, Reason: "r"}, passAll)
	refuses(fault.DataNotFound, RollbackRequest{ModelName: "churn", ToVersion: 4, Reason: "r"}, passAll)
	refuses(fault.DataNotFound, RollbackRequest{ModelName: "churn", Reason: "r"}, passAll)
	refuses(fault.InvalidData, RollbackRequest{ModelName: "churn", ToVersion: 1, Reason: "r"}, passAll)
	refuses(fault.InvalidData, RollbackRequest{ModelName: "churn", ToVersion: 2, Reason: "r"}, reject)
	for _, stale := range []int64{0, 1, 2, 4} {
		refuses(fault.ChampionChanged, RollbackRequest{ModelName: "churn", ToVersion: 2, Reason: "r", ExpectedChampionVersion: &stale}, passAll)
	}
}

// A model may become champion again after a rollback: by a new evaluation, and
// under a new version.
func TestPromotionAfterRollback(t *testing.T) {
	s := newStore()
	crownAll(t, s, "model A", "model B")
	_, err := s.Rollback(t.Context(), "churn", 1, nil, Asked{Reason: "r"}, nil)
	must(t, err)
	p := crown(t, s, "churn", "model B")
	if p.Generation != 4 || p.Already {
		t.Errorf("the promotion after the rollback is %+v", p)
	}
	must(t, s.Audit(t.Context(), "churn"))
}
