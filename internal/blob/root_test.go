package blob_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

func TestResolve(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	roots := blob.Roots{
		{Base: work},
		{Base: work + "/data/inner"},
		{Base: "/srv/data"},
		{Base: "s3://bucket/prefix"},
		{Base: "s3://bucket/prefix/deeper"},
		{Base: "s3://whole-bucket"},
	}
	for _, c := range []struct{ uri, base, key string }{
		{"data/a.csv", work, "data/a.csv"},
		{"./data/a.csv", work, "data/a.csv"},
		{"data/../a.csv", work, "a.csv"},
		{"data/", work, "data/"},
		{".", work, ""},
		{"./", work, ""},
		{"data/inner", work + "/data/inner", ""},
		{"data/inner/", work + "/data/inner", ""},
		{"data/inner/x", work + "/data/inner", "x"},
		{"data/innermost/x", work, "data/innermost/x"},
		{work + "/a.csv", work, "a.csv"},
		{"/srv/data/x/y.csv", "/srv/data", "x/y.csv"},
		{"/srv//data/./x", "/srv/data", "x"},
		{"/srv/data", "/srv/data", ""},
		{"100%25.csv", work, "100%25.csv"},
		{"a:b.csv", work, "a:b.csv"},
		{"file:///srv/data/x", "/srv/data", "x"},
		{"FILE:///srv/data/x", "/srv/data", "x"},
		{"file://localhost/srv/data/x", "/srv/data", "x"},
		{"file:///srv/data/a%20b%2525.csv", "/srv/data", "a b%25.csv"},
		{"file:///srv/data/a%2Fb", "/srv/data", "a/b"},
		{"s3://bucket/prefix/k", "s3://bucket/prefix", "k"},
		{"S3://bucket/prefix/k", "s3://bucket/prefix", "k"},
		{"s3://bucket/prefix", "s3://bucket/prefix", ""},
		{"s3://bucket/prefix/", "s3://bucket/prefix", ""},
		{"s3://bucket/prefix/daily/", "s3://bucket/prefix", "daily/"},
		{"s3://bucket/prefix/deeper/k", "s3://bucket/prefix/deeper", "k"},
		{"s3://bucket/prefix/a%20b?c#d", "s3://bucket/prefix", "a%20b?c#d"},
		{"s3://whole-bucket", "s3://whole-bucket", ""},
		{"s3://whole-bucket/", "s3://whole-bucket", ""},
		{"s3://whole-bucket/ключ", "s3://whole-bucket", "ключ"},
	} {
		root, key, err := roots.Resolve(c.uri)
		if err != nil || root.Base != c.base || key != c.key {
			t.Errorf("Resolve(%q) = %q, %q, %v; want %q, %q", c.uri, root.Base, key, err, c.base, c.key)
		}
	}
	for uri, want := range map[string]fault.Kind{
		"": fault.InvalidRequest,
		"http://169.254.169.254/latest/meta-data/": fault.InvalidRequest,
		"https://bucket.s3.amazonaws.com/k":        fault.InvalidRequest,
		"s3a://bucket/prefix/k":                    fault.InvalidRequest,
		"ftp://x/y":                                fault.InvalidRequest,
		"a\x00b":                                   fault.InvalidRequest,
		"a\nb":                                     fault.InvalidRequest,
		"\xff":                                     fault.InvalidRequest,
		"s3://":                                    fault.InvalidRequest,
		"s3:///prefix/k":                           fault.InvalidRequest,
		"s3://Bucket/prefix/k":                     fault.InvalidRequest,
		"s3://ab/k":                                fault.InvalidRequest,
		"s3://" + strings.Repeat("b", 64) + "/k":   fault.InvalidRequest,
		"s3://" + strings.Repeat("b", 63) + "/k":   fault.AccessDenied,
		"s3://abc/k":                               fault.AccessDenied,
		"s3://user@bucket/prefix/k":                fault.InvalidRequest,
		"s3://bucket:80/prefix/k":                  fault.InvalidRequest,
		"s3://bucket/prefix//k":                    fault.InvalidRequest,
		"s3://bucket/prefix/../k":                  fault.InvalidRequest,
		"s3://bucket/prefix/..":                    fault.InvalidRequest,
		"s3://bucket/prefix/./k":                   fault.InvalidRequest,
		"s3://bucket//prefix/k":                    fault.InvalidRequest,
		"s3://bucket/prefix/k//":                   fault.InvalidRequest,
		"file://":                                  fault.InvalidRequest,
		"file://host/srv/data/x":                   fault.InvalidRequest,
		"file://relative":                          fault.InvalidRequest,
		"file:///srv/data/x?y":                     fault.InvalidRequest,
		"file:///srv/data/x?":                      fault.InvalidRequest,
		"file:///srv/data/x#y":                     fault.InvalidRequest,
		"file:///srv/data/%zz":                     fault.InvalidRequest,
		"file:///srv/data/%00":                     fault.InvalidRequest,
		"file:///srv/data/.blob/lock":              fault.InvalidRequest,
		".blob/lock":                               fault.InvalidRequest,
		"../a.csv":                                 fault.AccessDenied,
		"..":                                       fault.AccessDenied,
		"/":                                        fault.AccessDenied,
		"/etc/passwd":                              fault.AccessDenied,
		"/srv/database":                            fault.AccessDenied,
		"/srv/data/../secret":                      fault.AccessDenied,
		"file:///srv/data/%2e%2e/secret":           fault.AccessDenied,
		"file:///etc/passwd":                       fault.AccessDenied,
		"s3://other/k":                             fault.AccessDenied,
		"s3://bucket/k":                            fault.AccessDenied,
		"s3://bucket":                              fault.AccessDenied,
		"s3://bucket/prefixed/k":                   fault.AccessDenied,
		"s3://bucket/pre":                          fault.AccessDenied,
		"s3://whole-bucket2/k":                     fault.AccessDenied,
	} {
		_, _, err := roots.Resolve(uri)
		if !fault.Is(err, want) {
			t.Errorf("Resolve(%q): %v, want %v", uri, err, want)
		} else if said := fault.From(err).Detail; strings.Contains(said, work) || strings.Contains(said, "prefix") {
			t.Errorf("Resolve(%q) gives away the roots: %s", uri, said)
		}
	}
}

