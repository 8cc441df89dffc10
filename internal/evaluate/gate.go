package evaluate

import (
	"slices"

	"retrain/internal/fault"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/settings"
)

// Gate holds the settings that decide whether a challenger is promoted.
type Gate struct {
	Primary                string               `json:"primary" doc:"A metric, or auto"`
	Policy                 string               `json:"policy" enum:"superior,non_inferior,better"`
	Confidence             float64              `json:"confidence"`
	MinAbsoluteChange      float64              `json:"min_absolute_change" doc:"The margin, in the primary metric's units"`
	MinRelativeChange      float64              `json:"min_relative_change" doc:"The margin, as a share of the champion's score"`
	Thresholds             map[string]Threshold `json:"thresholds"`
	Guardrails             map[string]Guardrail `json:"guardrails"`
	MustBeatBaseline       bool                 `json:"must_beat_baseline" doc:"The challenger must beat the majority class, or the mean"`
	Slices                 []Slice              `json:"slices"`
	OnChampionIncompatible string               `json:"on_champion_incompatible" enum:"thresholds_only,keep"`
	OnSuspectedLeak        string               `json:"on_suspected_leak" enum:"warn,block"`
	MaxSeenFraction        float64              `json:"max_seen_fraction" doc:"The largest share of the holdout that the champion may have been trained on"`
}

// Threshold bounds one of the challenger's scores.
type Threshold struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Guardrail bounds how much worse than the champion the challenger may be in a
// metric that is not the primary one, in the metric's own units.
type Guardrail struct {
	MaxDrop float64 `json:"max_drop"`
}

// Slice names rows that are compared by themselves, in the primary metric:
// those of each value of a column that has at least MinRows (default 100) of
// them in the holdout.
type Slice struct {
	Column  string  `json:"column"`
	MinRows int     `json:"min_rows"`
	MaxDrop float64 `json:"max_drop"`
}

// The policies: what the paired comparison must show of challenger - champion,
// oriented so that more is better.
const (
	superior    = "superior"     // its confidence interval lies above the margin
	nonInferior = "non_inferior" // its confidence interval lies above minus the margin
	better      = "better"       // its point lies above the margin
)

// What to do when the champion cannot be scored on the holdout.
const (
	thresholdsOnly = "thresholds_only"
	keepChampion   = "keep"
)

// What to do when the data looks as if it gave the target away.
const (
	warnOfLeak = "warn"
	blockLeak  = "block"
)

const auto = "auto"

// ParseGate reads a request's gate over the defaults. A task that is not known
// yet is "". Errors are a fault.InvalidRequest that names every wrong setting.
func ParseGate(given map[string]any, task model.Task) (Gate, error) {
	g := Gate{
		Primary: auto, Policy: superior, Confidence: 0.95,
		Thresholds: map[string]Threshold{}, Guardrails: defaultGuardrails(task), Slices: []Slice{},
		MustBeatBaseline: true, OnChampionIncompatible: thresholdsOnly, MaxSeenFraction: 0.5, OnSuspectedLeak: warnOfLeak,
	}
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	settings.Collect(bad, settings.Read(given, g.fields(bad, task), "body", "gate"))
	if g.Confidence < 0.5 || g.Confidence >= 1 {
		bad.At("Input should be at least 0.5 and less than 1", "range", "body", "gate", "confidence")
	}
	if g.MinAbsoluteChange < 0 {
		bad.At("Input should not be negative", "range", "body", "gate", "min_absolute_change")
	}
	if g.MinRelativeChange < 0 {
		bad.At("Input should not be negative", "range", "body", "gate", "min_relative_change")
	}
	if g.MaxSeenFraction < 0 || g.MaxSeenFraction > 1 {
		bad.At("Input should be between 0 and 1", "range", "body", "gate", "max_seen_fraction")
	}
	if g.Policy == nonInferior && g.MinAbsoluteChange == 0 && g.MinRelativeChange == 0 {
		bad.At("non_inferior needs a margin: set min_absolute_change or min_relative_change", "value_error", "body", "gate", "policy")
	}
	return g, settings.Err(bad)
}

// CheckGate is ParseGate for callers that only want to know what is wrong.
func CheckGate(given map[string]any, task string) error {
	_, err := ParseGate(given, model.Task(task))
	return err
}

func defaultGuardrails(task model.Task) map[string]Guardrail {
	if task == model.Regression {
		return map[string]Guardrail{}
	}
	return map[string]Guardrail{"f1_score": {MaxDrop: 0.01}}
}

func (g *Gate) fields(bad *fault.Error, task model.Task) []settings.Field {
	metrics := metricNames(task)
	return []settings.Field{
		{Name: "primary", Aliases: []string{"primary_metric"}, Value: settings.Choice{To: &g.Primary, Of: append([]string{auto}, metrics...)}},
		{Name: "policy", Value: settings.Choice{To: &g.Policy, Of: []string{superior, nonInferior, better}}},
		{Name: "confidence", Value: settings.Number{To: &g.Confidence}},
		{Name: "min_absolute_change", Value: settings.Number{To: &g.MinAbsoluteChange}},
		{Name: "min_relative_change", Value: settings.Number{To: &g.MinRelativeChange}},
		{Name: "must_beat_baseline", Value: settings.Bool{To: &g.MustBeatBaseline}},
		{Name: "on_champion_incompatible", Value: settings.Choice{To: &g.OnChampionIncompatible, Of: []string{thresholdsOnly, keepChampion}}},
		{Name: "on_suspected_leak", Value: settings.Choice{To: &g.OnSuspectedLeak, Of: []string{warnOfLeak, blockLeak}}},
		{Name: "max_seen_fraction", Value: settings.Number{To: &g.MaxSeenFraction}},
		{Name: "slices", Value: settings.Custom{
			Store: func(v any) (string, string) { return readSlices(bad, v, &g.Slices) },
			Load:  func() any { return g.Slices },
		}},
		{Name: "thresholds", Value: settings.Custom{
			Store: func(v any) (string, string) { return readMetrics(bad, "thresholds", v, metrics, g.Thresholds) },
			Load:  func() any { return g.Thresholds },
		}},
		{Name: "guardrails", Value: settings.Custom{
			Store: func(v any) (string, string) { return readMetrics(bad, "guardrails", v, metrics, g.Guardrails) },
			Load:  func() any { return g.Guardrails },
		}},
	}
}

// metricNames lists the metrics of a task, or of all tasks if it is not known.
func metricNames(task model.Task) []string {
	if names := metric.Nameable(task); names != nil {
		return names
	}
	var names []string
	for _, t := range []model.Task{model.Binary, model.Multiclass, model.Regression} {
		for _, name := range metric.Nameable(t) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
