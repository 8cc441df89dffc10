// Package gbdt grows gradient-boosted trees: it bins rows that stream in, and
// fits a model.Trees to them.
//
// It works on histograms of fixed-point sums, which are exact in any order, so
// that the same rows, parameters and seed give the same trees on any number of
// processors and on any architecture. It follows LightGBM (Ke et al., NIPS
// 2017) in what it computes and scikit-learn's HistGradientBoosting in names
// and defaults. It does no input or output, and knows neither raw columns nor
// how a model is stored or scored.
//
// A training is: NewBinner, Observe for each block of rows, Bins; NewData,
// Append for each block of the same rows; Train. It can stop between two rounds
// with a Checkpoint, from which Train goes on to the same bits.
package gbdt

import (
	"context"

	"retrain/internal/model"
)

// Progress tells how far a training is.
type Progress struct {
	Iteration int // rounds done
	MaxIter   int // rounds to be done at most
	// Loss is the validation part's after this round; 0 without one.
	Loss float64
}

// Result is what a training found.
type Result struct {
	Trees *model.Trees
	// BestIteration is the number of rounds that were kept: those up to the
	// lowest validation loss, or all.
	BestIteration int
	// History holds the validation part's weighted mean loss after each round
	// that was done: log loss, half the squared error, half the deviance, or
	// what the loss is named after. It is nil without
	// early stopping.
	History []float64
	// StoppedEarly says that the loss ended the training before MaxIter.
	StoppedEarly bool
	// Checkpoint is what a training that was ended before its time can be
	// resumed from; else nil.
	Checkpoint *Checkpoint
	Warnings   []string
}

// Options are what does not change the trees that a training ends with.
type Options struct {
	// Resume is what an earlier training of the same data and parameters left;
	// nil begins anew.
	Resume *Checkpoint
	// Scores are what Round.Scores returned after some of the rounds of Resume.
	// They save time and nothing else: what is not of this training, or damaged,
	// is not used.
	Scores []byte
	// AfterRound is called after each round; nil is nobody. An error ends the
	// training.
	AfterRound func(*Round) error
}

// Train fits trees to the data.
//
// The errors are a fault.InvalidRequest for parameters that are out of range or
// do not fit the data, a fault.InvalidData for data that nothing can be learned
// from and for a training that diverges, a fault.RunConflict for a checkpoint of
// another training, AfterRound's error, and ctx's when that ends before the
// training does. After the last two the Result is not nil: it holds the complete
// rounds, and their Checkpoint. ctx is looked at before each split. Train moves
// the rows within d; d may be used again, with the same result, but not at the
// same time.
func Train(ctx context.Context, d *Data, p Params, o Options) (*Result, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := d.check(&p); err != nil {
		return nil, err
	}
	workers := newPool(p.Threads)
	defer workers.close()
	t := newTrainer(d, &p, workers)
	if !t.follow(nil) {
		return nil, errDiverged()
	}
	if err := t.resume(o.Resume); err != nil {
		return nil, err
	}
	err := t.replay(ctx, t.takeScores(o.Scores))
	if err == nil {
		err = t.run(ctx, o.AfterRound)
	}
	r := t.result()
	if err != nil {
		r.Checkpoint = t.checkpoint()
	}
	return r, err
}

// chunkRows is the number of rows that one task of a pass over all rows takes.
const chunkRows = 1 << 11

// trainer is the state of a training.
type trainer struct {
	data   *Data
	params *Params
	pool   *pool
	part   *part
	drawn  int         // rows that this round's trees are grown on, in the first places
	scores [][]float64 // of each raw score, by place
	objective
	base      []float64
	grower    *grower
	chunks    []chunk
	trees     []model.Tree
	resumed   []*tree   // those of the checkpoint
	judge     *judge    // nil without early stopping
	reach     []float64 // bounds of what the trees add to each raw score
	warning   []string
	*identity // of the training; nil until it is asked for
}

func newTrainer(d *Data, p *Params, workers *pool) *trainer {
	d.restore()
	t := &trainer{data: d, params: p, pool: workers, chunks: make([]chunk, chunksOf(d.rows))}
	t.divide()
	t.scores = make([][]float64, 1)
	if d.task == model.Multiclass {
		t.scores = make([][]float64, d.outputs)
	}
	t.reach = make([]float64, len(t.scores))
	for k := range t.scores {
		t.scores[k] = make([]float64, d.rows)
	}
	t.objective = newObjective(d, p, t.scores, d.classFactors(p))
	t.base = t.objective.base(t.part)
	for k, scores := range t.scores {
		for i := range scores {
			scores[i] = t.base[k]
		}
	}
	t.part.toFront(d, workers)
	t.grower = newGrower(d, p, workers, t.part.count)
	t.grower.floats = t.objective.arrays()
	return t
}

