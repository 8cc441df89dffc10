package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/api"
)

func TestMetricsAreEmbeddedInTheLog(t *testing.T) {
	var out bytes.Buffer
	e := &embedded{to: &out, now: func() time.Time { return time.UnixMilli(1_700_000_000_000) }}
	e.observe(t.Context(), api.Observation{Route: "/health", Status: 200})
	e.observe(t.Context(), api.Observation{
		Route: "/train", Model: "churn", Status: 200, Took: 1500 * time.Millisecond, Figures: map[string]float64{"challenger_roc_auc": 0.83},
	})
	e.observe(t.Context(), api.Observation{Route: "other", Status: 404})
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), out.Bytes())
	}
	for i, want := range []map[string]any{
		{"Route": "/train", "Model": "churn", "duration": 1500.0, "client_errors": 0.0, "server_errors": 0.0, "cold_start": 1.0, "challenger_roc_auc": 0.83},
		{"Route": "other", "duration": 0.0, "client_errors": 1.0, "server_errors": 0.0, "cold_start": 0.0},
	} {
		var line map[string]any
		if err := json.Unmarshal(lines[i], &line); err != nil {
			t.Fatal(err)
		}
		var header struct {
			Timestamp         int64
			CloudWatchMetrics []metricDirective
		}
		raw, _ := json.Marshal(line["_aws"])
		if err := json.Unmarshal(raw, &header); err != nil || header.Timestamp != 1_700_000_000_000 || len(header.CloudWatchMetrics) != 1 {
			t.Fatalf("%s: %v", raw, err)
		}
		directive := header.CloudWatchMetrics[0]
		for _, m := range directive.Metrics {
			if _, isNumber := line[m.Name].(float64); !isNumber {
				t.Errorf("%s is declared, and %v", m.Name, line[m.Name])
			}
		}
		for _, set := range directive.Dimensions {
			for _, name := range set {
				if _, isString := line[name].(string); !isString {
					t.Errorf("dimension %s is %v", name, line[name])
				}
			}
		}
		if !slices.ContainsFunc(directive.Metrics, func(m metricName) bool { return m == metricName{"duration", "Milliseconds"} }) {
			t.Errorf("metrics %v", directive.Metrics)
		}
		delete(line, "_aws")
		delete(line, "peak_memory")
		if diff := cmp.Diff(want, line); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i, diff)
		}
	}
}
