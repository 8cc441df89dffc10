package evaluate

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"retrain/internal/metric"
	"retrain/internal/model"
)

// The decisions.
const (
	promote      = "promote"
	keep         = "keep"
	bootstrap    = "bootstrap"
	incompatible = "champion_incompatible"
)

// verdict is what the gate says of a comparison.
type verdict struct {
	*compared
	decision string
	primary  string
	reasons  []Reason
	// comparisons has one for each metric of the task; nil without a champion
	// to compare with, where intervals takes its place.
	comparisons []metric.Comparison
	intervals   map[string]metric.Interval
	slices      []sliced
}

func (v *verdict) passed() bool {
	return !slices.ContainsFunc(v.reasons, func(r Reason) bool { return !r.Passed })
}

func (v *verdict) add(r Reason) { v.reasons = append(v.reasons, r) }

// judge applies the gate's rules; the challenger passes if every one of them
// holds.
func (j *job) judge(ctx context.Context, c *compared) (*verdict, error) {
	v := &verdict{compared: c, primary: j.primary(c)}
	if err := j.measure(ctx, v); err != nil {
		return nil, err
	}
	switch {
	case j.champion == nil:
		v.decision = bootstrap
		v.add(Reason{Rule: bootstrap, Required: "no champion yet: thresholds and baselines decide", Passed: true})
	case c.champion == nil:
		v.decision = incompatible
		v.add(Reason{Rule: incompatible, Required: "on_champion_incompatible is " + j.gate.OnChampionIncompatible,
			Passed: j.gate.OnChampionIncompatible == thresholdsOnly})
	case j.champion.Digest == j.challenger.digest:
		v.decision = keep
		v.add(Reason{Rule: "same_model", Required: "a model that is not the champion already"})
	default:
		v.decision = keep
		v.add(j.policy(v))
		if r := j.seen.reason(j.gate.MaxSeenFraction); r != nil {
			v.add(*r)
		}
		for _, name := range slices.Sorted(maps.Keys(j.gate.Guardrails)) {
			v.add(j.guardrail(v, name))
		}
		if err := j.compareSlices(ctx, v); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(j.gate.Thresholds)) {
		v.add(threshold(v, name, j.gate.Thresholds[name]))
	}
	if j.gate.MustBeatBaseline {
		v.add(j.baseline(v))
	}
	for _, leak := range j.data.Leaks {
		v.add(Reason{Rule: "suspected_leak", Required: "on_suspected_leak is " + j.gate.OnSuspectedLeak + "; " + leak.Detail,
			Passed: j.gate.OnSuspectedLeak == warnOfLeak})
	}
	if v.decision == keep && v.passed() {
		v.decision = promote
	}
	return v, nil
}

// measure finds out how far the models lie apart, or how certain the
// challenger's scores are where there is no other model.
func (j *job) measure(ctx context.Context, v *verdict) (err error) {
	if v.champion != nil {
		v.comparisons, err = v.compareAll(ctx, j.gate.Confidence)
		return err
	}
	v.intervals, err = v.compared.intervals(ctx, j.gate.Confidence)
	j.warnIfSmall(v)
	return err
}

// comparison returns how both models differ in a metric.
func (v *verdict) comparison(name string) metric.Comparison {
	at := slices.IndexFunc(v.comparisons, func(c metric.Comparison) bool { return c.Metric == name })
	return v.comparisons[at]
}

// imbalanced is the share of one class from which on accuracy says little.
const imbalanced = 0.8

// primary returns the metric that decides, and says so where "auto" departs
// from accuracy.
func (j *job) primary(c *compared) string {
	if j.gate.Primary != auto {
		return j.gate.Primary
	}
	switch {
	case c.task == model.Regression:
		return c.regressionPrimary()
	case c.topShare <= imbalanced:
		return metric.Accuracy
	}
	name := metric.LogLoss
	if _, defined := c.mine.Values[metric.ROCAUC]; defined && c.task == model.Binary {
		name = metric.ROCAUC
	}
	j.warnings = append(j.warnings, fmt.Sprintf(
		"one class holds %.1f %% of the holdout, so the primary metric is %s and not accuracy", 100*c.topShare, name))
	return name
}

// regressionPrimary is the metric of the challenger's objective, where both
// models have it: a quantile is no better for smaller squared errors.
func (c *compared) regressionPrimary() string {
	own := c.objective.Own()
	_, mine := c.mine.Values[own]
	_, theirs := c.theirs.Values[own]
	if mine && (theirs || c.champion == nil) {
		return own
	}
	return metric.RMSE
}

// Passes reports whether a comparison in the primary metric passes the policy,
// and the margin that it asks for: where the difference, or the end of its
// interval, has to lie above, oriented so that more is better.
func (g Gate) Passes(c metric.Comparison) (passed bool, margin float64) {
	gain, low, _ := c.Gain()
	margin = max(g.MinAbsoluteChange, g.MinRelativeChange*math.Abs(c.Champion))
	switch g.Policy {
	case better:
		if margin > 0 {
			gain -= roundingOf(c.Challenger, c.Champion)
		}
		return gain > margin, margin
	case nonInferior:
		margin = -margin
	}
	return low > margin, margin
}

