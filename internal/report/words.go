package report

import (
	"fmt"
	"math"
	"strings"

	"retrain/internal/metric"
)

// metricNames are the metrics as people write them.
var metricNames = map[string]string{
	metric.Accuracy: "Accuracy", metric.F1: "F1", metric.Precision: "Precision", metric.Recall: "Recall",
	metric.BalancedAccuracy: "Balanced accuracy", metric.ROCAUC: "ROC AUC", metric.AveragePrecision: "Average precision",
	metric.LogLoss: "Log loss", metric.Brier: "Brier score", metric.RMSE: "RMSE", metric.MAE: "MAE", metric.R2: "R²",
	metric.Pinball: "Pinball loss", metric.PoissonDeviance: "Poisson deviance",
}

func metricName(name string) string {
	if known, ok := metricNames[name]; ok {
		return known
	}
	return name
}

// ruleNames are the gate's rules as people say them.
var ruleNames = map[string]string{
	"bootstrap": "First champion", "superior": "Better than the champion", "non_inferior": "No worse than the champion",
	"better": "Better by the points", "threshold": "Threshold", "guardrail": "Guardrail", "baseline": "Better than the baseline",
	"champion_incompatible": "Champion cannot be scored", "same_model": "Another model than the champion", "slice": "Slice",
	"holdout_seen": "Rows that the champion knew",
}

func ruleName(name string) string {
	if known, ok := ruleNames[name]; ok {
		return known
	}
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
}

// verdictText is the decision as a headline.
func verdictText(r *Report) string {
	switch {
	case r.Decision == "promote":
		return "Promote the challenger"
	case r.Decision == "bootstrap" && r.Passed:
		return "Make it the first champion"
	case r.Decision == "bootstrap":
		return "Not good enough for a first champion"
	case r.Decision == "champion_incompatible" && r.Passed:
		return "Replace a champion that cannot be scored"
	}
	return "Keep the champion"
}

func roleText(role string) string {
	if role == "dropped" {
		return "not used"
	}
	return role
}

// levels are the levels of a drift as people say them.
var levels = map[string]string{
	"stable": "stable", "some": "has moved", "strong": "has moved far", "missing": "is gone", "retyped": "is of another kind", "new": "is new",
}

func levelText(level string) string {
	if known, ok := levels[level]; ok {
		return known
	}
	return level
}

// minus is the sign that is as wide as a plus.
const minus = "−"

// stabilityText writes a population stability index, of which only the first
// digits behind the point mean anything.
func stabilityText(x float64) string {
	if x > 0 && x < 1e-4 {
		return "< 0.0001"
	}
	return number(x)
}

// number writes a value with about five digits, and thousands apart.
func number(x float64) string {
	text := ""
	switch a := math.Abs(x); {
	case a >= 1e15 || a > 0 && a < 1e-4:
		text = fmt.Sprintf("%.3g", x)
	case a < 10:
		text = fmt.Sprintf("%.4f", x)
	case a < 1000:
		text = fmt.Sprintf("%.2f", x)
	default:
		text = Count(int64(math.Round(x)))
	}
	return strings.ReplaceAll(text, "-", minus)
}

// signedNumber is number with a plus where it is not negative.
func signedNumber(x float64) string {
	if x > 0 {
		return "+" + number(x)
	}
	return number(x)
}

// scoreText writes a score that may be undefined.
func scoreText(x *float64) string {
	if x == nil {
		return "–"
	}
	return number(*x)
}

func gapText(x *float64) string {
	if x == nil {
		return "–"
	}
	return signedNumber(*x)
}

func intervalText(i *metric.Interval, signed bool) string {
	switch {
	case i == nil:
		return ""
	case signed:
		return "[" + signedNumber(i.Low) + ", " + signedNumber(i.High) + "]"
	}
	return "[" + number(i.Low) + ", " + number(i.High) + "]"
}

// Count writes a whole number with its thousands apart.
func Count(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if digits[0] == '-' {
		sign, digits = minus, digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// percent writes a share.
func percent(share float64) string {
	switch p := 100 * share; {
	case share == 0 || share == 1:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.1:
		return "< 0.1 %"
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}

// barWidth is a share of a bar of 100 units.
func barWidth(share float64) string { return fmt.Sprintf("%.1f", 100*min(1, max(0, share))) }
