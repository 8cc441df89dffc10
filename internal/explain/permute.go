package explain

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"retrain/internal/metric"
	"retrain/internal/model"
)

// How thorough permutation importances are: so many shuffles of each of so many
// columns, and of all rows fewer where the model is large: a shuffle scores
// every row with every tree, and all together so often that it takes less than
// a second.
const (
	repeats        = 5
	maxPermuted    = 50
	maxWork        = 50_000_000
	fewestPermuted = 500
)

// Importances says how much worse a model's score gets when the values of a
// column are shuffled among the rows, so that the column tells nothing any more
// (Breiman, Random forests, Machine Learning 45, 2001, section 10; as
// sklearn.inspection.permutation_importance computes it).
type Importances struct {
	Metric  string       `json:"metric"`
	Score   float64      `json:"score" doc:"The model's score on the rows as they are"`
	Rows    int64        `json:"rows" doc:"Rows of the holdout that were shuffled; a sample, if it has more"`
	Repeats int          `json:"repeats" doc:"Shuffles of each column"`
	Columns []Importance `json:"columns" doc:"The largest drop first; columns with the smallest gain, beyond 50, are left out, and so are those that the model does not use: their drop is 0"`
}

// Importance is what shuffling one column costs.
type Importance struct {
	Column string  `json:"column"`
	Mean   float64 `json:"mean" doc:"How much worse the metric gets, whichever way it points; negative if it gets better"`
	SD     float64 `json:"standard_deviation" doc:"Of the drop, over the shuffles"`
}

// Permute measures the importances of the model's columns in a metric of its
// task or objective, on some of the rows. They are nil if the metric is undefined there. The
// only error is that of a context which ended.
func Permute(ctx context.Context, m *model.Model, rows *Rows, name string, o metric.Objective) (*Importances, error) {
	shares := Shares(m)
	shares = shares[:min(len(shares), maxPermuted)]
	p := &permuter{model: m, rows: rows.some(affordable(m, len(shares))), metric: name, objective: o}
	score, undefined := p.score(p.predict(model.Column{}, nil))
	if undefined != "" {
		return nil, ctx.Err()
	}
	drops := p.drops(ctx, shares, score)
	all := &Importances{Metric: name, Score: score, Rows: int64(len(p.rows.Y)), Repeats: repeats, Columns: []Importance{}}
	for k, s := range shares {
		mean, sd := spread(drops[k*repeats : (k+1)*repeats])
		if finite(mean) && finite(sd) {
			all.Columns = append(all.Columns, Importance{s.Column, mean, sd})
		}
	}
	slices.SortStableFunc(all.Columns, func(a, b Importance) int { return cmp.Compare(b.Mean, a.Mean) })
	return all, ctx.Err()
}

// affordable is the number of rows that can be shuffled so many times.
func affordable(m *model.Model, columns int) int {
	perRow := len(m.Features)
	if m.Trees != nil {
		perRow = len(m.Trees.Trees)
	}
	return max(fewestPermuted, maxWork/max(1, perRow*columns*repeats))
}

// permuter scores a model on rows with one column shuffled.
type permuter struct {
	model  *model.Model
	rows   *Rows
	metric string

	objective metric.Objective
}

// drops returns how much worse the score gets in each shuffle of each column;
// NaN where it is undefined. Every column is shuffled in the same ways. The
// shuffles are shared among all processors, and none depends on another.
func (p *permuter) drops(ctx context.Context, shares []Share, score float64) []float64 {
	orders := make([][]int, repeats)
	for r := range orders {
		orders[r] = rand.New(rand.NewPCG(uint64(r), 0)).Perm(len(p.rows.Y))
	}
	drops := make([]float64, len(shares)*repeats)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(drops)) {
		wait.Go(func() {
			for at := int(next.Add(1) - 1); at < len(drops) && ctx.Err() == nil; at = int(next.Add(1) - 1) {
				shuffled, undefined := p.score(p.predict(shares[at/repeats].column, orders[at%repeats]))
				drops[at] = score - shuffled
				if !metric.HigherIsBetter(p.metric) {
					drops[at] = shuffled - score
				}
				if undefined != "" {
					drops[at] = math.NaN()
				}
			}
		})
	}
	wait.Wait()
	return drops
}

// chunk is how many rows are copied, changed and predicted at a time.
const chunk = 1024

// predict returns the model's answers to the rows, row i with the column of row
// order[i]; as they are, if order is nil.
func (p *permuter) predict(c model.Column, order []int) []float64 {
	wide, outputs := len(p.model.Features), p.model.Outputs()
	answers := make([]float64, len(p.rows.Y)*outputs)
	x := make([]float64, 0, chunk*wide)
	for from := 0; from < len(p.rows.Y); from += chunk {
		to := min(from+chunk, len(p.rows.Y))
		x = append(x[:0], p.rows.X[from*wide:to*wide]...)
		for i := from; i < to && order != nil; i++ {
			copy(x[(i-from)*wide+c.First:][:c.Count], p.rows.X[order[i]*wide+c.First:])
		}
		p.model.Predict(answers[from*outputs:to*outputs], x)
	}
	return answers
}

// score is the metric of some answers to the rows, or why it is undefined.
func (p *permuter) score(answers []float64) (score float64, undefined string) {
	if p.model.Task == model.Regression {
		return metric.RegressionScore(p.metric, p.rows.Y, answers, p.objective)
	}
	truth, classes := make([]int32, len(p.rows.Y)), p.model.Outputs()
	said := metric.Answers{P: answers, Labels: make([]int32, len(p.rows.Y))}
	for i, y := range p.rows.Y {
		truth[i] = int32(y)
		said.Labels[i] = int32(p.model.Label(answers[i*classes : (i+1)*classes]))
	}
	return metric.ClassificationScore(p.metric, truth, said, classes)
}

// spread returns mean and standard deviation (of these numbers, and no
// estimate of others').
func spread(xs []float64) (mean, sd float64) {
	n := float64(len(xs))
	for _, x := range xs {
		mean += x / n
	}
	for _, x := range xs {
		sd += float64((x-mean)*(x-mean)) / n
	}
	if math.Abs(mean) < 1e-12*math.Sqrt(sd) {
		mean = 0 // drops and gains that cancel out but for their rounding
	}
	return mean, math.Sqrt(sd)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
