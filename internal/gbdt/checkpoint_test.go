package gbdt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// interrupted trains like Train, but is stopped again and again, each time
// after a few rounds, and resumed from bytes with the data read anew.
func interrupted(t *testing.T, tab *table, p Params, rng *rand.Rand) (r *Result, stops int) {
	var from *Checkpoint
	var scores []byte
	for {
		p.Threads = 1 + rng.IntN(3)
		left := rng.IntN(6)
		ctx, cancel := context.WithCancel(context.Background())
		if left == 0 {
			cancel() // before anything was done
		}
		r, err := Train(ctx, tab.data(p, 1+rng.IntN(900)), p, Options{Resume: from, Scores: scores, AfterRound: func(now *Round) error {
			if rng.IntN(4) == 0 {
				scores = now.Scores()
			}
			if left--; left > 0 {
				return nil
			}
			if rng.IntN(2) == 0 {
				cancel()
				return nil
			}
			return ErrStopped
		}})
		cancel()
		if err == nil {
			return r, stops
		}
		if !errors.Is(err, ErrStopped) && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		stops++
		if from, err = DecodeCheckpoint(r.Checkpoint.Encode()); err != nil {
			t.Fatal(err)
		}
	}
}

// However often and wherever a training is interrupted, it ends with the bits of
// one that was not.
func TestInterruptedTrainingsGiveTheSameTrees(t *testing.T) {
	stops := 0
	for schedule := range 50 {
		rng := rand.New(rand.NewPCG(uint64(schedule), 3))
		tab := mixed(tasks[schedule%3], 300+rng.IntN(300), uint64(schedule))
		p := Defaults()
		p.MaxIter, p.MaxLeafNodes, p.RandomState = 5+rng.IntN(20), 2+rng.IntN(12), uint64(schedule)
		p.EarlyStopping, p.NIterNoChange, p.LearningRate = rng.IntN(2) == 0, 1+rng.IntN(5), 0.05+rng.Float64()/2
		if rng.IntN(2) == 0 {
			p.MaxFeatures, p.ColsampleBytree = 0.5, 0.8
		}
		if rng.IntN(2) == 0 {
			p.Subsample, p.SubsampleFreq = 0.6, 1+rng.IntN(3)
		}
		if tab.task == model.Regression {
			p.Loss = []string{SquaredError, AbsoluteError, Quantile, Poisson}[rng.IntN(4)]
			for i := range tab.y {
				tab.y[i] = math.Abs(tab.y[i])
			}
		}
		if rng.IntN(3) == 0 {
			tab.w = make([]float64, tab.rows())
			for i := range tab.w {
				tab.w[i] = float64(rng.IntN(4))
			}
		}
		want := tab.train(t, p)
		got, n := interrupted(t, tab, p, rng)
		stops += n
		if digest(got.Trees) != digest(want.Trees) {
			t.Errorf("schedule %d: other trees after %d stops", schedule, n)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("schedule %d: %s", schedule, diff)
		}
	}
	if stops < 100 {
		t.Errorf("only %d stops", stops)
	}
}

