package torture

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"retrain/internal/blob"
	"retrain/internal/blob/s3blob/s3test"
	"retrain/internal/modelstore"
)

var (
	trials = flag.Int("trials", 40, "trials of TestLinearizable")
	seed   = flag.Uint64("seed", 1, "seed of the first trial, or of the first worker that is killed")
)

// The people of a trial.
const (
	promoters = 3
	rounds    = 2 // of each promoter and of the operator
	readers   = 2
	looks     = 4 // of each reader
)

// undecidedAfter is how long porcupine may think about one history; it needs
// about a millisecond.
const undecidedAfter = 30 * time.Second

// Promoters, an operator who rolls back, and readers work on one model, each
// with an AWS SDK of its own, over a network that loses answers. What they were
// told must be explained by a register of champions that changes at once, and
// each champion must have been compared with the one that it replaced.
//
// A trial runs in a bubble in which waiting costs no time, so that the SDK keeps
// its own retries and pauses. The seed sets the faults, the delays and what each
// of them does; the random part of the SDK's and the store's pauses it does not.
func TestLinearizable(t *testing.T) {
	var next atomic.Int64
	var mu sync.Mutex
	total := tally{}
	began := time.Now()
	t.Run("trials", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint("worker", worker), func(t *testing.T) {
				t.Parallel()
				for n := next.Add(1); n <= int64(*trials) && !t.Failed(); n = next.Add(1) {
					h := linearTrial(t, *seed+uint64(n-1))
					mu.Lock()
					total.add(h.tally())
					mu.Unlock()
				}
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d trials in %v (%.1f a second): %s",
		*trials, took.Round(time.Millisecond), float64(*trials)/took.Seconds(), total)
	for _, outcome := range []string{"made", "overtaken", "unknown"} {
		if !t.Failed() && total["promotions "+outcome] < *trials/10 {
			t.Errorf("too few promotions were %s to prove anything", outcome)
		}
	}
}

// linearTrial runs one trial and judges it.
func linearTrial(t *testing.T, seed uint64) *history {
	t.Helper()
	h := &history{}
	synctest.Test(t, func(t *testing.T) {
		trial := newTrial(t, seed, h)
		trial.run()
		trial.afterwards()
	})
	verdict := porcupine.CheckOperationsTimeout(register(), h.operations, undecidedAfter)
	if verdict != porcupine.Ok {
		t.Errorf("seed %d: the history is %s", seed, verdict)
	}
	if t.Failed() {
		t.Logf("seed %d:\n%s", seed, h)
	}
	return h
}

// trial is a model store in a bucket, and those who work on it.
type trial struct {
	t       *testing.T
	seed    uint64
	server  http.Handler
	start   time.Time
	history *history
}

func newTrial(t *testing.T, seed uint64, h *history) *trial {
	tr := &trial{t: t, seed: seed, server: s3test.Handler(), start: time.Now(), history: h}
	create, err := http.NewRequest(http.MethodPut, "http://s3/bucket", nil)
	must(t, err)
	if answer := serve(tr.server, create, nil); answer.Code != http.StatusOK {
		t.Fatalf("creating the bucket: status %d", answer.Code)
	}
	return tr
}

// store returns the model store as it looks through a transport.
func (tr *trial) store(transport http.RoundTripper) *modelstore.Store {
	server := s3test.Server{Endpoint: "http://s3", Region: "us-east-1", AccessKey: "test", SecretKey: "test"}
	return &modelstore.Store{
		Root: blob.Root{Bucket: server.Client(transport).Bucket("bucket"), Base: "s3://bucket"},
	}
}

// run lets everybody do their work at the same time.
func (tr *trial) run() {
	var wait sync.WaitGroup
	for i := range promoters {
		wait.Go(func() { tr.person(i).promote() })
	}
	wait.Go(func() { tr.person(promoters).rollBack() })
	for i := range readers {
		wait.Go(func() { tr.person(promoters + 1 + i).read() })
	}
	wait.Wait()
	time.Sleep(2 * latest) // what was lost arrives
}

// person is somebody with a client and dice of their own.
func (tr *trial) person(id int) *person {
	dice := rand.New(rand.NewPCG(tr.seed, uint64(id)))
	n := &network{server: tr.server, dice: rand.New(rand.NewPCG(tr.seed, 1000+uint64(id))), start: tr.start}
	p := &person{trial: tr, id: id, dice: dice, store: tr.store(n), log: &[]string{}}
	n.log = p.log
	tr.history.join(p)
	return p
}

// afterwards looks at what stands in the end, without faults.
func (tr *trial) afterwards() {
	ctx, store := tr.t.Context(), tr.store(sound{tr.server})
	changes, err := store.History(ctx, modelName)
	must(tr.t, err)
	tr.history.last = lineOf(changes)
	now := int64(time.Since(tr.start))
	tr.history.add(porcupine.Operation{Input: recall{}, Output: tr.history.last, Call: now, Return: now + 1})
	if err := store.Audit(ctx, modelName); err != nil {
		tr.t.Errorf("seed %d: audit: %v", tr.seed, err)
	}
	if err := comparedWithReplaced(ctx, store, modelName); err != nil {
		tr.t.Errorf("seed %d: %v", tr.seed, err)
	}
}

// history collects what everybody asked and was told.
type history struct {
	mu         sync.Mutex
	operations []porcupine.Operation
	people     []*person
	last       line
}

func (h *history) add(op porcupine.Operation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, op)
}

func (h *history) join(p *person) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people = append(h.people, p)
}

// tally counts the operations by their outcome, and the champions there were.
func (h *history) tally() tally {
	n := tally{"champions": len(h.last)}
	for _, op := range h.operations {
		what := "reads"
		if in, isSwap := op.Input.(swap); isSwap {
			what = "promotions"
			if strings.HasPrefix(in.id, "rollback") {
				what = "rollbacks"
			}
			switch op.Output.(type) {
			case made:
				what += " made"
			case overtaken:
				what += " overtaken"
			case unknown:
				what += " unknown"
			}
		}
		n[what]++
	}
	return n
}

// String tells the whole story, for the one trial that fails.
func (h *history) String() string {
	var out strings.Builder
	for _, op := range h.operations {
		fmt.Fprintf(&out, "client %d, %v to %v: %T%+v -> %T%+v\n", op.ClientId,
			time.Duration(op.Call), time.Duration(op.Return), op.Input, op.Input, op.Output, op.Output)
	}
	for _, p := range h.people {
		fmt.Fprintf(&out, "client %d:\n  %s\n", p.id, strings.Join(*p.log, "\n  "))
	}
	return out.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// record notes an operation that was called at a time and has just been
// answered. One without an answer may take effect at any later time.
func (p *person) record(called int64, input, output any) {
	returned := int64(time.Since(p.trial.start))
	if output == (unknown{}) {
		returned = math.MaxInt64
	}
	p.trial.history.add(porcupine.Operation{ClientId: p.id, Input: input, Call: called, Output: output, Return: returned})
}

// comes reports whether the person's dice let something happen.
func (p *person) comes(percent int) bool { return p.dice.IntN(100) < percent }

// hurried returns a context that may end soon, as an invocation's does.
func (p *person) hurried() (context.Context, context.CancelFunc) {
	patience := time.Hour
	if p.comes(20) {
		patience = time.Duration(p.dice.Int64N(int64(500 * time.Millisecond)))
	}
	return context.WithTimeout(p.trial.t.Context(), patience)
}
