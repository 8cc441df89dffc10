package retrain_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"retrain/internal/dataset"
	"retrain/internal/retrain"
)

// TestEveryFormatMakesTheSameModel retrains on one table in every way to write
// it: the model's digest is the same.
func TestEveryFormatMakesTheSameModel(t *testing.T) {
	plain := firstLines(example(t, "churn.csv"), 1200)
	records, err := csv.NewReader(bytes.NewReader(plain)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse()
	train := func(name, path string) string {
		r := h.run(t, retrain.Request{
			DataPath: path, Target: "churn", ModelName: "churn", RunID: name,
			ModelParams: map[string]any{"max_iter": 5.0, "max_leaf_nodes": 8.0},
		})
		return r.Train.ModelSHA256
	}
	want := train("csv", h.put(t, "d.csv", plain))
	half := bytes.Index(plain[len(plain)/2:], []byte("\n")) + len(plain)/2 + 1
	head, _, _ := bytes.Cut(plain, []byte("\n"))
	h.put(t, "cut/1.csv", plain[:half])
	h.put(t, "cut/2.csv.gz", zipped(t, append(append(bytes.Clone(head), '\n'), plain[half:]...)))
	for name, data := range map[string][]byte{
		"gzip": zipped(t, plain), "zstd": zstandard(t, plain), "utf-16": wide(plain),
		"tsv": delimited(records, "\t", "."), "decimal-comma": delimited(records, ";", ","), "jsonl": objects(t, records),
	} {
		if got := train(name, h.put(t, "d."+name, data)); got != want {
			t.Errorf("%s: another model", name)
		}
	}
	if got := train("parquet", h.put(t, "d.parquet", parquetOf(t, plain, 0, 1200))); got != want {
		t.Error("parquet: another model")
	}
	h.put(t, "spark/part-0.parquet", parquetOf(t, plain, 0, 500))
	h.put(t, "spark/part-1.parquet", parquetOf(t, plain, 500, 1200))
	if got := train("spark", strings.TrimSuffix(h.put(t, "spark/_SUCCESS", nil), "_SUCCESS")); got != want {
		t.Error("two Parquet files: another model")
	}
	if got := train("cut", strings.TrimSuffix(h.put(t, "cut/_SUCCESS", nil), "_SUCCESS")); got != want {
		t.Error("cut into files: another model")
	}
}

// parquetOf writes some rows of a CSV table as Parquet.
func parquetOf(t *testing.T, table []byte, from, to int) []byte {
	t.Helper()
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(table)), nil }
	schema, _, err := dataset.Scan(context.Background(), open, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := dataset.NewWriter(&out, schema, schema.Names(), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	_, err = dataset.Read(context.Background(), open, schema, dataset.Options{}, func(b *dataset.Batch) error {
		var rows []int
		for i := range b.Rows {
			if from <= at && at < to {
				rows = append(rows, i)
			}
			at++
		}
		return w.WriteRows(dataset.Train, b, rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t *testing.T, data []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(data, nil)
}

// wide is UTF-16 with a byte order mark.
func wide(data []byte) []byte {
	out := []byte("\xfe\xff")
	for _, unit := range utf16.Encode([]rune(string(data))) {
		out = binary.BigEndian.AppendUint16(out, unit)
	}
	return out
}

// delimited writes records with another delimiter and decimal sign.
func delimited(records [][]string, delimiter, decimal string) []byte {
	var out bytes.Buffer
	for _, record := range records {
		for j, cell := range record {
			if j > 0 {
				out.WriteString(delimiter)
			}
			if json.Valid([]byte(cell)) {
				cell = strings.Replace(cell, ".", decimal, 1)
			}
			out.WriteString(cell)
		}
		out.WriteString("\n")
	}
	return out.Bytes()
}

// objects writes records as JSON Lines.
func objects(t *testing.T, records [][]string) []byte {
	var out bytes.Buffer
	for _, record := range records[1:] {
		for j, cell := range record {
			key, err := json.Marshal(records[0][j])
			if err != nil {
				t.Fatal(err)
			}
			value := []byte(cell)
			if !json.Valid(value) {
				if value, err = json.Marshal(cell); err != nil {
					t.Fatal(err)
				}
			}
			out.WriteByte("{,"[min(j, 1)])
			out.Write(key)
			out.WriteByte(':')
			out.Write(value)
		}
		out.WriteString("}\n")
	}
	return out.Bytes()
}
