package modelstore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

// The tests of this file try every fault at every call that an operation makes
// of the store, every pair with a doubtful outcome, and a death before and after
// every call.
// Each time the store must keep its promises, and the repeated operation must
// end as if nothing had happened. They run in synctest's time, in which the
// pauses between tries take none.

// scenario is an operation that is to withstand faults.
type scenario struct {
	name    string
	prepare func(t testing.TB, s *Store) // on a sound store, beforehand
	stored  map[string]string            // what prepare left
	run     func(ctx context.Context, s *Store) error
	done    func(t testing.TB, s *Store) // fails unless run has had its effect
	changes bool                         // whether it changes the champion
	// bound says that the operation names the champion that it replaces, and
	// so is carried out once at most, whatever happens in between.
	bound bool
}

// mishap is a blobtest.Mishap with what may come of it here.
type mishap struct {
	blobtest.Mishap
	// survived says that an operation gets over one such mishap by itself.
	survived bool
	// kinds are the errors that may come of it otherwise.
	kinds []fault.Kind
}

var (
	unreachable = blobtest.Unreachable
	denied      = blobtest.Denied
)

// mishaps are all that blobtest knows. By the number that they begin with:
// the refusals of a condition are survived, the others come out as they are.
var mishaps = func() (all []mishap) {
	lost := []fault.Kind{fault.DataNotFound, fault.GateNotPassed, fault.ChampionChanged, fault.InvalidData, fault.Internal}
	kinds := map[string][]fault.Kind{"403": {fault.AccessDenied}, "404": lost, "hangs": {fault.Transient, fault.DeadlineExceeded}}
	for _, m := range blobtest.Mishaps {
		first, _, _ := strings.Cut(m.Name, " ")
		may, told := kinds[first]
		if !told {
			may = []fault.Kind{fault.Transient}
		}
		all = append(all, mishap{m, first == "412" || first == "409", may})
	}
	return all
}()

// plan is where the mishaps of one trial strike: by the number of the call. A
// death lets no later call through.
type plan struct {
	at     map[int]mishap
	before map[int]func() // what happens just before a call
	death  int            // the call from which on nothing answers; -1 for none
	last   bool           // whether the call at death still took effect
}

// trial is one run of a scenario under a plan.
type trial struct {
	store *Store // over the faulty bucket
	sound *Store // over the bucket itself
	calls []blobtest.Op
}

func newTrial(t testing.TB, sc scenario, p plan) *trial {
	bucket := blobtest.Memory(t)
	tr := &trial{sound: over(bucket)}
	for key, data := range sc.stored {
		overwrite(t, tr.sound, key, []byte(data))
	}
	tr.store = over(&blobtest.Faulty{Bucket: bucket, Fault: func(op blobtest.Op, _ string) blobtest.Outcome { return tr.strike(p, op) }})
	return tr
}

func (tr *trial) strike(p plan, op blobtest.Op) blobtest.Outcome {
	call := len(tr.calls)
	tr.calls = append(tr.calls, op)
	if meanwhile, ok := p.before[call]; ok {
		meanwhile()
	}
	if p.death >= 0 && call >= p.death {
		return blobtest.Outcome{Err: unreachable, Applied: call == p.death && p.last}
	}
	if m, ok := p.at[call]; ok && m.Befalls(op) {
		return m.Outcome
	}
	return blobtest.Outcome{}
}

// withstand runs a scenario under a plan and repeats it without. It returns
// the error of the first run.
func withstand(t *testing.T, sc scenario, p plan, what string) (*trial, error) {
	t.Helper()
	var tr *trial
	var err error
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tr = newTrial(t, sc, p)
		before := generation(t, tr.sound)
		err = sc.run(ctx, tr.store)
		audit(t, tr.sound, what)
		if after := generation(t, tr.sound); after < before || after > before+1 {
			t.Errorf("%s: the generation went from %d to %d", what, before, after)
		}
		if err == nil {
			sc.done(t, tr.sound)
		}
		if err := sc.run(t.Context(), tr.sound); err != nil {
			t.Fatalf("%s: repeated, it fails: %v", what, err)
		}
		sc.done(t, tr.sound)
		audit(t, tr.sound, what)
		if after := generation(t, tr.sound); after > before+1 {
			t.Errorf("%s: repeated, it changed the champion twice", what)
		}
	})
	return tr, err
}

func generation(t testing.TB, s *Store) int64 {
	t.Helper()
	champion, _, err := s.Champion(context.Background(), "churn")
	must(t, err)
	return champion.generation()
}

// audit holds the store to its promises: those of the champion pointer, and
// that each version that is listed is there.
func audit(t testing.TB, s *Store, what string) {
	t.Helper()
	if err := s.Audit(context.Background(), "churn"); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	versions, err := s.Versions(context.Background(), "churn")
	must(t, err)
	for _, digest := range versions {
		if _, err := s.loadWhole(context.Background(), "churn", digest); err != nil {
			t.Fatalf("%s: a listed version: %v", what, err)
		}
	}
}

