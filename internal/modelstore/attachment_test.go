package modelstore

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

// attached are two files that a version may carry.
func attached() []Attachment {
	return []Attachment{{Name: "rows.filter", Data: []byte("fingerprints")}, {Name: "profile.json", Data: []byte("{}")}}
}

// carry stores model A with both files.
func carry(t testing.TB, s *Store) Version {
	t.Helper()
	v, err := s.Add(t.Context(), "churn", []byte("model A"), manifest(), attached()...)
	must(t, err)
	return v
}

func keyOf(v Version, file string) string {
	return attachmentKey(v.Name, v.Digest, v.Manifest.Files[file].SHA256, file)
}

func TestAttachments(t *testing.T) {
	s := newStore()
	carry(t, s)
	v, err := s.Version(t.Context(), "churn", Digest([]byte("model A")))
	must(t, err)
	for _, a := range attached() {
		got, err := s.Attachment(t.Context(), v, a.Name)
		must(t, err)
		if !bytes.Equal(got, a.Data) {
			t.Errorf("%s comes back as %q", a.Name, got)
		}
		if want := (File{SHA256: Digest(a.Data), Size: int64(len(a.Data))}); v.Manifest.Files[a.Name] != want {
			t.Errorf("%s is listed as %+v", a.Name, v.Manifest.Files[a.Name])
		}
	}
	for _, file := range []string{"other", modelFile, manifestFile, "../champion.json"} {
		_, err := s.Attachment(t.Context(), v, file)
		wantKind(t, err, fault.DataNotFound)
	}
	if got, _ := s.Versions(t.Context(), "churn"); !cmp.Equal(got, []string{v.Digest}) {
		t.Errorf("the versions are %v", got)
	}
}

func TestAddRefusesAttachments(t *testing.T) {
	s := newStore()
	big := Attachment{"big", make([]byte, MaxAttachment+1)}
	for what, c := range map[string]struct {
		files []Attachment
		kind  fault.Kind
	}{
		"the model's name":    {[]Attachment{{modelFile, nil}}, fault.Internal},
		"the manifest's name": {[]Attachment{{manifestFile, nil}}, fault.Internal},
		"no name":             {[]Attachment{{"", nil}}, fault.Internal},
		"a folder":            {[]Attachment{{"a/b", nil}}, fault.Internal},
		"two of one name":     {[]Attachment{{"a", []byte("1")}, {"a", []byte("2")}}, fault.Internal},
		"a large one":         {[]Attachment{big}, fault.TooLarge},
	} {
		if _, err := s.Add(t.Context(), "churn", []byte("m"), manifest(), c.files...); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if left := snapshot(t, s); len(left) != 0 {
		t.Errorf("a refused version leaves %v", left)
	}
}

// Two trainings of the same bytes may attach different files. The manifest
// that was written first says which of them are the version's.
func TestAttachmentsOfTwoWriters(t *testing.T) {
	s := newStore()
	carry(t, s)
	v, err := s.Add(t.Context(), "churn", []byte("model A"), manifest(), Attachment{"rows.filter", []byte("others")})
	must(t, err)
	got, err := s.Attachment(t.Context(), v, "rows.filter")
	must(t, err)
	if string(got) != "fingerprints" {
		t.Errorf("the second writer's file %q took the place of the first one's", got)
	}
}

// A version whose attachment is gone or changed is torn: no attachment of it
// is answered, no audit passes, and it does not become champion.
func TestTornAttachment(t *testing.T) {
	for what, tear := range map[string]func(t *testing.T, s *Store, key string){
		"gone":    func(t *testing.T, s *Store, key string) { must(t, s.Root.Delete(t.Context(), key)) },
		"changed": func(t *testing.T, s *Store, key string) { overwrite(t, s, key, []byte("Fingerprints")) },
		"cut":     func(t *testing.T, s *Store, key string) { overwrite(t, s, key, []byte("finger")) },
	} {
		s := newStore()
		v := carry(t, s)
		e := judge(t, s, "churn", "model A", true)
		_, err := s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
		must(t, err)
		must(t, s.Audit(t.Context(), "churn"))
		crown(t, s, "churn", "model B")
		tear(t, s, keyOf(v, "rows.filter"))

		_, err = s.Attachment(t.Context(), v, "rows.filter")
		wantKind(t, err, fault.InvalidData)
		if _, err := s.Attachment(t.Context(), v, "profile.json"); err != nil {
			t.Errorf("%s: the other file: %v", what, err)
		}
		before := stored(t, s, championKey("churn"))
		_, err = s.Rollback(t.Context(), "churn", 1, nil, Asked{Reason: "test"}, nil)
		wantKind(t, err, fault.InvalidData)
		if !bytes.Equal(before, stored(t, s, championKey("churn"))) {
			t.Errorf("%s: the version became champion", what)
		}
	}
	s := newStore()
	v := carry(t, s)
	crown(t, s, "churn", "model A")
	overwrite(t, s, keyOf(v, "profile.json"), []byte("[]"))
	wantKind(t, s.Audit(t.Context(), "churn"), fault.InvalidData)
}

// The manifest's names and digests become parts of keys, so they are checked
// even where the seal is right.
func TestManifestListsOnlyItsOwnFiles(t *testing.T) {
	s := newStore()
	v := carry(t, s)
	own := v.Manifest.Files[modelFile]
	for what, f := range map[string]map[string]File{
		"a path":          {modelFile: own, "../../champion.json": own},
		"no digest":       {modelFile: own, "a": {SHA256: strings.Repeat("x", 64)}},
		"a negative size": {modelFile: own, "a": {SHA256: own.SHA256, Size: -1}},
		"the manifest":    {modelFile: own, manifestFile: own},
	} {
		m := v.Manifest
		m.Files = f
		overwrite(t, s, manifestKey("churn", v.Digest), sealed(t, m))
		if _, err := s.Version(t.Context(), "churn", v.Digest); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
