package processed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// stepResult is a step's stored answer, with what it was asked.
type stepResult struct {
	Fingerprint string          `json:"fingerprint"`
	Result      json.RawMessage `json:"result,omitempty"`
}

// Fingerprint returns the SHA-256 of v's JSON form, in which maps are sorted:
// what makes two requests the same.
func Fingerprint(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// Claim takes a run id for a fingerprint before anything else is written under
// it. The same claim again is no error; another fingerprint is a
// fault.RunConflict.
func Claim(ctx context.Context, store blob.Root, runID, fingerprint string) error {
	raw, err := json.Marshal(stepResult{Fingerprint: fingerprint})
	if err != nil {
		return err
	}
	key := Path(runID, "claim.json")
	_, err = store.Put(ctx, key, raw, blob.IfAbsent())
	if !errors.Is(err, blob.ErrCondition) && !errors.Is(err, blob.ErrConflict) {
		return err
	}
	_, err = read(ctx, store, key, fingerprint)
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
	return true, json.Unmarshal(stored.Result, result)
}

// SaveResult stores a step's answer. The first answer of a run stands.
func SaveResult(ctx context.Context, store blob.Root, runID, step, fingerprint string, result any) error {
	inner, err := json.Marshal(result)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(stepResult{fingerprint, inner})
	if err != nil {
		return err
	}
	key := Path(runID, step+".json")
	_, err = store.Put(ctx, key, raw, blob.IfAbsent())
	if !errors.Is(err, blob.ErrCondition) && !errors.Is(err, blob.ErrConflict) {
		return err
	}
	_, err = read(ctx, store, key, fingerprint)
	return err
}

func read(ctx context.Context, store blob.Root, key, fingerprint string) (*stepResult, error) {
	raw, _, err := blob.ReadAll(ctx, store, key, maxDocument)
	if err != nil {
		return nil, err
	}
	var stored stepResult
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, err
	}
	if stored.Fingerprint != fingerprint {
		return nil, fault.New(fault.RunConflict, "run_id already belongs to a run with other data, parameters or version.").
			At("Choose another run_id, or leave it out", "run_conflict", "body", "run_id")
	}
	return &stored, nil
}
