package blob_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

func TestMemoryConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket { return blobtest.Memory(t) })
}

func TestNamesDoNotNest(t *testing.T) {
	for name, b := range map[string]blob.Bucket{
		"memory": blobtest.Memory(t), "folder": blob.NewFolder(t.TempDir()),
	} {
		write(t, b, "a/b/c", "x")
		write(t, b, "d", "x")
		for _, key := range []string{"a", "a/b", "a/b/c/d", "d/e", "d/e/f"} {
			_, err := b.Put(t.Context(), key, nil, blob.Condition{})
			if !fault.Is(err, fault.InvalidRequest) {
				t.Errorf("%s: Put %q: %v, want InvalidRequest", name, key, err)
			}
			_, err = b.Upload(t.Context(), key, strings.NewReader(""))
			if !fault.Is(err, fault.InvalidRequest) {
				t.Errorf("%s: Upload %q: %v, want InvalidRequest", name, key, err)
			}
		}
		if err := b.Delete(t.Context(), "a/b/c"); err != nil {
			t.Fatal(err)
		}
		write(t, b, "a", "now there is room")
	}
}

func TestMemoryWatchesItsCallers(t *testing.T) {
	m := blob.NewMemory()
	data := []byte("before")
	if _, err := m.Put(t.Context(), "k", data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	copy(data, "after!")
	body, _, err := m.Open(t.Context(), "k", blob.Span{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(body); string(got) != "before" {
		t.Errorf("a caller's later change got into the store: %q", got)
	}
	if m.Unclosed() != 1 {
		t.Errorf("%d readers are open, want 1", m.Unclosed())
	}
	body.Close()
	body.Close()
	if m.Unclosed() != 0 {
		t.Errorf("%d readers are open, want 0", m.Unclosed())
	}
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestConditionsAndSpansPanicOnBugs(t *testing.T) {
	for name, bug := range map[string]func(){
		"IfMatch without a tag": func() { blob.IfMatch("") },
		"a negative offset":     func() { blob.Span{Offset: -1}.Clip(10) },
		"a negative length":     func() { blob.Span{Length: -1}.Clip(10) },
		"a prefix with slash":   func() { blob.Prefix(blob.NewMemory(), "a/") },
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.HasPrefix(said, "blob: ") {
					t.Errorf("%s: the panic says %q", name, said)
				}
			}()
			bug()
		}()
	}
}

func write(t testing.TB, b blob.Bucket, key, data string) blob.Info {
	t.Helper()
	info, err := b.Put(t.Context(), key, []byte(data), blob.Condition{})
	if err != nil {
		t.Fatalf("Put %q: %v", key, err)
	}
	return info
}

func keys(t testing.TB, b blob.Bucket, prefix string) []string {
	t.Helper()
	var found []string
	for info, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List %q: %v", prefix, err)
		}
		found = append(found, info.Key)
	}
	return found
}