// TestResolvedAddressesComeBack writes a key's address and resolves it.
func TestResolvedAddressesComeBack(t *testing.T) {
	roots := blob.Roots{{Base: "/srv/data"}, {Base: "s3://bucket/p"}, {Base: ""}}
	for _, root := range roots {
		for _, key := range []string{"a", "a/b c/100%.csv", "ä?b#c"} {
			back, got, err := roots.Resolve(root.URI(key))
			if err != nil || back.Base != root.Base || got != key {
				t.Errorf("%q comes back as %q in %q, %v", root.URI(key), got, back.Base, err)
			}
		}
	}
}

func TestOpenRoots(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	memory := blobtest.Memory(t)
	var asked []string
	s3 := func(bucket string) (blob.Bucket, error) {
		asked = append(asked, bucket)
		return memory, nil
	}
	specs := "./folder, file://" + work + "/a%20b/,s3://one-bucket,s3://two-bucket/x/y/,."
	roots, err := blob.OpenRoots(specs, s3)
	if err != nil {
		t.Fatal(err)
	}
	bases := make([]string, len(roots))
	for i, root := range roots {
		bases[i] = root.Base
	}
	want := []string{work + "/folder", work + "/a b", "s3://one-bucket", "s3://two-bucket/x/y", work}
	if diff := cmp.Diff(want, bases); diff != "" {
		t.Errorf("bases (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"one-bucket", "two-bucket"}, asked); diff != "" {
		t.Errorf("buckets asked for (-want +got):\n%s", diff)
	}
	write(t, roots[0], "k", "v")
	if got, err := os.ReadFile(filepath.Join(work, "folder", "k")); string(got) != "v" {
		t.Errorf("the folder holds %q, %v", got, err)
	}
	write(t, roots[3], "k", "v")
	if got := keys(t, memory, ""); len(got) != 1 || got[0] != "x/y/k" {
		t.Errorf("the bucket holds %q", got)
	}
	broken := errors.New("no such bucket here")
	for _, spec := range []string{"", " , ", "http://x", "s3://", "s3://b/../c", "./a,file://host/x"} {
		if _, err := blob.OpenRoots(spec, s3); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("OpenRoots(%q): %v, want InvalidRequest", spec, err)
		}
	}
	_, err = blob.OpenRoots("s3://bucket", func(string) (blob.Bucket, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("the maker's error is lost: %v", err)
	}
}
