package processed

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/model"
)

var ctx = context.Background()

// table is a CSV text with a header.
type table string

// rows returns the cells, without the header.
func (text table) rows(t *testing.T) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// everyFifth is the split of the tests: rows 0, 5, 10 and so on are held out.
func everyFifth(row int) dataset.Side {
	if row%5 == 0 {
		return dataset.Holdout
	}
	return dataset.Train
}

// run is a run's processed data as preprocess would have left it.
type run struct {
	store  blob.Root
	bucket *blob.Memory
	uri    string
	doc    *Document
}

// write processes a table for a recipe.
func write(t *testing.T, text table, recipe model.Recipe) *run {
	t.Helper()
	bucket := blob.NewMemory()
	r := &run{bucket: bucket, store: blob.Root{Bucket: bucket, Base: "s3://store/prefix"}}
	r.doc = &Document{RunID: "run-1", ModelName: "default", Recipe: recipe}
	r.put(t, DataFile, r.parquet(t, text))
	if err := WriteDocument(ctx, r.store, r.doc); err != nil {
		t.Fatal(err)
	}
	r.uri = r.store.URI(Path("run-1", DataFile))
	return r
}

func (r *run) put(t *testing.T, name string, data []byte) {
	t.Helper()
	if _, err := r.store.Put(ctx, Path("run-1", name), data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
}

func (r *run) get(t *testing.T, name string) []byte {
	t.Helper()
	data, _, err := blob.ReadAll(ctx, r.store, Path("run-1", name), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// parquet writes the table as preprocess does, and describes it in r.doc.
func (r *run) parquet(t *testing.T, text table) []byte {
	t.Helper()
	open := func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(string(text))), nil
	}
	schema, _, err := dataset.Scan(ctx, open, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := dataset.NewWriter(&out, schema, schema.Names(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.doc.Digested = schema.Names()
	row, sides, digests := 0, map[dataset.Side]*Side{dataset.Train: &r.doc.Train, dataset.Holdout: &r.doc.Holdout}, map[dataset.Side]*Digest{}
	for side := range sides {
		digests[side] = NewDigest()
		*sides[side] = Side{Classes: make([]int64, len(r.doc.Recipe.Classes))}
	}
	_, err = dataset.Read(ctx, open, schema, dataset.Options{Hashes: [][]string{nil}}, func(b *dataset.Batch) error {
		for i := range b.Rows {
			side := everyFifth(row)
			row++
			digests[side].Add(b.Hashes[0][i])
			sides[side].Rows++
			if err := w.WriteRows(side, b, []int{i}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for side := range sides {
		sides[side].Digest = digests[side].String()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// open opens the run's data, with batches of so many rows (0: the default).
func (r *run) open(t *testing.T, batchRows int) *Data {
	t.Helper()
	d, err := open(ctx, r.store, r.uri, dataset.Options{BatchRows: batchRows})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.Close(); r.bucket.Unclosed() != 0 {
			t.Errorf("%d readers were not closed", r.bucket.Unclosed())
		}
	})
	return d
}

// number and category are features of a recipe.
func number(name string) model.Feature {
	return model.Feature{Name: name, Kind: model.Number, Scale: 1}
}

func category(name string, categories ...string) model.Feature {
	return model.Feature{Name: name, Kind: model.Category, Categories: categories}
}
