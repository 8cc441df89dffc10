package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"syscall"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

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
	// The source's errors are its own, whatever they look like.
	theirs := &fs.PathError{Op: "read", Path: "elsewhere", Err: syscall.EACCES}
	for _, size := range []int64{0, 10, 12 << 20} {
		for _, key := range []string{"k", "new"} {
			_, err := b.Upload(t.Context(), key, io.MultiReader(io.LimitReader(zeros{}, size), broken{theirs}))
			wantIs(t, fmt.Sprintf("a source that breaks after %d bytes", size), err, theirs)
			if !fault.Is(err, fault.Internal) {
				t.Errorf("a source that breaks after %d bytes: %v, want no fault of the store", size, err)
			}
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

func wantPut(t *testing.T, b blob.Bucket, key string, cond blob.Condition, want error) {
	t.Helper()
	_, err := b.Put(t.Context(), key, []byte("refused"), cond)
	wantIs(t, "Put", err, want)
}

// onlyReader hides all methods but Read: a source of unknown length that
// cannot be read twice.
type onlyReader struct{ io.Reader }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// cancelReader cancels a context where other readers would yield bytes.
type cancelReader struct{ cancel func() }

func (r cancelReader) Read([]byte) (int, error) {
	r.cancel()
	return 0, io.EOF
}
