package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

type options struct {
	rate  float64
	iters int
	stop  bool
	mode  string
	col   string
}

func (o *options) fields() []Field {
	return []Field{
		{Name: "learning_rate", Aliases: []string{"eta"}, Value: Number{&o.rate}},
		{Name: "max_iter", Value: Integer{&o.iters}},
		{Name: "early_stopping", Value: Bool{&o.stop}},
		{Name: "mode", Value: Choice{&o.mode, []string{"a", "b"}}},
		{Name: "column", Value: Name{&o.col}},
	}
}

func TestReadStoresValuesUnderAnyOfTheirNames(t *testing.T) {
	var o options
	given := map[string]any{"eta": 0.5, "max_iter": 7.0, "early_stopping": true, "mode": "b", "column": nil}
	if err := Read(given, o.fields(), "body"); err != nil {
		t.Fatal(err)
	}
	if want := (options{0.5, 7, true, "b", ""}); o != want {
		t.Errorf("read %+v, want %+v", o, want)
	}
	want := map[string]any{"learning_rate": 0.5, "max_iter": 7, "early_stopping": true, "mode": "b", "column": nil}
	if diff := cmp.Diff(want, Effective(o.fields())); diff != "" {
		t.Error(diff)
	}
}

func TestReadNamesAllThatIsWrong(t *testing.T) {
	var o options
	given := map[string]any{
		"eta": 1.0, "learning_rate": "fast", "max_iters": 3.0, "max_iter": 1.5,
		"early_stopping": "false", "mode": "c", "column": 3.0, "etaa": 1.0, "nothing like it": 1.0,
	}
	err := fault.From(Read(given, o.fields(), "body", "model_params"))
	got := map[string]string{}
	for _, f := range err.Fields {
		got[f.Loc[2].(string)] = f.Type + ": " + f.Msg
	}
	want := map[string]string{
		"learning_rate":   "value_error: The same setting is given as 'eta' too",
		"max_iters":       "extra_forbidden: Unknown parameter; did you mean 'max_iter'?",
		"etaa":            "extra_forbidden: Unknown parameter; did you mean 'learning_rate'?",
		"nothing like it": "extra_forbidden: Unknown parameter; known are learning_rate, max_iter, early_stopping, mode, column",
		"max_iter":        "int_type: Input should be a valid integer",
		"early_stopping":  "bool_type: Input should be a valid boolean",
		"mode":            "enum: Input should be 'a' or 'b'",
		"column":          "string_type: Input should be a valid string",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err.Kind != fault.InvalidRequest || err.Detail != "The request is not valid: 8 fields are wrong." {
		t.Errorf("got %v", err)
	}
}
