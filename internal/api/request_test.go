package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/predict"
	"retrain/internal/preprocess"
)

// TestBadRequests is the table of what is refused, with every violation.
func TestBadRequests(t *testing.T) {
	h := plainService()
	deep := func(n int) string {
		return `{"data_path":"a","model_params":{"x":` + strings.Repeat("[", n-2) + strings.Repeat("]", n-2) + `}}`
	}
	for _, tt := range []struct {
		path, body string
		want       []string // loc type, in the order of the answer
	}{
		{"/preprocess", ``, []string{"body.data_path missing", "body.model_params missing"}},
		{"/preprocess", `{}`, []string{"body.data_path missing", "body.model_params missing"}},
		{"/preprocess", `null`, []string{"body.data_path missing", "body.model_params missing"}},
		{"/retrain", `{}`, []string{"body.data_path missing", "body.model_params missing"}},
		{"/train", `{}`, []string{"body.processed_data_path missing"}},
		{"/evaluate", `{}`, []string{"body.model_path missing"}},
		{"/update-model", `{}`, []string{"body.should_update missing"}},

		{"/update-model", `{"should_update":"false"}`, []string{"body.should_update bool_type"}},
		{"/update-model", `{"should_update":0}`, []string{"body.should_update bool_type"}},
		{"/update-model", `{"should_update":null}`, []string{"body.should_update bool_type"}},
		{"/update-model", `{"should_update":true,"expected_champion_version":1.0}`, []string{"body.expected_champion_version int_type"}},
		{"/update-model", `{"should_update":true,"expected_champion_version":-1}`, []string{"body.expected_champion_version greater_than_equal"}},
		{"/update-model", `{"should_update":true,"expected_champion_version":9223372036854775808}`, []string{"body.expected_champion_version int_type"}},
		{"/update-model", `{"should_update":true,"expected_champion_version":"1"}`, []string{"body.expected_champion_version int_type"}},
		{"/update-model", `{"should_update":true,"reason":"` + strings.Repeat("é", 501) + `"}`, []string{"body.reason string_too_long"}},

		{"/preprocess", `{"data_path":"","model_params":{}}`, []string{"body.data_path string_too_short"}},
		{"/preprocess", `{"data_path":7,"model_params":[]}`, []string{"body.data_path string_type", "body.model_params dict_type"}},
		{"/preprocess", `{"data_path":null,"model_params":null}`, []string{"body.data_path string_type", "body.model_params dict_type"}},
		{"/preprocess", `{"data_path":"a","model_params":{},"task":"guess"}`, []string{"body.task enum"}},
		{"/preprocess", `{"data_path":"a","model_params":{},"dry_run":"yes"}`, []string{"body.dry_run bool_type"}},
		{"/preprocess", `{"data_path":"a","model_params":{},"max_bad_row_fraction":1.5}`, []string{"body.max_bad_row_fraction less_than_equal"}},
		{"/preprocess", `{"data_path":"a","model_params":{},"max_bad_row_fraction":"0.1"}`, []string{"body.max_bad_row_fraction float_type"}},
		{"/preprocess", `{"model_params":1,"gate":2,"split":[3],"target":4,"task":5,"dry_run":6}`, []string{
			"body.data_path missing", "body.dry_run bool_type", "body.gate dict_type", "body.model_params dict_type",
			"body.split dict_type", "body.target string_type", "body.task string_type",
		}},
		{"/evaluate", `{"model_path":"m","metrics":{"accuracy":"high"}}`, []string{"body.metrics.accuracy float_type"}},

		{"/preprocess", `{"Data_Path":"a","model_params":{}}`, []string{"body.data_path missing"}}, // exact case
		{"/preprocess", `{"data_path":"a","data_path":"b","model_params":{}}`, []string{"body.data_path duplicate_key"}},
		{"/preprocess", `{"data_path":"a","model_params":{"x":[{"y":1,"y":2}]}}`, []string{"body.model_params.x.0.y duplicate_key"}},
		{"/preprocess", `{"data_path":"a","model_params":{"x":1e999,"y":[-1e400]}}`, []string{"body.model_params.x finite_number", "body.model_params.y.0 finite_number"}},
		{"/preprocess", deep(33), []string{"body.model_params.x" + strings.Repeat(".0", 29) + " too_deep"}},

		{"/train", `[]`, []string{"body dict_type"}},
		{"/train", `"x"`, []string{"body dict_type"}},
		{"/train", `7`, []string{"body dict_type"}},
		{"/train", `{`, []string{"body.1 json_invalid"}},
		{"/train", "{\n  'a': 1}", []string{"body.4 json_invalid"}},
		{"/train", `{"a":NaN}`, []string{"body.5 json_invalid"}},
		{"/train", `{"a":1,}`, []string{"body.6 json_invalid"}},
		{"/train", `{"a":01}`, []string{"body.6 json_invalid"}},
		{"/train", `{"a":1} {}`, []string{"body.8 json_invalid"}},
		{"/train", `{"a":1}x`, []string{"body.7 json_invalid"}},
		{"/train", "{\"a\":\"\xff\"}", []string{"body.6 json_invalid"}},
		{"/train", `{"a":"\ud800"}`, []string{"body.6 json_invalid"}},
		{"/train", `processed_data_path=x`, []string{"body.0 json_invalid"}},
	} {
		w := ask(h, "POST", tt.path, tt.body)
		p := problemIn(t, w)
		var got []string
		for _, f := range p.Errors {
			parts := make([]string, len(f.Loc))
			for i, part := range f.Loc {
				parts[i] = fmt.Sprint(part)
			}
			got = append(got, strings.Join(parts, ".")+" "+f.Type)
		}
		if w.Code != 422 || p.Code != "Retrain.InvalidRequest" {
			t.Errorf("POST %s %.80s: %d %s", tt.path, tt.body, w.Code, p.Code)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("POST %s %.80s (-want +got):\n%s%s", tt.path, tt.body, diff, w.Body)
		}
	}
	if w := ask(h, "POST", "/preprocess", deep(32)); w.Code != 200 {
		t.Errorf("32 levels: %d %s", w.Code, w.Body)
	}
}

