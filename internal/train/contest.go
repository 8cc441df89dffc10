package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/model"
)

// How a contest divides its rows. Of a small table every row judges once, since
// a tenth of it says too little; of a larger one a single part judges.
const (
	foldedRows = 20_000 // up to so many rows are cross-validated
	folds      = 5
	// foldedIter is how many rounds boosting may take there unless max_iter is
	// given.
	foldedIter = 1000
)

// contest compares boosting with the linear model on rows of the training side:
// each learns from some of them and is judged by the loss of others, both
// by the same ones. It never sees the holdout.
type contest struct {
	recipe   *model.Recipe
	bins     *gbdt.Bins
	boosting gbdt.Params
	linear   linear.Params

	x, y    []float64 // the rows
	weights []float64 // their own; nil if they count alike
	groups  []uint64  // hashes of their groups; nil if they are split one by one
	times   []float64 // nil unless the split goes by time
	w       []float64 // the same, times the factors of their classes
	parts   []int     // each row's part; -1 always learns
	judging int       // parts 0 to judging-1 judge, one after the other
	forward bool      // a part judges what was learned from the parts before it
	whole   bool      // the rows are all of the training side
}

// entry is how a contestant did: its loss in each row that judges.
type entry struct {
	loss, weights []float64
	groups        []uint64 // of these rows; nil without groups
	iteration     int      // boosting: the rounds with the least loss
	penalty       float64  // linear: C or alpha
}

// entry returns one without any loss yet.
func (c *contest) entry() *entry {
	e := &entry{}
	for part := range c.judging {
		for i, g := range c.groups {
			if c.parts[i] == part {
				e.groups = append(e.groups, g)
			}
		}
	}
	return e
}

// divide gives each row its part.
func (c *contest) divide(fraction float64) {
	folded := len(c.y) <= foldedRows && c.whole
	if c.times != nil && c.dealTimes(fraction, folded) {
		return
	}
	parts := folds
	c.judging = folds
	if !folded {
		parts, c.judging = max(2, int(math.Round(1/fraction))), 1
	}
	rng := rand.New(rand.NewPCG(c.boosting.RandomState, 2))
	if c.groups != nil {
		c.dealGroups(rng, parts)
	} else {
		c.dealRows(rng, parts)
	}
}

// dealRows deals the classes evenly, in an order that is drawn. What remains of a
// class of fewer rows than parts only learns.
func (c *contest) dealRows(rng *rand.Rand, parts int) {
	counts := make([]int, max(1, len(c.recipe.Classes)))
	for _, y := range c.y {
		counts[c.class(y)]++
	}
	c.parts = make([]int, len(c.y))
	dealt := make([]int, len(counts))
	for _, i := range rng.Perm(len(c.y)) {
		k := c.class(c.y[i])
		c.parts[i] = -1
		if counts[k] >= parts {
			c.parts[i] = dealt[k] % parts
			dealt[k]++
		}
	}
}

// dealGroups deals whole groups, in an order that is drawn, each to the part with
// the fewest rows. A part that has a class to itself only learns.
func (c *contest) dealGroups(rng *rand.Rand, parts int) {
	var groups []uint64 // by their first rows
	rows := map[uint64][]int{}
	for i, g := range c.groups {
		if rows[g] == nil {
			groups = append(groups, g)
		}
		rows[g] = append(rows[g], i)
	}
	c.parts = make([]int, len(c.y))
	sizes := make([]int, min(parts, len(groups)))
	for _, at := range rng.Perm(len(groups)) {
		members := rows[groups[at]]
		part := slices.Index(sizes, slices.Min(sizes))
		sizes[part] += len(members)
		for _, i := range members {
			c.parts[i] = part
		}
	}
	judging := 0
	for part := range min(c.judging, len(sizes)) {
		to := -1
		if c.learnable(part) {
			to = judging
			judging++
		}
		for i, of := range c.parts {
			if of == part {
				c.parts[i] = to
			}
		}
	}
	c.judging = judging
}

