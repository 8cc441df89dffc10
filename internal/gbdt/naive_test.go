package gbdt

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/model"
)

// naive is Train's twin: it grows trees on raw values with floating-point sums
// over rows, without histograms, and tries every split by going through all
// rows. It knows no bins but the edges that a number may be split at.
type naive struct {
	*table
	Params
	edges  [][]float64 // of each feature
	scores [][]float64 // of each raw score
	g, h   []float64
	noise  float64
}

type naiveLeaf struct {
	node, depth int
	rows        []int
	best        naiveSplit
}

type naiveSplit struct {
	gain        float64
	feature     int
	threshold   float64
	missingLeft bool
	left        map[float64]bool // codes
}

func newNaive(t *table, p Params) *naive {
	n := &naive{table: t, Params: p, edges: make([][]float64, len(t.features))}
	for _, c := range t.data(p, t.rows()).bins.columns {
		n.edges[c.feature] = append(slices.Clone(c.edges), math.MaxFloat64)
	}
	n.g, n.h = make([]float64, t.rows()), make([]float64, t.rows())
	return n
}

func (n *naive) train(base []float64) []model.Tree {
	n.scores = make([][]float64, len(base))
	for k, b := range base {
		n.scores[k] = slices.Repeat([]float64{b}, n.rows())
	}
	var trees []model.Tree
	for range n.MaxIter {
		at := make([][]float64, len(n.scores))
		for k := range at {
			at[k] = slices.Clone(n.scores[k])
		}
		for k := range n.scores {
			n.derive(at, k)
			trees = append(trees, n.grow(k))
		}
	}
	return trees
}

func (n *naive) derive(at [][]float64, k int) {
	squares, hessians := 0.0, 0.0
	for i, y := range n.y {
		switch n.task {
		case model.Regression:
			n.g[i], n.h[i] = at[0][i]-y, 1
		case model.Binary:
			p := 1 / (1 + math.Exp(-at[0][i]))
			n.g[i], n.h[i] = p-y, p*(1-p)
		default:
			sum := 0.0
			for _, s := range at {
				sum += math.Exp(s[i])
			}
			p := math.Exp(at[k][i]) / sum
			n.g[i], n.h[i] = p, p*(1-p)
			if int(y) == k {
				n.g[i]--
			}
		}
		if n.w != nil {
			n.g[i] *= n.w[i]
			n.h[i] *= n.w[i]
		}
		squares += n.g[i] * n.g[i]
		hessians += n.h[i]
	}
	n.noise = squares / hessians
}