func TestErrorTextsSayWhere(t *testing.T) {
	h := plainService()
	for _, tt := range []struct{ path, body, want string }{
		{"/train", "{\n  \"é\": 1,\n  \"é2\" 5}", "malformed at line 3, column 8"},
		{"/train", `{"a":`, "ends too early at line 1, column 6"},
		{"/preprocess", `{"data_pth":"a","model_params":{}}`, "data_path: Field required; 'data_pth' is not its name."},
		{"/preprocess", `{"DataPath":"a","model_params":{}}`, "'DataPath' is not its name"},
		{"/preprocess", `{"data_path":"a","model_params":{},"task":"guess"}`, "'auto', 'binary', 'multiclass' or 'regression'"},
	} {
		p := problemIn(t, ask(h, "POST", tt.path, tt.body))
		if !strings.Contains(p.Detail, tt.want) {
			t.Errorf("POST %s %s: %q", tt.path, tt.body, p.Detail)
		}
	}
}

// No value of a request comes back in an error, whatever is wrong with it.
func TestErrorsEchoNoValues(t *testing.T) {
	h := plainService()
	const secret = "S3CRETVALUE"
	for _, body := range []string{
		`{"data_path":["` + secret + `"],"model_params":"` + secret + `","task":"` + secret + `"}`,
		`{"data_path":"` + secret, `{"data_path":"` + secret + `"} ` + secret, secret,
		`{"data_path":"` + secret + `","data_path":"` + secret + `"}`,
		`{"data_path":"` + secret + `","model_params":{"a":{"b":` + strings.Repeat("[", 40) + `"` + secret + `"`,
	} {
		if w := ask(h, "POST", "/preprocess", body); w.Code != 422 || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	w := ask(h, "GET", "/health?deep="+secret, "")
	if p := problemIn(t, w); w.Code != 422 || strings.Contains(w.Body.String(), secret) || p.Errors[0].Loc[1] != "deep" {
		t.Errorf("query: %d %s", w.Code, w.Body)
	}
}

func TestUnknownFieldsAreWarnedOf(t *testing.T) {
	h := plainService()
	warnings := func(path, body string) []string {
		w := ask(h, "POST", path, body)
		var doc struct{ Warnings []string }
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %s", body, w.Code, w.Body)
		}
		return doc.Warnings
	}
	got := warnings("/preprocess", `{"data_path":"a","model_params":{},"taget":"y","zzzzzz":1,"a\nb\"c":2}`)
	want := []string{
		`The field 'a\nb"c' is unknown and was ignored.`,
		"The field 'taget' is unknown and was ignored; did you mean 'target'?",
		"The field 'zzzzzz' is unknown and was ignored.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := warnings("/retrain", `{"data_path":"a","model_params":{},"extra":1}`); len(got) != 2 || got[0] != "from a step" {
		t.Errorf("the step's own warnings: %q", got)
	}
	many := make([]string, 0, 30)
	for i := range 30 {
		many = append(many, fmt.Sprintf(`"x%d":%d`, i, i))
	}
	got = warnings("/train", `{"processed_data_path":"p",`+strings.Join(many, ",")+`}`)
	if len(got) != maxNamed+1 || got[maxNamed] != "10 further fields are unknown and were ignored." {
		t.Errorf("%d warnings, the last is %q", len(got), got[len(got)-1])
	}
}