// prepared returns the scenarios with their stores filled.
func prepared(t *testing.T) []scenario {
	all := scenarios()
	for i := range all {
		s := newStore()
		all[i].prepare(t, s)
		all[i].stored = snapshot(t, s)
	}
	return all
}

func scenarios() []scenario {
	asked := Asked{By: "ann", Reason: "bad predictions"}
	nothing := func(testing.TB, *Store) {}
	champion := func(generation int64, model string) func(t testing.TB, s *Store) {
		return func(t testing.TB, s *Store) { t.Helper(); wantChampion(t, s, generation, model) }
	}
	return []scenario{{
		name: "add", prepare: nothing,
		run: func(ctx context.Context, s *Store) error {
			_, err := s.Add(ctx, "churn", []byte("model A"), manifest(), attached()...)
			return err
		},
		done: func(t testing.TB, s *Store) {
			loaded, err := s.loadWhole(context.Background(), "churn", Digest([]byte("model A")))
			must(t, err)
			if len(loaded.Manifest.Files) != 3 {
				t.Errorf("the version has the files %v", loaded.Manifest.Files)
			}
		},
	}, {
		name: "store an evaluation", prepare: func(t testing.TB, s *Store) { add(t, s, "churn", "model A") },
		run: func(ctx context.Context, s *Store) error {
			_, _, err := s.PutEvaluation(ctx, firstVerdict("model A"))
			return err
		},
		done: func(t testing.TB, s *Store) {
			_, err := s.Evaluation(context.Background(), "churn", firstVerdict("model A").ID())
			must(t, err)
		},
	}, {
		name: "replace a damaged evaluation", prepare: func(t testing.TB, s *Store) {
			e := judge(t, s, "churn", "model A", true)
			overwrite(t, s, evaluationKey("churn", e.ID()), []byte("{}"))
		},
		run: func(ctx context.Context, s *Store) error {
			_, _, err := s.PutEvaluation(ctx, firstVerdict("model A"))
			return err
		},
		done: func(t testing.TB, s *Store) {
			_, err := s.Evaluation(context.Background(), "churn", firstVerdict("model A").ID())
			must(t, err)
		},
	}, {
		name:    "promote the first champion",
		prepare: func(t testing.TB, s *Store) { judge(t, s, "churn", "model A", true) },
		run: func(ctx context.Context, s *Store) error {
			_, err := s.Promote(ctx, "churn", firstVerdict("model A").ID(), Asked{}, nil)
			return err
		},
		done:    champion(1, "model A"),
		changes: true, bound: true,
	}, {
		name: "promote the third champion",
		prepare: func(t testing.TB, s *Store) {
			crownAll(t, s, "model A", "model B")
			judge(t, s, "churn", "model C", true)
		},
		run: func(ctx context.Context, s *Store) error {
			_, err := s.Promote(ctx, "churn", thirdVerdict("model C").ID(), Asked{}, nil)
			return err
		},
		done:    champion(3, "model C"),
		changes: true, bound: true,
	}, {
		name: "update to a version with attachments",
		prepare: func(t testing.TB, s *Store) {
			crownAll(t, s, "model A", "model B")
			_, err := s.Add(t.Context(), "churn", []byte("model C"), manifest(), attached()[0])
			must(t, err)
			judge(t, s, "churn", "model C", true)
		},
		run: func(ctx context.Context, s *Store) error {
			path := s.ModelURI("churn", Digest([]byte("model C")))
			_, err := Update{Store: s, Check: passAll}.Run(ctx, UpdateRequest{ShouldUpdate: ptr(true), ModelPath: path})
			return err
		},
		done:    champion(3, "model C"),
		changes: true, bound: true,
	}, {
		name:    "roll back",
		prepare: func(t testing.TB, s *Store) { crownAll(t, s, "model A", "model B") },
		run: func(ctx context.Context, s *Store) error {
			_, err := s.Rollback(ctx, "churn", 1, nil, asked, nil)
			return err
		},
		done:    champion(3, "model A"),
		changes: true,
	}, {
		name:    "roll back from a named version",
		prepare: func(t testing.TB, s *Store) { crownAll(t, s, "model A", "model B") },
		run: func(ctx context.Context, s *Store) error {
			_, err := s.Rollback(ctx, "churn", 1, ptr(int64(2)), asked, nil)
			return err
		},
		done:    champion(3, "model A"),
		changes: true, bound: true,
	}}
}

func passAll([]byte, Manifest) error { return nil }

func crownAll(t testing.TB, s *Store, models ...string) {
	t.Helper()
	for _, model := range models {
		crown(t, s, "churn", model)
	}
}

// firstVerdict and thirdVerdict let a model in as the first champion, and as
// the one after model A and model B.
func firstVerdict(model string) Evaluation { return verdictAfter(model, 0, "") }
func thirdVerdict(model string) Evaluation {
	return verdictAfter(model, 2, Digest([]byte("model B")))
}

func verdictAfter(model string, generation int64, champion string) Evaluation {
	return verdict(Comparison{
		ModelName: "churn", ModelDigest: Digest([]byte(model)), ChampionGeneration: generation, ChampionDigest: champion,
		HoldoutDigest: Digest([]byte("holdout")), GateDigest: Digest([]byte("gate")), Engine: "test",
	}, true)
}

