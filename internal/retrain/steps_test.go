package retrain_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// house is the four steps over buckets in memory.
type house struct {
	data, store *blob.Memory
	models      *modelstore.Store
	steps       *retrain.Step
}

func newHouse() *house {
	h := &house{data: blob.NewMemory(), store: blob.NewMemory()}
	store := blob.Root{Bucket: h.store, Base: "s3://store"}
	roots := blob.Roots{{Bucket: h.data, Base: "s3://data"}}
	h.models = &modelstore.Store{Root: store, Now: time.Now}
	pre := &preprocess.Step{Store: store, Data: roots, Models: h.models, Engine: "test",
		CheckParams: train.CheckParams, CheckGate: evaluate.CheckGate, Now: time.Now}
	fit := &train.Step{Store: store, Models: h.models, Engine: "test", Now: time.Now}
	judge := &evaluate.Step{Store: store, Models: h.models, Engine: "test", Now: time.Now}
	update := &modelstore.Update{Store: h.models}
	h.steps = &retrain.Step{Preprocess: pre.Run, Train: fit.Run, Evaluate: judge.Run, Update: update.Run, Now: time.Now}
	return h
}

// put stores data under a key and returns its address.
func (h *house) put(t *testing.T, key string, data []byte) string {
	t.Helper()
	if _, err := h.data.Put(context.Background(), key, data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	return "s3://data/" + key
}

// example reads a file of examples/.
func example(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// firstLines returns the header and the first rows of a CSV file.
func firstLines(data []byte, rows int) []byte {
	lines := bytes.SplitAfterN(data, []byte("\n"), rows+2)
	return bytes.Join(lines[:min(rows+1, len(lines))], nil)
}

func (h *house) run(t *testing.T, req retrain.Request) retrain.Result {
	t.Helper()
	r, err := h.steps.Run(context.Background(), req)
	if err != nil {
		t.Fatalf("retraining %s: %v", strings.TrimPrefix(req.DataPath, "s3://data/"), err)
	}
	return r
}
