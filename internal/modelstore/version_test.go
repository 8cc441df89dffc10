package modelstore

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

func TestAddAndLoad(t *testing.T) {
	s := newStore()
	v := add(t, s, "churn", "model A")
	if want := s.ModelURI("churn", Digest([]byte("model A"))); v.URI != want {
		t.Errorf("the version's address is %q, want %q", v.URI, want)
	}
	loaded, err := s.Load(t.Context(), "churn", v.Digest)
	must(t, err)
	want := manifest()
	want.Format, want.ModelName = manifestFormat, "churn"
	want.Files = map[string]File{"model.onnx": {SHA256: v.Digest, Size: 7}}
	if diff := cmp.Diff(&Loaded{Version: Version{Name: "churn", Digest: v.Digest, URI: v.URI, Manifest: want}, Model: []byte("model A")}, loaded); diff != "" {
		t.Error(diff)
	}
}

func TestAddAgainChangesNothing(t *testing.T) {
	s := newStore()
	first := add(t, s, "churn", "model A")
	before := snapshot(t, s)
	other := manifest()
	other.RunID = "run-2"
	second, err := s.Add(t.Context(), "churn", []byte("model A"), other)
	must(t, err)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second writer is not told of the first one's manifest: %s", diff)
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Error(diff)
	}
}

// The stored form of a version is a function of its content: no time, no
// host, no order of a map.
func TestManifestIsDeterministic(t *testing.T) {
	one, two := newStore(), newStore()
	two.Now = nil
	add(t, one, "churn", "model A")
	add(t, two, "churn", "model A")
	if diff := cmp.Diff(snapshot(t, one), snapshot(t, two)); diff != "" {
		t.Error(diff)
	}
}

func TestAddRefuses(t *testing.T) {
	s := newStore()
	_, err := s.Add(t.Context(), "no/name", []byte("m"), manifest())
	wantKind(t, err, fault.InvalidRequest)
	m := manifest()
	m.ModelName = "other"
	_, err = s.Add(t.Context(), "churn", []byte("m"), m)
	wantKind(t, err, fault.Internal)
	m = manifest()
	m.Metrics["accuracy"] = ptr(math.NaN())
	_, err = s.Add(t.Context(), "churn", []byte("m"), m)
	wantKind(t, err, fault.Internal)
	if left := snapshot(t, s); len(left) != 0 {
		t.Errorf("a refused version leaves %v", left)
	}
}

func TestAddFindsCorruption(t *testing.T) {
	s := newStore()
	v := add(t, s, "churn", "model A")
	overwrite(t, s, modelKey("churn", v.Digest), []byte("model B"))
	_, err := s.Add(t.Context(), "churn", []byte("model A"), manifest())
	wantKind(t, err, fault.Internal)
}

// A writer that died between the bytes and the manifest leaves no version, and
// the repeated Add completes it.
func TestIncompleteVersion(t *testing.T) {
	s := newStore()
	digest := Digest([]byte("model A"))
	overwrite(t, s, modelKey("churn", digest), []byte("model A"))
	_, err := s.Load(t.Context(), "churn", digest)
	wantKind(t, err, fault.DataNotFound)
	if got, _ := s.Versions(t.Context(), "churn"); len(got) != 0 {
		t.Errorf("an incomplete version is listed: %v", got)
	}
	add(t, s, "churn", "model A")
	_, err = s.Load(t.Context(), "churn", digest)
	must(t, err)
}

func TestLoadRefuses(t *testing.T) {
	s := newStore()
	a, b := add(t, s, "churn", "model A"), add(t, s, "churn", "model B")
	add(t, s, "fraud", "model A")
	_, err := s.Load(t.Context(), "churn", Digest([]byte("model C")))
	wantKind(t, err, fault.DataNotFound)
	_, err = s.Load(t.Context(), "churn", "latest")
	wantKind(t, err, fault.InvalidRequest)

	manifestA := stored(t, s, manifestKey("churn", a.Digest))
	for what, swapped := range map[string][]byte{
		"another version's manifest": stored(t, s, manifestKey("churn", b.Digest)),
		"another model's manifest":   stored(t, s, manifestKey("fraud", a.Digest)),
		"a later release's manifest": sealed(t, Manifest{Format: 2, ModelName: "churn", Files: a.Manifest.Files}),
		"an empty file":              {},
	} {
		overwrite(t, s, manifestKey("churn", a.Digest), swapped)
		if _, err := s.Load(t.Context(), "churn", a.Digest); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", what, err)
		}
	}
	overwrite(t, s, manifestKey("churn", a.Digest), manifestA)
	_, err = s.Load(t.Context(), "churn", a.Digest)
	must(t, err)
	must(t, s.Root.Delete(t.Context(), modelKey("churn", a.Digest)))
	_, err = s.Load(t.Context(), "churn", a.Digest)
	wantKind(t, err, fault.DataNotFound)
}

func TestListings(t *testing.T) {
	s := newStore()
	names, err := s.Names(t.Context())
	if must(t, err); len(names) != 0 {
		t.Errorf("an empty store has the models %v", names)
	}
	a, b := add(t, s, "a", "1"), add(t, s, "a", "2")
	add(t, s, "a-b", "1")
	add(t, s, "a.b", "1")
	crown(t, s, "b", "1")
	overwrite(t, s, "models/stray", nil) // no folder, and so no model
	overwrite(t, s, versionKey("a", a.Digest)+"/notes/"+manifestFile, nil)
	names, err = s.Names(t.Context())
	must(t, err)
	if diff := cmp.Diff([]string{"a", "a-b", "a.b", "b"}, names); diff != "" {
		t.Error(diff)
	}
	digests, err := s.Versions(t.Context(), "a")
	must(t, err)
	if want := []string{min(a.Digest, b.Digest), max(a.Digest, b.Digest)}; !cmp.Equal(want, digests) {
		t.Errorf("the versions are %v, want %v", digests, want)
	}
	_, err = s.Versions(t.Context(), "../a")
	wantKind(t, err, fault.InvalidRequest)
}
