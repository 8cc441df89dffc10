package api

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"retrain/internal/modelstore"
)

// fetched asks for a document of the registry, holds it against its schema, and
// decodes it.
func fetched(t *testing.T, s *service, path, pattern string, v any) {
	t.Helper()
	w := ask(s, "GET", path, "")
	if w.Code != 200 {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	answered(t, s, w, pattern)
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatal(err)
	}
}

func answered(t *testing.T, s *service, w *httptest.ResponseRecorder, pattern string) {
	t.Helper()
	v, err := parse(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	operation := s.document.Paths[pattern].Get
	if operation == nil {
		operation = s.document.Paths[pattern].Post
	}
	c := checker{registry: s.document.Components.Schemas}
	c.check(operation.Responses["200"].Content[jsonType].Schema, v, []any{"answer"})
	for _, f := range c.bad {
		t.Errorf("%s: %v: %s", pattern, f.Loc, f.Msg)
	}
}

// TestRegistry asks everything about two champions, and goes back to the first.
func TestRegistry(t *testing.T) {
	s := realService(t)
	for _, params := range []string{`{"algorithm":"gbdt","max_iter":2}`, `{"algorithm":"gbdt","max_iter":40}`} {
		answerOf(t, s, "/retrain", `{"data_path":"s3://data/churn.csv","target":"churn","model_params":`+params+`,"gate":{"policy":"better","must_beat_baseline":false}}`)
	}
	var list modelstore.ModelList
	fetched(t, s, "/models", "/models", &list)
	if len(list.Models) != 1 || list.Models[0].ModelName != "default" || *list.Models[0].Version != 2 {
		t.Errorf("%+v", list)
	}
	var info modelstore.ModelInfo
	fetched(t, s, "/models/default", "/models/{name}", &info)
	if info.Version != 2 || info.Target != "churn" || info.Params["max_iter"] != 40.0 || info.Metrics["accuracy"] == nil {
		t.Errorf("%+v", info)
	}
	var versions modelstore.VersionList
	fetched(t, s, "/models/default/versions", "/models/{name}/versions", &versions)
	if len(versions.Versions) != 2 || versions.Next != "" {
		t.Errorf("%+v", versions)
	}
	fetched(t, s, "/models/default/versions?limit=1", "/models/{name}/versions", &versions)
	if len(versions.Versions) != 1 || versions.Next != versions.Versions[0].SHA256 {
		t.Errorf("%+v", versions)
	}

	w := ask(s, "POST", "/models/default/rollback", `{"to_version":1,"reason":"worse in the shop","expected_champion_version":2,"tikcet":7}`)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"version":3,"previous_version":2,"restored_version":1`) || !strings.Contains(w.Body.String(), "'tikcet' is unknown") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	answered(t, s, w, "/models/{name}/rollback")
	var history modelstore.HistoryList
	fetched(t, s, "/models/default/history?limit=2", "/models/{name}/history", &history)
	if h := history.History; len(h) != 2 || h[0].Version != 3 || h[0].Reason != "worse in the shop" || h[0].RestoredVersion != 1 || history.Next != 2 {
		t.Errorf("%+v", history)
	}
	fetched(t, s, "/models/default/history?before=2", "/models/{name}/history", &history)
	if len(history.History) != 1 || history.History[0].Version != 1 {
		t.Errorf("%+v", history)
	}
}

func TestRegistryRefuses(t *testing.T) {
	h := plainService()
	for _, tt := range []struct {
		method, path, body string
		status             int
		code, loc          string
	}{
		{"GET", "/models/nobody", "", 422, "Retrain.DataNotFound", ""},
		{"GET", "/models/nobody/versions", "", 422, "Retrain.DataNotFound", ""},
		{"GET", "/models/nobody/history", "", 422, "Retrain.DataNotFound", ""},
		{"GET", "/models/.hidden", "", 422, "Retrain.InvalidRequest", "path name"},
		{"GET", "/models/a%20b/history", "", 422, "Retrain.InvalidRequest", "path name"},
		{"GET", "/models?limit=0", "", 422, "Retrain.InvalidRequest", "query limit"},
		{"GET", "/models?limit=201", "", 422, "Retrain.InvalidRequest", "query limit"},
		{"GET", "/models/x/history?before=SECRET", "", 422, "Retrain.InvalidRequest", "query before"},
		{"POST", "/models", "{}", 405, "Retrain.MethodNotAllowed", ""},
		{"GET", "/models/default/evaluations/x", "", 422, "Retrain.InvalidRequest", "path id"},
		{"GET", "/models/default/evaluations/x/report", "", 422, "Retrain.InvalidRequest", "path id"},
		{"GET", "/models/default/evaluations/0123456789abcdef-g0-0123456789abcdef/report", "", 422, "Retrain.DataNotFound", ""},
		{"GET", "/models/default/rollback", "", 405, "Retrain.MethodNotAllowed", ""},
		{"GET", "/models/default/nothing", "", 404, "Retrain.NoSuchRoute", ""},
		{"POST", "/models/default/rollback", `{}`, 422, "Retrain.InvalidRequest", "body to_version"},
		{"POST", "/models/default/rollback", `{"to_version":0,"reason":"r"}`, 422, "Retrain.InvalidRequest", "body to_version"},
		{"POST", "/models/default/rollback", `{"to_version":1,"reason":""}`, 422, "Retrain.InvalidRequest", "body reason"},
		{"POST", "/models/.x/rollback", `{"to_version":1,"reason":"r"}`, 422, "Retrain.InvalidRequest", "path name"},
		{"POST", "/models/a/rollback", `{"to_version":1,"reason":"r","model_name":"b"}`, 422, "Retrain.InvalidRequest", "body model_name"},
	} {
		w := ask(h, tt.method, tt.path, tt.body)
		p := problemIn(t, w)
		loc := ""
		if len(p.Errors) > 0 {
			loc = p.Errors[0].Loc[0].(string) + " " + p.Errors[0].Loc[1].(string)
		}
		if w.Code != tt.status || p.Code != tt.code || loc != tt.loc || strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%s %s %s: %d %s", tt.method, tt.path, tt.body, w.Code, w.Body)
		}
	}
	if w := ask(h, "GET", "/models", ""); w.Code != 200 || w.Body.String() != `{"models":[]}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := ask(realService(t), "POST", "/models/nobody/rollback", `{"to_version":1,"reason":"r"}`)
	if p := problemIn(t, w); p.Code != "Retrain.DataNotFound" || p.Instance != "/models/nobody/rollback" {
		t.Errorf("%s", w.Body)
	}
}

// The tags of a page's limit must say what the store does.
func TestPageLimitsAreTheStores(t *testing.T) {
	s := plainService()
	s.whole()
	for _, p := range s.document.Paths["/models"].Get.Parameters {
		if p.Name == "limit" && (*p.Schema.Maximum != modelstore.MaxPage || p.Schema.Default != modelstore.DefaultPage) {
			t.Errorf("%+v", p.Schema)
		}
	}
}

// The verdict and its page are served from the address that /evaluate answers.
// A version's file is served as it is stored, and for older runtimes.
func TestAVersionsFile(t *testing.T) {
	s := realService(t)
	answerOf(t, s, "/retrain", `{"data_path":"s3://data/churn.csv","target":"churn","model_name":"m","model_params":{"algorithm":"gradient_boosting","max_iter":2},"gate":{"must_beat_baseline":false}}`)
	var info modelstore.ModelInfo
	fetched(t, s, "/models/m", "/models/{name}", &info)
	path := "/models/m/versions/" + info.SHA256 + "/model.onnx"
	w := ask(s, "GET", path, "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/octet-stream" || modelstore.Digest(w.Body.Bytes()) != info.SHA256 {
		t.Errorf("%d %v, %d bytes", w.Code, w.Header(), w.Body.Len())
	}
	if w := ask(s, "GET", path+"?compat=ml3", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "TreeEnsembleRegressor") {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	for wrong, code := range map[string]int{
		path + "?compat=ml2": 422, "/models/m/versions/nonsense/model.onnx": 422,
		"/models/nobody/versions/" + info.SHA256 + "/model.onnx": 422,
	} {
		if w := ask(s, "GET", wrong, ""); w.Code != code {
			t.Errorf("%s: %d %s; want %d", wrong, w.Code, w.Body, code)
		}
	}
}

func TestAStoredVerdictAndItsReport(t *testing.T) {
	s := realService(t)
	answer := answerOf(t, s, "/retrain", `{"data_path":"s3://data/churn.csv","target":"churn","model_params":{"max_iter":2}}`)
	var whole struct {
		Evaluate struct {
			EvaluationPath string `json:"evaluation_path"`
			ReportPath     string `json:"report_path"`
			Summary        string `json:"summary"`
		} `json:"evaluate"`
	}
	if err := json.Unmarshal([]byte(answer), &whole); err != nil {
		t.Fatal(err)
	}
	e := whole.Evaluate
	path := strings.TrimSuffix(strings.TrimPrefix(e.EvaluationPath, "s3://store"), ".json")
	if "s3://store"+path+".html" != e.ReportPath {
		t.Errorf("%s beside %s", e.ReportPath, e.EvaluationPath)
	}
	var stored modelstore.Evaluation
	fetched(t, s, path, "/models/{name}/evaluations/{id}", &stored)
	if stored.Decision != "bootstrap" || !strings.Contains(string(stored.Result), e.Summary) || stored.Report.Size == 0 {
		t.Errorf("%s: %s", stored.Decision, stored.Result)
	}
	w := ask(s, "GET", path+"/report", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Content-Security-Policy") != "default-src 'none'; style-src 'unsafe-inline'; img-src data:" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if page := w.Body.String(); !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.Contains(page, e.Summary) || int64(len(page)) != stored.Report.Size {
		t.Errorf("%d bytes: %.200s", len(page), page)
	}
}
