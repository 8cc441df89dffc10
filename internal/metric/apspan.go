package metric

import (
	"context"
	"math/rand/v2"
	"slices"
)

// maxVisits bounds how many rows a bootstrap of average precision walks over.
// Past it fewer resamples are drawn, but never fewer than minResamples, which
// a standard error can do with (Efron and Tibshirani, section 6.4).
const (
	maxVisits    = 40_000_000
	minResamples = 200
)

// apSpan is the interval of average precision, or of the difference of two:
// normal, with the standard error from a bootstrap. Ranks do not add up over
// rows, so each resample walks over all rows in the order of their scores,
// which is found beforehand; a block that was drawn twice counts twice.
func (o Options) apSpan(ctx context.Context, y []int32, models [][]float64) span {
	n := min(len(y), maxBlocks)
	orders, scores := make([][]threshold, len(models)), make([]float64, len(models))
	weights := new([maxBlocks]int64)
	for b := range n {
		weights[b] = 1
	}
	for m, p := range models {
		orders[m] = thresholds(rank(y, p, 2, 1), n)
		scores[m] = weightedAP(orders[m], weights)
	}
	at, resamples := difference(scores), min(o.Resamples, max(minResamples, maxVisits/(len(models)*len(y))))
	values := make([]float64, resamples)
	src := rand.NewPCG(o.Seed, 0)
	for r := range values {
		if ctx.Err() != nil {
			break
		}
		clear(weights[:])
		for range n {
			weights[pick(src, n)]++
		}
		for m, order := range orders {
			scores[m] = weightedAP(order, weights)
		}
		values[r] = difference(scores)
	}
	s := o.standard(at, values)
	if len(models) == 1 {
		s.low, s.high = max(s.low, 0), min(s.high, 1)
	}
	return s
}

// threshold is a row in descending order of the scores: the block it belongs
// to, a mask of all ones if it is positive, and whether it is the last row
// with its score.
type threshold struct {
	positive int64
	block    uint16
	last     bool
}

// thresholds turns rows, ascending by score, into thresholds over n blocks.
func thresholds(rows []ranked, n int) []threshold {
	slices.Reverse(rows)
	order := make([]threshold, 0, len(rows))
	ties(rows, func(run []ranked, _, _ int64) {
		for _, r := range run {
			t := threshold{block: uint16(int(r.row) % n)}
			if r.positive {
				t.positive = -1
			}
			order = append(order, t)
		}
		order[len(order)-1].last = true
	})
	return order
}

// weightedAP is averagePrecision with a weight for each block of rows; NaN if
// no positive row has a weight. It has no branch on the truth, which would be
// mispredicted half of the time.
func weightedAP(order []threshold, weights *[maxBlocks]int64) float64 {
	var positives, here, seen int64
	sum := 0.0
	for _, t := range order {
		w := weights[t.block%maxBlocks]
		seen += w
		here += w & t.positive
		if t.last {
			positives += here
			sum += float64(here*positives) / float64(max(seen, 1))
			here = 0
		}
	}
	return sum / float64(positives)
}
