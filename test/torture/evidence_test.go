package torture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"retrain/internal/blob"
	"retrain/internal/modelstore"
)

// storedChange is what a change in champion.json says, as a reader from outside
// decodes it.
type storedChange struct {
	Generation int64
	Kind       string
	Digest     string
	Evaluation string `json:"evaluation_id"`
}

// comparedWithReplaced reads the stored documents themselves, without the code
// that is on trial: each promoted champion's evaluation must say yes and name
// exactly the champion before it, and each champion's bytes must have their
// digest.
func comparedWithReplaced(ctx context.Context, s *modelstore.Store, name string) error {
	var pointer struct {
		storedChange
		History []storedChange
	}
	folder := "models/" + name + "/"
	if err := decodeObject(ctx, s, folder+"champion.json", &pointer); err != nil {
		return err
	}
	before := storedChange{}
	for _, change := range append(pointer.History, pointer.storedChange) {
		if change.Generation != before.Generation+1 {
			return fmt.Errorf("version %d follows on version %d", change.Generation, before.Generation)
		}
		if err := change.backed(ctx, s, folder, before); err != nil {
			return fmt.Errorf("version %d: %w", change.Generation, err)
		}
		before = change
	}
	return nil
}

func (c storedChange) backed(ctx context.Context, s *modelstore.Store, folder string, before storedChange) error {
	model, err := readObject(ctx, s, folder+"sha256/"+c.Digest+"/model.onnx")
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(model); hex.EncodeToString(sum[:]) != c.Digest {
		return fmt.Errorf("the model file does not have its digest")
	}
	if c.Kind != "promotion" {
		return nil
	}
	var e struct {
		Model      string `json:"model_digest"`
		Generation int64  `json:"champion_generation"`
		Champion   string `json:"champion_digest"`
		Yes        bool   `json:"should_update"`
	}
	if err := decodeObject(ctx, s, folder+"evaluations/"+c.Evaluation+".json", &e); err != nil {
		return err
	}
	if !e.Yes || e.Model != c.Digest || e.Generation != before.Generation || e.Champion != before.Digest {
		return fmt.Errorf("it replaced %+v on the strength of %+v", before, e)
	}
	return nil
}

func decodeObject(ctx context.Context, s *modelstore.Store, key string, into any) error {
	data, err := readObject(ctx, s, key)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func readObject(ctx context.Context, s *modelstore.Store, key string) ([]byte, error) {
	data, _, err := blob.ReadAll(ctx, s.Root, key, 1<<30)
	return data, err
}