// roundingOf is more than what rounding can do to the difference of two scores.
// In floating point 0.81 is above 0.8 by more than 0.01, and 0.7 below it by more
// than 0.1; a limit that is met exactly is to be met.
func roundingOf(a, b float64) float64 { return 1e-12 * max(math.Abs(a), math.Abs(b)) }

// dropsAtMost reports whether a score is no further on the worse side of the
// champion's than is allowed.
func dropsAtMost(most float64, name string, mine, theirs float64) bool {
	drop := theirs - mine
	if !metric.HigherIsBetter(name) {
		drop = -drop
	}
	return drop <= most+roundingOf(mine, theirs)
}

// policy is the rule on the primary metric.
func (j *job) policy(v *verdict) Reason {
	c := v.comparison(v.primary)
	r := compareReason(j.gate.Policy, c)
	passed, margin := j.gate.Passes(c)
	r.Passed = passed
	r.Required = fmt.Sprintf("the whole %g %% interval of the difference better than %s",
		math.Round(1e6*j.gate.Confidence)/1e4, signed(v.primary, margin))
	if j.gate.Policy == better {
		r.Required = "a difference better than " + signed(v.primary, margin)
	}
	if c.Undefined == "" {
		j.warnOfChance(v, &r, c, margin)
	}
	return refuseUndefined(r, c)
}

// signed writes a gain in the metric's own direction.
func signed(name string, gain float64) string {
	if gain == 0 {
		return "0"
	}
	if !metric.HigherIsBetter(name) {
		gain = -gain
	}
	if gain > 0 {
		return "+" + figure(gain)
	}
	return figure(gain)
}

func compareReason(rule string, c metric.Comparison) Reason {
	return Reason{Rule: rule, Metric: c.Metric, Challenger: &c.Challenger, Champion: &c.Champion,
		Difference: &c.Difference, CI: &[2]float64{c.Low, c.High}}
}

// refuseUndefined fails a rule whose comparison has no value.
func refuseUndefined(r Reason, c metric.Comparison) Reason {
	if c.Undefined == "" {
		return r
	}
	return Reason{Rule: r.Rule, Metric: r.Metric, Required: r.Required + "; undefined: " + c.Undefined}
}

// guardrail bounds the drop in another metric. Where the champion has no value
// either, there is nothing to drop from.
func (j *job) guardrail(v *verdict, name string) Reason {
	drop := j.gate.Guardrails[name].MaxDrop
	required := fmt.Sprintf("a drop of at most %g", drop)
	mine, defined := v.mine.Values[name]
	theirs, comparable := v.theirs.Values[name]
	switch {
	case !comparable:
		return Reason{Rule: "guardrail", Metric: name, Required: required + "; the champion has no value", Passed: true}
	case !defined:
		return Reason{Rule: "guardrail", Metric: name, Required: required + "; undefined: " + v.mine.Undefined[name], Champion: &theirs}
	}
	difference := mine - theirs
	return Reason{Rule: "guardrail", Metric: name, Required: required, Challenger: &mine, Champion: &theirs,
		Difference: &difference, Passed: dropsAtMost(drop, name, mine, theirs)}
}

// threshold bounds one of the challenger's scores.
func threshold(v *verdict, name string, t Threshold) Reason {
	r := Reason{Rule: "threshold", Metric: name}
	mine, defined := v.alone.Values[name]
	if !defined {
		r.Required = "a value; undefined: " + v.alone.Undefined[name]
		return r
	}
	r.Challenger, r.Passed = &mine, true
	if t.Min != nil {
		r.Required, r.Passed = fmt.Sprintf("at least %g", *t.Min), mine >= *t.Min
	}
	if t.Max != nil {
		if r.Required != "" {
			r.Required += ", "
		}
		r.Required += fmt.Sprintf("at most %g", *t.Max)
		r.Passed = r.Passed && mine <= *t.Max
	}
	return r
}

// baseline asks that the challenger beats the prediction that knows no feature,
// on the same holdout.
func (j *job) baseline(v *verdict) Reason {
	name := "majority"
	if v.task == model.Regression {
		name = "mean"
	}
	r := Reason{Rule: "baseline", Metric: v.primary, Required: "better than always predicting the " + name}
	mine, defined := v.alone.Values[v.primary]
	theirs := j.challenger.manifest.Baselines[name][v.primary]
	if !defined || theirs == nil {
		r.Required += "; undefined here"
		return r
	}
	difference := mine - *theirs
	r.Challenger, r.Required = &mine, fmt.Sprintf("%s (%s)", r.Required, figure(*theirs))
	r.Passed = difference > 0
	if !metric.HigherIsBetter(v.primary) {
		r.Passed = difference < 0
	}
	return r
}
