package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/onnx"
	"retrain/internal/predict"
)

// TestPredictions scores rows with a champion that the routes have made, in
// every form, and sees it change.
func TestPredictions(t *testing.T) {
	s := realService(t)
	w := ask(s, "POST", "/predict", `{"records":[{"a":1}]}`)
	if p := problemIn(t, w); p.Code != "Retrain.DataNotFound" || w.Code != 422 {
		t.Errorf("%s", w.Body)
	}
	if w := ask(s, "GET", "/ping", ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	answerOf(t, s, "/retrain", `{"data_path":"s3://data/churn.csv","target":"churn","model_params":{"algorithm":"gradient_boosting","max_iter":5}}`)
	row := map[string]any{}
	features := championOf(t, s).Features
	names, cells := make([]string, 0, len(features)), make([]string, 0, len(features))
	for _, f := range features {
		row[f.Name], names = 1, append(names, f.Name)
		cells = append(cells, "1")
		if f.Kind == model.Category {
			row[f.Name] = f.Categories[len(f.Categories)-1]
			cells[len(cells)-1] = f.Categories[len(f.Categories)-1]
		}
	}
	record, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var first predict.Result
	decodeAnswer(t, answerOf(t, s, "/predict", fmt.Sprintf(`{"records":[%s,%[1]s],"recrods":1}`, record)), &first)
	if len(first.Predictions) != 2 || first.Version != 1 || len(first.Probabilities[1]) != 2 || len(first.Warnings) != 1 {
		t.Errorf("%+v", first)
	}
	for _, body := range []string{`{"dataframe_records":[%s]}`, `{"instances":[%s]}`} {
		var got predict.Result
		decodeAnswer(t, answerOf(t, s, "/invocations", fmt.Sprintf(body, record)), &got)
		if got.Predictions[0] != first.Predictions[0] || got.Probabilities[0][1] != first.Probabilities[0][1] || len(got.Warnings) != 0 {
			t.Errorf("%+v", got)
		}
	}
	data := strings.Join(cells, ",") + "\n"
	for _, tt := range []struct{ media, text string }{
		{"text/csv", data}, {"text/csv; charset=utf-8", strings.Join(names, ",") + "\n" + data}, {"text/csv; header=present", strings.Join(names, ",") + "\r\n" + data},
	} {
		w := ask(s, "POST", "/invocations?model_name=default", tt.text, "Content-Type", tt.media, "Accept", "text/csv")
		if w.Code != 200 || w.Body.String() != first.Predictions[0].(string)+"\n" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
			t.Errorf("%s: %d %v %s", tt.media, w.Code, w.Header(), w.Body)
		}
	}
	answerOf(t, s, "/retrain", `{"data_path":"s3://data/churn.csv","target":"churn","model_params":{"algorithm":"gradient_boosting","max_iter":60},"gate":{"policy":"better","must_beat_baseline":false}}`)
	var second predict.Result
	decodeAnswer(t, answerOf(t, s, "/predict", fmt.Sprintf(`{"records":[%s]}`, record)), &second)
	if second.Version != 2 || second.ModelSHA256 == first.ModelSHA256 {
		t.Errorf("%+v", second)
	}
	delete(row, names[0])
	record, _ = json.Marshal(row)
	w = ask(s, "POST", "/predict", fmt.Sprintf(`{"records":[%s]}`, record))
	if p := problemIn(t, w); len(p.Errors) != 1 || fmt.Sprint(p.Errors[0].Loc) != "[body records 0 "+names[0]+"]" || p.Errors[0].Type != "missing" {
		t.Errorf("%s", w.Body)
	}
}

