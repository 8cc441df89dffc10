package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"sync/atomic"
	"time"

	"retrain/internal/api"
	"retrain/internal/usage"
)

// namespace is where CloudWatch shows the service's metrics.
const namespace = "Retrain"

// embedded writes an observation of each request as a line in CloudWatch's
// embedded metric format, from which CloudWatch Logs makes metrics by route,
// and by route and model ("Specification: Embedded metric format" in the
// CloudWatch User Guide).
type embedded struct {
	to   io.Writer
	now  func() time.Time
	warm atomic.Bool
}

type metricDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metricName
}

type metricName struct {
	Name string
	Unit string `json:",omitempty"`
}

// maxMetrics is how many metrics the format allows in one directive.
const maxMetrics = 100

// observe writes the line. Health checks are not worth one.
func (e *embedded) observe(_ context.Context, o api.Observation) {
	if o.Route == "/health" || o.Route == "/ping" {
		return
	}
	line := map[string]any{"Route": o.Route}
	dimensions := [][]string{{"Route"}}
	if o.Model != "" {
		line["Model"] = o.Model
		dimensions = append(dimensions, []string{"Route", "Model"})
	}
	var names []metricName
	add := func(name, unit string, v float64) {
		if len(names) < maxMetrics && !math.IsNaN(v) && !math.IsInf(v, 0) {
			line[name] = v
			names = append(names, metricName{name, unit})
		}
	}
	add("duration", "Milliseconds", float64(o.Took.Microseconds())/1000)
	add("peak_memory", "Megabytes", float64(usage.PeakMemory())/(1<<20))
	add("client_errors", "Count", oneIf(o.Status >= 400 && o.Status < 500))
	add("server_errors", "Count", oneIf(o.Status >= 500))
	add("cold_start", "Count", oneIf(!e.warm.Swap(true)))
	for name, v := range o.Figures {
		add(name, "", v)
	}
	line["_aws"] = map[string]any{
		"Timestamp":         e.now().UnixMilli(),
		"CloudWatchMetrics": []metricDirective{{Namespace: namespace, Dimensions: dimensions, Metrics: names}},
	}
	if raw, err := json.Marshal(line); err == nil { // it holds strings and finite numbers
		_, _ = e.to.Write(append(raw, '\n')) // there is nobody to tell
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