// dealTimes deals the rows by time, each moment as a whole: the latest fraction of
// them judges, or, to be folded, the later half in parts, each of which judges what
// was learned from all rows before it. So the origin rolls forward as it does from
// one retraining to the next (Tashman, 2000), and at least half of the rows are
// learned from. It reports false if no part could judge.
func (c *contest) dealTimes(fraction float64, folded bool) bool {
	shares := []float64{fraction}
	if folded {
		shares = shares[:0]
		for part := range folds {
			shares = append(shares, float64(folds-part)/(2*folds))
		}
	}
	times := slices.Sorted(slices.Values(c.times))
	var from []float64 // where parts begin
	for _, share := range shares {
		if cut := latest(times, share); cut.byTime && (from == nil || cut.at > from[len(from)-1]) {
			from = append(from, cut.at)
		}
	}
	c.parts, c.judging, c.forward = make([]int, len(c.y)), len(from), true
	for i, t := range c.times {
		part, begins := slices.BinarySearch(from, t)
		if !begins {
			part--
		}
		c.parts[i] = part
	}
	c.skipUnlearnable()
	c.forward = c.judging > 0
	return c.forward
}

// skipUnlearnable has the first parts only learn, as long as a class is missing
// before them.
func (c *contest) skipUnlearnable() {
	first := 0
	for first < c.judging && !c.learnable(first) {
		first++
	}
	for i := range c.parts {
		c.parts[i] = max(-1, c.parts[i]-first)
	}
	c.judging -= first
}

// learns reports whether a row of a part is learned from where another judges.
func (c *contest) learns(of, judging int) bool {
	if c.forward {
		return of < judging
	}
	return of != judging
}

// learnable reports whether what is learned from where a part judges has every class.
func (c *contest) learnable(part int) bool {
	has := make([]bool, max(1, len(c.recipe.Classes)))
	for i, of := range c.parts {
		if c.learns(of, part) {
			has[c.class(c.y[i])] = true
		}
	}
	return !slices.Contains(has, false)
}

// method says how the rows judge.
func (c *contest) method() string {
	switch {
	case c.forward && c.judging > 1:
		return fmt.Sprintf("rolling forward in time, in %d parts", c.judging)
	case c.forward:
		return "validation part, the latest rows"
	case c.judging > 1:
		return fmt.Sprintf("%d-fold cross-validation", c.judging)
	}
	return "validation part"
}

// class returns a row's class; a value is of class 0.
func (c *contest) class(y float64) int {
	if c.recipe.Task == model.Regression {
		return 0
	}
	return int(y)
}

// weigh gives the rows their own weights times the factors of their classes.
func (c *contest) weigh() {
	c.w = slices.Clone(c.weights)
	if c.w == nil {
		c.w = slices.Repeat([]float64{1}, len(c.y))
	}
	factors := c.boosting.ClassWeight
	if c.boosting.Balanced {
		factors = make([]float64, len(c.recipe.Classes))
		total := 0.0
		for i, y := range c.y {
			factors[int(y)] += c.w[i]
			total += c.w[i]
		}
		for k, n := range factors {
			factors[k] = total / (float64(len(factors)) * n)
		}
	}
	for i := range c.w {
		if factors != nil {
			c.w[i] *= factors[int(c.y[i])]
		}
	}
}

// learning returns the rows that are learned from where a part judges. Learners know
// the factors of the classes, so w are the rows' own weights, or nil.
func (c *contest) learning(part int) (x, y, w []float64) { return c.rows(part, false, c.weights) }

// judgingIn returns a part's rows, with all that they weigh.
func (c *contest) judgingIn(part int) (x, y, w []float64) { return c.rows(part, true, c.w) }

// rows returns those of a part, or those that are learned from where it judges.
func (c *contest) rows(part int, inside bool, weights []float64) (x, y, w []float64) {
	width := len(c.recipe.Features)
	for i, of := range c.parts {
		if inside && of == part || !inside && c.learns(of, part) {
			x, y = append(x, c.x[i*width:(i+1)*width]...), append(y, c.y[i])
			if weights != nil {
				w = append(w, weights[i])
			}
		}
	}
	return x, y, w
}

