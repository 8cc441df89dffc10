//go:build e2e

package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPandasReadsOursAndWeReadPandas hands a table to pandas and pyarrow as CSV
// and as Parquet, which must agree, and reads the Parquet files that they write.
// RETRAIN_PYTHON names a Python with test/requirements.txt installed.
func TestPandasReadsOursAndWeReadPandas(t *testing.T) {
	python := os.Getenv("RETRAIN_PYTHON")
	if python == "" {
		t.Fatal("RETRAIN_PYTHON is not set: it names a Python with test/requirements.txt installed")
	}
	dir := t.TempDir()
	table := pandasTable(280_001)
	writeFile(t, dir, "table.csv", []byte(table))
	writeFile(t, dir, "table.parquet", pandasParquet(t, table))
	out, err := exec.Command(python, filepath.Join("testdata", "pandas_check.py"), dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	want := readAll(t, opens(table), Options{Hashes: [][]string{nil}})
	rows := append(everyOther(want.Rows, 0), everyOther(want.Rows, 1)...)
	hashes := append(everyOther(want.Hashes[0], 0), everyOther(want.Hashes[0], 1)...)
	files, err := filepath.Glob(filepath.Join(dir, "foreign-*.parquet"))
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, opensAt(data), Options{Hashes: [][]string{nil}})
		same(t, filepath.Base(file)+": rows", got.Rows, rows)
		same(t, filepath.Base(file)+": hashes", got.Hashes[0], hashes)
	}
}

// pandasTable has numbers of all kinds, texts, and missing values.
func pandasTable(rows int) string {
	r := rand.New(rand.NewPCG(5, 6))
	var out strings.Builder
	out.WriteString("whole,gaps,real,few,flag,at,category,text\n")
	for i := range rows {
		gap, category := fmt.Sprint(r.IntN(1e6)-5e5), fmt.Sprintf("c%d", r.IntN(40))
		if r.IntN(7) == 0 {
			gap, category = "", ""
		}
		fmt.Fprintf(&out, "%d,%s,%v,%d.5,%s,%s,%s,\"quoted, \"\"%d\"\" ü\"\n", i-1000, gap, r.NormFloat64(), r.IntN(9), BooleanText(i%3 == 0), TimeText(float64(i)*1e4+float64(i)/1e6), category, i/100)
	}
	return out.String()
}

func pandasParquet(t *testing.T, table string) []byte {
	schema := readAll(t, opens(table), Options{}).Schema
	var out bytes.Buffer
	w, err := NewWriter(&out, schema, schema.Names(), map[string]string{"retrain.run_id": "r-1"})
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	_, err = Read(context.Background(), opens(table), schema, Options{}, func(b *Batch) error {
		var sides [2][]int
		for i := range b.Rows {
			sides[at%2] = append(sides[at%2], i)
			at++
		}
		return errors.Join(w.WriteRows(Train, b, sides[0]), w.WriteRows(Holdout, b, sides[1]))
	})
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func writeFile(t *testing.T, dir, name string, data []byte) {
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
