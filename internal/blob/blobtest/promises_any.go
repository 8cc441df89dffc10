package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

func keysAreRefused(t *testing.T, b blob.Bucket) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "./a", "a\x00b", "a\nb", "\x7f",
		"\xff", "a\uffff", ".blob", ".blob/lock", ".blob/tmp/x", "a/.blob", "a/.blob/b", strings.Repeat("k", 1025),
	} {
		_, errStat := b.Stat(t.Context(), key)
		_, _, errOpen := b.Open(t.Context(), key, blob.Span{})
		_, errPut := b.Put(t.Context(), key, nil, blob.Condition{})
		_, errUpload := b.Upload(t.Context(), key, strings.NewReader(""))
		errDelete := b.Delete(t.Context(), key)
		for i, err := range []error{errStat, errOpen, errPut, errUpload, errDelete} {
			if !fault.Is(err, fault.InvalidRequest) {
				t.Errorf("call %d with the key %.20q: %v, want InvalidRequest", i, key, err)
			}
		}
	}
	if keys := keysOf(list(t, b, "")); len(keys) > 0 {
		t.Errorf("something was written: %q", keys)
	}
}

func keysAreText(t *testing.T, b blob.Bucket) {
	for _, key := range []string{
		"größe.csv", "données/été 2026.csv", "データ/顧客.csv", "a b", " a ", "a+b", "a%2Fb", "100%", "a?b=c&d", "#1", "a\\b", `"q"'<>&;`,
		"…", "...", ".hidden", ".blobs", "a.blob", "e\u0301", "é", "~", "a:b", "*", "[x]", "emoji😀", "-", "a=b", "@", "$(x)", "CON",
	} {
		put(t, b, key, []byte(key), blob.IfAbsent())
		if got := content(t, b, key); got != key {
			t.Errorf("%q holds %q", key, got)
		}
		if keys := keysOf(list(t, b, key)); !slices.Contains(keys, key) {
			t.Errorf("List(%q) = %q", key, keys)
		}
		wantIs(t, "Delete "+key, b.Delete(t.Context(), key), nil)
	}
}

func contextEnds(t *testing.T, b blob.Bucket) {
	put(t, b, "k", bytes.Repeat([]byte("x"), 8<<20), blob.Condition{})
	ctx, cancel := context.WithCancel(t.Context())
	body, _, err := b.Open(ctx, "k", blob.Span{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	cancel()
	_, err = io.Copy(io.Discard, body)
	wantIs(t, "reading on", err, context.Canceled)

	_, err = b.Stat(ctx, "k")
	wantIs(t, "Stat", err, context.Canceled)
	_, _, err = b.Open(ctx, "k", blob.Span{})
	wantIs(t, "Open", err, context.Canceled)
	_, err = b.Put(ctx, "k", nil, blob.Condition{})
	wantIs(t, "Put", err, context.Canceled)
	_, err = b.Upload(ctx, "k", strings.NewReader(""))
	wantIs(t, "Upload", err, context.Canceled)
	wantIs(t, "Delete", b.Delete(ctx, "k"), context.Canceled)
	var listed error
	for _, err := range b.List(ctx, "") {
		listed = err
	}
	wantIs(t, "List", listed, context.Canceled)
	listed = nil
	for _, err := range b.Folders(ctx, "") {
		listed = err
	}
	wantIs(t, "Folders", listed, context.Canceled)
	if info, err := b.Stat(t.Context(), "k"); err != nil || info.Size != 8<<20 {
		t.Errorf("the object is now %+v, %v", info, err)
	}
}

func manyAtOnce(t *testing.T, b blob.Bucket) {
	together(8, func(i int) {
		for round := range 5 {
			key := fmt.Sprintf("%d/%d", i%3, i)
			data := fmt.Sprintf("%d in round %d", i, round)
			if _, err := b.Put(t.Context(), key, []byte(data), blob.Condition{}); err != nil {
				t.Errorf("Put: %v", err)
			}
			got, _, err := blob.ReadAll(t.Context(), b, key, 100)
			if err != nil || string(got) != data {
				t.Errorf("read %q, %v; wrote %q", got, err, data)
			}
			for _, err := range b.List(t.Context(), "") {
				if err != nil {
					t.Errorf("List: %v", err)
				}
			}
			if err := b.Delete(t.Context(), key); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if _, err := b.Stat(t.Context(), key); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("Stat after Delete: %v", err)
			}
		}
	})
	if keys := keysOf(list(t, b, "")); len(keys) > 0 {
		t.Errorf("what is left is %q", keys)
	}
}
