package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// fewRows is the number of rows up to which each walks through the trees by
// itself: a sweep looks at every node, and some 20 rows' walks take as long.
const fewRows = 16

// Predict scores n = len(x)/len(Features) rows. The block x is row-major, one
// column a feature: a number as it is (NaN is missing), a category as its code
// (Feature.Code). dst receives n × Outputs() numbers, row-major: the class
// probabilities, or the prediction. It panics if the lengths do not agree, or
// if the model has no features. The model must have passed Check.
//
// A row's result does not depend on the rows beside it, and has the same bits
// on every architecture. Blocks of many rows are shared among all processors.
// Predict may be called concurrently.
func (m *Model) Predict(dst, x []float64) { m.inBlocks(dst, x, m.Outputs(), scorer.score) }

// Raw is Predict for the raw scores: dst receives n × Width() numbers.
func (m *Model) Raw(dst, x []float64) { m.inBlocks(dst, x, m.Width(), scorer.rawOnly) }

// Probabilities turns raw scores, Width() numbers a row, into what Predict says of
// the rows: Outputs() numbers each.
func (m *Model) Probabilities(dst, raw []float64) {
	width, outputs := m.Width(), m.Outputs()
	if len(raw)/width*outputs != len(dst) || len(raw)%width != 0 {
		panic("model: lengths of dst and raw do not agree")
	}
	for i := range len(raw) / width {
		m.link(dst[i*outputs:(i+1)*outputs], raw[i*width:(i+1)*width])
	}
}

func (m *Model) inBlocks(dst, x []float64, outputs int, score func(s scorer, dst, x []float64)) {
	features := len(m.Features)
	if features == 0 {
		panic("model: a model without features")
	}
	n := len(x) / features
	if len(x) != n*features || len(dst) != n*outputs {
		panic("model: lengths of x and dst do not agree")
	}
	if n <= sweepBlock {
		score(newScorer(m, n), dst, x)
		return
	}
	blocks := (n + sweepBlock - 1) / sweepBlock
	var next atomic.Int64
	work := func() {
		s := newScorer(m, n)
		for at := int(next.Add(1) - 1); at < blocks; at = int(next.Add(1) - 1) {
			from, to := at*sweepBlock, min((at+1)*sweepBlock, n)
			score(s, dst[from*outputs:to*outputs], x[from*features:to*features])
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), blocks) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
}

// scorer scores one block after the other.
type scorer struct {
	*Model
	raw   []float64
	sweep *sweep
}

// newScorer returns a scorer for blocks out of n rows.
func newScorer(m *Model, n int) scorer {
	s := scorer{Model: m, raw: make([]float64, min(n, sweepBlock)*m.Width())}
	if m.Trees != nil && n > fewRows {
		s.sweep = newSweep(m)
	}
	return s
}

// score scores at most sweepBlock rows.
func (s scorer) score(dst, x []float64) {
	width, outputs := s.Width(), s.Outputs()
	n := len(dst) / outputs
	raw := s.raw[:n*width]
	s.rawScores(raw, x, s.sweep)
	for i := range n {
		s.link(dst[i*outputs:(i+1)*outputs], raw[i*width:(i+1)*width])
	}
}

// rawOnly writes the raw scores of at most sweepBlock rows.
func (s scorer) rawOnly(dst, x []float64) { s.rawScores(dst, x, s.sweep) }
