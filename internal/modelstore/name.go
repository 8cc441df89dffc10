package modelstore

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// The file names of a version.
const (
	modelFile    = "model.onnx"
	manifestFile = "manifest.json"
	// condemnedFile marks a version that GC is deleting.
	condemnedFile = "condemned"
)

// maxName is the length of the longest model name, in bytes.
const maxName = 64

// CheckName refuses what cannot be a model's name with fault.InvalidRequest.
// A name is [a-zA-Z0-9][a-zA-Z0-9._-]{0,63}: it is one element of a key, and
// can be neither "." nor "..".
func CheckName(name string) error {
	ok := 0 < len(name) && len(name) <= maxName
	for i := 0; ok && i < len(name); i++ {
		ok = alphanumeric(name[i]) || i > 0 && strings.IndexByte("._-", name[i]) >= 0
	}
	if ok {
		return nil
	}
	return fault.New(fault.InvalidRequest, "The model's name is not valid.").
		At("A name has 1 to 64 letters, digits, dots, underscores and hyphens, and begins with a letter or digit.",
			"string_pattern_mismatch", "body", "model_name")
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Digest returns the SHA-256 of data in lower-case hexadecimal, the form in
// which the store names everything.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// isHex reports whether s is n lower-case hexadecimal digits.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isDigest(s string) bool { return isHex(s, 2*sha256.Size) }

// Keys, relative to the root.

func nameKey(name string) string            { return "models/" + name }
func versionKey(name, digest string) string { return nameKey(name) + "/sha256/" + digest }
func modelKey(name, digest string) string   { return versionKey(name, digest) + "/" + modelFile }
func manifestKey(name, digest string) string {
	return versionKey(name, digest) + "/" + manifestFile
}
func attachmentKey(name, digest, own, file string) string {
	return versionKey(name, digest) + "/files/" + own + "/" + file
}
func condemnedKey(name, digest string) string { return versionKey(name, digest) + "/" + condemnedFile }
func evaluationKey(name, id string) string    { return nameKey(name) + "/evaluations/" + id + ".json" }
func reportKey(name, id string) string        { return nameKey(name) + "/evaluations/" + id + ".html" }
func championKey(name string) string          { return nameKey(name) + "/champion.json" }
func latestKey(name string) string            { return nameKey(name) + "/latest/" + modelFile }

// ModelURI returns the address of a version's model file.
func (s *Store) ModelURI(name, digest string) string { return s.Root.URI(modelKey(name, digest)) }

// EvaluationURI returns the address of an evaluation.
func (s *Store) EvaluationURI(name, id string) string { return s.Root.URI(evaluationKey(name, id)) }

// ReportURI returns the address of an evaluation's report.
func (s *Store) ReportURI(name, id string) string { return s.Root.URI(reportKey(name, id)) }

// LatestURI returns the address of the copy that readers of a fixed key read.
func (s *Store) LatestURI(name string) string { return s.Root.URI(latestKey(name)) }

// ParseModelPath finds the version that a request's model_path names. Only the
// model file of a version of this very store is one: an address outside of the
// store is a fault.AccessDenied, any other a fault.InvalidRequest.
func (s *Store) ParseModelPath(uri string) (name, digest string, err error) {
	name, rest, err := s.parsePath(uri, "model_path")
	if err != nil {
		return "", "", err
	}
	digest, isVersion := strings.CutPrefix(rest, "sha256/")
	digest, isModel := strings.CutSuffix(digest, "/"+modelFile)
	if !isVersion || !isModel || !isDigest(digest) {
		return "", "", notOurs("model_path", "a stored version's model.onnx, as /train answers it")
	}
	return name, digest, nil
}

// ParseEvaluationPath finds the evaluation that a request's evaluation_path
// names, with errors as those of ParseModelPath.
func (s *Store) ParseEvaluationPath(uri string) (name, id string, err error) {
	name, rest, err := s.parsePath(uri, "evaluation_path")
	if err != nil {
		return "", "", err
	}
	id, isEvaluation := strings.CutPrefix(rest, "evaluations/")
	id, isDocument := strings.CutSuffix(id, ".json")
	if !isEvaluation || !isDocument || !isEvaluationID(id) {
		return "", "", notOurs("evaluation_path", "a stored evaluation, as /evaluate answers it")
	}
	return name, id, nil
}

// parsePath resolves an address within the store to a model's name and the
// rest of the key.
func (s *Store) parsePath(uri, field string) (name, rest string, err error) {
	_, key, err := blob.Roots{s.Root}.Resolve(uri)
	if err != nil {
		return "", "", fault.Locate(err, "body", field)
	}
	key, isModel := strings.CutPrefix(key, "models/")
	name, rest, _ = strings.Cut(key, "/")
	if !isModel || CheckName(name) != nil {
		return "", "", notOurs(field, "an object of the model store")
	}
	return name, rest, nil
}

func notOurs(field, what string) error {
	return fault.New(fault.InvalidRequest, "The address in %s is not that of %s.", field, what).
		At("It must name "+what+".", "path_mismatch", "body", field)
}