// championOf returns the recipe of the default model's champion.
func championOf(t *testing.T, s *service) model.Recipe {
	t.Helper()
	store := s.steps.Registry.Store
	champion, _, err := store.Champion(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	v, err := store.Load(t.Context(), "default", champion.Digest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Decode(v.Model)
	if err != nil {
		t.Fatal(err)
	}
	return m.Recipe
}

func decodeAnswer(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}

func TestInvocationsForms(t *testing.T) {
	h := plainService()
	for _, tt := range []struct {
		path, media, accept, body, header string
		status                            int
		want                              string
	}{
		{"/invocations?model_name=m", "", "", `{"instances":[1]}`, "", 200, `"model_name":"m"`},
		{"/invocations", "application/json", "", `{"instances":[1]}`, "m2", 200, `"model_name":"m2"`},
		{"/invocations?model_name=m", "", "", `{"instances":[1],"instnces":1}`, "m2", 200, `'instnces' is unknown`},
		{"/invocations", "text/csv", "*/*", "1,2", "", 200, `"predictions":["1,2",0]`},
		{"/invocations", "text/csv; header=present", "", "", "", 200, `"predictions":["",1]`},
		{"/invocations", "text/csv;header=ABSENT", "application/json, text/csv", "1", "", 200, `"predictions":["1",2]`},
		{"/invocations", "text/csv", "text/csv", "x y", "", 200, "x y\n0\n"},
		{"/invocations", "text/csv; header=maybe", "", "1", "", 415, "header parameter must be"},
		{"/invocations", "text/csv", "", "\xff", "", 422, "not UTF-8"},
		{"/invocations", "image/png", "", "1", "", 415, "UnsupportedMediaType"},
		{"/invocations", "", "", `{"instances":`, "", 422, "ends too early"},
		{"/invocations", "", "", `{"dataframe_split":{"columns":["a"]}}`, "", 422, `"loc":["body","dataframe_split","data"]`},
		{"/invocations", "", "", `{"dataframe_records":[1]}`, "", 422, `"loc":["body","dataframe_records",0]`},
		{"/predict", "text/csv", "", "1", "", 415, "UnsupportedMediaType"},
		{"/predict", "", "", `{"records":[null,{}]}`, "", 422, `"loc":["body","records",0]`},
		{"/predict", "", "", `{"records":[{"a":1e999}]}`, "", 422, `"loc":["body","records",0,"a"]`},
		{"/predict", "", "", `{"records":[{"a":1}],"missing_columns":"maybe"}`, "", 422, `"loc":["body","missing_columns"]`},
	} {
		w := ask(h, "POST", tt.path, tt.body, "Content-Type", tt.media, "Accept", tt.accept, modelHeader, tt.header)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s %q: %d %s", tt.path, tt.media, tt.body, w.Code, w.Body)
		}
	}
	if w := ask(h, "GET", "/version", ""); w.Body.String() != "v1" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := ask(h, "GET", "/invocations", ""); w.Code != 405 || w.Header().Get("Allow") != "POST, OPTIONS" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// Rows may take more room than other bodies, up to their own limit.
func TestRowsLimit(t *testing.T) {
	h := plainService()
	body := func(n int) string { return `{"records":[{"a":"` + strings.Repeat("x", n) + `"}]}` }
	if w := ask(h, "POST", "/predict", body(5<<20)); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/predict", "/invocations"} {
		if w := ask(h, "POST", path, body(6<<20)); w.Code != 413 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(h, "POST", "/train", body(2<<20)); w.Code != 413 {
		t.Errorf("%d", w.Code)
	}
}

func TestPingTellsWhatIsWrong(t *testing.T) {
	steps := plainSteps()
	steps.Ready = func(context.Context, string) error { return fault.New(fault.InvalidData, "The champion is damaged.") }
	w := ask(New(steps, Options{Log: quiet()}), "GET", "/ping", "")
	if p := problemIn(t, w); w.Code != 422 || p.Code != "Retrain.InvalidData" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = ask(realService(t), "GET", "/ping?model_name=..", "")
	if p := problemIn(t, w); fmt.Sprint(p.Errors[0].Loc) != "[query model_name]" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
