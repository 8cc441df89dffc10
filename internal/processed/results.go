package processed

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// stepResult is a step's stored answer, with what it was asked. A claim is one
// without an answer.
type stepResult struct {
	Fingerprint string          `json:"fingerprint"`
	Result      json.RawMessage `json:"result,omitempty"`
}

// claimFile is the object that says whose a run is.
const claimFile = "claim.json"

// Fingerprint returns the SHA-256 of v's JSON form, in which maps are sorted:
// what makes two requests the same.
func Fingerprint(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return sum(raw), nil
}

// Claim takes a run id for a fingerprint before anything else is written under
// it. The same claim again is no error; another fingerprint is a
// fault.RunConflict.
func Claim(ctx context.Context, store blob.Root, runID, fingerprint string) error {
	return create(ctx, store, Path(runID, claimFile), stepResult{Fingerprint: fingerprint})
}

// Claimable is the error that Claim would return, without the claim.
func Claimable(ctx context.Context, store blob.Root, runID, fingerprint string) error {
	_, err := read(ctx, store, Path(runID, claimFile), fingerprint)
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	return err
}

// LoadResult reads a step's stored answer of a run into result and reports
// whether there is one. One that was made from other inputs is a
// fault.RunConflict.
func LoadResult(ctx context.Context, store blob.Root, runID, step, fingerprint string, result any) (bool, error) {
	stored, err := read(ctx, store, Path(runID, step+".json"), fingerprint)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(stored.Result, result); err != nil {
		return false, unreadable(err)
	}
	return true, nil
}

// HasResult reports whether a step of a run has stored its answer.
func HasResult(ctx context.Context, store blob.Root, runID, step string) (bool, error) {
	_, err := store.Stat(ctx, Path(runID, step+".json"))
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ShowResult reads what a step answered in a run, whatever it was asked, and
// reports whether it is there to be read. It is for those who show it and
// decide nothing by it.
func ShowResult(ctx context.Context, store blob.Root, runID, step string, result any) (bool, error) {
	raw, _, err := blob.ReadAll(ctx, store, Path(runID, step+".json"), maxDocument)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var stored stepResult
	if json.Unmarshal(raw, &stored) != nil || json.Unmarshal(stored.Result, result) != nil {
		return false, nil
	}
	return true, nil
}

// SaveResult stores a step's answer. The first answer of a run stands; that it
// was made from the same inputs is all that is asked of a later one.
func SaveResult(ctx context.Context, store blob.Root, runID, step, fingerprint string, result any) error {
	inner, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return create(ctx, store, Path(runID, step+".json"), stepResult{fingerprint, inner})
}

// The tries to write an object that another writer is writing, too, and the
// pause between them.
const (
	maxTries = 5
	pause    = 50 * time.Millisecond
)

// create writes an object where none stands. If one stands, it must have the
// same fingerprint.
func create(ctx context.Context, store blob.Root, key string, r stepResult) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	for range maxTries {
		_, err = store.Put(ctx, key, raw, blob.IfAbsent())
		if !errors.Is(err, blob.ErrCondition) && !errors.Is(err, blob.ErrConflict) {
			return err
		}
		// Someone was first. After a conflict their write may be under way
		// still, and may even fail: then there is nothing to read yet.
		if _, err = read(ctx, store, key, r.Fingerprint); !errors.Is(err, blob.ErrNotFound) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fault.Wrap(fault.Transient, err, "The store was too busy to keep the run's result.")
}

func read(ctx context.Context, store blob.Root, key, fingerprint string) (*stepResult, error) {
	raw, _, err := blob.ReadAll(ctx, store, key, maxDocument)
	if err != nil {
		return nil, err
	}
	var stored stepResult
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, unreadable(err)
	}
	if stored.Fingerprint != fingerprint {
		return nil, fault.New(fault.RunConflict, "run_id already belongs to a run with other data, parameters or version.").
			At("Choose another run_id, or leave it out", "run_conflict", "body", "run_id")
	}
	return &stored, nil
}

func unreadable(cause error) error {
	return fault.Wrap(fault.InvalidData, cause, "The stored result of this run is damaged; choose another run_id.").
		At("A run whose stored result is damaged", "value_error", "body", "run_id")
}
