package blobtest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// Mishap is one way in which a call of a store can go wrong.
type Mishap struct {
	Name string
	Only []Op // the calls that it can befall; nil for every call
	Outcome
}

// Befalls reports whether the mishap can happen to a call of the kind.
func (m *Mishap) Befalls(op Op) bool { return m.Only == nil || slices.Contains(m.Only, op) }

// What a store answers that cannot be reached, and one that refuses.
var (
	Unreachable = fault.New(fault.Transient, "the store is out of reach")
	Denied      = fault.New(fault.AccessDenied, "the store says no")
)

// Mishaps are the ways in which a call can fail: before it took effect, after
// it did, with half an answer, and with none. Only a Put can be conditional.
var Mishaps = []Mishap{
	{"503 before", nil, Outcome{Err: Unreachable}},
	{"503 after", nil, Outcome{Err: Unreachable, Applied: true}},
	{"412 after", []Op{Put}, Outcome{Err: blob.ErrCondition, Applied: true}},
	{"412 before", []Op{Put}, Outcome{Err: blob.ErrCondition}},
	{"409 before", []Op{Put}, Outcome{Err: blob.ErrConflict}},
	{"409 after", []Op{Put}, Outcome{Err: blob.ErrConflict, Applied: true}},
	{"404", nil, Outcome{Err: blob.ErrNotFound}},
	{"403 before", nil, Outcome{Err: Denied}},
	{"403 after", nil, Outcome{Err: Denied, Applied: true}},
	{"torn", []Op{Open, Upload}, Outcome{Err: Unreachable, Torn: 40}},
	{"cut short", []Op{Open}, Outcome{Err: io.EOF, Torn: 5}},
	{"hangs before", nil, Outcome{Hang: true}},
	{"hangs after", nil, Outcome{Hang: true, Applied: true}},
}

// Trial is one run of an operation, of whose calls at most one goes wrong.
type Trial struct {
	What    string          // names the mishap and the call
	Context context.Context // of the run; its time is up when the call hangs

	at     int // the call that goes wrong; -1 for none
	mishap Mishap
	expire func()
	mu     sync.Mutex
	calls  []Op
}

// Over returns the bucket with the trial's mishap. Calls are counted over all
// buckets of a trial.
func (tr *Trial) Over(b blob.Bucket) blob.Bucket { return &Faulty{Bucket: b, Fault: tr.strike} }

func (tr *Trial) strike(op Op, key string) Outcome {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	call := len(tr.calls)
	tr.calls = append(tr.calls, op)
	if call != tr.at || !tr.mishap.Befalls(op) {
		return Outcome{}
	}
	tr.What += " " + key
	out := tr.mishap.Outcome
	out.Then = tr.expire
	return out
}

// EveryMishap runs an operation undisturbed, to see which calls it makes, and
// then once for every mishap at every one of these calls. The operation has to
// start from the same state each time, to reach its store through Trial.Over,
// to check what it left behind, and to be repeated without the mishap.
func EveryMishap(t *testing.T, run func(t *testing.T, tr *Trial)) {
	t.Helper()
	quiet := trial(-1, Mishap{Name: "undisturbed"})
	run(t, quiet)
	if len(quiet.calls) == 0 {
		t.Fatal("blobtest: the operation makes no calls of its store")
	}
	for call, op := range quiet.calls {
		for _, m := range Mishaps {
			if m.Befalls(op) {
				run(t, trial(call, m))
			}
		}
	}
}

func trial(at int, m Mishap) *Trial {
	ctx := &expiring{Context: context.Background(), done: make(chan struct{})}
	return &Trial{What: fmt.Sprintf("%s at call %d", m.Name, at), Context: ctx, at: at, mishap: m, expire: ctx.expire}
}

// Quiet reports whether nothing goes wrong in the trial.
func (tr *Trial) Quiet() bool { return tr.at < 0 }

// expiring is a context whose deadline, which it does not name, passes on
// demand.
type expiring struct {
	context.Context
	once sync.Once
	done chan struct{}
}

func (e *expiring) expire()               { e.once.Do(func() { close(e.done) }) }
func (e *expiring) Done() <-chan struct{} { return e.done }

func (e *expiring) Err() error {
	select {
	case <-e.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Copy returns a memory Bucket with the same objects.
func Copy(t testing.TB, from blob.Bucket) *blob.Memory {
	t.Helper()
	to := blob.NewMemory()
	for info, err := range from.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := blob.ReadAll(context.Background(), from, info.Key, info.Size)
		if err == nil {
			_, err = to.Put(context.Background(), info.Key, data, blob.IfAbsent())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}
