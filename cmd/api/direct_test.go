package main

import (
	"log/slog"
	"strings"
	"testing"

	"retrain/internal/api"
	"retrain/internal/lambda"
)

// Direct events reach the routes that only read without naming a method.
func TestDirectEventsReachTheRegistry(t *testing.T) {
	steps, err := wire(&common{Store: t.TempDir(), DataRoots: t.TempDir()}, hooks{})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	h := lambda.Handler{HTTP: api.New(steps, api.Options{Log: log}), Log: log}
	for _, tt := range []struct{ event, answer, fails string }{
		{`{"path":"/models"}`, `{"models":[]}`, ""},
		{`{"path":"/models?limit=3","body":{}}`, `{"models":[]}`, ""},
		{`{"path":"/ping"}`, `{"status":"healthy"}`, ""},
		{`{"path":"/models/default"}`, "", "Retrain.DataNotFound"},
		{`{"path":"/models/default/history","httpMethod":"GET"}`, "", "Retrain.DataNotFound"},
		{`{"path":"/models/default/rollback","body":{"to_version":1,"reason":"r"}}`, "", "Retrain.DataNotFound"},
		{`{"path":"/predict","body":{"records":[{"a":1}]}}`, "", "Retrain.DataNotFound"},
		{`{"path":"/invocations?model_name=x","body":{"instances":[[1]]}}`, "", "Retrain.DataNotFound"},
	} {
		answer, err := h.Invoke(t.Context(), []byte(tt.event))
		if string(answer) != tt.answer || (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%s: %s %v", tt.event, answer, err)
		}
	}
}
