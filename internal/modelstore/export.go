package modelstore

import (
	"context"

	"retrain/internal/fault"
	"retrain/internal/onnx"
)

// CompatML3 asks Export for the operators of ai.onnx.ml 3.
const CompatML3 = "ml3"

// Export returns a version's model file, the champion's if digest is "". With
// compat it is the same model in a form for older runtimes (onnx.EncodeML3),
// which the store does not hold; else it is the stored file, the digest of
// which is checked.
func (r Registry) Export(ctx context.Context, name, digest, compat string) ([]byte, error) {
	if compat != "" && compat != CompatML3 {
		return nil, fault.New(fault.InvalidRequest, "Models are exported as they are stored, or with compat 'ml3'.")
	}
	if digest == "" {
		champion, _, err := r.Store.Champion(ctx, name)
		if err != nil {
			return nil, err
		}
		if champion == nil {
			return nil, NoChampion()
		}
		digest = champion.Digest
	}
	loaded, err := r.Store.Load(ctx, name, digest)
	if err != nil {
		return nil, err
	}
	if compat == "" {
		return loaded.Model, nil
	}
	m, err := onnx.Decode(loaded.Model)
	if err != nil {
		return nil, err
	}
	return onnx.EncodeML3(m)
}