func (n *naive) grow(k int) model.Tree {
	t := model.Tree{Nodes: []model.Node{{Feature: -1, Set: -1, Count: int64(n.rows())}}}
	root := &naiveLeaf{}
	for i := range n.rows() {
		root.rows = append(root.rows, i)
	}
	n.search(root)
	leaves := []*naiveLeaf{root}
	for len(leaves) < n.MaxLeafNodes {
		best := -1
		for i, l := range leaves {
			if l.best.feature >= 0 && (best < 0 || l.best.gain > leaves[best].best.gain) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		l := leaves[best]
		left, right := n.split(&t, l)
		n.search(left)
		n.search(right)
		leaves = append(slices.Delete(leaves, best, best+1), left, right)
	}
	for _, l := range leaves {
		g, h := n.sums(l.rows)
		v := -g / (h + n.L2Regularization) * n.LearningRate
		t.Nodes[l.node].Value = v
		for _, i := range l.rows {
			n.scores[k][i] += v
		}
	}
	return t
}

func (n *naive) sums(rows []int) (g, h float64) {
	for _, i := range rows {
		g += n.g[i]
		h += n.h[i]
	}
	return g, h
}

func (n *naive) score(rows []int) float64 {
	g, h := n.sums(rows)
	return g * g / (h + n.L2Regularization)
}

// divide applies a split to rows; a missing number goes as it says.
func (n *naive) divide(s *naiveSplit, rows []int) (left, right []int) {
	for _, i := range rows {
		x := n.row(i)[s.feature]
		goes := x <= s.threshold || math.IsNaN(x) && s.missingLeft
		if s.left != nil {
			goes = s.left[x]
		}
		if goes {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	return left, right
}

func (n *naive) search(l *naiveLeaf) {
	l.best.feature = -1
	if n.MaxDepth > 0 && l.depth >= n.MaxDepth {
		return
	}
	for j, f := range n.features {
		if f.Kind == model.Category {
			n.searchSets(l, j)
			continue
		}
		for _, missingLeft := range []bool{false, true} {
			for _, e := range n.edges[j] {
				n.try(l, naiveSplit{feature: j, threshold: e, missingLeft: missingLeft}, 0)
			}
		}
	}
}

func (n *naive) try(l *naiveLeaf, s naiveSplit, luck float64) {
	left, right := n.divide(&s, l.rows)
	if len(left) < n.MinSamplesLeaf || len(right) < n.MinSamplesLeaf {
		return
	}
	_, hl := n.sums(left)
	_, hr := n.sums(right)
	s.gain = n.score(left) + n.score(right) - n.score(l.rows) - luck
	if hl >= n.MinHessian && hr >= n.MinHessian && s.gain > l.best.gain+1e-9 {
		l.best = s
	}
}

// searchSets tries, in the order of the smoothed ratio, the runs of the first
// and of the last of the categories that have enough rows.
func (n *naive) searchSets(l *naiveLeaf, j int) {
	sums := map[float64][2]float64{}
	total := 0.0
	for _, i := range l.rows {
		code := n.row(i)[j]
		s := sums[code]
		sums[code] = [2]float64{s[0] + n.g[i], s[1] + n.h[i]}
		total += n.h[i]
	}
	var order []float64
	roots := 0.0
	for code, s := range sums {
		if code == model.Unseen {
			continue
		}
		roots += math.Sqrt(s[1])
		if s[1] >= catSupport*total/float64(len(l.rows)) {
			order = append(order, code)
		}
	}
	ratio := func(code float64) float64 { return sums[code][0] / (sums[code][1] + n.CatSmooth) }
	slices.SortFunc(order, func(a, b float64) int {
		if ratio(a) < ratio(b) {
			return -1
		}
		return 1
	})
	for range 2 {
		for m := range order {
			s := naiveSplit{feature: j, threshold: math.Inf(-1), left: map[float64]bool{}}
			for _, code := range order[:m+1] {
				s.left[code] = true
			}
			n.try(l, s, 2/math.Pi*n.noise*roots*roots/total)
		}
		slices.Reverse(order)
	}
}

// split makes the leaf a split. What no row of it decides follows the larger
// child.
func (n *naive) split(t *model.Tree, l *naiveLeaf) (left, right *naiveLeaf) {
	s := l.best
	a, b := n.divide(&s, l.rows)
	node := model.Node{Feature: int32(s.feature), Set: -1, Gain: s.gain, Count: int64(len(l.rows))}
	seen := func(is func(float64) bool) bool {
		return slices.ContainsFunc(l.rows, func(i int) bool { return is(n.row(i)[s.feature]) })
	}
	if s.left == nil {
		node.Threshold, node.MissingLeft = s.threshold, s.missingLeft
		if !seen(math.IsNaN) {
			node.MissingLeft = len(a) > len(b)
		}
	} else {
		if len(a) > len(b) && !seen(func(x float64) bool { return x == model.Unseen }) {
			a, b = b, a
		}
		node.Set = int32(len(t.Sets))
		t.Sets = append(t.Sets, n.codes(a, s.feature))
	}
	node.Left, node.Right = int32(len(t.Nodes)), int32(len(t.Nodes)+1)
	t.Nodes[l.node] = node
	for _, rows := range [][]int{a, b} {
		t.Nodes = append(t.Nodes, model.Node{Feature: -1, Set: -1, Count: int64(len(rows))})
	}
	return &naiveLeaf{node: len(t.Nodes) - 2, depth: l.depth + 1, rows: a},
		&naiveLeaf{node: len(t.Nodes) - 1, depth: l.depth + 1, rows: b}
}

// codes returns the categories that rows have.
func (n *naive) codes(rows []int, j int) (codes []int32) {
	for _, i := range rows {
		codes = append(codes, int32(n.row(i)[j]))
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// small is a table that the twin is not too slow for.
func small(task model.Task, seed uint64) *table {
	t := mixed(task, 500, seed)
	wide := len(t.features)
	keep := []int{0, 1, 2, 3, 8, 9}
	s := &table{task: t.task, outputs: t.outputs, y: t.y}
	for _, j := range keep {
		s.features = append(s.features, t.features[j])
	}
	for i := range t.rows() {
		for _, j := range keep {
			s.x = append(s.x, t.x[i*wide+j])
		}
	}
	return s
}

// The trees are those of the twin: the same splits, and values and gains but
// for the rounding to fixed point.
func TestTrainingAgreesWithNaiveTwin(t *testing.T) {
	for _, task := range tasks {
		for seed := range uint64(3) {
			p := Defaults()
			p.MaxIter, p.MaxLeafNodes, p.MaxBins, p.MinSamplesLeaf = 6, 9, 30, 8
			if seed == 1 {
				p.MaxDepth, p.L2Regularization, p.CatSmooth = 3, 0.1, 0
			}
			tab := small(task, seed)
			if seed == 2 {
				for i := range tab.y {
					tab.w = append(tab.w, 0.5+float64(i%7))
				}
			}
			got := tab.train(t, p).Trees
			want := newNaive(tab, p).train(got.Base)
			close := cmpopts.EquateApprox(1e-5, 1e-6)
			if diff := cmp.Diff(want, got.Trees, close, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s, seed %d (- twin, + ours):\n%s", task, seed, diff)
			}
		}
	}
}
