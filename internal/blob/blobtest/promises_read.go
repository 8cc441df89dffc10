package blobtest

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

func writtenIsRead(t *testing.T, b blob.Bucket) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 100_000) // 1.6 MB
	for _, data := range [][]byte{{}, []byte("x"), []byte("line\r\n\x00\xff"), large, nil, []byte("y")} {
		info := put(t, b, "a/b", data, blob.Condition{})
		if info.Key != "a/b" || info.Size != int64(len(data)) || info.ETag == "" {
			t.Errorf("Put answered %+v for %d bytes", info, len(data))
		}
		got, read, err := blob.ReadAll(t.Context(), b, "a/b", 1<<30)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("read %d bytes, %v; wrote %d", len(got), err, len(data))
		}
		stat, err := b.Stat(t.Context(), "a/b")
		if err != nil || stat.Modified.IsZero() {
			t.Errorf("Stat = %+v, %v", stat, err)
		}
		same(t, "Open", read, info)
		same(t, "Stat", stat, info)
		same(t, "List", list(t, b, "")[0], info)
	}
	if _, _, err := blob.ReadAll(t.Context(), b, "a/b", 0); !fault.Is(err, fault.TooLarge) {
		t.Errorf("ReadAll over its limit: %v, want TooLarge", err)
	}
}

func missingIsNotFound(t *testing.T, b blob.Bucket) {
	put(t, b, "folder/object", []byte("x"), blob.Condition{})
	for _, key := range []string{"nothing", "folder", "folder/other", "folder/object/below"} {
		_, err := b.Stat(t.Context(), key)
		wantIs(t, "Stat "+key, err, blob.ErrNotFound)
		_, _, err = b.Open(t.Context(), key, blob.Span{})
		wantIs(t, "Open "+key, err, blob.ErrNotFound)
		_, _, err = b.Open(t.Context(), key, blob.Span{Offset: 3, Length: 4, ETag: "x"})
		wantIs(t, "Open of a span of "+key, err, blob.ErrNotFound)
		wantIs(t, "Delete "+key, b.Delete(t.Context(), key), nil)
	}
	if _, err := b.Stat(t.Context(), "folder/object"); err != nil {
		t.Errorf("the object beside is gone: %v", err)
	}
}

func spansSelect(t *testing.T, b blob.Bucket) {
	const data = "0123456789"
	tag := put(t, b, "k", []byte(data), blob.Condition{}).ETag
	empty := put(t, b, "empty", nil, blob.Condition{}).ETag
	for _, c := range []struct {
		key  string
		span blob.Span
		want string
	}{
		{"k", blob.Span{}, data},
		{"k", blob.Span{Offset: 3}, "3456789"},
		{"k", blob.Span{Length: 3}, "012"},
		{"k", blob.Span{Offset: 3, Length: 4}, "3456"},
		{"k", blob.Span{Offset: 8, Length: 4}, "89"},
		{"k", blob.Span{Offset: 9, Length: 1}, "9"},
		{"k", blob.Span{Offset: 10, Length: 1}, ""},
		{"k", blob.Span{Offset: 11}, ""},
		{"k", blob.Span{Offset: 1 << 40, Length: 1 << 40}, ""},
		{"k", blob.Span{Offset: 5, Length: 1<<63 - 1}, "56789"},
		{"k", blob.Span{Offset: 3, Length: 4, ETag: tag}, "3456"},
		{"k", blob.Span{Offset: 30, ETag: tag}, ""},
		{"empty", blob.Span{Length: 5}, ""},
		{"empty", blob.Span{Offset: 5, ETag: empty}, ""},
	} {
		body, info, err := b.Open(t.Context(), c.key, c.span)
		if err != nil {
			t.Errorf("%s %+v: %v", c.key, c.span, err)
			continue
		}
		got, err := io.ReadAll(body)
		if err != nil || string(got) != c.want {
			t.Errorf("%s %+v reads %q, %v; want %q", c.key, c.span, got, err, c.want)
		}
		body.Close()
		stat, err := b.Stat(t.Context(), c.key)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("Open of %+v", c.span), info, stat)
	}
}

