package blobtest

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
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
	{"folders are told once each", foldersAreTold},
	{"deleted is gone", deletedIsGone},
	{"keys that are none are refused", keysAreRefused},
	{"keys are any text", keysAreText},
	{"an ended context ends the work", contextEnds},
	{"many may work at once", manyAtOnce},
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

func folders(t *testing.T, b blob.Bucket, prefix string) []string {
	t.Helper()
	var names []string
	for name, err := range b.Folders(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("Folders(%q): %v", prefix, err)
		}
		names = append(names, name)
	}
	return names
}

func keysOf(infos []blob.Info) []string {
	keys := make([]string, len(infos))
	for i, info := range infos {
		keys[i] = info.Key
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
