package gbdt

import (
	"errors"

	"retrain/internal/model"
)

// ErrStopped is for AfterRound to return when the training is to stop, only to
// be resumed later.
var ErrStopped = errors.New("gbdt: the training was stopped")

// Checkpoint is the state of a training between two rounds: all that Train
// needs to go on and come to the same bits as if it had never stopped. It is
// read-only.
//
// It holds no random state, since every choice follows from the seed and the
// round, and no raw scores, which the trees give again; see replay. It belongs
// to the data and the parameters that it was made with, which it knows by their
// digests.
type Checkpoint struct {
	width   int          // raw scores, that is trees of a round
	trees   []model.Tree // of all rounds so far
	history []float64    // validation losses; nil without early stopping
	of      identity
}

// Rounds returns how many rounds are done; with a nil checkpoint none is.
func (c *Checkpoint) Rounds() int {
	if c == nil {
		return 0
	}
	return len(c.trees) / c.width
}

// Round is what AfterRound is told.
type Round struct {
	Progress
	trainer *trainer
}

// Checkpoint returns the state of the training after this round. It costs next
// to nothing: what it holds never changes.
func (r *Round) Checkpoint() *Checkpoint { return r.trainer.checkpoint() }

// Added returns the trees of this round, upon the base if it is the first, so
// that the caller can follow the raw scores of rows of its own.
func (r *Round) Added() *model.Trees {
	t := r.trainer
	width := len(t.scores)
	added := &model.Trees{Base: make([]float64, width), Trees: t.trees[len(t.trees)-width:]}
	if len(t.trees) == width {
		copy(added.Base, t.base)
	}
	return added
}

// checkpoint returns the state after the last complete round.
func (t *trainer) checkpoint() *Checkpoint {
	if t.identity == nil {
		t.identity = identify(t.data, t.params, t.pool)
	}
	c := &Checkpoint{width: len(t.scores), trees: t.trees[:len(t.trees):len(t.trees)], of: *t.identity}
	if t.judge != nil {
		c.history = t.judge.history[:len(t.judge.history):len(t.judge.history)]
	}
	return c
}