func changedIsNoticed(t *testing.T, b blob.Bucket) {
	old := put(t, b, "k", []byte("0123456789"), blob.Condition{}).ETag
	put(t, b, "k", []byte("9876543210"), blob.Condition{})
	for _, span := range []blob.Span{{ETag: old}, {Offset: 2, Length: 3, ETag: old}, {Offset: 99, ETag: old}} {
		body, _, err := b.Open(t.Context(), "k", span)
		wantIs(t, fmt.Sprintf("%+v", span), err, blob.ErrChanged)
		if err == nil {
			body.Close()
		}
	}
}

func openedIsKept(t *testing.T, b blob.Bucket) {
	data := bytes.Repeat([]byte("a"), 3<<20)
	put(t, b, "k", data, blob.Condition{})
	body, _, err := b.Open(t.Context(), "k", blob.Span{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.CopyN(io.Discard, body, 1000); err != nil {
		t.Fatal(err)
	}
	put(t, b, "k", bytes.Repeat([]byte("b"), 3<<20), blob.Condition{})
	rest, err := io.ReadAll(body)
	if err == nil && !bytes.Equal(rest, data[1000:]) {
		t.Error("the reader mixed two objects and said nothing")
	}
}

func listsAreOrdered(t *testing.T, b blob.Bucket) {
	keys := []string{"a", "a.csv", "b/1", "b/2/x", "b-1", "b0", "b/10", "c/d/e/f", "ä", "Z", "b.d/x", "z/" + strings.Repeat("n", 200), "𝄞", "｡"}
	for _, key := range keys {
		put(t, b, key, []byte(key), blob.Condition{})
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "a", "a.", "b", "b/", "b/1", "b/2/", "b/2/x", "c/d/e", "no", "no/", "b/2/x/", "/", "../", ".", "ä", ".blob/", "b//", "b/../"} {
		var want []string
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		infos := list(t, b, prefix)
		if got := keysOf(infos); !slices.Equal(got, want) {
			t.Errorf("List(%q)\n got %q\nwant %q", prefix, got, want)
		}
		for _, info := range infos {
			stat, err := b.Stat(t.Context(), info.Key)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "List", info, stat)
		}
	}
}

func foldersAreTold(t *testing.T, b blob.Bucket) {
	keys := []string{"a", "b/1", "b/2/x", "b/2/y", "b-1/x/y", "b.d/x", "bb/c/d/e", "gone/x/y", "ä/x", "𝄞/1", "｡/1"}
	for _, key := range keys {
		put(t, b, key, []byte(key), blob.Condition{})
	}
	if err := b.Delete(t.Context(), "gone/x/y"); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{
		"": {"b-1", "b.d", "b", "bb", "ä", "｡", "𝄞"}, "b/": {"2"}, "b-1/": {"x"}, "bb/c/": {"d"},
		"b/2/": nil, "gone/": nil, "no/": nil, "a/": nil, "b//": nil, "../": nil, "/": nil,
	} {
		if got := folders(t, b, prefix); !slices.Equal(got, want) {
			t.Errorf("Folders(%q)\n got %q\nwant %q", prefix, got, want)
		}
	}
	for _, err := range b.Folders(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		break // a listing can be left
	}
	defer func() {
		if recover() == nil {
			t.Error("Folders took a prefix without a slash at its end")
		}
	}()
	b.Folders(t.Context(), "b")
}

func listIsLeft(t *testing.T, b blob.Bucket) {
	for i := range 5 {
		put(t, b, fmt.Sprintf("f%d/k", i), nil, blob.Condition{})
	}
	n := 0
	for _, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("left after %d, want 2", n)
	}
}
