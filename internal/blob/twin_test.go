package blob_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// TestFolderIsLikeMemory does the same random things to a folder and to the
// memory Bucket, its naive twin, and compares what they answer.
func TestFolderIsLikeMemory(t *testing.T) {
	base, runs := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		dir := filepath.Join(base, fmt.Sprint(runs))
		defer os.RemoveAll(dir)
		twins := &twins{T: t, memory: blob.NewMemory(), folder: blob.NewFolder(dir)}
		t.Repeat(map[string]func(*rapid.T){
			"put": twins.put, "upload": twins.upload, "delete": twins.delete, "open": twins.open,
			"": twins.list,
		})
	})
}

type twins struct {
	*rapid.T
	memory, folder blob.Bucket
	tag            string // of some object, once
}

var (
	anyKey  = rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "a.b", "a-", "b/c", "b", "b/d/e/f", "é"})
	anyData = rapid.SliceOfN(rapid.Byte(), 0, 3)
)

// both plays one call on each and compares the answers.
func (w *twins) both(call func(b blob.Bucket) string) {
	w.Helper()
	if diff := cmp.Diff(call(w.memory), call(w.folder)); diff != "" {
		w.Fatalf("memory and folder differ (-memory +folder):\n%s", diff)
	}
}

func (w *twins) put(t *rapid.T) {
	key, data := anyKey.Draw(t, "key"), anyData.Draw(t, "data")
	var cond blob.Condition
	switch kind := rapid.IntRange(0, 2).Draw(t, "condition"); {
	case kind == 1:
		cond = blob.IfAbsent()
	case kind == 2 && w.tag != "":
		cond = blob.IfMatch(w.tag)
	}
	w.both(func(b blob.Bucket) string {
		info, err := b.Put(t.Context(), key, data, cond)
		if err == nil {
			w.tag = info.ETag
		}
		return said(info, err)
	})
}

func (w *twins) upload(t *rapid.T) {
	key, data := anyKey.Draw(t, "key"), anyData.Draw(t, "data")
	w.both(func(b blob.Bucket) string {
		return said(b.Upload(t.Context(), key, strings.NewReader(string(data))))
	})
}

func (w *twins) delete(t *rapid.T) {
	key := anyKey.Draw(t, "key")
	w.both(func(b blob.Bucket) string { return said(blob.Info{}, b.Delete(t.Context(), key)) })
}

func (w *twins) open(t *rapid.T) {
	key := anyKey.Draw(t, "key")
	span := blob.Span{Offset: rapid.Int64Range(0, 4).Draw(t, "offset"), Length: rapid.Int64Range(0, 4).Draw(t, "length")}
	if rapid.Bool().Draw(t, "pinned") {
		span.ETag = w.tag
	}
	w.both(func(b blob.Bucket) string {
		body, info, err := b.Open(t.Context(), key, span)
		if err != nil {
			return said(info, err)
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		return fmt.Sprintf("%x %s", data, said(info, err))
	})
}

func (w *twins) list(t *rapid.T) {
	listed := func(b blob.Bucket) (all []blob.Info) {
		for info, err := range b.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, info)
		}
		return all
	}
	if diff := cmp.Diff(listed(w.memory), listed(w.folder), cmpopts.IgnoreFields(blob.Info{}, "Modified")); diff != "" {
		t.Fatalf("the lists differ (-memory +folder):\n%s", diff)
	}
	for _, prefix := range []string{"", "a/", "b/"} {
		told := func(b blob.Bucket) (names []string) {
			for name, err := range b.Folders(t.Context(), prefix) {
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, name)
			}
			return names
		}
		if diff := cmp.Diff(told(w.memory), told(w.folder)); diff != "" {
			t.Fatalf("the folders below %q differ (-memory +folder):\n%s", prefix, diff)
		}
	}
}

// said is an answer without what may differ: the time and the error's words.
func said(info blob.Info, err error) string {
	kind := "ok"
	for _, known := range []error{blob.ErrNotFound, blob.ErrCondition, blob.ErrConflict, blob.ErrChanged} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		kind = fault.From(err).Kind.Code()
	}
	return fmt.Sprintf("%s: %s, %d bytes, tag %s", kind, info.Key, info.Size, info.ETag)
}
