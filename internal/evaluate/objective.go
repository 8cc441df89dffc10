package evaluate

import (
	"encoding/json"
	"maps"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/metric"
	"retrain/internal/settings"
)

// objectiveOf reads what a regression was trained for out of its parameters.
// Those of other learners, and of other programs, have no loss of such a name.
func objectiveOf(params json.RawMessage) (o metric.Objective) {
	var p struct {
		Loss     string  `json:"loss"`
		Quantile float64 `json:"quantile"`
	}
	if json.Unmarshal(params, &p) != nil {
		return o
	}
	switch {
	case p.Loss == "quantile" && p.Quantile > 0 && p.Quantile < 1:
		o.Quantile = p.Quantile
	case p.Loss == "poisson":
		o.Poisson = true
	case p.Loss == "absolute_error":
		o.Absolute = true
	}
	return o
}

// needs is the parameter that a metric takes a challenger of.
var needs = map[string]string{metric.Pinball: `"loss":"quantile"`, metric.PoissonDeviance: `"loss":"poisson"`}

// fits checks that every metric that the gate names is one of the challenger's
// objective.
func (g *Gate) fits(o metric.Objective) error {
	bad := fault.New(fault.InvalidRequest, "The gate names a metric that the challenger was not trained for.")
	check := func(name string, at ...any) {
		if needed := needs[name]; needed != "" && name != o.Own() {
			bad.At("This metric is for models that were trained with "+needed, "value_error", append([]any{"body", "gate"}, at...)...)
		}
	}
	check(g.Primary, "primary")
	for _, name := range slices.Sorted(maps.Keys(g.Thresholds)) {
		check(name, "thresholds", name)
	}
	for _, name := range slices.Sorted(maps.Keys(g.Guardrails)) {
		check(name, "guardrails", name)
	}
	return settings.Err(bad)
}
