package modelstore

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

func TestNoChampion(t *testing.T) {
	s := newStore()
	champion, etag, err := s.Champion(t.Context(), "churn")
	if champion != nil || etag != "" || err != nil {
		t.Errorf("a model without a champion has %v, %q, %v", champion, etag, err)
	}
	history, err := s.History(t.Context(), "churn")
	if must(t, err); len(history) != 0 {
		t.Errorf("a model without a champion has the history %v", history)
	}
	must(t, s.Audit(t.Context(), "churn"))
}

func TestHistoryTellsWhoWhenWhy(t *testing.T) {
	s := newStore()
	a := judge(t, s, "churn", "model A", true)
	_, err := s.Promote(t.Context(), "churn", a.ID(), Asked{By: "ci", Reason: "weekly"}, nil)
	must(t, err)
	b := crown(t, s, "churn", "model B")
	_, err = s.Rollback(t.Context(), "churn", 1, nil, Asked{By: "ann", Reason: "bad predictions"}, nil)
	must(t, err)
	got, err := s.History(t.Context(), "churn")
	must(t, err)
	want := []Change{{
		Generation: 3, ReplacedGeneration: 2, RestoredGeneration: 1, PromotionID: rollbackID("churn", 2, 1),
		Kind: RolledBack, Digest: a.ModelDigest, By: "ann", Reason: "bad predictions", At: s.now(),
	}, b.Change, {
		Generation: 1, ReplacedGeneration: 0, PromotionID: promotionID("churn", a.ID()),
		Kind: Promoted, Digest: a.ModelDigest, EvaluationID: a.ID(), EvaluationSHA256: a.SHA256,
		RunID: "run-1", By: "ci", Reason: "weekly", At: s.now(),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The pointer keeps 256 earlier changes and goes on counting. What fell out of
// it is refused by its generation.
func TestHistoryIsCutOff(t *testing.T) {
	s := newStore()
	first := judge(t, s, "churn", "model 0", true)
	for i := range 260 {
		crown(t, s, "churn", fmt.Sprint("model ", i))
	}
	champion, _, err := s.Champion(t.Context(), "churn")
	must(t, err)
	if champion.Generation != 260 || len(champion.History) != maxHistory || champion.History[0].Generation != 4 {
		t.Errorf("generation %d stands, after %d changes from generation %d on", champion.Generation, len(champion.History), champion.History[0].Generation)
	}
	must(t, s.Audit(t.Context(), "churn"))
	_, err = s.Promote(t.Context(), "churn", first.ID(), Asked{}, nil)
	wantKind(t, err, fault.ChampionChanged)
	_, err = s.Rollback(t.Context(), "churn", 1, nil, Asked{Reason: "r"}, nil)
	wantKind(t, err, fault.DataNotFound)
}

// The longest history of the longest changes fits the pointer.
func TestLongestPointer(t *testing.T) {
	text := strings.Repeat(`"`, maxNote)
	c := Comparison{ModelName: strings.Repeat("n", maxName), ModelDigest: Digest(nil), ChampionGeneration: 1 << 60}
	var champion *Champion
	for range maxHistory + 1 {
		champion = champion.succeed(c.ModelName, Change{
			PromotionID: promotionID(c.ModelName, c.ID()), Kind: Promoted, Digest: c.ModelDigest,
			EvaluationID: c.ID(), EvaluationSHA256: c.ModelDigest, RunID: text, By: text, Reason: text,
			At: time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.FixedZone("", 3600)),
		})
	}
	whole, err := seal(champion, maxPointer)
	must(t, err)
	_, err = openChampion(whole, c.ModelName)
	must(t, err)
}

// A pointer that is not as it was written is an error and never "no champion",
// for whatever reads it.
func TestDamagedPointer(t *testing.T) {
	s := newStore()
	e := judge(t, s, "churn", "model A", true)
	crown(t, s, "churn", "model B")
	crown(t, s, "fraud", "model B")
	crown(t, s, "fraud", "model C")
	sound, _, err := s.Champion(t.Context(), "fraud")
	must(t, err)
	for what, spoil := range map[string]func(c *Champion) any{
		"another model's":       func(c *Champion) any { return c },
		"of another format":     func(c *Champion) any { c.ModelName, c.Format = "churn", 2; return c },
		"null":                  func(c *Champion) any { return map[string]any{"a": nil} },
		"without its history":   func(c *Champion) any { c.History = nil; return c },
		"with a gap":            func(c *Champion) any { c.History[0].Generation = 7; return c },
		"without a digest":      func(c *Champion) any { c.Digest = "x"; return c },
		"of an unknown kind":    func(c *Champion) any { c.Kind = "gift"; return c },
		"without an evaluation": func(c *Champion) any { c.EvaluationID = ""; return c },
		"with a foreign promotion id": func(c *Champion) any {
			c.PromotionID = changeID("promote", "fraud", "x")
			return c
		},
		"with a rollback to the future": func(c *Champion) any {
			c.Kind, c.RestoredGeneration, c.PromotionID = RolledBack, 2, rollbackID("fraud", 1, 2)
			return c
		},
	} {
		name := "fraud"
		if strings.HasPrefix(what, "another") {
			name = "churn"
		}
		copied := *sound
		copied.History = append([]Change(nil), sound.History...)
		refuseEverywhere(t, s, name, what, sealed(t, spoil(&copied)), e)
	}
	refuseEverywhere(t, s, "churn", "empty", nil, e)
}

// refuseEverywhere puts bytes in the place of a pointer and expects everything
// that reads it to refuse them and to change nothing.
func refuseEverywhere(t *testing.T, s *Store, name, what string, data []byte, e Evaluation) {
	t.Helper()
	before := stored(t, s, championKey(name))
	defer overwrite(t, s, championKey(name), before)
	overwrite(t, s, championKey(name), data)
	all := snapshot(t, s)
	for call, run := range map[string]func(context.Context) error{
		"Champion": func(ctx context.Context) error { _, _, err := s.Champion(ctx, name); return err },
		"History":  func(ctx context.Context) error { _, err := s.History(ctx, name); return err },
		"Audit":    func(ctx context.Context) error { return s.Audit(ctx, name) },
		"Rollback": func(ctx context.Context) error {
			_, err := s.Rollback(ctx, name, 1, nil, Asked{Reason: "r"}, nil)
			return err
		},
		"Promote": func(ctx context.Context) error {
			if name != e.ModelName {
				return fault.New(fault.InvalidData, "there is no evaluation to promote")
			}
			_, err := s.Promote(ctx, name, e.ID(), Asked{}, nil)
			return err
		},
	} {
		if err := run(t.Context()); !fault.Is(err, fault.InvalidData) {
			t.Errorf("a pointer %s: %s returns %v", what, call, err)
		}
	}
	if diff := cmp.Diff(all, snapshot(t, s)); diff != "" {
		t.Errorf("a pointer %s: %s", what, diff)
	}
}
