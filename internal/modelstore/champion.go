package modelstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// pointerFormat is the version of champion.json's form.
const pointerFormat = 1

// maxHistory is how many earlier changes champion.json carries along.
const maxHistory = 256

// Kind says how a model became champion.
type Kind string

// The kinds of changes.
const (
	Promoted   Kind = "promotion" // it was compared with the champion, and passed
	RolledBack Kind = "rollback"  // somebody asked for an earlier champion
)

// Change is one move of the champion pointer.
type Change struct {
	// Generation counts the changes of a model's champion from 1 and is the
	// version number that users see. ETags cannot serve for it: equal bytes
	// have equal tags, and the same model may become champion twice.
	Generation int64 `json:"generation"`
	// PromotionID names the intention, and is the same however often it is
	// tried: looking it up tells whether a write took place.
	PromotionID        string    `json:"promotion_id"`
	Kind               Kind      `json:"kind"`
	Digest             string    `json:"digest"`                        // of the model that became champion
	ReplacedGeneration int64     `json:"replaced_generation"`           // 0 for the first champion
	EvaluationID       string    `json:"evaluation_id,omitempty"`       // of a promotion
	EvaluationSHA256   string    `json:"evaluation_sha256,omitempty"`   // the seal of that evaluation
	RestoredGeneration int64     `json:"restored_generation,omitempty"` // of a rollback
	RunID              string    `json:"run_id,omitempty"`
	By                 string    `json:"by,omitempty"`     // who asked for it
	Reason             string    `json:"reason,omitempty"` // why
	At                 time.Time `json:"at"`
}

// Champion is the document champion.json: the change that stands, and those
// before it.
type Champion struct {
	Format    int    `json:"format"`
	ModelName string `json:"model_name"`
	Change
	// History holds up to 256 earlier changes, the oldest first.
	History []Change `json:"history"`
}

// Champion returns a model's champion and the tag of its pointer, or nil and ""
// if the model has none yet. A pointer that cannot be understood is an error
// and never "no champion": else the next model would be let in unopposed.
func (s *Store) Champion(ctx context.Context, name string) (*Champion, string, error) {
	if err := CheckName(name); err != nil {
		return nil, "", err
	}
	sealed, info, err := blob.ReadAll(ctx, s.Root, championKey(name), maxPointer)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	champion, err := openChampion(sealed, name)
	if err != nil {
		return nil, "", damaged(err, "champion pointer")
	}
	if info.ETag == "" {
		return nil, "", fault.New(fault.Internal, "The store gives no tag for the champion pointer.")
	}
	return champion, info.ETag, nil
}

// History returns all changes of a model's champion that are still known, the
// newest first: the one that stands and up to 256 before it. It is empty for a
// model without a champion.
func (s *Store) History(ctx context.Context, name string) ([]Change, error) {
	champion, _, err := s.Champion(ctx, name)
	if err != nil {
		return nil, err
	}
	return champion.changes(), nil
}

// The methods below take a nil Champion for that of a model without one.

// generation returns the generation that stands, 0 if there is no champion.
func (c *Champion) generation() int64 {
	if c == nil {
		return 0
	}
	return c.Generation
}

// digest returns the champion's digest, "" if there is no champion.
func (c *Champion) digest() string {
	if c == nil {
		return ""
	}
	return c.Digest
}

// changes returns the change that stands and those before it, newest first.
func (c *Champion) changes() []Change {
	if c == nil {
		return nil
	}
	all := append(slices.Clone(c.History), c.Change)
	slices.Reverse(all)
	return all
}

// find looks a promotion up in the whole history.
func (c *Champion) find(promotionID string) (Change, bool) {
	for _, change := range c.changes() {
		if change.PromotionID == promotionID {
			return change, true
		}
	}
	return Change{}, false
}

// at returns the change that made a generation.
func (c *Champion) at(generation int64) (Change, bool) {
	for _, change := range c.changes() {
		if change.Generation == generation {
			return change, true
		}
	}
	return Change{}, false
}

// succeed returns the pointer that follows on c after a change, whose place in
// the line it fills in.
func (c *Champion) succeed(name string, change Change) *Champion {
	change.ReplacedGeneration = c.generation()
	change.Generation = c.generation() + 1
	next := &Champion{Format: pointerFormat, ModelName: name, Change: change, History: []Change{}}
	if c != nil {
		history := append(slices.Clone(c.History), c.Change)
		next.History = history[max(0, len(history)-maxHistory):]
	}
	return next
}

// openChampion decodes a pointer and checks all that can be checked without
// another object.
func openChampion(sealed []byte, name string) (*Champion, error) {
	var c Champion
	if _, err := open(sealed, pointerFormat, &c); err != nil {
		return nil, err
	}
	if c.ModelName != name {
		return nil, errors.New("the pointer is another model's")
	}
	if want := min(c.Generation-1, maxHistory); int64(len(c.History)) != want {
		return nil, fmt.Errorf("the pointer's history has %d changes, not %d", len(c.History), want)
	}
	for i, change := range c.changes() {
		if change.Generation != c.Generation-int64(i) {
			return nil, fmt.Errorf("the pointer's history has generation %d out of place", change.Generation)
		}
		if err := change.check(name); err != nil {
			return nil, fmt.Errorf("generation %d: %w", change.Generation, err)
		}
	}
	return &c, nil
}

// check checks that a change is whole and that its promotion id is its own.
func (c *Change) check(name string) error {
	switch {
	case c.Generation < 1 || c.ReplacedGeneration != c.Generation-1:
		return errors.New("it does not follow on the one before it")
	case !isDigest(c.Digest):
		return errors.New("it names no version")
	case c.Kind == Promoted && isEvaluationID(c.EvaluationID) && isDigest(c.EvaluationSHA256):
		if c.PromotionID == promotionID(name, c.EvaluationID) {
			return nil
		}
	case c.Kind == RolledBack && 0 < c.RestoredGeneration && c.RestoredGeneration < c.Generation:
		if c.PromotionID == rollbackID(name, c.ReplacedGeneration, c.RestoredGeneration) {
			return nil
		}
	}
	return errors.New("its kind, its evidence and its promotion id do not agree")
}
