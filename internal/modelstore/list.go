package modelstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// maxListed bounds what a listing returns.
const maxListed = 10_000

// Versions returns the digests of a model's complete versions in ascending
// order, at most 10,000. Version and Load read one of them.
func (s *Store) Versions(ctx context.Context, name string) ([]string, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	prefix := nameKey(name) + "/sha256/"
	var digests []string
	for info, err := range s.Root.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		digest, complete := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), "/"+manifestFile)
		if complete && isDigest(digest) {
			digests = append(digests, digest)
		}
		if len(digests) == maxListed {
			break
		}
	}
	return digests, nil
}

// Names returns the names of the models that the store holds anything of, in
// ascending order, at most 10,000.
func (s *Store) Names(ctx context.Context) ([]string, error) {
	var names []string
	for name, err := range s.Root.Folders(ctx, "models/") {
		if err != nil {
			return nil, err
		}
		if CheckName(name) != nil {
			continue
		}
		if names = append(names, name); len(names) == maxListed {
			break
		}
	}
	// Folders come in the order of "name/", in which "a-b/" precedes "a/".
	slices.Sort(names)
	return names, nil
}

// evaluationIDs returns the ids of the evaluations that may be of a version,
// those of the highest generations first.
func (s *Store) evaluationIDs(ctx context.Context, name, digest string) ([]string, error) {
	if err := CheckName(name); err != nil || !isDigest(digest) {
		return nil, err
	}
	folder := nameKey(name) + "/evaluations/"
	var ids []string
	for info, err := range s.Root.List(ctx, folder+digest[:16]+"-g") {
		if err != nil {
			return nil, err
		}
		id, isDocument := strings.CutSuffix(strings.TrimPrefix(info.Key, folder), ".json")
		if isDocument && isEvaluationID(id) {
			ids = append(ids, id)
		}
		if len(ids) == maxListed {
			break
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(generationOf(b), generationOf(a)), cmp.Compare(a, b))
	})
	return ids, nil
}