// The scores that replay finds are those that the rounds had found.
func TestReplayFindsTheScores(t *testing.T) {
	for _, task := range tasks {
		tab := mixed(task, 1000, 6)
		p := Defaults()
		p.MaxIter, p.EarlyStopping = 8, true
		workers := newPool(2)
		defer workers.close()
		first := newTrainer(tab.data(p, 1000), &p, workers)
		if err := first.run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		second := newTrainer(tab.data(p, 1000), &p, workers)
		if err := second.resume(first.checkpoint()); err != nil {
			t.Fatal(err)
		}
		if err := second.replay(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
		for k := range first.scores {
			if diff := cmp.Diff(byRow(first, k), byRow(second, k)); diff != "" {
				t.Errorf("%s: %s", task, diff)
			}
		}
	}
}

// stopped returns the checkpoint of a training that was stopped after two
// rounds.
func stopped(t testing.TB, tab *table, p Params) *Checkpoint {
	r, err := Train(context.Background(), tab.data(p, 1000), p, Options{AfterRound: func(now *Round) error {
		if now.Iteration == 2 {
			return ErrStopped
		}
		return nil
	}})
	if !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	return r.Checkpoint
}

func TestCheckpointsBelongToTheirTraining(t *testing.T) {
	p := Defaults()
	p.MaxIter = 4
	tab := mixed(model.Regression, 400, 1)
	tab.w = make([]float64, tab.rows())
	for i := range tab.w {
		tab.w[i] = 1
	}
	c := stopped(t, tab, p)
	for name, change := range map[string]func(tab *table, p *Params){
		"a parameter":     func(_ *table, p *Params) { p.LearningRate = 0.11 },
		"more rounds":     func(_ *table, p *Params) { p.MaxIter = 5 },
		"a seed":          func(_ *table, p *Params) { p.RandomState = 1 },
		"a target":        func(tab *table, _ *Params) { tab.y[7] += 1e-9 },
		"a weight":        func(tab *table, _ *Params) { tab.w[7] = 2 },
		"a number":        func(tab *table, _ *Params) { tab.x[0] += 0.5 },
		"a category":      func(tab *table, _ *Params) { tab.x[8] = float64((int(tab.x[8]) + 1) % 5) },
		"one row less":    func(tab *table, _ *Params) { tab.y, tab.x, tab.w = tab.y[1:], tab.x[11:], tab.w[1:] },
		"two rows change": func(tab *table, _ *Params) { tab.w[0], tab.w[1] = 2, 0.5 },
	} {
		other := mixed(model.Regression, 400, 1)
		other.w = slices.Clone(tab.w)
		q := p
		change(other, &q)
		_, err := Train(context.Background(), other.data(q, 1000), q, Options{Resume: c})
		if !fault.Is(err, fault.RunConflict) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	p.Threads = 3
	if _, err := Train(context.Background(), tab.data(p, 10), p, Options{Resume: c}); err != nil {
		t.Errorf("the same training: %v", err)
	}
}

func TestAlteredCheckpointsAreRefused(t *testing.T) {
	p := Defaults()
	p.EarlyStopping, p.MaxLeafNodes = true, 4
	text := stopped(t, mixed(model.Binary, 300, 1), p).Encode()
	for at := range text {
		altered := bytes.Clone(text)
		altered[at] ^= 1
		if _, err := DecodeCheckpoint(altered); !fault.Is(err, fault.InvalidData) {
			t.Fatalf("byte %d altered: error %v", at, err)
		}
		if _, err := DecodeCheckpoint(text[:at]); !fault.Is(err, fault.InvalidData) {
			t.Fatalf("cut off at %d: error %v", at, err)
		}
	}
	if _, err := DecodeCheckpoint(append(text, 0)); !fault.Is(err, fault.InvalidData) {
		t.Errorf("a byte more: error %v", err)
	}
}

// sealed returns a checkpoint's bytes with the seal that they should have.
func sealed(body []byte) []byte {
	seal := sha256.Sum256(body)
	return append(bytes.Clone(body), seal[:]...)
}

// Whatever a file says that looks like a checkpoint: it is refused, or a
// training goes on from it, and reading it takes no more memory than it should.
func FuzzResume(f *testing.F) {
	p := Defaults()
	p.MaxIter, p.MaxLeafNodes, p.EarlyStopping, p.MinSamplesLeaf = 3, 5, true, 2
	tabs := []*table{mixed(model.Binary, 120, 1), mixed(model.Multiclass, 120, 1)}
	var data []*Data
	for _, tab := range tabs {
		text := stopped(f, tab, p).Encode()
		f.Add(text[:len(text)-sha256.Size])
		data = append(data, tab.data(p, 1000))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := DecodeCheckpoint(sealed(body))
		if err != nil {
			if !fault.Is(err, fault.InvalidData) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(c.Encode(), sealed(body)) {
			t.Fatal("it is encoded differently")
		}
		for _, d := range data {
			_, err = Train(context.Background(), d, p, Options{Resume: c})
			if err != nil && !fault.Is(err, fault.InvalidData) && !fault.Is(err, fault.RunConflict) {
				t.Fatal(err)
			}
		}
	})
}

// A sealed file with trees that cannot have grown on the data is refused.
func TestTreesThatCannotHaveGrownAreRefused(t *testing.T) {
	p := Defaults()
	tab := mixed(model.Binary, 400, 1)
	whole := stopped(t, tab, p)
	for name, change := range map[string]func(c *Checkpoint, n *model.Node){
		"no nodes":               func(c *Checkpoint, _ *model.Node) { c.trees[0].Nodes = nil },
		"an unknown feature":     func(_ *Checkpoint, n *model.Node) { n.Feature = 99 },
		"a child before":         func(_ *Checkpoint, n *model.Node) { n.Left = 0 },
		"a child beyond":         func(_ *Checkpoint, n *model.Node) { n.Right = 1000 },
		"a threshold of no bin":  func(_ *Checkpoint, n *model.Node) { *n = model.Node{Set: -1, Left: 1, Right: 2, Threshold: 0.123} },
		"a set that is not":      func(_ *Checkpoint, n *model.Node) { *n = model.Node{Feature: 9, Set: 70, Left: 1, Right: 2} },
		"a number without a set": func(_ *Checkpoint, n *model.Node) { *n = model.Node{Feature: 9, Set: -1, Left: 1, Right: 2} },
		"a loss too much":        func(c *Checkpoint, _ *model.Node) { c.history = []float64{1} },
		"another width":          func(c *Checkpoint, _ *model.Node) { c.width = 2 },
	} {
		c, err := DecodeCheckpoint(whole.Encode())
		if err != nil {
			t.Fatal(err)
		}
		change(c, &c.trees[0].Nodes[0])
		if _, err := Train(context.Background(), tab.data(p, 1000), p, Options{Resume: c}); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	tab := mixed(model.Binary, 20000, 1)
	p := Defaults()
	d := tab.data(p, 1000)
	workers := newPool(1)
	defer workers.close()
	first := newTrainer(d, &p, workers)
	if err := first.run(context.Background(), nil); err != nil {
		b.Fatal(err)
	}
	c := first.checkpoint()
	for b.Loop() {
		t := newTrainer(d, &p, workers)
		if err := t.resume(c); err != nil {
			b.Fatal(err)
		}
		if err := t.replay(context.Background(), 0); err != nil {
			b.Fatal(err)
		}
	}
}

// Scores stand for the rounds that they were taken after, and for nothing else.
func TestScoresStandForRounds(t *testing.T) {
	tab := mixed(model.Multiclass, 300, 5)
	p := Defaults()
	p.MaxIter, p.EarlyStopping = 8, true
	var c *Checkpoint
	var scores []byte
	train := func(p Params, o Options) *trainer {
		w := newPool(2)
		t.Cleanup(w.close)
		tr := newTrainer(tab.data(p, 100), &p, w)
		if err := tr.resume(o.Resume); err != nil {
			t.Fatal(err)
		}
		return tr
	}
	_, err := Train(t.Context(), tab.data(p, 1000), p, Options{AfterRound: func(now *Round) error {
		if now.Iteration == 3 {
			scores = now.Scores()
		}
		c = now.Checkpoint()
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	taken, replayed := train(p, Options{Resume: c}), train(p, Options{Resume: c})
	rounds := taken.takeScores(scores)
	if rounds != 3 {
		t.Fatalf("scores of %d rounds", rounds)
	}
	if err := errors.Join(taken.replay(t.Context(), rounds), replayed.replay(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(replayed.scores, taken.scores); diff != "" {
		t.Errorf("replayed, and taken (-want +got):\n%s", diff)
	}
	for name, text := range map[string][]byte{
		"none": nil, "cut off": scores[:len(scores)-1], "altered": flipped(scores, len(scores)/2), "of other data": flipped(scores, len(scoresMagic)),
		"of more rounds": flipped(scores, scoresHead-7),
	} {
		if n := train(p, Options{Resume: c}).takeScores(text); n != 0 {
			t.Errorf("scores that are %s were taken for %d rounds", name, n)
		}
	}
	fewer := &Checkpoint{width: c.width, trees: c.trees[:2*c.width], history: c.history[:2], of: c.of}
	if n := train(p, Options{Resume: fewer}).takeScores(scores); n != 0 {
		t.Errorf("scores of 3 rounds were taken for a checkpoint of %d", fewer.Rounds())
	}
}

func flipped(text []byte, at int) []byte {
	other := slices.Clone(text)
	other[at] ^= 1
	return other
}
