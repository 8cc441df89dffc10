package modelstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

// later returns the store as it is looked at so long after its objects were
// written, whose times are the real ones.
func later(s *Store, by time.Duration) *Store {
	return &Store{Root: s.Root, Now: func() time.Time { return time.Now().Add(by) }}
}

const month = 30 * 24 * time.Hour

var nothingSpared = Retention{OlderThan: DefaultRetention}

// stocked returns a store with two champions, a challenger that may be promoted,
// one whose verdict is overtaken, one that was refused, one never judged, and
// the runs of two of them.
func stocked(t testing.TB, s *Store) {
	crown(t, s, "churn", "first")
	overtaken := judge(t, s, "churn", "overtaken", true)
	if overtaken.ChampionGeneration != 1 {
		t.Fatal("the overtaken challenger met another champion")
	}
	crown(t, s, "churn", "second")
	judge(t, s, "churn", "waiting", true)
	refused := verdict(comparison(t, s, "churn", add(t, s, "churn", "refused").Digest), false)
	refused.Page = []byte("<p>no</p>")
	_, _, err := s.PutEvaluation(t.Context(), refused)
	must(t, err)
	_, err = s.Add(t.Context(), "churn", []byte("unjudged"), manifest(), Attachment{Name: TrainedRows, Data: []byte("rows")})
	must(t, err)
	overwrite(t, s, "runs/run-1/processed.parquet", []byte("data"))
	overwrite(t, s, "runs/run-1/recipe.json", []byte("{}"))
	overwrite(t, s, "runs/run-0/train.checkpoint", []byte("trees"))
}

// What goes is exactly what nothing reaches; a dry run tells the same, and
// changes nothing.
func TestGCDeletesWhatNothingReaches(t *testing.T) {
	s := over(blobtest.Memory(t))
	stocked(t, s)
	before := snapshot(t, s)
	rehearsal := nothingSpared
	rehearsal.DryRun = true
	planned, err := later(s, month).GC(t.Context(), rehearsal)
	must(t, err)
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Fatalf("the dry run changed the store:\n%s", diff)
	}
	done, err := later(s, month).GC(t.Context(), nothingSpared)
	must(t, err)
	planned.DryRun = false
	if diff := cmp.Diff(planned, done, cmp.AllowUnexported(Garbage{})); diff != "" {
		t.Errorf("planned and done differ:\n%s", diff)
	}
	after := snapshot(t, s)
	var bytes int64
	gone := map[string]bool{}
	for key, data := range before {
		if _, stays := after[key]; !stays {
			bytes += int64(len(data))
			gone[key] = true
		}
	}
	if len(gone) != done.Objects || bytes != done.Bytes {
		t.Errorf("%d objects of %d bytes are gone, and %d of %d are told", len(gone), bytes, done.Objects, done.Bytes)
	}
	wantStock(t, s, "first", "second", "waiting")
	for key := range gone {
		if !strings.HasPrefix(key, "runs/run-0/") && !ofOneOf(key, "overtaken", "refused", "unjudged") {
			t.Errorf("%s is gone", key)
		}
	}
	audit(t, s, "after gc")
	again, err := later(s, month).GC(t.Context(), nothingSpared)
	must(t, err)
	if again.Objects != 0 {
		t.Errorf("a second gc deletes %d objects more", again.Objects)
	}
}

// wantStock fails the test unless the versions are those of the models, and no
// evaluation is of another one.
func wantStock(t testing.TB, s *Store, models ...string) {
	t.Helper()
	var want []string
	for _, model := range models {
		want = append(want, Digest([]byte(model)))
	}
	slices.Sort(want)
	got, err := s.Versions(t.Context(), "churn")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("other versions stay:\n%s", diff)
	}
	for key := range snapshot(t, s) {
		if strings.HasPrefix(key, "models/churn/sha256/") || strings.Contains(key, "/evaluations/") {
			if !ofOneOf(key, models...) {
				t.Errorf("%s stays", key)
			}
		}
	}
}

// ofOneOf reports whether an object belongs to one of the models.
func ofOneOf(key string, models ...string) bool {
	return slices.ContainsFunc(models, func(model string) bool {
		digest := Digest([]byte(model))
		return strings.Contains(key, "/sha256/"+digest+"/") || strings.Contains(key, "/evaluations/"+digest[:16]+"-")
	})
}

