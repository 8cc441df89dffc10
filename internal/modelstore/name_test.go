package modelstore

import (
	"path/filepath"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{"default", "a", "0", "Churn_v2.1-eu", "a..b", strings.Repeat("x", 64)} {
		if err := CheckName(name); err != nil {
			t.Errorf("%q is refused: %v", name, err)
		}
	}
	for _, name := range []string{"", ".", "..", "-a", "_a", ".a", "a/b", "a b", "a\n", "ä", "a\x00", "a%2f", strings.Repeat("x", 65)} {
		if !fault.Is(CheckName(name), fault.InvalidRequest) {
			t.Errorf("%q is let through", name)
		}
	}
}

func TestParsePaths(t *testing.T) {
	digest, id := Digest([]byte("m")), Comparison{ModelName: "churn", ModelDigest: Digest([]byte("m"))}.ID()
	for _, base := range []string{"s3://lake/retrain", filepath.Join(t.TempDir(), "store")} {
		s := &Store{Root: blob.Root{Bucket: blob.NewMemory(), Base: base}}
		if name, got, err := s.ParseModelPath(s.ModelURI("churn", digest)); name != "churn" || got != digest || err != nil {
			t.Errorf("%s: a version's own address reads as %q, %q, %v", base, name, got, err)
		}
		if name, got, err := s.ParseEvaluationPath(s.EvaluationURI("churn", id)); name != "churn" || got != id || err != nil {
			t.Errorf("%s: an evaluation's own address reads as %q, %q, %v", base, name, got, err)
		}
		for uri, kind := range forgedPaths(base, digest, id) {
			_, _, err := s.ParseModelPath(uri)
			if !fault.Is(err, kind) {
				t.Errorf("model_path %q: got %v, want %v", uri, err, kind)
			}
			if _, _, err := s.ParseEvaluationPath(uri); !fault.Is(err, kind) {
				t.Errorf("evaluation_path %q: got %v, want %v", uri, err, kind)
			}
			if f := fault.From(err).Fields; len(f) != 1 || f[0].Loc[1] != "model_path" {
				t.Errorf("model_path %q: the error is at %v", uri, f)
			}
		}
		_, _, err := s.ParseModelPath(s.EvaluationURI("churn", id))
		wantKind(t, err, fault.InvalidRequest)
		_, _, err = s.ParseEvaluationPath(s.ModelURI("churn", digest))
		wantKind(t, err, fault.InvalidRequest)
	}
}

// forgedPaths returns addresses that name neither a version nor an evaluation
// of the store at base, and what each is to be refused with.
func forgedPaths(base, digest, id string) map[string]fault.Kind {
	version := "/models/churn/sha256/" + digest
	return map[string]fault.Kind{
		"s3://other/retrain" + version + "/model.onnx":  fault.AccessDenied,
		"s3://lake/retrain-2" + version + "/model.onnx": fault.AccessDenied,
		"/etc/passwd": fault.AccessDenied,
		base + "/../evil" + version + "/model.onnx": outside(base),
		"http://169.254.169.254/latest/meta-data":   fault.InvalidRequest,
		"":                                       fault.InvalidRequest,
		base:                                     fault.InvalidRequest,
		base + version:                           fault.InvalidRequest,
		base + version + "/manifest.json":        fault.InvalidRequest,
		base + version + "/model.onnx/x":         fault.InvalidRequest,
		base + "/models/churn/latest/model.onnx": fault.InvalidRequest,
		base + "/models/churn/champion.json":     fault.InvalidRequest,
		base + "/models/-churn/sha256/" + digest + "/model.onnx":                 fault.InvalidRequest,
		base + "/models/churn/sha256/" + strings.ToUpper(digest) + "/model.onnx": fault.InvalidRequest,
		base + "/models/churn/sha256/" + digest[1:] + "/model.onnx":              fault.InvalidRequest,
		base + "/models/churn/md5/" + digest + "/model.onnx":                     fault.InvalidRequest,
		base + "/runs/churn/sha256/" + digest + "/model.onnx":                    fault.InvalidRequest,
		base + "/models/churn/evaluations/" + id + ".html":                       fault.InvalidRequest,
		base + "/models/churn/evaluations/" + id[1:] + ".json":                   fault.InvalidRequest,
		base + "/models/churn/evaluations/x/" + id + ".json":                     fault.InvalidRequest,
		base + "/models//evaluations/" + id + ".json":                            fault.InvalidRequest,
	}
}

// outside is how a path that climbs out of the root is refused: in a folder it
// is another file, in S3, where keys are mere strings, it is no key at all.
func outside(base string) fault.Kind {
	if strings.HasPrefix(base, "s3://") {
		return fault.InvalidRequest
	}
	return fault.AccessDenied
}

func TestEvaluationIDs(t *testing.T) {
	digest := Digest([]byte("m"))
	for _, generation := range []int64{0, 1, 9, 10, 1 << 40} {
		id := Comparison{ModelDigest: digest, ChampionGeneration: generation}.ID()
		if !isEvaluationID(id) || generationOf(id) != generation || !strings.HasPrefix(id, digest[:16]) {
			t.Errorf("the id %q does not read back", id)
		}
	}
	good := digest[:16] + "-g7-" + digest[:16]
	for _, id := range []string{"", "-g7-", good + "-", good[1:], good + "0", strings.Replace(good, "g7", "g07", 1),
		strings.Replace(good, "g7", "g-7", 1), strings.Replace(good, "g7", "7", 1), strings.Replace(good, "g7", "g99999999999999999999", 1),
		strings.Replace(good, "g7", "g+7", 1), strings.ToUpper(good), "../" + good} {
		if isEvaluationID(id) {
			t.Errorf("%q passes for an evaluation's id", id)
		}
	}
}
