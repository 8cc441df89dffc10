package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

func TestFolderConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket {
		return blob.NewFolder(filepath.Join(t.TempDir(), "made", "at", "need"))
	})
}

func TestPrefixConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket {
		whole := blobtest.Memory(t)
		write(t, whole, "tea/outside", "x")
		return blob.Prefix(whole, "team/a")
	})
}

func TestFolderIsMadeByTheFirstWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := blob.NewFolder(dir)
	if _, err := f.Stat(t.Context(), "k"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Stat: %v", err)
	}
	if _, _, err := f.Open(t.Context(), "k", blob.Span{}); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Open: %v", err)
	}
	if err := f.Delete(t.Context(), "k"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if got := keys(t, f, ""); got != nil {
		t.Errorf("List: %q", got)
	}
	if _, err := os.Stat(filepath.Dir(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("something was made before the first write: %v", err)
	}
	write(t, f, "x/k", "v")
	if got, err := os.ReadFile(filepath.Join(dir, "x", "k")); string(got) != "v" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	write(t, f, "x/k", "made anew")
}

// TestFolderReadsLeaveNoTrace reads a folder that is not ours to write to.
func TestFolderReadsLeaveNoTrace(t *testing.T) {
	dir := t.TempDir()
	files(t, dir, "data/a.csv", "data/b.csv")
	f := blob.NewFolder(dir)
	if got := keys(t, f, "data/"); !slices.Equal(got, []string{"data/a.csv", "data/b.csv"}) {
		t.Errorf("List: %q", got)
	}
	if data, _, err := blob.ReadAll(t.Context(), f, "data/a.csv", 100); string(data) != "data/a.csv" {
		t.Errorf("read %q, %v", data, err)
	}
	if err := f.Delete(t.Context(), "data/none"); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder now holds %v", entries)
	}
}

func TestFolderFollowsNoLinkOut(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	files(t, outside, "secret", "sub/secret")
	files(t, dir, "real/a", "real/b")
	for name, target := range map[string]string{
		"out":        filepath.Join(outside, "secret"),
		"up":         "../" + filepath.Base(outside) + "/secret",
		"outdir":     outside,
		"abs":        filepath.Join(dir, "real", "a"), // absolute links count as out, even to within
		"loop":       "loop",
		"in":         "real/a",
		"indir":      "real",
		"real/there": "../real/b",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := blob.NewFolder(dir)
	for _, key := range []string{"out", "up", "outdir/secret", "outdir/sub/secret", "abs", "loop"} {
		_, _, err := f.Open(t.Context(), key, blob.Span{})
		if !fault.Is(err, fault.AccessDenied) {
			t.Errorf("Open %q: %v, want AccessDenied", key, err)
		}
	}
	for _, key := range []string{"outdir/new", "outdir/sub/new"} {
		_, err := f.Put(t.Context(), key, nil, blob.Condition{})
		if !fault.Is(err, fault.AccessDenied) {
			t.Errorf("Put %q: %v, want AccessDenied", key, err)
		}
	}
	for _, key := range []string{"in", "indir/a", "real/there"} {
		if _, err := f.Stat(t.Context(), key); err != nil {
			t.Errorf("Stat %q: %v", key, err)
		}
	}
	if got := keys(t, f, ""); !slices.Equal(got, []string{"in", "real/a", "real/b", "real/there"}) {
		t.Errorf("List: %q", got)
	}
	write(t, f, "out", "replaces the link")
	if err := f.Delete(t.Context(), "indir/a"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "indir")); err != nil {
		t.Errorf("the link within is gone: %v", err)
	}
	if got, _ := os.ReadFile(filepath.Join(outside, "secret")); string(got) != "secret" {
		t.Errorf("the file outside now holds %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "real", "a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was deleted through a link within is still there: %v", err)
	}
}

func TestFolderHasOnlyRegularFiles(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := blob.NewFolder(dir)
	for _, key := range []string{"pipe", "empty"} {
		if _, err := f.Stat(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Stat %q: %v, want ErrNotFound", key, err)
		}
		if err := f.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete %q: %v", key, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, key)); err != nil {
			t.Errorf("%q is gone: %v", key, err)
		}
	}
	if got := keys(t, f, ""); got != nil {
		t.Errorf("List: %q", got)
	}
}

// TestFolderNoticesForeignWrites changes a file behind the Folder's back.
func TestFolderNoticesForeignWrites(t *testing.T) {
	dir := t.TempDir()
	f := blob.NewFolder(dir)
	for _, size := range []int{100, 3 << 20} { // tags of content, and of the file's state
		old := write(t, f, "k", string(bytes.Repeat([]byte("a"), size)))
		body, _, err := f.Open(t.Context(), "k", blob.Span{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // file systems tell times apart by some milliseconds
		if err := os.WriteFile(filepath.Join(dir, "k"), bytes.Repeat([]byte("b"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		body.Close()
		if err == nil && !bytes.Equal(got, bytes.Repeat([]byte("a"), size)) {
			t.Errorf("%d bytes: a mixture was read without an error", size)
		}
		if size > 1<<20 && !errors.Is(err, blob.ErrChanged) {
			t.Errorf("%d bytes: %v, want ErrChanged", size, err)
		}
		if _, _, err := f.Open(t.Context(), "k", blob.Span{ETag: old.ETag}); !errors.Is(err, blob.ErrChanged) {
			t.Errorf("%d bytes: Open with the old tag: %v", size, err)
		}
		if _, err := f.Put(t.Context(), "k", nil, blob.IfMatch(old.ETag)); !errors.Is(err, blob.ErrCondition) {
			t.Errorf("%d bytes: Put with the old tag: %v", size, err)
		}
	}
}

func TestFolderLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	f := blob.NewFolder(dir)
	write(t, f, "k", "v")
	ctx, cancel := context.WithCancel(t.Context())
	_, condition := f.Put(ctx, "k", nil, blob.IfAbsent())
	_, nested := f.Put(ctx, "k/below", nil, blob.Condition{})
	_, broken := f.Upload(ctx, "k", brokenReader{})
	_, late := f.Upload(ctx, "k", lateReader{cancel})
	for i, err := range []error{condition, nested, broken, late} {
		if err == nil {
			t.Errorf("write %d succeeded", i)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(dir, ".blob", "tmp")); err != nil || len(entries) > 0 {
		t.Errorf("unfinished writes left %v, %v", entries, err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// lateReader ends the context with its last bytes.
type lateReader struct{ cancel func() }

func (r lateReader) Read(p []byte) (int, error) {
	r.cancel()
	return len(p), nil
}

// TestFolderSparesWritesUnderWay opens Folders over and over: each tidies up at
// its first write, while the others write.
func TestFolderSparesWritesUnderWay(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for range 40 {
				_, err := blob.NewFolder(dir).Put(t.Context(), fmt.Sprint(i), nil, blob.Condition{})
				if err != nil {
					t.Errorf("Put: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// TestFolderWithinAFolder reads a store that lies in a data root.
func TestFolderWithinAFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, blob.NewFolder(filepath.Join(dir, "store")), "k", "v")
	if got := keys(t, blob.NewFolder(dir), ""); !slices.Equal(got, []string{"store/k"}) {
		t.Errorf("List: %q", got)
	}
}

// files makes files that hold their own names.
func files(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
