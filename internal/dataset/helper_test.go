package dataset

import (
	"bytes"
	"context"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/fault"
)

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// opens returns an Opener of the data.
func opens(data string) Opener {
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(data)), nil
	}
}

// opensVia returns an Opener whose reader hands the data out in its own way.
func opensVia(data string, via func(io.Reader) io.Reader) Opener {
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(via(strings.NewReader(data))), nil
	}
}

// randomAccessFile is a file in memory.
type randomAccessFile struct{ *bytes.Reader }

func (randomAccessFile) Close() error { return nil }

// opensAt returns an Opener of a file with random access.
func opensAt(data []byte) Opener {
	return func(context.Context) (io.ReadCloser, error) {
		return randomAccessFile{bytes.NewReader(data)}, nil
	}
}

// read is everything that the two passes tell of a table.
type read struct {
	Schema  *Schema
	Tally   *Tally
	Rows    [][]string // numbers as strconv writes them; missing as "?"
	Lines   []int64
	Hashes  [][]uint64
	Rejects []Reject
}

// readAll scans and reads a table. It checks that both passes see the same.
func readAll(t tester, open Opener, opts Options) *read {
	t.Helper()
	got, err := tryReadAll(open, opts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return got
}

func tryReadAll(open Opener, opts Options) (*read, error) {
	out := &read{Hashes: make([][]uint64, len(opts.Hashes))}
	var err error
	opts.OnReject = func(r Reject) error {
		out.Rejects = append(out.Rejects, r)
		return nil
	}
	if out.Schema, out.Tally, err = Scan(context.Background(), open, opts); err != nil {
		return nil, err
	}
	inScan := out.Rejects
	out.Rejects = nil
	tally, err := Read(context.Background(), open, out.Schema, opts, func(b *Batch) error {
		out.Lines = append(out.Lines, b.Lines...)
		for k, h := range b.Hashes {
			out.Hashes[k] = append(out.Hashes[k], h...)
		}
		out.Rows = append(out.Rows, rowsOf(b)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if d := cmp.Diff(out.Tally, tally) + cmp.Diff(inScan, out.Rejects); d != "" {
		return nil, fault.New(fault.Internal, "the passes differ: %s", d)
	}
	return out, nil
}

// rowsOf spells a batch's rows.
func rowsOf(b *Batch) [][]string {
	rows := make([][]string, b.Rows)
	for i := range rows {
		for j := range b.Columns {
			rows[i] = append(rows[i], spell(&b.Columns[j], i))
		}
	}
	return rows
}

func spell(v *Values, i int) string {
	switch {
	case v.Kind == Text && v.Codes[i] == MissingCode, v.Kind != Text && math.IsNaN(v.Numbers[i]):
		return "?"
	case v.Kind == Text && v.Codes[i] == OverflowCode:
		return "overflow"
	case v.Kind == Text:
		return v.Dict[v.Codes[i]]
	}
	return spellValue(v.Kind, v.Numbers[i])
}

// spellValue spells a value that is not missing.
func spellValue(kind Kind, v float64) string {
	if kind == Boolean {
		return BooleanText(v == 1)
	}
	return spellNumber(v)
}

func spellNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// same compares and reports what differs.
func same(t tester, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // much faster on large tables
		return
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// fails checks that err is of the kind and that its detail says so.
func fails(t tester, err error, kind fault.Kind, says string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one that says %q", says)
	}
	f := fault.From(err)
	if f.Kind != kind || !strings.Contains(f.Detail, says) {
		t.Errorf("error %v %q; want %v that says %q", f.Kind, f.Detail, kind, says)
	}
}

// parquetOf writes a CSV table as Parquet, odd rows to the holdout side.
func parquetOf(t tester, table string) []byte {
	t.Helper()
	schema, _, err := Scan(context.Background(), opens(table), Options{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, schema, schema.Names(), nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	_, err = Read(context.Background(), opens(table), schema, Options{}, func(b *Batch) error {
		var sides [2][]int
		for i := range b.Rows {
			sides[i%2] = append(sides[i%2], i)
		}
		if err := w.WriteRows(Train, b, sides[0]); err != nil {
			return err
		}
		return w.WriteRows(Holdout, b, sides[1])
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return out.Bytes()
}