func TestGCSparesTheYoungAndTheNewest(t *testing.T) {
	s := over(blobtest.Memory(t))
	stocked(t, s)
	all := snapshot(t, s)
	for name, r := range map[string]struct {
		after time.Duration
		Retention
	}{
		"young": {6 * 24 * time.Hour, nothingSpared},
		"many":  {month, Retention{OlderThan: DefaultRetention, Keep: 5, ModelName: "churn"}},
	} {
		_, err := later(s, r.after).GC(t.Context(), r.Retention)
		must(t, err)
		if diff := cmp.Diff(all, snapshot(t, s)); diff != "" {
			t.Errorf("%s: gc deleted:\n%s", name, diff)
		}
	}
	_, err := later(s, month).GC(t.Context(), Retention{OlderThan: DefaultRetention, Keep: 1})
	must(t, err)
	wantStock(t, s, "first", "second", "waiting", "unjudged")
}

func TestGCRefuses(t *testing.T) {
	s := newStore()
	for _, r := range []Retention{{OlderThan: time.Hour}, {OlderThan: month, Keep: -1}, {OlderThan: month, ModelName: ".."}} {
		_, err := s.GC(t.Context(), r)
		wantKind(t, err, fault.InvalidRequest)
	}
	stocked(t, s)
	overwrite(t, s, championKey("churn"), []byte("torn"))
	before := snapshot(t, s)
	_, err := later(s, month).GC(t.Context(), nothingSpared)
	wantKind(t, err, fault.InvalidData)
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Errorf("gc without a pointer deleted:\n%s", diff)
	}
}

// A gc that dies before or after any of its calls leaves every promise kept and
// no version listed that is not whole, and the next one ends its work.
func TestGCDiesAnywhere(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for death := 0; ; death++ {
			bucket := blobtest.Memory(t)
			s := over(bucket)
			stocked(t, s)
			calls := 0
			dying := over(&blobtest.Faulty{Bucket: bucket, Fault: func(blobtest.Op, string) blobtest.Outcome {
				calls++
				if calls <= death {
					return blobtest.Outcome{}
				}
				return blobtest.Outcome{Err: unreachable, Applied: applied && calls == death+1}
			}})
			_, err := later(dying, month).GC(t.Context(), nothingSpared)
			audit(t, s, fmt.Sprintf("after a death at call %d", death))
			listed, listErr := s.Versions(t.Context(), "churn")
			must(t, listErr)
			for _, digest := range listed {
				if _, err := s.loadWhole(t.Context(), "churn", digest); err != nil {
					t.Errorf("death at call %d: %.8s is listed, and %v", death, digest, err)
				}
			}
			_, again := later(s, month).GC(t.Context(), nothingSpared)
			must(t, again)
			wantStock(t, s, "first", "second", "waiting")
			if err == nil {
				break
			}
		}
	}
}

// A challenger is evaluated and promoted just before each call of a gc that
// found it unreachable. Either it is champion and whole, or the promoter is told
// that it is gone.
func TestGCMeetsAPromotionAtEveryCall(t *testing.T) {
	outcomes := map[bool]int{}
	for at := 0; ; at++ {
		bucket := blobtest.Memory(t)
		s := over(bucket)
		stocked(t, s)
		comparison := comparison(t, s, "churn", Digest([]byte("unjudged")))
		calls, promoted := 0, errors.New("not asked")
		slow := over(&blobtest.Faulty{Bucket: bucket, Fault: func(blobtest.Op, string) blobtest.Outcome {
			if calls++; calls == at+1 {
				promoted = evaluateAndPromote(t.Context(), s, comparison)
			}
			return blobtest.Outcome{}
		}})
		_, err := later(slow, month).GC(t.Context(), nothingSpared)
		must(t, err)
		if calls <= at {
			break
		}
		audit(t, s, fmt.Sprintf("a promotion before call %d", at))
		champion, _, err := s.Champion(t.Context(), "churn")
		must(t, err)
		if made := champion.Digest == comparison.ModelDigest; made != (promoted == nil) || !made && !fault.Is(promoted, fault.DataNotFound) {
			t.Errorf("before call %d: made is %t, and the promoter was told %v", at, made, promoted)
		}
		outcomes[promoted == nil]++
	}
	if outcomes[true] == 0 || outcomes[false] == 0 {
		t.Errorf("%d promotions and %d refusals", outcomes[true], outcomes[false])
	}
}

