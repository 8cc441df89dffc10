package processed

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

type answer struct {
	Score float64  `json:"score"`
	Notes []string `json:"notes"`
}

func newStore() blob.Root { return blob.Root{Bucket: blob.NewMemory(), Base: "s3://store"} }

func TestAResultIsReadBack(t *testing.T) {
	store := newStore()
	var got answer
	if found, err := LoadResult(ctx, store, "run-1", "train", "f", &got); found || err != nil {
		t.Fatalf("before: %v %v", found, err)
	}
	want := answer{Score: 0.1, Notes: []string{"<&>", "☃"}}
	if err := SaveResult(ctx, store, "run-1", "train", "f", want); err != nil {
		t.Fatal(err)
	}
	if found, err := LoadResult(ctx, store, "run-1", "train", "f", &got); !found || err != nil {
		t.Fatalf("after: %v %v", found, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, other := range []struct{ run, step string }{{"run-2", "train"}, {"run-1", "preprocess"}} {
		if found, err := LoadResult(ctx, store, other.run, other.step, "f", &got); found || err != nil {
			t.Errorf("%v: %v %v", other, found, err)
		}
	}
}

func TestTheFirstResultOfARunStands(t *testing.T) {
	store := newStore()
	for i, fingerprint := range []string{"f", "f", "g"} {
		err := SaveResult(ctx, store, "run-1", "train", fingerprint, answer{Score: float64(i)})
		if conflict := fault.Is(err, fault.RunConflict); conflict != (fingerprint == "g") || !conflict && err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	var got answer
	if _, err := LoadResult(ctx, store, "run-1", "train", "f", &got); err != nil || got.Score != 0 {
		t.Errorf("%+v stands: %v", got, err)
	}
	_, err := LoadResult(ctx, store, "run-1", "train", "g", &got)
	if f := fault.From(err); f == nil || f.Kind != fault.RunConflict || fmt.Sprint(f.Fields[0].Loc) != "[body run_id]" {
		t.Errorf("read with another fingerprint: %v", err)
	}
}

func TestARunIsClaimedOnce(t *testing.T) {
	store := newStore()
	for _, claim := range []struct {
		fingerprint string
		conflict    bool
	}{{"f", false}, {"f", false}, {"g", true}, {"f", false}} {
		before := Claimable(ctx, store, "run-1", claim.fingerprint)
		err := Claim(ctx, store, "run-1", claim.fingerprint)
		for _, err := range []error{before, err} {
			if fault.Is(err, fault.RunConflict) != claim.conflict || err != nil && !claim.conflict {
				t.Errorf("%+v: %v", claim, err)
			}
		}
	}
	if err := Claimable(ctx, store, "run-2", "g"); err != nil {
		t.Errorf("a free run: %v", err)
	}
	for info := range store.List(ctx, "runs/run-2/") {
		t.Errorf("asking has written %s", info.Key)
	}
}

// Of many who want a run, those with one fingerprint get it.
func TestOfConcurrentClaimsOneFingerprintWins(t *testing.T) {
	for range 50 {
		store := newStore()
		var won [2]atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				err := Claim(ctx, store, "run-1", fmt.Sprint("fingerprint ", i%2))
				if err == nil {
					won[i%2].Add(1)
				} else if !fault.Is(err, fault.RunConflict) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if a, b := won[0].Load(), won[1].Load(); a*b != 0 || a+b != 4 {
			t.Fatalf("%d and %d claims of two fingerprints held", a, b)
		}
	}
}

// contended answers the first writes with a conflict, as S3 does while another
// conditional write to the key is under way, and lets that one land only later.
type contended struct {
	*blob.Memory
	conflicts int
	lands     []byte // what the other writer wrote, or nil if it failed
	written   int
}

func (b *contended) Put(ctx context.Context, key string, data []byte, cond blob.Condition) (blob.Info, error) {
	b.written++
	if b.written <= b.conflicts {
		return blob.Info{}, fmt.Errorf("put: %w", blob.ErrConflict)
	}
	if b.lands != nil {
		if _, err := b.Memory.Put(ctx, key, b.lands, blob.Condition{}); err != nil {
			return blob.Info{}, err
		}
	}
	return b.Memory.Put(ctx, key, data, cond)
}

func TestAConflictIsSettled(t *testing.T) {
	for _, c := range []struct {
		name      string
		conflicts int
		lands     string
		kind      fault.Kind
		ok        bool
	}{
		{"the other write failed", 2, "", 0, true},
		{"the other write was the same", 2, `{"fingerprint":"f"}`, 0, true},
		{"the other write was another run's", 2, `{"fingerprint":"g"}`, fault.RunConflict, false},
		{"no end of conflicts", 100, "", fault.Transient, false},
	} {
		bucket := &contended{Memory: blob.NewMemory(), conflicts: c.conflicts}
		if c.lands != "" {
			bucket.lands = []byte(c.lands)
		}
		err := Claim(ctx, blob.Root{Bucket: bucket, Base: "s3://store"}, "run-1", "f")
		if c.ok != (err == nil) || err != nil && !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	brief, cancel := context.WithCancel(ctx)
	cancel()
	bucket := &contended{Memory: blob.NewMemory(), conflicts: 100}
	if err := Claim(brief, blob.Root{Bucket: bucket, Base: "s3://store"}, "run-1", "f"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled claim: %v", err)
	}
}

func TestADamagedResultIsInvalidData(t *testing.T) {
	store := newStore()
	for _, text := range []string{"", "{", `{"fingerprint":"f"}`, `{"fingerprint":"f","result":[]}`} {
		if _, err := store.Put(ctx, Path("run-1", "train.json"), []byte(text), blob.Condition{}); err != nil {
			t.Fatal(err)
		}
		var got answer
		if _, err := LoadResult(ctx, store, "run-1", "train", "f", &got); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFingerprintDoesNotDependOnTheOrderOfMaps(t *testing.T) {
	of := func(v any) string {
		f, err := Fingerprint(v)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for range 20 {
		a, b := map[string]any{}, map[string]any{}
		for i := range 20 {
			a[fmt.Sprint(i)], b[fmt.Sprint(19-i)] = i, 19-i
		}
		if of(a) != of(b) {
			t.Fatal("equal maps have different fingerprints")
		}
	}
	if of(map[string]any{"a": 1}) == of(map[string]any{"a": 2}) {
		t.Error("different maps have one fingerprint")
	}
	if _, err := Fingerprint(func() {}); err == nil {
		t.Error("a function has a fingerprint")
	}
}
