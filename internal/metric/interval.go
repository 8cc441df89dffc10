package metric

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"retrain/internal/model"
)

// Options say how confidence intervals are made. The zero value of a field
// stands for its default.
type Options struct {
	Confidence float64 // of the two-sided interval, between 0 and 1; default 0.95
	Resamples  int     // of a bootstrap, 100 or more; default 2,000
	Seed       uint64
	Objective  Objective // of a regression
}

func (o Options) withDefaults() Options {
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if o.Resamples == 0 {
		o.Resamples = 2000
	}
	if !(o.Confidence > 0 && o.Confidence < 1) || o.Resamples < 100 {
		panic("metric: confidence or number of resamples out of range")
	}
	return o
}

// tail is the probability that the interval leaves out on each side.
func (o Options) tail() float64 { return (1 - o.Confidence) / 2 }

// z is the standard normal quantile that a normal interval reaches out to.
func (o Options) z() float64 { return distuv.UnitNormal.Quantile(1 - o.tail()) }

// Interval is a two-sided confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// ClassificationIntervals returns the confidence interval of each metric that
// Classification defines, as far as the interval is defined too. The methods
// are those of CompareClassification. The only error is that of a context which
// ended.
func ClassificationIntervals(ctx context.Context, y []int32, a Answers, classes int, o Options) (map[string]Interval, error) {
	scores := Classification(y, a, classes)
	all := o.withDefaults().intervals(scores, func(o Options, name string) span {
		return o.classSpan(ctx, name, y, classes, a)
	})
	return all, ctx.Err()
}

// RegressionIntervals does the same for Regression.
func RegressionIntervals(ctx context.Context, y, predicted []float64, o Options) (map[string]Interval, error) {
	scores := Regression(y, predicted, o.Objective)
	all := o.withDefaults().intervals(scores, func(o Options, name string) span {
		return o.valueSpan(ctx, name, y, predicted)
	})
	return all, ctx.Err()
}

// intervals works the metrics out side by side; each draws its own resamples.
func (o Options) intervals(scores Scores, of func(Options, string) span) map[string]Interval {
	names := slices.Sorted(maps.Keys(scores.Values))
	spans := make([]span, len(names))
	var wait sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, name := range names {
		free <- struct{}{}
		wait.Go(func() {
			spans[i] = of(o, name)
			<-free
		})
	}
	wait.Wait()
	all := map[string]Interval{}
	for i, name := range names {
		if s := spans[i]; s.undefined == "" {
			all[name] = Interval{s.low, s.high}
		}
	}
	return all
}

// span is a confidence interval with its method, or the reason why there is
// none.
type span struct {
	low, high float64
	method    string
	undefined string
}

// minDefined is the share of resamples that must have a value.
const minDefined = 0.9

// defined drops the values that are NaN, and reports whether enough are left.
func defined(values []float64) ([]float64, bool) {
	drawn := len(values)
	values = slices.DeleteFunc(values, func(v float64) bool { return !finite(v) })
	return values, float64(len(values)) >= minDefined*float64(drawn)
}

const reasonFewResamples = "Too few resamples of the rows have a value of this metric."

// percentile makes an interval from bootstrap values, which it sorts.
func (o Options) percentile(values []float64, of string) span {
	drawn := len(values)
	values, ok := defined(values)
	if !ok {
		return span{undefined: reasonFewResamples}
	}
	slices.Sort(values)
	return span{
		low:    stat.Quantile(o.tail(), stat.Empirical, values, nil),
		high:   stat.Quantile(1-o.tail(), stat.Empirical, values, nil),
		method: fmt.Sprintf("bootstrap of %s, percentile interval, %d resamples", of, drawn),
	}
}

// standard makes a normal interval around a point from bootstrap values.
func (o Options) standard(at float64, values []float64) span {
	drawn := len(values)
	values, ok := defined(values)
	if !ok {
		return span{undefined: reasonFewResamples}
	}
	reach := float64(o.z() * stat.StdDev(values, nil))
	return span{
		low:    at - reach,
		high:   at + reach,
		method: fmt.Sprintf("bootstrap of rows, standard error, %d resamples", drawn),
	}
}

// difference is the first value, or the first minus the second.
func difference(v []float64) float64 {
	if len(v) == 1 {
		return v[0]
	}
	return v[0] - v[1]
}

// logit is the inverse of model.Sigmoid.
func logit(p float64) float64 { return model.Log(p / (1 - p)) }