// A state machine sends each step all that the step before it answered.
func TestAnswersOfStepsAreKnown(t *testing.T) {
	h := plainService()
	body := ask(h, "POST", "/retrain", `{"data_path":"a","model_params":{}}`).Body.String()
	body = strings.TrimSuffix(body, "}") + `,"processed_data_path":"p","model_path":"m","should_update":true,"run_id":"r"}`
	body = strings.Replace(body, `"should_update":false,`, "", 1)
	body = strings.Replace(body, `"model_path":"",`, "", 1)
	body = strings.Replace(body, `"run_id":"",`, "", 1)
	for _, path := range []string{"/train", "/evaluate", "/update-model"} {
		if w := ask(h, "POST", path, body); w.Code != 200 || !strings.Contains(w.Body.String(), `"warnings":[]`) {
			t.Errorf("POST %s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestNullMeansAbsent(t *testing.T) {
	h := plainService()
	w := ask(h, "POST", "/preprocess", `{"data_path":"a","model_params":{},"target":null,"gate":null,"split":null,"dry_run":null,"task":null,"max_bad_row_fraction":null}`)
	if w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestByteOrderMarkIsPassedOver(t *testing.T) {
	if w := ask(plainService(), "POST", "/train", "\uFEFF{\"processed_data_path\":\"p\"}"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestMediaTypes(t *testing.T) {
	h := plainService()
	const body = `{"processed_data_path":"p"}`
	for _, media := range []string{
		"", "application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x-www-form-urlencoded",
		"text/plain;charset=UTF-8", "text/json", "application/vnd.api+json",
	} {
		if w := ask(h, "POST", "/train", body, "Content-Type", media, "Accept", "text/html"); w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%q: %d %s", media, w.Code, w.Body)
		}
	}
	for _, media := range []string{"application/xml", "multipart/form-data; boundary=x", "application/octet-stream", "garbage;;", "image/svg+xml"} {
		w := ask(h, "POST", "/train", body, "Content-Type", media)
		if p := problemIn(t, w); w.Code != 415 || p.Code != "Retrain.UnsupportedMediaType" {
			t.Errorf("%q: %d %s", media, w.Code, w.Body)
		}
	}
	if w := ask(h, "POST", "/train", body, "Content-Encoding", "gzip"); w.Code != 415 {
		t.Errorf("gzip: %d", w.Code)
	}
}

func TestBodySize(t *testing.T) {
	h := plainService()
	body := func(size int) string {
		const head, tail = `{"processed_data_path":"p","gate":{"x":"`, `"}}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	if w := ask(h, "POST", "/train", body(1<<20)); w.Code != 200 {
		t.Errorf("exactly 1 MiB: %d %s", w.Code, w.Body)
	}
	for _, size := range []int{1<<20 + 1, 2 << 20} {
		w := ask(h, "POST", "/train", body(size))
		if p := problemIn(t, w); w.Code != 413 || p.Code != "Retrain.TooLarge" {
			t.Errorf("%d bytes: %d %s", size, w.Code, w.Body)
		}
	}
}

// FuzzDecode checks that whatever is sent, a request is either refused with a
// caller's error, or says the same as encoding/json reads from it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"data_path":"a","model_params":{"x":1e5},"target":null}`, `{"data_path":"a","model_params":{},"dry_run":true}`,
		`{"data_path":"\u00e9","model_params":{"a":[{"b":-0}]}}`, `{"a":1,"a":2}`, `{`, "\uFEFF{}", `null`, `[[[]]]`, `1e999`, "\xff", `{} {}`,
	} {
		f.Add([]byte(seed))
	}
	registry := plainService().document.Components.Schemas
	schema := requestSchema[preprocess.Request](registry)
	f.Fuzz(func(t *testing.T, text []byte) {
		req, body, err := decode[preprocess.Request](registry, schema, text)
		if err != nil {
			if e := fault.From(err); e.Kind != fault.InvalidRequest || len(e.Fields) == 0 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		var want preprocess.Request
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\uFEFF")), &want); err != nil {
			t.Fatalf("%q is no JSON: %v", text, err)
		}
		if _, ok := body["DATA_PATH"]; !ok && req.DataPath == "" {
			t.Fatalf("%q: data_path is empty", text)
		}
		if again, err := Encode(req); err != nil || !json.Valid(again) {
			t.Fatalf("%q: cannot be encoded again: %v", text, err)
		}
	})
}

// FuzzRows checks that rows are what json makes of their text: it is their
// naive twin, which does not know of the tree that they are taken from.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		`{"dataframe_records":[{"a":1,"b":null,"c":"x\u00e9\"y"},{"a":-0,"b":[1,{"c":2.5}],"c":true}]}`,
		`{"dataframe_split":{"columns":["a","b"],"data":[[1,2.0],["x",null],[]],"index":[0,1e3]}}`,
		`{"instances":[[9007199254740993,9223372036854775808,1E2],[{"a":"b","~/":1}]]}`, `{"inputs":{"a":[1],"":[{}]}}`,
		`{"dataframe_records":null,"inputs":7,"params":{"a":{"b":[0]}}}`, `{"dataframe_records":[]}`, `{"dataframe_records":[null]}`,
	} {
		f.Add([]byte(seed))
	}
	registry := plainService().document.Components.Schemas
	schema := requestSchema[predict.Invocation](registry)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, _, err := decode[predict.Invocation](registry, schema, text)
		if err != nil {
			return
		}
		var want predict.Invocation
		if err := jsonv2.Unmarshal(bytes.TrimPrefix(text, []byte("\uFEFF")), &want); err != nil {
			t.Fatalf("%q is no JSON: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
	})
}
