package metric

import (
	"context"
	"slices"
)

// Comparison is how two models differ in a metric on the same rows.
type Comparison struct {
	Metric     string  `json:"metric"`
	Challenger float64 `json:"challenger"`
	Champion   float64 `json:"champion"`
	Difference float64 `json:"difference"` // challenger - champion, in the metric's units
	Low        float64 `json:"low"`        // the confidence interval of the difference
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Method     string  `json:"method"`
	Rows       int     `json:"rows"`
	// Undefined says why there is no comparison; the numbers are then 0.
	Undefined string `json:"undefined,omitempty"`
}

// Gain returns the difference and its interval turned so that more is better
// for the challenger, whichever way the metric points.
func (c Comparison) Gain() (difference, low, high float64) {
	if HigherIsBetter(c.Metric) {
		return c.Difference, c.Low, c.High
	}
	return -c.Difference, -c.High, -c.Low
}

// CompareClassification compares two models' answers (both in the same order of
// classes) in the named metric; y and the answers are as Classification takes
// them. It panics for a metric that Known does not list, and where Classification
// does. The only error is that of a context which ended; a bootstrap stops for it.
//
// The rows are taken as independent draws. Both models are always judged on
// the same draw, so what the two have in common cancels.
//
//   - Metrics of labels are functions of the joint table (truth, challenger's
//     label, champion's label): the table is resampled instead of the rows.
//   - roc_auc: DeLong's variance; where that is 0, the intervals of both areas.
//   - The others: bootstrap over rows, or over at most 4,096 blocks of rows.
//
// Bootstrap intervals are percentile intervals (Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993, section 13.3); only average_precision,
// which is dear to resample, has a normal one with the bootstrap's standard
// error (section 12.3).
func CompareClassification(ctx context.Context, name string, y []int32, challenger, champion Answers, classes int, o Options) (Comparison, error) {
	checkAnswers(y, challenger, classes)
	checkAnswers(y, champion, classes)
	if !slices.Contains(known[classTask(classes)], name) {
		panic("metric: " + name + " is no metric of this task")
	}
	score := func(a Answers) value { return classScore(name, y, a, classes) }
	o = o.withDefaults()
	c := o.compare(name, len(y), score(challenger), score(champion), func() span {
		return o.classSpan(ctx, name, y, classes, challenger, champion)
	})
	return c, ctx.Err()
}

// CompareRegression compares two models' predictions of y in the named metric,
// by a bootstrap as CompareClassification describes it. It panics for a metric
// that Options.Objective does not list, and where Regression does.
func CompareRegression(ctx context.Context, name string, y, challenger, champion []float64, o Options) (Comparison, error) {
	checkValues(y, challenger)
	checkValues(y, champion)
	score := func(predicted []float64) value { return valueMetric(name, y, predicted, o.Objective) }
	o = o.withDefaults()
	c := o.compare(name, len(y), score(challenger), score(champion), func() span {
		return o.valueSpan(ctx, name, y, challenger, champion)
	})
	return c, ctx.Err()
}

// compare puts a comparison together. The span of the difference is asked for
// only if both models have the metric.
func (o Options) compare(name string, rows int, challenger, champion value, difference func() span) Comparison {
	c := Comparison{Metric: name, Rows: rows, Confidence: o.Confidence}
	for _, v := range []value{challenger, champion} {
		if reason := v.reason(); reason != "" {
			c.Undefined = reason
			return c
		}
	}
	s := difference()
	if s.undefined != "" {
		c.Undefined = s.undefined
		return c
	}
	c.Challenger, c.Champion, c.Difference = challenger.v, champion.v, challenger.v-champion.v
	c.Low, c.High, c.Method = s.low, s.high, s.method
	return c
}

// classSpan is the confidence interval of a metric of one model's answers,
// or of the difference between the first and the second model.
func (o Options) classSpan(ctx context.Context, name string, y []int32, classes int, models ...Answers) span {
	switch name {
	case ROCAUC:
		return o.aucSpan(y, classes, probabilities(models))
	case AveragePrecision:
		return o.apSpan(ctx, y, probabilities(models))
	case LogLoss, Brier:
		var losses [][]float64
		for _, a := range models {
			losses = append(losses, rowLosses(name, y, a.P, classes))
		}
		return o.meanSpan(ctx, losses)
	}
	return o.labelSpan(ctx, name, y, classes, models)
}

func probabilities(models []Answers) [][]float64 {
	all := make([][]float64, len(models))
	for m, a := range models {
		all[m] = a.P
	}
	return all
}

// valueSpan is classSpan for predicted values.
func (o Options) valueSpan(ctx context.Context, name string, y []float64, models ...[]float64) span {
	var losses [][]float64
	for _, predicted := range models {
		switch name {
		case MAE:
			losses = append(losses, absoluteErrors(y, predicted))
		case Pinball:
			losses = append(losses, pinballLosses(y, predicted, o.Objective.Quantile))
		case PoissonDeviance:
			losses = append(losses, poissonDeviances(y, predicted))
		default:
			losses = append(losses, squaredErrors(y, predicted))
		}
	}
	switch name {
	case MAE, Pinball, PoissonDeviance:
		return o.meanSpan(ctx, losses)
	case RMSE:
		return o.rootMeanSpan(ctx, losses)
	}
	return o.r2Span(ctx, y, losses)
}
