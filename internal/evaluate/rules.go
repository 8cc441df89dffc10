package evaluate

import (
	"maps"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/settings"
)

// rule is a part of the gate that is read from an object of its own.
type rule[R any] interface {
	*R
	fields() []settings.Field
	// wrong says what is wrong with the values together, or "".
	wrong() string
}

func (t *Threshold) fields() []settings.Field {
	return []settings.Field{
		{Name: "min", Value: settings.Optional{To: &t.Min}},
		{Name: "max", Value: settings.Optional{To: &t.Max}},
	}
}

func (t *Threshold) wrong() string {
	switch {
	case t.Min == nil && t.Max == nil:
		return "Input should have min or max"
	case t.Min != nil && t.Max != nil && *t.Min > *t.Max:
		return "min should not be above max"
	}
	return ""
}

func (g *Guardrail) fields() []settings.Field {
	return []settings.Field{{Name: "max_drop", Value: settings.Number{To: &g.MaxDrop}}}
}

func (g *Guardrail) wrong() string { return wrongDrop(g.MaxDrop) }

func (s *Slice) fields() []settings.Field {
	return []settings.Field{
		{Name: "column", Value: settings.Name{To: &s.Column}},
		{Name: "min_rows", Value: settings.Integer{To: &s.MinRows}},
		{Name: "max_drop", Value: settings.Number{To: &s.MaxDrop}},
	}
}

func (s *Slice) wrong() string {
	switch {
	case s.Column == "":
		return "Input should name a column"
	case s.MinRows < 1:
		return "min_rows should be at least 1"
	}
	return wrongDrop(s.MaxDrop)
}

func wrongDrop(drop float64) string {
	if drop < 0 {
		return "max_drop should not be negative"
	}
	return ""
}

// read reads a rule over its defaults, and reports whether it is right.
func read[R any, P rule[R]](bad *fault.Error, v any, into P, loc ...any) bool {
	given, ok := v.(map[string]any)
	if !ok {
		bad.At("Input should be a valid dictionary", "dict_type", loc...)
		return false
	}
	before := len(bad.Fields)
	settings.Collect(bad, settings.Read(given, into.fields(), loc...))
	if len(bad.Fields) > before {
		return false
	}
	if msg := into.wrong(); msg != "" {
		bad.At(msg, "value_error", loc...)
		return false
	}
	return true
}

// readMetrics reads an object that has a rule for each of some metrics. It
// takes the place of the default.
func readMetrics[R any, P rule[R]](bad *fault.Error, name string, v any, metrics []string, into map[string]R) (string, string) {
	given, ok := v.(map[string]any)
	if !ok {
		return "Input should be a valid dictionary", "dict_type"
	}
	clear(into)
	for _, key := range slices.Sorted(maps.Keys(given)) {
		loc := []any{"body", "gate", name, key}
		if !slices.Contains(metrics, key) {
			bad.At(unknownMetric(key, metrics), "extra_forbidden", loc...)
			continue
		}
		var r R
		if read(bad, given[key], P(&r), loc...) {
			into[key] = r
		}
	}
	return "", ""
}

func unknownMetric(key string, metrics []string) string {
	if near := fault.Nearest(key, metrics); near != "" {
		return "Unknown metric; did you mean '" + near + "'?"
	}
	return "Unknown metric"
}

// readSlices reads a list of slices.
func readSlices(bad *fault.Error, v any, into *[]Slice) (string, string) {
	list, ok := v.([]any)
	if !ok {
		return "Input should be a valid list", "list_type"
	}
	for i, item := range list {
		s := Slice{MinRows: 100}
		if read(bad, item, &s, "body", "gate", "slices", i) {
			*into = append(*into, s)
		}
	}
	return "", ""
}