func evaluateAndPromote(ctx context.Context, s *Store, c Comparison) error {
	e, _, err := s.PutEvaluation(ctx, verdict(c, true))
	if err == nil {
		_, err = s.Promote(ctx, c.ModelName, e.ID(), Asked{}, nil)
	}
	return err
}

// And the other way round: a whole gc runs just before each call of a promotion.
func TestPromotionMeetsAGCAtEveryCall(t *testing.T) {
	for at := 0; ; at++ {
		bucket := blobtest.Memory(t)
		s := over(bucket)
		stocked(t, s)
		c := comparison(t, s, "churn", Digest([]byte("unjudged")))
		calls := 0
		slow := over(&blobtest.Faulty{Bucket: bucket, Fault: func(blobtest.Op, string) blobtest.Outcome {
			if calls++; calls == at+1 {
				_, err := later(s, month).GC(t.Context(), nothingSpared)
				must(t, err)
			}
			return blobtest.Outcome{}
		}})
		err := evaluateAndPromote(t.Context(), slow, c)
		if calls <= at {
			break
		}
		audit(t, s, fmt.Sprintf("a gc before call %d", at))
		champion, _, readErr := s.Champion(t.Context(), "churn")
		must(t, readErr)
		if made := champion.Digest == c.ModelDigest; made != (err == nil) {
			t.Errorf("before call %d: made is %t, and the promoter was told %v", at, made, err)
		}
	}
}

// Promoters and a gc that sees everything as old run at the same time.
func TestGCBesidePromoters(t *testing.T) {
	s := over(blobtest.Memory(t))
	crown(t, s, "churn", "first")
	var wait sync.WaitGroup
	// The test's GC comes a month later and spares nothing. What keeps it from a
	// version that is half written is its age, for which the lock stands here.
	var young sync.RWMutex
	for i := range 3 {
		wait.Go(func() {
			for n := range 30 {
				model := fmt.Sprintf("model %d of %d", n, i)
				standing, _, err := s.Champion(t.Context(), "churn")
				if err != nil {
					t.Error(err)
					return
				}
				young.RLock()
				_, err = s.Add(t.Context(), "churn", []byte(model), manifest())
				young.RUnlock()
				if fault.Is(err, fault.DataNotFound) {
					continue
				} else if err != nil {
					t.Error(err)
				}
				err = evaluateAndPromote(t.Context(), s, verdictAfter(model, standing.Generation, standing.Digest).Comparison)
				if err != nil && !fault.Is(err, fault.ChampionChanged) && !fault.Is(err, fault.DataNotFound) && !fault.Is(err, fault.InvalidData) && !fault.Is(err, fault.GateNotPassed) {
					t.Error(err)
				}
			}
		})
	}
	wait.Go(func() {
		for range 40 {
			young.Lock()
			_, err := later(s, month).GC(t.Context(), nothingSpared)
			young.Unlock()
			if err != nil && !fault.Is(err, fault.DataNotFound) {
				t.Error(err)
			}
		}
	})
	wait.Wait()
	audit(t, s, "afterwards")
}

// A mark that a gc left behind keeps a version out until the next gc lifts it,
// but no sooner than it is sure that the other one is dead.
func TestGCLiftsForgottenMarks(t *testing.T) {
	s := over(blobtest.Memory(t))
	stocked(t, s)
	waiting := Digest([]byte("waiting"))
	overwrite(t, s, condemnedKey("churn", waiting), []byte("This version is being deleted.\n"))
	c := comparison(t, s, "churn", waiting)
	wantKind(t, evaluateAndPromote(t.Context(), s, c), fault.DataNotFound)
	_, err := later(s, time.Hour).GC(t.Context(), nothingSpared)
	must(t, err)
	wantKind(t, evaluateAndPromote(t.Context(), s, c), fault.DataNotFound)
	_, err = later(s, month).GC(t.Context(), nothingSpared)
	must(t, err)
	must(t, evaluateAndPromote(t.Context(), s, c))
	if keys := slices.Collect(maps.Keys(snapshot(t, s))); slices.Contains(keys, condemnedKey("churn", waiting)) {
		t.Error("the mark stays")
	}
}
