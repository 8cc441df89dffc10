//go:build e2e

package retrain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/model"
	"retrain/internal/onnx"
	"retrain/internal/processed"
	"retrain/internal/retrain"
)

// TestRealModelsScoreTheSameInONNXRuntime trains on the real data sets, takes
// the stored files, and has ONNX Runtime score 1,000 holdout rows of which
// some cells were made missing or unseen. RETRAIN_PYTHON names a Python with
// test/requirements.txt installed.
func TestRealModelsScoreTheSameInONNXRuntime(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	dir := t.TempDir()
	for _, set := range realSets {
		for _, params := range parityParams[set.name] {
			h := newHouse()
			r := h.run(t, retrain.Request{
				DataPath: h.put(t, set.file, example(t, set.file)), ModelName: set.name, Target: set.target, ModelParams: params,
			})
			name := fmt.Sprint(set.name, "-", params["algorithm"])
			if how, calibrated := params["calibration"]; calibrated {
				name += fmt.Sprint("-", how)
			}
			h.writeParityCase(t, filepath.Join(dir, name), r)
		}
	}
	out, err := exec.Command(python, filepath.Join("..", "..", "test", "onnx_parity.py"), dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// parityParams are the trainings of each data set.
var parityParams = map[string][]map[string]any{
	"wa_churn": {
		{"algorithm": "gradient_boosting"},
		{"algorithm": "logistic_regression"},
		{"algorithm": "gradient_boosting", "calibration": "sigmoid", "tune_threshold": "balanced_accuracy"},
		{"algorithm": "logistic_regression", "calibration": "isotonic", "tune_threshold": "f1_score"},
	},
	"california_housing": {{"algorithm": "gradient_boosting"}, {"algorithm": "linear_regression"}},
	"shuttle": {
		{"algorithm": "gradient_boosting"},
		{"algorithm": "logistic_regression"},
		{"algorithm": "gradient_boosting", "calibration": "isotonic", "max_iter": 20.0},
		{"algorithm": "logistic_regression", "calibration": "sigmoid"},
	},
}

const parityRows = 1000

// column is an input in the form that test/onnx_parity.py reads.
type column struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Values []any  `json:"values"`
}

// writeParityCase writes the stored model, rows for it, and what our scorer
// says of them.
func (h *house) writeParityCase(t *testing.T, dir string, r retrain.Result) {
	t.Helper()
	loaded, err := h.models.Load(context.Background(), r.ModelName, r.Train.ModelSHA256)
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Decode(loaded.Model)
	if err != nil {
		t.Fatal(err)
	}
	columns, x := h.spoiledRows(t, m, r)
	p := make([]float64, parityRows*m.Outputs())
	m.Predict(p, x)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]any{"inputs.json": map[string]any{"columns": columns}, "expected.json": expected(m, p)} {
		raw, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "model.onnx"), loaded.Model, 0o644); err != nil {
		t.Fatal(err)
	}
}

var errEnoughRows = errors.New("enough rows")

// spoiledRows takes the first rows of the holdout, and makes about one cell in
// nine missing and one category in nine unseen.
func (h *house) spoiledRows(t *testing.T, m *model.Model, r retrain.Result) ([]column, []float64) {
	t.Helper()
	data, err := processed.Open(context.Background(), blob.Root{Bucket: h.store, Base: "s3://store"}, r.Preprocess.ProcessedDataPath)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	columns := make([]column, len(m.Features))
	var x []float64
	err = data.Each(context.Background(), dataset.Holdout, &m.Recipe, func(b *processed.Block) error {
		for i := 0; i < b.Rows && len(columns[0].Values) < parityRows; i++ {
			for j := range m.Features {
				f := &m.Features[j]
				v, code := spoil(f, b.X[i*len(m.Features)+j], len(x)*2654435761%97)
				columns[j].Name, columns[j].Type = f.Name, map[model.Kind]string{model.Number: "double", model.Category: "string"}[f.Kind]
				columns[j].Values = append(columns[j].Values, v)
				x = append(x, code)
			}
		}
		if len(columns[0].Values) == parityRows {
			return errEnoughRows
		}
		return nil
	})
	if !errors.Is(err, errEnoughRows) {
		t.Fatalf("%d rows: %v", len(columns[0].Values), err)
	}
	return columns, x
}

// spoil returns a cell as JSON shows it and as the model takes it.
func spoil(f *model.Feature, x float64, chance int) (any, float64) {
	missing := chance < 11
	switch {
	case f.Kind == model.Number && (missing || math.IsNaN(x)):
		return nil, math.NaN()
	case f.Kind == model.Number:
		return x, x
	case missing:
		return "", f.MissingValue()
	case chance < 22 || x < 0:
		return "never seen before", model.Unseen
	}
	return f.Categories[int(x)], x
}

// expected returns our answers in the form that test/onnx_parity.py reads.
func expected(m *model.Model, p []float64) map[string]any {
	if m.Task == model.Regression {
		return map[string]any{"prediction": p}
	}
	k := len(m.Classes)
	labels, rows := []string{}, [][]float64{}
	for i := range len(p) / k {
		rows = append(rows, p[i*k:(i+1)*k])
		labels = append(labels, m.Classes[m.Label(rows[i])])
	}
	return map[string]any{"label": labels, "probabilities": rows}
}

// TestParquetAndCSVMakeTheSameModel has pandas write an example as Parquet: the
// format of the data must not show in the model's bytes.
func TestParquetAndCSVMakeTheSameModel(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	file := filepath.Join(t.TempDir(), "churn.parquet")
	script := "import pandas, sys; pandas.read_csv(sys.argv[1]).to_parquet(sys.argv[2])"
	if out, err := exec.Command(python, "-c", script, filepath.Join("..", "..", "examples", "churn.csv"), file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	parquet, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for name, data := range map[string][]byte{"churn.csv": example(t, "churn.csv"), "churn.parquet": parquet} {
		h := newHouse()
		r := h.run(t, retrain.Request{DataPath: h.put(t, name, data), Target: "churn", ModelParams: map[string]any{"max_iter": 20.0}})
		digests[r.Train.ModelSHA256] = true
	}
	if len(digests) != 1 {
		t.Errorf("the same table as CSV and as Parquet made different models")
	}
}
