package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"retrain/internal/approval"
	"retrain/internal/blob"
	"retrain/internal/evaluate"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
	"retrain/internal/predict"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// plainSteps answer at once, with what the request names.
func plainSteps() Steps {
	shares := func(_ context.Context, r preprocess.SharesRequest) (preprocess.SharesResult, error) {
		return preprocess.SharesResult{Status: "success", RunID: r.RunID}, nil
	}
	return Steps{
		Preprocess: func(_ context.Context, r preprocess.Request) (preprocess.Result, error) {
			return preprocess.Result{Status: "success", RunID: "run-1", ModelParams: r.ModelParams, Gate: r.Gate, Target: r.Target}, nil
		},
		Plan: func(_ context.Context, r preprocess.PlanRequest) (preprocess.Plan, error) {
			return preprocess.Plan{Status: "planned", ModelName: r.ModelName}, nil
		},
		ScanShares: shares, WriteShares: shares,
		Reduce: func(_ context.Context, r preprocess.RunRequest) (preprocess.Plan, error) {
			return preprocess.Plan{Status: "reduced", RunID: r.RunID}, nil
		},
		Seal: func(_ context.Context, r preprocess.RunRequest) (preprocess.Result, error) {
			return preprocess.Result{Status: "success", RunID: r.RunID}, nil
		},
		Train: func(_ context.Context, r train.Request) (train.Result, error) {
			return train.Result{Status: "success", RunID: r.RunID, ProcessedDataPath: r.ProcessedDataPath}, nil
		},
		Evaluate: func(_ context.Context, r evaluate.Request) (evaluate.Result, error) {
			return evaluate.Result{Status: "success", ModelPath: r.ModelPath}, nil
		},
		Update: func(_ context.Context, r modelstore.UpdateRequest) (modelstore.UpdateResult, error) {
			return modelstore.UpdateResult{Status: "success", Updated: *r.ShouldUpdate}, nil
		},
		Retrain: func(_ context.Context, r retrain.Request) (retrain.Result, error) {
			return retrain.Result{Status: "success", Warnings: []string{"from a step"}}, nil
		},
		Approve: func(_ context.Context, r approval.Request) (approval.Result, error) {
			return approval.Result{Status: "success", Approved: *r.Approved}, nil
		},
		Rollback: func(_ context.Context, r modelstore.RollbackRequest) (modelstore.RollbackResult, error) {
			return modelstore.RollbackResult{Status: "success", ModelName: r.ModelName, RestoredVersion: r.ToVersion}, nil
		},
		Predict: func(_ context.Context, r predict.Request) (predict.Result, error) {
			return predict.Result{Status: "success", ModelName: r.ModelName, Predictions: make([]any, len(r.Records))}, nil
		},
		Invoke: func(_ context.Context, name string, _ predict.Invocation) (predict.Result, error) {
			return predict.Result{Status: "success", ModelName: name}, nil
		},
		InvokeCSV: func(_ context.Context, name, text string, header predict.Header) (predict.Result, error) {
			return predict.Result{Status: "success", ModelName: name, Predictions: []any{text, int64(header)}}, nil
		},
		Ready:    func(context.Context, string) error { return nil },
		Registry: modelstore.Registry{Store: &modelstore.Store{Root: blob.Root{Bucket: blob.NewMemory(), Base: "s3://store"}}},
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func plainService() *service {
	return newService(plainSteps(), Options{Version: "v1", Commit: "abc", Log: quiet()})
}

// ask sends a request and returns the answer. A body without a Content-Type
// header is what the direct face sends.
func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func problemIn(t *testing.T, w *httptest.ResponseRecorder) fault.Problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type is %q", got)
	}
	var p fault.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("not a problem document: %v\n%s", err, w.Body)
	}
	if p.Status != w.Code {
		t.Errorf("status is %d, the document says %d", w.Code, p.Status)
	}
	if p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("request id is %q, the header says %q", p.RequestID, w.Header().Get("X-Request-Id"))
	}
	return p
}

func TestStepsAnswer(t *testing.T) {
	h := plainService()
	for _, tt := range []struct{ path, body, want string }{
		{"/preprocess", `{"data_path":"a.csv","model_params":{"max_iter":7,"deep":{"x":[1,2.5,null]}},"target":"y"}`,
			`"run_id":"run-1","model_name":"","model_params":{"deep":{"x":[1,2.5,null]},"max_iter":7},"target":"y"`},
		{"/train", `{"processed_data_path":"p","run_id":"r9"}`, `"run_id":"r9"`},
		{"/evaluate", `{"model_path":"m","metrics":{"accuracy":0.9,"roc_auc":null}}`, `"model_path":"m"`},
		{"/update-model", `{"should_update":false}`, `"updated":false`},
		{"/update-model", `{"should_update":true,"expected_champion_version":3}`, `"updated":true`},
		{"/retrain", `{"data_path":"a.csv","model_params":{}}`, `"warnings":["from a step"]`},
	} {
		w := ask(h, "POST", tt.path, tt.body)
		if w.Code != 200 || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("POST %s %s: %d %s", tt.path, tt.body, w.Code, w.Body)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("POST %s: Content-Type %q", tt.path, got)
		}
		if strings.Contains(w.Body.String(), "$schema") || !strings.Contains(w.Body.String(), `"warnings":[`) {
			t.Errorf("POST %s: %s", tt.path, w.Body)
		}
	}
}

func TestErrorsOfSteps(t *testing.T) {
	for _, kind := range fault.Kinds() {
		if kind.Info().Status == 0 {
			continue
		}
		steps := plainSteps()
		steps.Train = func(context.Context, train.Request) (train.Result, error) {
			return train.Result{}, fault.Wrap(kind, errors.New("SECRET"), "A sentence.").At("m", "t", "body", "x", 1)
		}
		h := New(steps, Options{Log: quiet()})
		w := ask(h, "POST", "/train", `{"processed_data_path":"p"}`)
		p := problemIn(t, w)
		if p.Code != kind.Code() || p.Detail != "A sentence." || p.Instance != "/train" || len(p.Errors) != 1 {
			t.Errorf("%v: %+v", kind, p)
		}
		if strings.Contains(w.Body.String(), "SECRET") {
			t.Errorf("%v: the cause is in the answer", kind)
		}
		again := kind == fault.Throttled || kind == fault.Transient
		if got := w.Header().Get("Retry-After"); (got != "") != again {
			t.Errorf("%v: Retry-After is %q", kind, got)
		}
	}
}
