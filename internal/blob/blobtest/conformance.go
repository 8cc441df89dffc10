package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// Run holds a kind of Bucket against everything that blob.Bucket promises.
// newBucket returns an empty Bucket each time.
func Run(t *testing.T, newBucket func(t *testing.T) blob.Bucket) {
	for _, c := range promises {
		t.Run(c.name, func(t *testing.T) { c.keep(t, newBucket(t)) })
	}
}

var promises = []struct {
	name string
	keep func(t *testing.T, b blob.Bucket)
}{
	{"what was written is read", writtenIsRead},
	{"what is missing is not found", missingIsNotFound},
	{"writes keep to their conditions", conditionsHold},
	{"equal bytes may be swapped for each other", equalBytes},
	{"one contender wins each swap", contendedSwap},
	{"one contender creates", contendedCreate},
	{"spans select bytes", spansSelect},
	{"a changed object is not read on", changedIsNoticed},
	{"a reader keeps to the object that it opened", openedIsKept},
	{"an upload is there when it is done", uploadCompletes},
	{"an upload that fails leaves the object as it was", uploadFails},
	{"lists are ordered and complete", listsAreOrdered},
	{"a list can be left", listIsLeft},
	{"deleted is gone", deletedIsGone},
	{"keys that are none are refused", keysAreRefused},
	{"keys are any text", keysAreText},
	{"an ended context ends the work", contextEnds},
	{"many may work at once", manyAtOnce},
}

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

func conditionsHold(t *testing.T, b blob.Bucket) {
	try := func(step, data string, cond blob.Condition, want error, stands string) blob.Info {
		t.Helper()
		info, err := b.Put(t.Context(), "k", []byte(data), cond)
		wantIs(t, step, err, want)
		if got := content(t, b, "k"); got != stands {
			t.Errorf("%s: the object is %q, want %q", step, got, stands)
		}
		return info
	}
	const none = "(none)"
	try("match on nothing", "0", blob.IfMatch("d41d8cd98f00b204e9800998ecf8427e"), blob.ErrNotFound, none)
	one := try("absent on nothing", "1", blob.IfAbsent(), nil, "1")
	try("absent on something", "2", blob.IfAbsent(), blob.ErrCondition, "1")
	try("absent, the same bytes", "1", blob.IfAbsent(), blob.ErrCondition, "1")
	try("match with another tag", "2", blob.IfMatch("d41d8cd98f00b204e9800998ecf8427e"), blob.ErrCondition, "1")
	two := try("match", "2", blob.IfMatch(one.ETag), nil, "2")
	try("match with the tag before", "3", blob.IfMatch(one.ETag), blob.ErrCondition, "2")
	three := try("no condition", "3", blob.Condition{}, nil, "3")
	try("match after an unconditional write", "4", blob.IfMatch(two.ETag), blob.ErrCondition, "3")
	if err := b.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	try("match after the delete", "4", blob.IfMatch(three.ETag), blob.ErrNotFound, none)
	try("absent after the delete", "5", blob.IfAbsent(), nil, "5")
}

func equalBytes(t *testing.T, b blob.Bucket) {
	first := put(t, b, "k", []byte("same"), blob.Condition{})
	second := put(t, b, "k", []byte("same"), blob.IfMatch(first.ETag))
	if second.ETag != first.ETag {
		wantPut(t, b, "k", blob.IfMatch(first.ETag), blob.ErrCondition)
	}
	other := put(t, b, "k", []byte("other"), blob.IfMatch(second.ETag))
	if other.ETag == second.ETag {
		t.Error("other bytes have the same tag")
	}
}

// contendedSwap counts to rounds by compare-and-swap: in every round each
// contender read the same tag, so that exactly one may win.
func contendedSwap(t *testing.T, b blob.Bucket) {
	const contenders, rounds = 8, 12
	tag := put(t, b, "k", []byte("start"), blob.Condition{}).ETag
	for round := range rounds {
		tags := contend(t, contenders, func(i int) (blob.Info, error) {
			return b.Put(t.Context(), "k", fmt.Appendf(nil, "%d of round %d", i, round), blob.IfMatch(tag))
		})
		info, err := b.Stat(t.Context(), "k")
		if err != nil || len(tags) != 1 || info.ETag != tags[0] {
			t.Fatalf("round %d: winners %q, the object has %q (%v)", round, tags, info.ETag, err)
		}
		tag = info.ETag
	}
}

func contendedCreate(t *testing.T, b blob.Bucket) {
	for round := range 6 {
		key := fmt.Sprintf("deep/%d/k", round)
		tags := contend(t, 8, func(i int) (blob.Info, error) {
			return b.Put(t.Context(), key, fmt.Appendf(nil, "%d", i), blob.IfAbsent())
		})
		info, err := b.Stat(t.Context(), key)
		if err != nil || len(tags) != 1 || info.ETag != tags[0] {
			t.Fatalf("%s: winners %q, the object has %q (%v)", key, tags, info.ETag, err)
		}
	}
}

// contend lets n goroutines write, each again after a conflict, and returns
// the tags of those that won. The others must have met the condition.
func contend(t *testing.T, n int, write func(i int) (blob.Info, error)) []string {
	t.Helper()
	var mu sync.Mutex
	var won []string
	together(n, func(i int) {
		info, err := write(i)
		for errors.Is(err, blob.ErrConflict) {
			info, err = write(i)
		}
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			won = append(won, info.ETag)
		} else if !errors.Is(err, blob.ErrCondition) {
			t.Errorf("contender %d: %v", i, err)
		}
	})
	return won
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