func wantChampion(t testing.TB, s *Store, generation int64, model string) {
	t.Helper()
	champion, _, err := s.Champion(context.Background(), "churn")
	must(t, err)
	if champion.generation() != generation || champion.digest() != Digest([]byte(model)) {
		t.Errorf("generation %d stands, want %d with %s", champion.generation(), generation, model)
	}
}

// quiet runs a scenario without faults, and returns the calls that it makes.
func quiet(t *testing.T, sc scenario) []blobtest.Op {
	t.Helper()
	tr, err := withstand(t, sc, plan{death: -1}, "undisturbed")
	must(t, err)
	return tr.calls
}

func TestEveryFault(t *testing.T) {
	for _, sc := range prepared(t) {
		t.Run(sc.name, func(t *testing.T) {
			for call, op := range quiet(t, sc) {
				for _, m := range at(op, mishaps) {
					what := fmt.Sprintf("%s at call %d (%s)", m.Name, call, op)
					_, err := withstand(t, sc, plan{at: map[int]mishap{call: m}, death: -1}, what)
					if err != nil && (m.survived || !slices.Contains(m.kinds, fault.From(err).Kind)) {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
		})
	}
}

// A store that refuses a write for good is not asked again.
func TestDeniedWriteIsNotRepeated(t *testing.T) {
	for _, applied := range []bool{false, true} {
		sound := newStore()
		e := judge(t, sound, "churn", "model A", true)
		writes := 0
		s := over(&blobtest.Faulty{Bucket: sound.Root, Fault: func(op blobtest.Op, key string) (o blobtest.Outcome) {
			if op == blobtest.Put && key == championKey("churn") {
				writes++
				o = blobtest.Outcome{Err: denied, Applied: applied}
			}
			return o
		}})
		_, err := s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
		if refused := fault.Is(err, fault.AccessDenied); refused == applied || writes != 1 {
			t.Errorf("applied %t: after %d writes the promotion ends with %v", applied, writes, err)
		}
	}
}

// Once a write is in doubt, a read that is refused does not end the matter.
func TestDeniedReadAfterADoubtfulWrite(t *testing.T) {
	for _, denials := range []int{1, 1000} {
		synctest.Test(t, func(t *testing.T) {
			sound := newStore()
			e := judge(t, sound, "churn", "model A", true)
			wrote, reads := false, 0
			s := over(&blobtest.Faulty{Bucket: sound.Root, Fault: func(op blobtest.Op, key string) (o blobtest.Outcome) {
				switch {
				case key != championKey("churn"):
				case op == blobtest.Put:
					wrote = true
					o = blobtest.Outcome{Err: unreachable, Applied: true}
				case wrote && reads < denials:
					reads++
					o.Err = denied
				}
				return o
			}})
			p, err := s.Promote(t.Context(), "churn", e.ID(), Asked{}, nil)
			switch {
			case denials == 1 && (err != nil || p.Already || p.Generation != 1):
				t.Errorf("the promotion ends with %+v, %v", p, err)
			case denials > 1 && (!fault.Is(err, fault.Transient) || !strings.Contains(err.Error(), promotionID("churn", e.ID()))):
				t.Errorf("the promotion ends with %v", err)
			}
		})
	}
}

// Each mishap is followed by one that leaves the outcome open, at each of the
// calls that it leads to.
func TestEveryPairOfFaults(t *testing.T) {
	for _, sc := range prepared(t) {
		t.Run(sc.name, func(t *testing.T) {
			for first, op := range quiet(t, sc) {
				for _, m := range at(op, mishaps) {
					p := plan{at: map[int]mishap{first: m}, death: -1}
					tr, _ := withstand(t, sc, p, m.Name)
					for second := first + 1; second < len(tr.calls); second++ {
						for _, n := range at(tr.calls[second], doubts()) {
							what := fmt.Sprintf("%s at call %d and %s at call %d", m.Name, first, n.Name, second)
							p.at = map[int]mishap{first: m, second: n}
							_, _ = withstand(t, sc, p, what)
						}
					}
				}
			}
		})
	}
}

// doubts are the mishaps after which the call may have taken effect.
func doubts() []mishap {
	return slices.DeleteFunc(slices.Clone(mishaps), func(m mishap) bool { return !m.Applied })
}

// at returns those of the mishaps that can happen to a call of the kind.
func at(op blobtest.Op, all []mishap) []mishap {
	return slices.DeleteFunc(slices.Clone(all), func(m mishap) bool { return !m.Befalls(op) })
}

// A process that dies between or within two calls of the store leaves it whole,
// and its successor, which knows nothing of it, finishes the work.
func TestEveryDeath(t *testing.T) {
	for _, sc := range prepared(t) {
		t.Run(sc.name, func(t *testing.T) {
			for call := range quiet(t, sc) {
				for _, last := range []bool{false, true} {
					what := fmt.Sprintf("death at call %d, which took effect: %t", call, last)
					_, err := withstand(t, sc, plan{death: call, last: last}, what)
					if err != nil && !fault.Is(err, fault.Transient) {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
		})
	}
}
