package modelstore

import (
	"bytes"
	"flag"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

var changes = flag.Int("changes", 0, "how many one-byte changes TestOneByteChanges tries at least; it tries every byte once in any case")

// One byte of any object that a promotion rests on, changed in any position,
// is found: the promotion is refused and the champion stays. A file's byte and
// its digest cannot be changed together either, since the digest is its name.
// A report that was changed lets nothing in, and is not shown.
func TestOneByteChanges(t *testing.T) {
	s := newStore()
	crown(t, s, "churn", "model A")
	v, err := s.Add(t.Context(), "churn", bytes.Repeat([]byte("model B"), 40), manifest(), attached()...)
	must(t, err)
	e := verdict(comparison(t, s, "churn", v.Digest), true)
	e.Page = []byte("<!doctype html><title>The challenger is better</title>")
	e, _, err = s.PutEvaluation(t.Context(), e)
	must(t, err)

	promotes := func() error { _, err := update(s, yes(s, e)); return err }
	shows := func() error { _, err := s.Report(t.Context(), "churn", e.ID()); return err }
	objects := map[string]func() error{
		modelKey("churn", v.Digest): promotes, manifestKey("churn", v.Digest): promotes,
		keyOf(v, "rows.filter"): promotes, keyOf(v, "profile.json"): promotes,
		evaluationKey("churn", e.ID()): promotes, championKey("churn"): promotes, reportKey("churn", e.ID()): shows,
	}
	before := snapshot(t, s)
	tried, each := 0, *changes/(len(objects)-1)+1 // one is too small to bear as many
	for key, use := range objects {
		sound := []byte(before[key])
		for change := range max(len(sound), min(each, 255*len(sound))) {
			at := change % len(sound)
			changed := slices.Clone(sound)
			changed[at] ^= byte(1 + (at+change/len(sound))%255)
			overwrite(t, s, key, changed)
			if err := use(); !fault.Is(err, fault.InvalidData) {
				t.Fatalf("%s with byte %d changed: %v", key, at, err)
			}
			tried++
		}
		overwrite(t, s, key, sound)
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Error(diff)
	}
	if tried < max(2000, *changes) {
		t.Errorf("only %d changes were tried", tried)
	}
	must(t, shows())
	must(t, promotes())
}