func uploadCompletes(t *testing.T, b blob.Bucket) {
	for _, size := range []int{0, 1, 100_000, 20 << 20} {
		data := bytes.Repeat([]byte("retrain\n"), size/8+1)[:size]
		info, err := b.Upload(t.Context(), "large/object", onlyReader{bytes.NewReader(data)})
		if err != nil || info.Size != int64(size) || info.Key != "large/object" {
			t.Fatalf("Upload of %d bytes: %+v, %v", size, info, err)
		}
		got, read, err := blob.ReadAll(t.Context(), b, "large/object", 1<<30)
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("read %d bytes back, %v; uploaded %d", len(got), err, size)
		}
		same(t, "Open", read, info)
	}
}

func uploadFails(t *testing.T, b blob.Bucket) {
	put(t, b, "k", []byte("old"), blob.Condition{})
	broken := errors.New("the source broke")
	for _, size := range []int64{0, 10, 12 << 20} {
		for _, key := range []string{"k", "new"} {
			src := &Faulty{Bucket: b, Fault: func(Op, string) Outcome { return Outcome{Err: broken, Torn: size} }}
			var reader io.Reader = zeros{}
			if size == 0 {
				reader = errorReader{broken}
			}
			_, err := src.Upload(t.Context(), key, reader)
			wantIs(t, fmt.Sprintf("a source that breaks after %d bytes", size), err, broken)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.Upload(ctx, "k", io.MultiReader(io.LimitReader(zeros{}, 12<<20), cancelReader{cancel}, io.LimitReader(zeros{}, 12<<20)))
	wantIs(t, "a context that ends on the way", err, context.Canceled)
	if got := content(t, b, "k"); got != "old" {
		t.Errorf("the object is now %.20q", got)
	}
	if keys := keysOf(list(t, b, "")); !slices.Equal(keys, []string{"k"}) {
		t.Errorf("the bucket holds %q", keys)
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

func deletedIsGone(t *testing.T, b blob.Bucket) {
	for _, key := range []string{"x/y/1", "x/y/2", "x/3"} {
		put(t, b, key, []byte(key), blob.Condition{})
	}
	for _, key := range []string{"x/y/1", "x/y/1", "x/y", "x", "x/y/2"} {
		wantIs(t, "Delete "+key, b.Delete(t.Context(), key), nil)
	}
	if keys := keysOf(list(t, b, "")); !slices.Equal(keys, []string{"x/3"}) {
		t.Errorf("what is left is %q", keys)
	}
	put(t, b, "x/y", []byte("now an object"), blob.IfAbsent())
}

func keysAreRefused(t *testing.T, b blob.Bucket) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "./a", "a\x00b", "a\nb", "\x7f",
		"\xff", "a\uffff", ".blob", ".blob/lock", ".blob/tmp/x", strings.Repeat("k", 1025),
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
		"…", "...", ".hidden", "a/.blob/b", "e\u0301", "é", "~", "a:b", "*", "[x]", "emoji😀", "-", "a=b", "@", "$(x)", "CON",
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

// together runs n goroutines and waits for them.
func together(n int, work func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { work(i) })
	}
	wg.Wait()
}

func put(t *testing.T, b blob.Bucket, key string, data []byte, cond blob.Condition) blob.Info {
	t.Helper()
	info, err := b.Put(t.Context(), key, data, cond)
	if err != nil {
		t.Fatalf("Put %q: %v", key, err)
	}
	return info
}

func wantPut(t *testing.T, b blob.Bucket, key string, cond blob.Condition, want error) {
	t.Helper()
	_, err := b.Put(t.Context(), key, []byte("refused"), cond)
	wantIs(t, "Put", err, want)
}

// content returns the object as text, or "(none)".
func content(t *testing.T, b blob.Bucket, key string) string {
	t.Helper()
	data, _, err := blob.ReadAll(t.Context(), b, key, 1<<30)
	if errors.Is(err, blob.ErrNotFound) {
		return "(none)"
	}
	if err != nil {
		t.Fatalf("reading %q: %v", key, err)
	}
	return string(data)
}

func list(t *testing.T, b blob.Bucket, prefix string) []blob.Info {
	t.Helper()
	var infos []blob.Info
	for info, err := range b.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		infos = append(infos, info)
	}
	return infos
}

func keysOf(infos []blob.Info) []string {
	var keys []string
	for _, info := range infos {
		keys = append(keys, info.Key)
	}
	return keys
}

// same compares two descriptions of one object, without their times.
func same(t *testing.T, what string, got, want blob.Info) {
	t.Helper()
	got.Modified = want.Modified
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s describes the object otherwise (-want +got):\n%s", what, diff)
	}
}

func wantIs(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// onlyReader hides all methods but Read: a source of unknown length that
// cannot be read twice.
type onlyReader struct{ io.Reader }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// cancelReader cancels a context where other readers would yield bytes.
type cancelReader struct{ cancel func() }

func (r cancelReader) Read([]byte) (int, error) {
	r.cancel()
	return 0, io.EOF
}
