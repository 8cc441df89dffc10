package metric

import (
	"context"
	"math"
	"math/rand/v2"
)

// maxBlocks bounds the cost of resampling rows. Above it the rows are dealt
// into so many blocks, one by one in turn, and blocks are resampled in place
// of rows: with independent rows the sums of the blocks are independent too,
// and the interval is as good, but for the 1 % by which a variance estimated
// from 4,096 values is uncertain.
const maxBlocks = 4096

// blocks holds sums over the rows of each block: first their number, then
// whatever the statistic is made of.
type blocks struct {
	n, width int
	sums     []float64 // row-major, n × width
}

// newBlocks sums the columns, which have an entry for each row.
func newBlocks(columns ...[]float64) *blocks {
	rows := len(columns[0])
	b := &blocks{n: min(rows, maxBlocks), width: 1 + len(columns)}
	b.sums = make([]float64, b.n*b.width)
	for i := range rows {
		at := b.sums[i%b.n*b.width:][:b.width]
		at[0]++
		for c, column := range columns {
			at[c+1] += column[i]
		}
	}
	return b
}

// resample draws as many blocks as there are, with replacement, and calls
// statistic with the sums over the draw, once for each of the values. It stops
// early when the context ends, and then leaves the rest as it is.
func (b *blocks) resample(ctx context.Context, values []float64, seed uint64, statistic func(sums []float64) float64) {
	src := rand.NewPCG(seed, 0)
	sums := make([]float64, b.width)
	for r := range values {
		if ctx.Err() != nil {
			return
		}
		clear(sums)
		for range b.n {
			block := pick(src, b.n)
			for c, s := range b.sums[block*b.width:][:b.width] {
				sums[c] += s
			}
		}
		values[r] = statistic(sums)
	}
}

// pick returns a number below n ≤ maxBlocks. It is uneven by n·2^-32 at most,
// which spares the division.
func pick(src *rand.PCG, n int) int { return int(src.Uint64() >> 32 * uint64(n) >> 32) }

// blockSpan bootstraps a statistic of sums over the rows.
func (o Options) blockSpan(ctx context.Context, statistic func(sums []float64) float64, columns ...[]float64) span {
	values := make([]float64, o.Resamples)
	newBlocks(columns...).resample(ctx, values, o.Seed, statistic)
	return o.percentile(values, "rows")
}

// meanSpan is the interval of the mean of one model's losses, or of the
// difference of two.
func (o Options) meanSpan(ctx context.Context, losses [][]float64) span {
	return o.blockSpan(ctx, func(sums []float64) float64 {
		return difference(sums[1:]) / sums[0]
	}, losses...)
}

// rootMeanSpan is meanSpan for the square root of the mean.
func (o Options) rootMeanSpan(ctx context.Context, squares [][]float64) span {
	return o.blockSpan(ctx, func(sums []float64) float64 {
		roots := make([]float64, 0, 2)
		for _, s := range sums[1:] {
			roots = append(roots, math.Sqrt(s/sums[0]))
		}
		return difference(roots)
	}, squares...)
}

// r2Span is meanSpan for R²; squares are the squared errors. The deviations of
// y are taken from its mean beforehand, so that those from a draw's mean lose
// no digits.
func (o Options) r2Span(ctx context.Context, y []float64, squares [][]float64) span {
	centre := mean(y).v
	first, second := make([]float64, len(y)), make([]float64, len(y))
	for i := range y {
		first[i] = y[i] - centre
		second[i] = float64(first[i] * first[i])
	}
	return o.blockSpan(ctx, func(sums []float64) float64 {
		deviations := sums[2] - float64(sums[1]*sums[1])/sums[0]
		if deviations <= 0 {
			return math.NaN()
		}
		scores := make([]float64, 0, 2)
		for _, s := range sums[3:] {
			scores = append(scores, 1-s/deviations)
		}
		return difference(scores)
	}, append([][]float64{first, second}, squares...)...)
}