// boost enters boosting. The parts' trainings go on side by side, a round at a
// time, until the loss of all parts together has not become lower for
// n_iter_no_change rounds. What counts is the number of rounds at which it is
// lowest.
func (c *contest) boost(ctx context.Context) (*entry, error) {
	heats := make([]*heat, c.judging)
	for part := range heats {
		heats[part] = c.newHeat(part)
	}
	for _, h := range heats {
		go h.run(ctx, c)
	}
	var curve []float64
	best, goOn := 0, true
	for {
		sum, running := 0.0, false
		for _, h := range heats {
			running = h.hear() || running
			goOn = goOn && h.err == nil
			sum += h.loss
		}
		if !running {
			break
		}
		curve = append(curve, sum)
		if sum < curve[best] {
			best = len(curve) - 1
		}
		goOn = goOn && len(curve)-1-best < c.boosting.NIterNoChange
		for _, h := range heats {
			if !h.over {
				h.goOn <- goOn
			}
		}
	}
	e := c.entry()
	e.iteration = best + 1
	for _, h := range heats {
		if h.panicked != nil {
			panic(h.panicked)
		}
		if h.err != nil {
			return nil, h.err
		}
		width := len(h.trees.Base)
		trees := &model.Trees{Base: h.trees.Base, Trees: h.trees.Trees[:min(len(h.trees.Trees), e.iteration*width)]}
		raw := make([]float64, len(h.y)*width)
		(&model.Model{Recipe: *c.recipe, Trees: trees}).Raw(raw, h.x)
		e.judge(c.losses(raw, h.y), h.w)
	}
	return e, nil
}

// heat is a training on all rows but a part's, which judge it after each round.
type heat struct {
	params  gbdt.Params
	data    *gbdt.Data
	x, y, w []float64 // the part's rows

	losses   chan float64 // after each round; closed at the end
	goOn     chan bool    // the answer to each
	loss     float64      // the last one heard
	over     bool
	trees    *model.Trees
	err      error
	panicked any
}

func (c *contest) newHeat(part int) *heat {
	h := &heat{params: storable(c.boosting), losses: make(chan float64), goOn: make(chan bool)}
	h.params.EarlyStopping, h.params.KeepOut = false, false
	if c.judging > 1 {
		h.params.Threads = 1 // the others share the processors
	}
	x, y, w := c.learning(part)
	h.data = gbdt.NewData(c.bins, c.recipe.Task, c.recipe.Outputs(), len(y))
	h.data.Append(x, y, w)
	h.x, h.y, h.w = c.judgingIn(part)
	return h
}

// run trains, and waits after each round until it may go on.
func (h *heat) run(ctx context.Context, c *contest) {
	defer close(h.losses)
	defer func() { h.panicked = recover() }()
	var raw, added []float64
	r, err := gbdt.Train(ctx, h.data, h.params, gbdt.Options{AfterRound: func(now *gbdt.Round) error {
		trees := now.Added()
		if raw == nil {
			raw = make([]float64, len(h.y)*len(trees.Base))
			added = make([]float64, len(raw))
		}
		(&model.Model{Recipe: *c.recipe, Trees: trees}).Raw(added, h.x)
		for i, v := range added {
			raw[i] += v
		}
		h.losses <- weightedSum(c.losses(raw, h.y), h.w)
		if !<-h.goOn {
			return gbdt.ErrStopped
		}
		return nil
	}})
	if err != nil && !errors.Is(err, gbdt.ErrStopped) {
		h.err = err
		return
	}
	h.trees = r.Trees
}

// hear waits for the loss after the next round. A training that has ended, since
// no further split lowers its loss, keeps the last one.
func (h *heat) hear() bool {
	if h.over {
		return false
	}
	loss, running := <-h.losses
	if !running {
		h.over = true
		return false
	}
	h.loss = loss
	return true
}

// fitPath enters the linear model with the best of some penalties; only with
// the first one if boosting is far ahead of that. If the model cannot be fitted
// to such data, the entry is nil, and the text says why.
func (c *contest) fitPath(ctx context.Context, penalties []float64, boosting *entry) (best *entry, why string, err error) {
	for _, penalty := range penalties {
		e, err := c.fitLinear(ctx, penalty)
		if fault.Is(err, fault.InvalidData) || fault.Is(err, fault.TooLarge) {
			return nil, fault.From(err).Detail, nil
		}
		if err != nil {
			return nil, "", err
		}
		if best == nil || e.mean() < best.mean() {
			best = e
		}
		if lead, standardError := boosting.lead(best); lead > hopeless*standardError {
			break
		}
	}
	return best, "", nil
}

