package gbdt

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// digest is a hash of every bit of the trees.
func digest(t *model.Trees) string {
	h := sha256.New()
	put := func(v any) {
		if err := binary.Write(h, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	put(t.Base)
	for _, tree := range t.Trees {
		put(tree.Nodes)
		for _, s := range tree.Sets {
			put(int64(len(s)))
			put(s)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// exact is a table made of nothing that differs between architectures: no
// function of the math package, and no product that could be fused with a sum.
func exact(task model.Task, rows int) *table {
	rng := rand.New(rand.NewPCG(5, 23))
	t := &table{features: append(numbers(6), category(7), category(300)), task: task, outputs: 2}
	if task == model.Regression {
		t.outputs = 1
	} else if task == model.Multiclass {
		t.outputs = 4
	}
	for range rows {
		row := make([]float64, len(t.features))
		for j := range 6 {
			row[j] = float64(rng.IntN(1<<uint(2*j+3))) / 64
			if rng.IntN(15) == 0 {
				row[j] = math.NaN()
			}
		}
		row[6], row[7] = float64(rng.IntN(8)-1), float64(min(rng.IntN(300), rng.IntN(300)))
		f := float64(rng.IntN(64)) + row[6]*4
		if int(row[7])%3 == 0 {
			f += 16
		}
		if row[4] > 64 != (row[5] > 200) {
			f += 32
		}
		t.x = append(t.x, row...)
		if task != model.Regression {
			f = math.Floor(max(0, f) / 140 * float64(t.outputs))
		}
		t.y = append(t.y, f)
	}
	return t
}

// The trees are the same to the bit for any number of threads and any cut into
// blocks, and they are those that were recorded: on other architectures, and
// with other instructions (GOAMD64=v3), they have to be the same, too.
func TestTreesAreTheSameOnAnyNumberOfThreads(t *testing.T) {
	recorded := map[model.Task]string{
		model.Binary:     "3c0706fff33e6731",
		model.Multiclass: "23e1c22aca7f19cd",
		model.Regression: "33c17c4bd8abf04a",
	}
	for _, task := range tasks {
		tab := exact(task, 40000)
		p := Defaults()
		p.MaxIter, p.EarlyStopping, p.MaxFeatures, p.RandomState = 6, true, 0.7, 5
		for _, c := range []struct{ threads, block int }{{1, 40000}, {2, 1000}, {3, 1 << 13}, {7, 333}} {
			p.Threads = c.threads
			r, err := Train(context.Background(), tab.data(p, c.block), p, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := digest(r.Trees); got != recorded[task] {
				t.Errorf("%s with %d threads and blocks of %d: the trees are %s", task, c.threads, c.block, got)
			}
		}
	}
}

// Where there is no memory to keep the leaves' histograms they are built anew,
// and the trees are the same.
func TestTreesAreTheSameWithoutKeptHistograms(t *testing.T) {
	tab := mixed(model.Binary, 3000, 1)
	p := Defaults()
	p.MaxIter, p.MaxLeafNodes = 5, 0
	workers := newPool(2)
	defer workers.close()
	trainer := newTrainer(tab.data(p, 1000), &p, workers)
	trainer.grower.limit = 1
	if err := trainer.run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if kept := len(trainer.grower.free); kept > 4 {
		t.Errorf("%d histograms were made", kept)
	}
	if diff := cmp.Diff(tab.train(t, p).Trees, trainer.result().Trees); diff != "" {
		t.Error(diff)
	}
}

// Predict walks the raw values, the training the bins, and both add up in the
// same order: so the scores are the same to the bit, of the rows that trees
// were grown on and of the others.
func TestPredictionsAreTheTrainingsScores(t *testing.T) {
	for _, task := range tasks {
		tab := mixed(task, 3000, 11)
		tab.w = make([]float64, tab.rows())
		for i := range tab.w {
			tab.w[i] = float64(i % 5)
		}
		p := Defaults()
		p.MaxIter, p.EarlyStopping, p.MinSamplesLeaf, p.NIterNoChange = 20, true, 5, 100
		workers := newPool(2)
		d := tab.data(p, 777)
		trainer := newTrainer(d, &p, workers)
		if err := trainer.run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		workers.close()
		// As a regression, each raw score is predicted as it is.
		width := len(trainer.scores)
		for k := range trainer.scores {
			trees := &model.Trees{Base: trainer.base[k : k+1]}
			for i := k; i < len(trainer.trees); i += width {
				trees.Trees = append(trees.Trees, trainer.trees[i])
			}
			raw := &table{features: tab.features, task: model.Regression, outputs: 1, x: tab.x, y: tab.y}
			if !slices.Equal(raw.predict(trees), byRow(trainer, k)) {
				t.Errorf("%s: raw score %d differs", task, k)
			}
		}
	}
}

// byRow returns raw score k in the order of the rows.
func byRow(t *trainer, k int) []float64 {
	scores := make([]float64, t.data.rows)
	for place, row := range t.data.numbers {
		scores[row] = t.scores[k][place]
	}
	return scores
}

func TestModelsLearn(t *testing.T) {
	for _, task := range tasks {
		all := mixed(task, 12000, 2)
		r := (&table{all.features, all.task, all.outputs, all.x[:10000*len(all.features)], all.y[:10000], nil}).train(t, Defaults())
		rest := &table{all.features, all.task, all.outputs, all.x[10000*len(all.features):], all.y[10000:], nil}
		if len(r.Trees.Trees) != 100*len(r.Trees.Base) || r.BestIteration != 100 || r.StoppedEarly || r.History != nil {
			t.Errorf("%s: %d trees, best iteration %d, stopped early %v", task, len(r.Trees.Trees), r.BestIteration, r.StoppedEarly)
		}
		if task == model.Regression {
			sum := 0.0
			for i, p := range rest.predict(r.Trees) {
				sum += (p - rest.y[i]) * (p - rest.y[i])
			}
			// The noise is 5, the target's deviation about 22.
			if rmse := math.Sqrt(sum / 2000); rmse > 10 {
				t.Errorf("RMSE %.3f", rmse)
			}
		} else if a := rest.accuracy(r.Trees); a < 0.74 {
			t.Errorf("%s: accuracy %.4f", task, a)
		}
	}
}

// Every leaf has the rows it must have, and nodes count the rows that reach
// them.
func TestLeavesHaveEnoughRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := mixed(rapid.SampledFrom(tasks).Draw(t, "task"), rapid.IntRange(50, 400).Draw(t, "rows"), rapid.Uint64().Draw(t, "seed"))
		p := Defaults()
		p.MaxIter, p.LearningRate = 8, 0.5
		p.MinSamplesLeaf = rapid.IntRange(1, 40).Draw(t, "minSamples")
		p.MinHessian = rapid.SampledFrom([]float64{0, 1e-3, 1}).Draw(t, "minHessian")
		p.MaxDepth = rapid.IntRange(0, 4).Draw(t, "maxDepth")
		p.MaxLeafNodes = rapid.SampledFrom([]int{0, 2, 7, 31}).Draw(t, "maxLeafNodes")
		r, err := Train(context.Background(), tab.data(p, 100), p, Options{})
		if fault.Is(err, fault.InvalidData) {
			return // a single class
		} else if err != nil {
			t.Fatal(err)
		}
		for _, tree := range r.Trees.Trees {
			checkTree(t, &tree, tab, &p)
		}
	})
}

func checkTree(t *rapid.T, tree *model.Tree, tab *table, p *Params) {
	counts := make([]int64, len(tree.Nodes))
	for i := range tab.rows() {
		for at := int32(0); ; {
			counts[at]++
			n := &tree.Nodes[at]
			if n.Feature < 0 {
				break
			}
			x := tab.row(i)[n.Feature]
			left := x <= n.Threshold || math.IsNaN(x) && n.MissingLeft
			if n.Set >= 0 {
				left = slices.Contains(tree.Sets[n.Set], int32(x))
			}
			if at = n.Right; left {
				at = n.Left
			}
		}
	}
	leaves := 0
	for i, n := range tree.Nodes {
		if counts[i] != n.Count {
			t.Fatalf("node %d counts %d rows, but %d reach it", i, n.Count, counts[i])
		}
		switch {
		case n.Feature >= 0 && (int(n.Left) <= i || int(n.Right) <= i || n.Gain <= 0):
			t.Fatalf("split %d has children %d and %d and gain %v", i, n.Left, n.Right, n.Gain)
		case n.Feature < 0:
			leaves++
			if len(tree.Nodes) > 1 && counts[i] < int64(p.MinSamplesLeaf) {
				t.Fatalf("leaf %d has %d rows, fewer than %d", i, counts[i], p.MinSamplesLeaf)
			}
		}
	}
	if p.MaxLeafNodes > 0 && leaves > p.MaxLeafNodes || p.MaxDepth > 0 && leaves > 1<<p.MaxDepth {
		t.Fatalf("%d leaves", leaves)
	}
}

func TestLeavesAreTakenByGainThenAge(t *testing.T) {
	var h leafHeap
	for node, gain := range []float64{1, 5, 2, 5, 7, 5} {
		heap.Push(&h, &leaf{node: node, best: candidate{gain: gain}})
	}
	var order []int
	for len(h) > 0 {
		order = append(order, heap.Pop(&h).(*leaf).node)
	}
	if diff := cmp.Diff([]int{4, 1, 3, 5, 2, 0}, order); diff != "" {
		t.Error(diff)
	}
}

// A split's gain is in the units of the loss's derivatives, for targets of any
// size.
func TestSplitsGainMoreThanMinGain(t *testing.T) {
	tab := mixed(model.Regression, 2000, 3)
	for i := range tab.y {
		tab.y[i] *= 1000
	}
	p := Defaults()
	p.MaxIter = 1
	gains := func() (gains []float64) {
		for _, n := range tab.train(t, p).Trees.Trees[0].Nodes {
			if n.Feature >= 0 {
				gains = append(gains, n.Gain)
			}
		}
		slices.Sort(gains)
		return gains
	}
	all := gains()
	p.MinGain = all[0] * 0.99
	if diff := cmp.Diff(all, gains()); diff != "" {
		t.Errorf("a floor below the least gain changes something:\n%s", diff)
	}
	p.MinGain = all[10]
	if some := gains(); len(some) < 5 || some[0] <= all[10] {
		t.Errorf("with a floor of %v the gains are %v", all[10], some)
	}
}

func TestMonotoneConstraintsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		tab := &table{features: numbers(3), task: model.Regression, outputs: 1}
		for range 400 {
			row := []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
			tab.x = append(tab.x, row...)
			tab.y = append(tab.y, math.Sin(3*row[0])+row[1]*row[0]+row[2]+rng.NormFloat64())
		}
		p := Defaults()
		p.MaxIter, p.MinSamplesLeaf = 20, 5
		p.MonotonicCst = []int8{int8(rapid.IntRange(-1, 1).Draw(t, "a")), int8(rapid.IntRange(-1, 1).Draw(t, "b")), 0}
		r, err := Train(context.Background(), tab.data(p, 100), p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for j, c := range p.MonotonicCst {
			for range 20 {
				line := &table{features: tab.features, task: tab.task, outputs: 1}
				fixed := []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
				for x := -3.0; x <= 3; x += 0.1 {
					fixed[j] = x
					line.x, line.y = append(line.x, fixed...), append(line.y, 0)
				}
				values := line.predict(r.Trees)
				for i := 1; i < len(values); i++ {
					if float64(c)*(values[i]-values[i-1]) < -1e-12 {
						t.Fatalf("constraint %d on feature %d: %v is followed by %v", c, j, values[i-1], values[i])
					}
				}
			}
		}
	})
}

func TestEarlyStoppingKeepsTheBestIteration(t *testing.T) {
	for _, task := range tasks {
		tab := mixed(task, 1500, 4)
		p := Defaults()
		p.MaxIter, p.EarlyStopping, p.LearningRate, p.NIterNoChange = 300, true, 0.3, 7
		var heard []float64
		r, err := Train(context.Background(), tab.data(p, 500), p, Options{AfterRound: func(now *Round) error {
			heard = append(heard, now.Loss)
			if now.Iteration != len(heard) || now.MaxIter != 300 {
				t.Errorf("%s: progress %+v in round %d", task, now.Progress, len(heard))
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.History, heard) {
			t.Errorf("%s: the history is not what was told", task)
		}
		best := slices.Index(r.History, slices.Min(r.History))
		if !r.StoppedEarly || r.BestIteration != best+1 || len(r.History) != best+1+7 {
			t.Errorf("%s: stopped early %v after %d rounds, best is %d, kept %d", task, r.StoppedEarly, len(r.History), best+1, r.BestIteration)
		}
		if len(r.Trees.Trees) != r.BestIteration*len(r.Trees.Base) {
			t.Errorf("%s: %d trees for %d rounds", task, len(r.Trees.Trees), r.BestIteration)
		}
		if got := validationLossOf(tab, &p, r.Trees); math.Abs(got-r.History[best]) > 1e-9*got {
			t.Errorf("%s: the kept trees' loss is %v, the history says %v", task, got, r.History[best])
		}
	}
}

// validationLossOf is the loss of the model's predictions for the rows of the
// validation part.
func validationLossOf(tab *table, p *Params, trees *model.Trees) float64 {
	predicted := tab.predict(trees)
	rows := newPart(tab.data(*p, 100), p.ValidationFraction, p.RandomState).judging
	sum := 0.0
	for _, i := range rows {
		if tab.task == model.Regression {
			e := predicted[i] - tab.y[i]
			sum += e * e / 2
		} else {
			sum -= math.Log(predicted[int(i)*tab.outputs+int(tab.y[i])])
		}
	}
	return sum / float64(len(rows))
}

func TestTooFewRowsForAValidationPart(t *testing.T) {
	tab := &table{features: numbers(1), task: model.Regression, outputs: 1, x: []float64{1, 2}, y: []float64{1, 2}}
	p := Defaults()
	p.EarlyStopping, p.ValidationFraction, p.MinSamplesLeaf = true, 1e-9, 1
	r := tab.train(t, p)
	if r.BestIteration != p.MaxIter || len(r.Warnings) != 1 || r.History != nil {
		t.Errorf("best iteration %d, warnings %q, history %v", r.BestIteration, r.Warnings, r.History)
	}
}

// Seven classes from 78 % down to 0.02 % of the rows, as in the shuttle data:
// learners without a floor under the hessians end far below the share of the
// largest class here.
func TestRareClassesDoNotMakeItUnstable(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	shares := []float64{0.786, 0.154, 0.0564, 0.003, 0.0004, 0.0002, 0}
	tab := &table{features: numbers(9), task: model.Multiclass, outputs: 7}
	for range 30000 {
		u, class := rng.Float64(), 0
		for class < 6 && u >= shares[class] {
			u -= shares[class]
			class++
		}
		for j := range 9 {
			center := float64((class*(j+3)*7)%11) * 12
			tab.x = append(tab.x, math.Round(center+8*rng.NormFloat64()))
		}
		tab.y = append(tab.y, float64(class))
	}
	free := Defaults()
	free.L2Regularization, free.MinHessian, free.MaxIter = 0, 1e-3, 40
	for _, p := range []Params{Defaults(), free} {
		r := tab.train(t, p)
		if a := tab.accuracy(r.Trees); a < 0.999 {
			t.Errorf("accuracy %.5f with l2 %v", a, p.L2Regularization)
		}
		for _, tree := range r.Trees.Trees {
			for _, n := range tree.Nodes {
				if math.Abs(n.Value) > maxLogOdds*p.LearningRate {
					t.Fatalf("a leaf has the value %v with l2 %v", n.Value, p.L2Regularization)
				}
			}
		}
	}
}

// Rows of weight 0 change nothing: neither trees nor validation loss.
func TestRowsWithoutWeightTakeNoPart(t *testing.T) {
	for _, task := range tasks {
		tab, other := mixed(task, 1000, 21), mixed(task, 300, 22)
		p := Defaults()
		p.MaxIter, p.EarlyStopping = 10, true
		ones := slices.Repeat([]float64{1}, tab.rows())
		var results []*Result
		for _, extra := range []bool{false, true} {
			d := NewData(tab.data(p, 1000).bins, task, tab.outputs, 0)
			d.Append(tab.x, tab.y, ones)
			if extra {
				d.Append(other.x, other.y, make([]float64, other.rows()))
			}
			r, err := Train(context.Background(), d, p, Options{})
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r)
		}
		if diff := cmp.Diff(results[0], results[1]); diff != "" {
			t.Errorf("%s:\n%s", task, diff)
		}
	}
}

func TestValidationPart(t *testing.T) {
	d := mixed(model.Regression, 20000, 1).data(Defaults(), 20000)
	d.weights = make([]float32, d.rows)
	for i := range d.weights {
		d.weights[i] = float32(i % 4)
	}
	part := newPart(d, 0.2, 7)
	if share := float64(len(part.judging)) / 15000; share < 0.19 || share > 0.21 {
		t.Errorf("the validation part is %.3f of the rows", share)
	}
	for _, r := range part.judging {
		if d.weights[r] == 0 || part.has(int(r)) {
			t.Fatalf("row %d is in the validation part", r)
		}
	}
	if part.count != 15000-len(part.judging) {
		t.Errorf("%d rows to grow on, %d in the validation part", part.count, len(part.judging))
	}
	workers := newPool(2)
	defer workers.close()
	part.toFront(d, workers)
	for i, r := range d.numbers {
		if part.has(int(r)) != (i < part.count) {
			t.Fatalf("row %d is in place %d", r, i)
		}
	}
	if slices.Equal(newPart(d, 0.2, 8).judging, part.judging) {
		t.Error("another seed takes the same rows")
	}
}

func TestClassWeights(t *testing.T) {
	tab := mixed(model.Binary, 2000, 9)
	for i := range tab.y {
		if i%4 != 0 {
			tab.y[i] = 0
		}
	}
	p := Defaults()
	positives := func(p Params) int {
		n := 0
		for i, v := range tab.predict(tab.train(t, p).Trees) {
			if i%2 == 1 && v > 0.5 {
				n++
			}
		}
		return n
	}
	p.MaxIter = 20
	plain := positives(p)
	p.Balanced = true
	balanced := positives(p)
	p.Balanced, p.ClassWeight = false, []float64{1, 50}
	heavy := positives(p)
	if !(plain < balanced && balanced < heavy) {
		t.Errorf("%d, %d and %d positives for rising weights of the class", plain, balanced, heavy)
	}
}

func TestDataWithNothingToLearnFrom(t *testing.T) {
	nan := math.NaN()
	for name, tab := range map[string]*table{
		"constant and missing features": {features: numbers(2), task: model.Binary, outputs: 2, x: []float64{1, nan, 1, nan, 1, nan}, y: []float64{0, 1, 1}},
		"no features":                   {task: model.Regression, outputs: 1, y: []float64{1, 2, 6}},
		"a single row":                  {features: numbers(1), task: model.Regression, outputs: 1, x: []float64{1}, y: []float64{3}},
		"a constant target":             {features: numbers(1), task: model.Regression, outputs: 1, x: []float64{1, 2, 3}, y: []float64{3, 3, 3}},
	} {
		p := Defaults()
		p.MinSamplesLeaf = 1
		r, err := Train(context.Background(), tab.data(p, 1+tab.rows()), p, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(r.Trees.Trees) != 1 || len(r.Trees.Trees[0].Nodes) != 1 || r.Trees.Trees[0].Nodes[0].Value != 0 || len(r.Warnings) != 1 {
			t.Errorf("%s: %+v, warnings %q", name, r.Trees, r.Warnings)
		}
	}
}

func TestDataThatIsRefused(t *testing.T) {
	one := numbers(1)
	for name, c := range map[string]struct {
		tab  *table
		kind fault.Kind
	}{
		"no rows":        {&table{features: one, task: model.Regression, outputs: 1}, fault.InvalidData},
		"one class":      {&table{features: one, task: model.Binary, outputs: 2, x: []float64{1, 2}, y: []float64{1, 1}}, fault.InvalidData},
		"one with rows":  {&table{features: one, task: model.Binary, outputs: 2, x: []float64{1, 2}, y: []float64{0, 1}, w: []float64{0, 1}}, fault.InvalidData},
		"no weight":      {&table{features: one, task: model.Regression, outputs: 1, x: []float64{1}, y: []float64{1}, w: []float64{0}}, fault.InvalidData},
		"a vast target":  {&table{features: one, task: model.Regression, outputs: 1, x: []float64{1, 2}, y: []float64{1, 1e200}}, fault.InvalidData},
		"all rows equal": {&table{features: one, task: model.Multiclass, outputs: 3, x: []float64{1}, y: []float64{2}}, fault.InvalidData},
	} {
		p := Defaults()
		if _, err := Train(context.Background(), c.tab.data(p, 10), p, Options{}); !fault.Is(err, c.kind) {
			t.Errorf("%s: error %v, want %v", name, err, c.kind)
		}
	}
}

// Targets of any size are learned alike: scaling them scales the model.
func TestTargetsOfAnySize(t *testing.T) {
	tab := mixed(model.Regression, 1000, 12)
	p := Defaults()
	p.MaxIter = 5
	want := tab.predict(tab.train(t, p).Trees)
	for _, exp := range []int{-400, -30, 30, 400} {
		scaled := *tab
		scaled.y = nil
		for _, y := range tab.y {
			scaled.y = append(scaled.y, math.Ldexp(y, exp))
		}
		for i, v := range scaled.predict(scaled.train(t, p).Trees) {
			if math.Ldexp(v, -exp) != want[i] {
				t.Fatalf("scaled by 2^%d, prediction %d is %v, want %v", exp, i, math.Ldexp(v, -exp), want[i])
			}
		}
	}
}

func TestContextEndsTraining(t *testing.T) {
	tab := mixed(model.Multiclass, 2000, 1)
	p := Defaults()
	d := tab.data(p, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := Train(ctx, d, p, Options{AfterRound: func(now *Round) error {
		if now.Iteration == 3 {
			cancel()
		}
		return nil
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	whole, err := Train(context.Background(), d, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.BestIteration != 3 || len(r.Trees.Trees) != 9 {
		t.Fatalf("%d rounds and %d trees are left", r.BestIteration, len(r.Trees.Trees))
	}
	if diff := cmp.Diff(whole.Trees.Trees[:9], r.Trees.Trees); diff != "" {
		t.Error(diff)
	}
}

// cancelledSplit is a context that ends after some looks at it.
type cancelledSplit struct {
	context.Context
	looks int
}

func (c *cancelledSplit) Err() error {
	if c.looks--; c.looks < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func TestContextIsLookedAtWithinATree(t *testing.T) {
	tab := mixed(model.Regression, 2000, 1)
	p := Defaults()
	ctx := &cancelledSplit{context.Background(), 45} // a tree of 31 leaves has 30 splits
	r, err := Train(ctx, tab.data(p, 1000), p, Options{})
	if !fault.Is(err, fault.DeadlineExceeded) || r.BestIteration != 1 {
		t.Errorf("error %v after %d rounds", err, r.BestIteration)
	}
}

func BenchmarkTrain(b *testing.B) {
	tab := mixed(model.Binary, 20000, 1)
	p := Defaults()
	for b.Loop() {
		tab.train(b, p)
	}
}

// A training moves the rows; the next one on the same data finds the same.
func TestDataIsUsedAgain(t *testing.T) {
	tab := mixed(model.Regression, 3000, 5)
	p := Defaults()
	p.MaxIter, p.EarlyStopping = 5, true
	d := tab.data(p, 1000)
	var results []*Result
	for range 2 {
		r, err := Train(context.Background(), d, p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	if diff := cmp.Diff(results[0], results[1]); diff != "" {
		t.Error(diff)
	}
}
