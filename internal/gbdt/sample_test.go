package gbdt

import (
	"context"
	"math"
	"testing"

	"retrain/internal/model"
)

// drawnRows trains and returns, for each round, which rows its trees were grown
// on.
func drawnRows(t *testing.T, tab *table, p Params, block int) []map[uint32]bool {
	t.Helper()
	workers := newPool(2)
	defer workers.close()
	trainer := newTrainer(tab.data(p, block), &p, workers)
	var rounds []map[uint32]bool
	err := trainer.run(context.Background(), func(*Round) error {
		drawn := map[uint32]bool{}
		for _, row := range trainer.data.numbers[:trainer.drawn] {
			drawn[row] = true
		}
		rounds = append(rounds, drawn)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rounds
}

func TestRowsAreDrawn(t *testing.T) {
	tab := mixed(model.Multiclass, 4000, 1)
	p := Defaults()
	p.MaxIter, p.Subsample, p.SubsampleFreq, p.EarlyStopping = 7, 0.3, 3, true
	rounds := drawnRows(t, tab, p, 1000)
	training := newPart(tab.data(p, 1000), p.ValidationFraction, p.RandomState)
	for i, drawn := range rounds {
		if share := float64(len(drawn)) / float64(training.count); math.Abs(share-0.3) > 0.03 {
			t.Errorf("round %d: the share %v is drawn", i, share)
		}
		common, judging := 0, 0
		for row := range drawn {
			if rounds[i/3*3][row] {
				common++
			}
			if !training.has(int(row)) {
				judging++
			}
		}
		if common != len(drawn) || judging > 0 {
			t.Errorf("round %d: %d of %d rows are those of round %d, %d are of the validation part", i, common, len(drawn), i/3*3, judging)
		}
	}
	again := 0
	for row := range rounds[3] {
		if rounds[0][row] {
			again++
		}
	}
	if share := float64(again) / float64(len(rounds[3])); math.Abs(share-0.3) > 0.05 {
		t.Errorf("the share %v of the rows is drawn twice in a row", share)
	}
}

func TestATreeSplitsByTheColumnsThatWereDrawn(t *testing.T) {
	tab := mixed(model.Regression, 1500, 1)
	p := Defaults()
	p.MaxIter, p.ColsampleBytree, p.MinSamplesLeaf = 40, 0.28, 2
	used := map[int32]int{}
	for i, tree := range tab.train(t, p).Trees.Trees {
		features := map[int32]bool{}
		for _, n := range tree.Nodes {
			if n.Feature >= 0 {
				features[n.Feature] = true
			}
		}
		if len(features) > 3 { // of eleven
			t.Errorf("tree %d splits by %d features", i, len(features))
		}
		for f := range features {
			used[f]++
		}
	}
	if len(used) < 10 { // the last means little
		t.Errorf("of all features the trees use %v", used)
	}
}

// With a part of the rows and columns for each tree, models still learn, and the
// bits do not depend on threads or blocks.
func TestSampledTrainingsAreReproducible(t *testing.T) {
	for i, loss := range []string{"", "", "", Quantile, Poisson} {
		task := tasks[min(i, 2)]
		tab := exact(task, 5000)
		p := Defaults()
		p.Loss = loss
		for j := range tab.y {
			tab.y[j] = math.Abs(tab.y[j])
		}
		p.MaxIter, p.Subsample, p.ColsampleBytree, p.RegAlpha, p.MaxDeltaStep = 8, 0.5, 0.6, 0.3, 2
		want := ""
		for threads := 1; threads < 4; threads++ {
			p.Threads = threads
			r, err := Train(context.Background(), tab.data(p, 5000/threads+1), p, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := digest(r.Trees); want == "" {
				want = got
			} else if got != want {
				t.Errorf("%s with %d threads: trees %s, want %s", task, threads, got, want)
			}
		}
	}
}

func TestLeavesAreBounded(t *testing.T) {
	for _, task := range tasks {
		tab := mixed(task, 1000, 2)
		p := Defaults()
		p.MaxIter, p.MaxDeltaStep, p.L2Regularization, p.MinHessian = 30, 0.25, 0, 0
		reached := false
		for _, tree := range tab.train(t, p).Trees.Trees {
			for _, n := range tree.Nodes {
				most := 0.25 * p.LearningRate * (1 + 1e-12)
				if n.Feature < 0 && math.Abs(n.Value) > most {
					t.Fatalf("%s: a leaf of %v", task, n.Value)
				}
				reached = reached || math.Abs(n.Value) > most/1.0001
			}
		}
		if !reached {
			t.Errorf("%s: no leaf reaches the bound", task)
		}
	}
}

func TestL1MakesLeavesZero(t *testing.T) {
	tab := mixed(model.Regression, 500, 2)
	p := Defaults()
	p.MaxIter, p.RegAlpha = 3, 1e9
	for _, tree := range tab.train(t, p).Trees.Trees {
		if len(tree.Nodes) != 1 || tree.Nodes[0].Value != 0 {
			t.Errorf("a tree of %d nodes, its root %v", len(tree.Nodes), tree.Nodes[0].Value)
		}
	}
}