// fitLinear enters the linear model with a penalty.
func (c *contest) fitLinear(ctx context.Context, penalty float64) (*entry, error) {
	e := c.entry()
	e.penalty = penalty
	params := c.linear
	params.C, params.Alpha = penalty, penalty
	for part := range c.judging {
		x, y, w := c.learning(part)
		data := linear.NewData(c.recipe, len(y))
		data.Append(x, y, w)
		r, err := linear.Fit(ctx, data, params)
		if err != nil {
			return nil, err
		}
		x, y, w = c.judgingIn(part)
		raw := make([]float64, len(y)*len(r.Linear.Coef))
		(&model.Model{Recipe: *c.recipe, Linear: r.Linear}).Raw(raw, x)
		e.judge(c.losses(raw, y), w)
	}
	return e, nil
}

// lead returns how much lower the loss is than another's, in the mean over the
// rows, and the standard error of that.
func (e *entry) lead(other *entry) (lead, standardError float64) {
	d := make([]float64, len(e.loss))
	for i := range d {
		d[i] = other.loss[i] - e.loss[i]
	}
	return meanAndError(d, e.weights, e.groups)
}

// score returns the mean loss and its standard error.
func (e *entry) score() (mean, standardError float64) {
	return meanAndError(e.loss, e.weights, e.groups)
}

func (e *entry) mean() float64 {
	mean, _ := e.score()
	return mean
}

// judge adds the losses of a part's rows.
func (e *entry) judge(loss, weights []float64) {
	e.loss, e.weights = append(e.loss, loss...), append(e.weights, weights...)
}

// losses returns each row's log loss or squared error, given its raw scores.
func (c *contest) losses(raw, y []float64) []float64 {
	losses := make([]float64, len(y))
	width := len(raw) / max(1, len(y))
	for i, y := range y {
		z := raw[i*width : (i+1)*width]
		switch c.recipe.Task {
		case model.Regression:
			losses[i] = float64((y - z[0]) * (y - z[0]))
		case model.Binary:
			losses[i] = max(z[0], 0) - float64(z[0]*y) + model.Log(1+model.Exp(-math.Abs(z[0])))
		default:
			top, sum := slices.Max(z), 0.0
			for _, v := range z {
				sum += model.Exp(v - top)
			}
			losses[i] = top + model.Log(sum) - z[int(y)]
		}
	}
	return losses
}

func weightedSum(values, weights []float64) float64 {
	sum := 0.0
	for i, v := range values {
		sum += float64(v * weights[i])
	}
	return sum
}

// meanAndError returns the weighted mean of the rows' values, and its standard
// error. Rows of a group, given each row's, say less than as many rows on their own:
// the error is then robust to whatever correlation there is within groups (Liang and
// Zeger, Longitudinal data analysis using generalized linear models, 1986; with the
// factor G/(G-1) of G groups, Cameron and Miller, A practitioner's guide to
// cluster-robust inference, 2015). A single group tells nothing of that, and counts
// as its rows.
func meanAndError(values, weights []float64, groups []uint64) (mean, standardError float64) {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	mean = weightedSum(values, weights) / total
	residuals := make([]float64, len(values))
	for i, v := range values {
		residuals[i] = float64(weights[i] * (v - mean))
	}
	if sums := sumsOf(residuals, groups); len(sums) > 1 {
		residuals = sums
	}
	spread := 0.0
	for _, d := range residuals {
		spread += float64(d * d)
	}
	n := float64(len(residuals))
	return mean, math.Sqrt(spread*n/max(1, n-1)) / total
}

// sumsOf adds up the values of each group, in the order of the first ones; there is
// none without groups.
func sumsOf(values []float64, groups []uint64) []float64 {
	var sums []float64
	at := map[uint64]int{}
	for i, g := range groups {
		k, known := at[g]
		if !known {
			k = len(sums)
			at[g], sums = k, append(sums, 0)
		}
		sums[k] += values[i]
	}
	return sums
}
