package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"retrain/internal/blob"
	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/processed"
)

// checkpointFile is the object of a run that a training's checkpoint is kept in.
const checkpointFile = "train.checkpoint"

// scoresFile is the object beside it that saves the time of replaying trees. It
// may be missing or belong to an earlier round, so it is written without
// conditions.
const scoresFile = "train.scores"

// maxCheckpoint bounds what is read as a checkpoint.
const maxCheckpoint = 1 << 30

// state is how far a training is. As an object it is
//
//	SHA-256 of the rest, hexadecimal | newline | its JSON | newline | gbdt's checkpoint
type state struct {
	Fingerprint string `json:"fingerprint"` // of the training
	Rounds      int    `json:"rounds"`
	// Stalled counts the calls in a row that have ended without a round.
	Stalled int              `json:"stalled"`
	Choice  *choice          `json:"choice,omitempty"` // what auto has come to
	trees   *gbdt.Checkpoint // nil before the first round
}

// behind reports whether another state of the same training is further. All
// states with as many rounds are the same, whoever came to them.
func (s *state) behind(other *state) bool {
	return s.Rounds < other.Rounds || s.Rounds == other.Rounds && s.Stalled < other.Stalled
}

func (s *state) encode() ([]byte, error) {
	head, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	body := append(head, '\n')
	if s.trees != nil {
		body = append(body, s.trees.Encode()...)
	}
	return append([]byte(sumOf(body)+"\n"), body...), nil
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// decodeState returns what encode encoded, and a fault.InvalidData for anything
// else.
func decodeState(text []byte) (*state, error) {
	damaged := fault.New(fault.InvalidData, "The stored checkpoint of this run is damaged; choose another run_id.").
		At("A run whose stored checkpoint is damaged", "value_error", "body", "run_id")
	sum, body, _ := bytes.Cut(text, []byte("\n"))
	head, trees, found := bytes.Cut(body, []byte("\n"))
	s := &state{}
	if !found || string(sum) != sumOf(body) || json.Unmarshal(head, s) != nil {
		return nil, damaged
	}
	if len(trees) > 0 {
		var err error
		if s.trees, err = gbdt.DecodeCheckpoint(trees); err != nil {
			return nil, damaged
		}
	}
	if s.Stalled < 0 || s.Rounds != s.trees.Rounds() {
		return nil, damaged
	}
	return s, nil
}

// keeper keeps the checkpoint of one training in the store, in one object. It
// is replaced by compare-and-swap, and only by a state that is further: so the
// number of rounds fences off a call that lives on after its caller gave up,
// since that cannot undo what its successor has done.
type keeper struct {
	store       blob.Root
	key         string
	scoresKey   string
	fingerprint string
	found       state         // what stood when the call began
	best        state         // what stands now, as far as is known
	sum         string        // its SHA-256; "" if there is none
	etag        string        // its tag
	took        time.Duration // what the slowest loading or saving took
}

func newKeeper(store blob.Root, runID, fingerprint string) *keeper {
	return &keeper{
		store: store, key: processed.Path(runID, checkpointFile), scoresKey: processed.Path(runID, scoresFile), fingerprint: fingerprint,
		found: state{Fingerprint: fingerprint}, best: state{Fingerprint: fingerprint},
	}
}

// load reads what stands in the store, if anything does.
func (k *keeper) load(ctx context.Context) error {
	defer k.measure(time.Now())
	text, info, err := blob.ReadAll(ctx, k.store, k.key, maxCheckpoint)
	if errors.Is(err, blob.ErrNotFound) {
		k.sum, k.etag = "", ""
		return nil
	}
	if err != nil {
		return err
	}
	s, err := decodeState(text)
	if err != nil {
		return err
	}
	if s.Fingerprint != k.fingerprint {
		return fault.New(fault.RunConflict, "The checkpoint of this run belongs to a training with other data, parameters or version.").
			At("Choose another run_id, or leave it out", "run_conflict", "body", "run_id")
	}
	k.best, k.sum, k.etag = *s, sumOf(text), info.ETag
	return nil
}

// loadScores reads the scores beside the checkpoint; nil if there are none to be
// had.
func (k *keeper) loadScores(ctx context.Context) []byte {
	if k.found.Rounds == 0 {
		return nil
	}
	defer k.measure(time.Now())
	text, _, err := blob.ReadAll(ctx, k.store, k.scoresKey, maxCheckpoint)
	if err != nil {
		return nil
	}
	return text
}

// saveScores stores scores, if there are any.
func (k *keeper) saveScores(ctx context.Context, text []byte) error {
	if text == nil {
		return nil
	}
	defer k.measure(time.Now())
	_, err := k.store.Put(ctx, k.scoresKey, text, blob.Condition{})
	return err
}

// measure notes how long a use of the store took.
func (k *keeper) measure(start time.Time) { k.took = max(k.took, time.Since(start)) }

// The tries to save a state while others write as well, and the pause between
// them.
const (
	saveTries = 5
	savePause = 50 * time.Millisecond
)

// save stores a state, unless one stands that is as far. What stands then is
// in best.
func (k *keeper) save(ctx context.Context, s state) error {
	defer k.measure(time.Now())
	text, err := s.encode()
	if err != nil {
		return err
	}
	for try := 0; k.best.behind(&s) || k.etag == ""; try++ {
		if err := takeTurn(ctx, try); err != nil {
			return err
		}
		written, err := k.put(ctx, text)
		switch {
		case err == nil:
			k.best, k.sum, k.etag = s, sumOf(text), written.ETag
			return nil
		case !errors.Is(err, blob.ErrCondition) && !errors.Is(err, blob.ErrConflict) && !errors.Is(err, blob.ErrNotFound):
			return err
		}
		if err := k.load(ctx); err != nil { // somebody else has written
			return err
		}
	}
	return nil
}

// takeTurn waits before a save is tried again, and ends one that never gets
// through.
func takeTurn(ctx context.Context, try int) error {
	if try == 0 {
		return nil
	}
	if try == saveTries {
		return fault.New(fault.Transient, "The store was too busy to take the training's checkpoint.")
	}
	select {
	case <-time.After(savePause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keeper) put(ctx context.Context, text []byte) (blob.Info, error) {
	if k.etag == "" {
		return k.store.Put(ctx, k.key, text, blob.IfAbsent())
	}
	return k.store.Put(ctx, k.key, text, blob.IfMatch(k.etag))
}
