package modelstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

// A rival promotes another model, whole, just before one of the operation's
// calls, at each of them in turn, with and without a mishap at each other
// call. Whoever comes second must be told so, except that whose change is in
// the history must be told that it is.
func TestRivalAtEveryCall(t *testing.T) {
	for _, sc := range prepared(t) {
		if !sc.changes {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			calls := quiet(t, sc)
			for rival := range calls {
				contend(t, sc, rival, plan{death: -1}, fmt.Sprintf("a rival before call %d", rival))
				for call, op := range calls {
					for _, m := range at(op, doubts()) {
						what := fmt.Sprintf("a rival before call %d, %s at call %d", rival, m.Name, call)
						contend(t, sc, rival, plan{at: map[int]mishap{call: m}, death: -1}, what)
					}
				}
			}
		})
	}
}

// contend runs a scenario in which a rival promotes a model before the call.
func contend(t *testing.T, sc scenario, call int, p plan, what string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var tr *trial
		rival := sync.OnceFunc(func() { crown(t, tr.sound, "churn", "a rival's model") })
		p.before = map[int]func(){call: rival}
		tr = newTrial(t, sc, p)
		before := generation(t, tr.sound)
		err := sc.run(ctx, tr.store)
		rival() // if the operation gave up before that call
		audit(t, tr.sound, what)
		history, readErr := tr.sound.History(t.Context(), "churn")
		must(t, readErr)
		changes := history[:int64(len(history))-before]
		made := slices.ContainsFunc(changes, func(c Change) bool { return c.Digest != Digest([]byte("a rival's model")) })
		switch {
		case made && len(changes) != 2, !made && len(changes) != 1:
			t.Errorf("%s: the champion changed %d times", what, len(changes))
		case made && fault.Is(err, fault.ChampionChanged):
			t.Errorf("%s: the change was made, but is denied: %v", what, err)
		case !made && err == nil:
			t.Errorf("%s: the change was not made, but is announced", what)
		}
		again := sc.run(t.Context(), tr.sound)
		if sc.bound && made != (again == nil) || !made && again != nil && !fault.Is(again, fault.ChampionChanged) {
			t.Errorf("%s: made is %t, and the repeated operation says %v", what, made, again)
		}
		audit(t, tr.sound, what)
	})
}

// Many promoters over one store that loses answers after it applied the write,
// and answers 409 and 503. Each counts what it was told; afterwards everything
// announced is in the history once, nothing denied is, and each champion was
// compared with the one that it replaced.
func TestManyPromoters(t *testing.T) {
	const promoters, attempts = 6, 12
	bucket := blobtest.Memory(t)
	sound := over(bucket)
	synctest.Test(t, func(t *testing.T) {
		var wait sync.WaitGroup
		told := make([]map[string]error, promoters)
		for i := range promoters {
			told[i] = map[string]error{}
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			s := over(&blobtest.Faulty{Bucket: bucket, Fault: unlucky(rng)})
			wait.Go(func() {
				for n := range attempts {
					id, err := attempt(t, s, fmt.Sprintf("model %d of %d", n, i))
					told[i][id] = err
				}
			})
		}
		wait.Wait()
		audit(t, sound, "afterwards")
		settle(t, sound, told)
	})
}

// unlucky makes one in ten writes lose its answer, half of them as the 412 that
// the repeated write meets, and one in twenty calls each a 409 or a 503.
func unlucky(rng *rand.Rand) func(blobtest.Op, string) blobtest.Outcome {
	return func(op blobtest.Op, _ string) blobtest.Outcome {
		time.Sleep(time.Duration(1 + rng.IntN(1000))) // let the others run
		switch dice := rng.IntN(100); {
		case op == blobtest.Put && dice < 5:
			return blobtest.Outcome{Err: unreachable, Applied: true}
		case op == blobtest.Put && dice < 10:
			return blobtest.Outcome{Err: blob.ErrCondition, Applied: true}
		case op == blobtest.Put && dice < 15:
			return blobtest.Outcome{Err: blob.ErrConflict}
		case dice < 20:
			return blobtest.Outcome{Err: unreachable}
		}
		return blobtest.Outcome{}
	}
}

// attempt has a model compared with the champion that stands and promoted, and
// repeats each step while the store is out of reach.
func attempt(t *testing.T, s *Store, model string) (promotion string, err error) {
	ctx := t.Context()
	var version Version
	again(func() error { version, err = s.Add(ctx, "churn", []byte(model), manifest()); return err })
	var standing *Champion
	again(func() error { standing, _, err = s.Champion(ctx, "churn"); return err })
	e := verdictAfter(model, standing.generation(), standing.digest())
	if version.Digest != e.ModelDigest {
		t.Errorf("the model was stored as %s", version.Digest)
	}
	again(func() error { _, _, err = s.PutEvaluation(ctx, e); return err })
	again(func() error { _, err = s.Promote(ctx, "churn", e.ID(), Asked{}, nil); return err })
	return promotionID("churn", e.ID()), err
}

func again(step func() error) {
	for errors.Is(step(), unreachable) {
		time.Sleep(time.Millisecond)
	}
}

// settle compares what the promoters were told with the history.
func settle(t *testing.T, s *Store, told []map[string]error) {
	t.Helper()
	history, err := s.History(t.Context(), "churn")
	must(t, err)
	made := map[string]int{}
	for _, change := range history {
		made[change.PromotionID]++
	}
	announced, denied := 0, 0
	for _, answers := range told {
		for id, err := range answers {
			switch {
			case err == nil && made[id] == 1:
				announced++
			case fault.Is(err, fault.ChampionChanged) && made[id] == 0:
				denied++
			default:
				t.Errorf("promotion %s was made %d times, and its promoter was told %v", id, made[id], err)
			}
		}
	}
	if announced != len(history) || announced == 0 || denied == 0 {
		t.Errorf("%d promotions were announced and %d denied, and %d changes were made", announced, denied, len(history))
	}
}
