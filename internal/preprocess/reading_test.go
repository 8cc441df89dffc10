package preprocess_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/dataset"
	"retrain/internal/fault"
)

// TestReadOptionsAreChecked has each option with a value that it cannot have.
func TestReadOptionsAreChecked(t *testing.T) {
	for option, c := range map[string]struct {
		value any
		says  string
	}{
		"format":    {"xlsx", "Input should be 'csv', 'jsonl' or 'parquet'"},
		"encoding":  {"ebcdic", "Input should be 'utf-8'"},
		"delimiter": {";;", "one ASCII character"},
		"quote":     {"x", "Input should be"},
		"header":    {2.5, "true, false, 'infer', or a number of rows"},
		"decimal":   {"'", "Input should be '.' or ','"},
		"thousands": {"x", "Input should be '.', ','"},
		"na_values": {map[string]any{"x": true}, "a list of texts or numbers"},
		"dtypes":    {map[string]any{"x": "complex"}, "Types should be 'string', 'category'"},
		"dayfirst":  {"yes", "a valid boolean"},
		"delimeter": {";", "did you mean 'delimiter'?"},
	} {
		t.Run(option, func(t *testing.T) {
			b := newBench()
			b.put(t, table(300))
			req := request()
			req.Read = map[string]any{option: c.value}
			_, err := b.Run(context.Background(), req)
			if f := fault.From(err); f.Kind != fault.InvalidRequest || !strings.Contains(f.Detail, c.says) || !strings.Contains(f.Detail, "read."+option) {
				t.Errorf("%v %q", f.Kind, f.Detail)
			}
		})
	}
	b := newBench()
	b.put(t, table(300))
	req := request()
	req.Read = map[string]any{"decimal": ",", "thousands": ","}
	if _, err := b.Run(context.Background(), req); !strings.Contains(fault.From(err).Detail, "should differ") {
		t.Error(err)
	}
	req.Read = map[string]any{"dtypes": map[string]any{"z": "float"}}
	if _, err := b.Run(context.Background(), req); !fault.Is(err, fault.InvalidRequest) {
		t.Errorf("a type for no column: %v", err)
	}
}

// TestReadOptionsAreFollowedAndRecorded has what is given and found in the
// answer, in the run's document, and in the run's identity.
func TestReadOptionsAreFollowedAndRecorded(t *testing.T) {
	text := strings.NewReplacer(",", ";", ".", ",").Replace(table(300))
	b := newBench()
	b.put(t, text)
	plain := b.run(t, request())
	want := map[string]any{
		"format": "csv", "encoding": "utf-8", "delimiter": ";", "quote": `"`, "header": true, "decimal": ",", "thousands": "none",
	}
	if diff := cmp.Diff(want, plain.Read); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(strings.Join(plain.Warnings, "\n"), "decimal comma") {
		t.Errorf("warnings %q", plain.Warnings)
	}
	if plain.Columns[0].Kind != string(dataset.Float) {
		t.Errorf("kind %s", plain.Columns[0].Kind)
	}
	d := b.open(t, plain)
	if diff := cmp.Diff(want, d.Read); diff != "" {
		t.Error(diff)
	}
	req := request()
	req.Read = map[string]any{"na_values": []any{"red", -1.0}, "dtypes": map[string]any{"colour": "category"}}
	told := b.run(t, req)
	if told.RunID == plain.RunID {
		t.Error("other options are the same run")
	}
	if told.Columns[1].Missing <= plain.Columns[1].Missing || told.Read["na_values"] == nil {
		t.Errorf("columns %+v, read %v", told.Columns, told.Read)
	}
	if !told.Cached && !b.run(t, req).Cached {
		t.Error("the same options are another run")
	}
}