// divide sets the validation part aside, if there is to be one.
func (t *trainer) divide() {
	p := t.params
	if p.EarlyStopping || p.KeepOut {
		t.part = newPart(t.data, p.ValidationFraction, p.RandomState)
		enough := len(t.part.judging) > 0 && t.part.count > 0
		switch {
		case enough && p.EarlyStopping:
			t.judge = &judge{patience: p.NIterNoChange, tol: p.Tol}
			return
		case enough:
			return
		case p.EarlyStopping:
			t.warn("There are too few rows for a validation part; early_stopping had no effect.")
		}
	}
	t.part = newPart(t.data, 0, 0)
}

func (t *trainer) warn(text string) { t.warning = append(t.warning, text) }

// run does the rounds that are left.
func (t *trainer) run(ctx context.Context, afterRound func(*Round) error) error {
	for !t.over() {
		grown, split, err := t.round(ctx)
		if err != nil {
			return err
		}
		if !split && !t.params.random() && len(t.trees) > 0 {
			t.warn("The training ended before max_iter, since no further split lowers the loss.")
			return nil
		}
		if !t.follow(grown) {
			return errDiverged()
		}
		t.trees = append(t.trees, grown...)
		now := Progress{Iteration: t.rounds(), MaxIter: t.params.MaxIter}
		if t.judge != nil {
			if now.Loss = t.validationLoss(); !finite(now.Loss) {
				return errDiverged()
			}
			t.judge.hear(now.Loss)
		}
		if afterRound != nil {
			if err := afterRound(&Round{now, t}); err != nil {
				return err
			}
		}
	}
	return nil
}

// rounds returns how many rounds are done.
func (t *trainer) rounds() int { return len(t.trees) / len(t.scores) }

// over reports whether there is nothing left to do.
func (t *trainer) over() bool {
	return t.rounds() >= t.params.MaxIter || t.judge != nil && t.judge.enough()
}

// round grows a tree for each raw score and adds them to the scores. It reports
// whether any of them has a split.
func (t *trainer) round(ctx context.Context) (grown []model.Tree, split bool, err error) {
	t.sampleRows()
	t.each(t.data.rows, func(_, from, to int) { t.prepare(from, to) })
	for k := range t.scores {
		sum, ok := t.takeGradients(k)
		if !ok {
			return nil, false, errDiverged()
		}
		t.grower.number = uint64(len(t.trees) + k)
		t.grower.sampleColumns()
		tree, leaves, err := t.grower.grow(ctx, sum)
		if err != nil {
			return nil, false, err
		}
		t.setValues(tree, leaves)
		t.updateScores(k, tree, leaves)
		grown = append(grown, tree.Tree)
		split = split || len(leaves) > 1
	}
	return grown, split, nil
}

func chunksOf(rows int) int { return (rows + chunkRows - 1) / chunkRows }

// each calls f for each chunk of the places, or rows, 0..n-1.
func (t *trainer) each(n int, f func(chunk, from, to int)) {
	t.pool.run(chunksOf(n), func(i, _ int) {
		from := i * chunkRows
		f(i, from, min(from+chunkRows, n))
	})
}

// setValues gives the leaves their values.
func (t *trainer) setValues(tree *tree, leaves []*leaf) {
	unit, limit := t.unit(), t.limit()
	better, _ := t.objective.(refitter)
	run := alone
	if better != nil {
		run = t.pool.run
	}
	run(len(leaves), func(i, _ int) {
		l, g := leaves[i], t.grower
		v := g.realValue(g.value(l.sum, &l.site)) * unit
		if better != nil {
			v = better.refit(l.from, l.to)
			if g.bounded {
				v = g.realValue(g.clamp(v/g.realValue(1), &l.site))
			}
		}
		tree.Nodes[l.node].Value = min(max(v, -limit), limit) * t.params.LearningRate
	})
	for i := range tree.Nodes {
		tree.Nodes[i].Gain *= unit * unit
	}
}

// updateScores adds the tree to the scores of all rows.
func (t *trainer) updateScores(k int, tree *tree, leaves []*leaf) {
	scores := t.scores[k]
	t.each(t.drawn, func(_, from, to int) {
		for _, l := range leaves {
			if l.from < to && from < l.to {
				v := tree.Nodes[l.node].Value
				for i := max(l.from, from); i < min(l.to, to); i++ {
					scores[i] += v
				}
			}
		}
	})
	t.each(t.data.rows-t.drawn, func(_, from, to int) {
		for i := t.drawn + from; i < t.drawn+to; i++ {
			scores[i] += tree.value(t.data, i)
		}
	})
}

// result returns what was found so far. A training without a complete round has
// a Result without trees.
func (t *trainer) result() *Result {
	r := &Result{BestIteration: t.rounds()}
	if t.judge != nil && r.BestIteration > 0 {
		r.BestIteration = t.judge.best + 1
		r.History = t.judge.history
		r.StoppedEarly = t.judge.enough()
	}
	r.Trees = &model.Trees{Base: t.base, Trees: t.trees[:r.BestIteration*len(t.scores)], Log: t.params.Loss == Poisson}
	r.Warnings = t.warning
	return r
}
