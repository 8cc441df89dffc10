//go:build e2e

package dataset

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTypesOfForeignParquet reads every type, encoding and codec that pyarrow
// and DuckDB write, and compares with the values that Python has.
// RETRAIN_PYTHON names a Python with test/requirements.txt installed.
func TestTypesOfForeignParquet(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, filepath.Join("testdata", "parquet_types.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var files map[string][]struct {
		Name   string
		Kind   Kind
		Values []any
	}
	if err := json.Unmarshal(raw, &files); err != nil || len(files) < 17 {
		t.Fatal(len(files), err)
	}
	for name, columns := range files {
		data, err := os.ReadFile(filepath.Join(dir, name+".parquet"))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			got := readAll(t, opensAt(data), Options{})
			for j, c := range columns {
				if kind := got.Schema.Columns[j].Kind; kind != c.Kind {
					t.Errorf("%s is %s, want %s", c.Name, kind, c.Kind)
				}
				for i, v := range c.Values {
					if want := spellJSON(c.Kind, v); got.Rows[i][j] != want {
						t.Fatalf("%s, row %d: %s, want %s", c.Name, i, got.Rows[i][j], want)
					}
				}
			}
		})
	}
}

// spellJSON is spell for a value out of a JSON document.
func spellJSON(kind Kind, v any) string {
	switch v := v.(type) {
	case bool:
		return BooleanText(v)
	case float64:
		return spellValue(kind, v)
	case string:
		return v
	}
	return "?"
}
