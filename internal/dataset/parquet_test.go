package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// openParquet opens a file in memory.
func openParquet(t tester, data []byte, opts Options) *File {
	t.Helper()
	f, err := OpenParquet(context.Background(), bytes.NewReader(data), int64(len(data)), opts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return f
}

// rowsOfSide reads a side, and hashes if the file was opened with them.
func rowsOfSide(t tester, f *File, side Side, columns []string) (rows [][]string, hashes []uint64) {
	t.Helper()
	err := f.Read(context.Background(), side, columns, func(b *Batch) error {
		rows = append(rows, rowsOf(b)...)
		for _, h := range b.Hashes {
			hashes = append(hashes, h...)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return rows, hashes
}

// everyOther returns the even or the odd elements.
func everyOther[T any](s []T, odd int) []T {
	var out []T
	for i := odd; i < len(s); i += 2 {
		out = append(out, s[i])
	}
	return out
}

// TestParquetRoundTrip writes random tables and reads them back, by side and
// as an input of Scan and Read: values, hashes and descriptions are the same.
func TestParquetRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := genCSV(t).text
		opts := Options{Dialect: Dialect{Delimiter: ','}, Hashes: [][]string{nil}, BatchRows: rapid.IntRange(1, 20).Draw(t, "batch rows")}
		want := readAll(t, opens(table), opts)
		data := parquetOf(t, table)
		f := openParquet(t, data, opts)
		for odd, side := range []Side{Train, Holdout} {
			rows, hashes := rowsOfSide(t, f, side, nil)
			same(t, "rows", rows, everyOther(want.Rows, odd))
			same(t, "hashes", hashes, everyOther(want.Hashes[0], odd))
			if n, err := f.Rows(side); err != nil || int(n) != len(rows) {
				t.Errorf("%d rows are said to be on a side that has %d: %v", n, len(rows), err)
			}
		}
		input := readAll(t, opensAt(data), opts)
		same(t, "hashes as input", input.Hashes[0],
			append(everyOther(want.Hashes[0], 0), everyOther(want.Hashes[0], 1)...))
		for j, c := range input.Schema.Columns {
			w := want.Schema.Columns[j]
			same(t, "column", []any{c.Name, c.Kind, c.Missing, c.Distinct, c.Min, c.Max},
				[]any{w.Name, w.Kind, w.Missing, w.Distinct, w.Min, w.Max})
		}
	})
}

// bigTable has several row groups of several pages each: numbers of few and of
// many values, texts, and a column without any value.
func bigTable(rows int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var out strings.Builder
	out.WriteString("few,many,whole,text,long,none\n")
	for i := range rows {
		few, text := strconv.Itoa(r.IntN(20)), fmt.Sprintf("v%d", r.IntN(300))
		if r.IntN(10) == 0 {
			few, text = "", ""
		}
		fmt.Fprintf(&out, "%s,%v,%d,%s,a text of more than eight bytes %d,\n", few, r.NormFloat64(), i, text, i/50_000)
	}
	return out.String()
}

// TestParquetGoReadsOurs has the rows of a large table read by parquet-go.
func TestParquetGoReadsOurs(t *testing.T) {
	table := bigTable(300_000)
	want := readAll(t, opens(table), Options{})
	data := parquetOf(t, table)
	rows := readByParquetGo(t, data)
	var sides [2][][]string
	for _, row := range rows {
		marker, last := len(row)-1, 0
		if row[marker] == "True" {
			last = 1
		}
		sides[last] = append(sides[last], row[:marker])
	}
	for odd := range sides {
		same(t, "rows", sides[odd], everyOther(want.Rows, odd))
	}
	if n := len(openParquet(t, data, Options{}).meta.groups); n < 4 {
		t.Errorf("%d row groups; the test wants several of each side", n)
	}
}

// readByParquetGo is rowsOfSide by parquet-go.
func readByParquetGo(t tester, data []byte) [][]string {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%v", err)
	}
	var out [][]string
	for _, g := range f.RowGroups() {
		rows := g.Rows()
		buffer := make([]parquet.Row, 1000)
		for err == nil {
			var n int
			n, err = rows.ReadRows(buffer)
			for _, row := range buffer[:n] {
				out = append(out, spellRow(row))
			}
		}
		if err = errors.Join(rows.Close(), onlyFailure(err)); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return out
}

func onlyFailure(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// spellRow is rowsOf for parquet-go's values.
func spellRow(row parquet.Row) []string {
	out := make([]string, len(row))
	for j, v := range row {
		if v.IsNull() || v.Kind() == parquet.ByteArray && isMissing(v.ByteArray()) {
			out[j] = "?"
			continue
		}
		switch v.Kind() {
		case parquet.Boolean:
			out[j] = BooleanText(v.Boolean())
		case parquet.ByteArray:
			out[j] = string(v.ByteArray())
		case parquet.Int32:
			out[j] = spellNumber(float64(v.Int32()))
		case parquet.Int64:
			out[j] = spellNumber(float64(v.Int64()))
		case parquet.Float:
			out[j] = spellNumber(float64(v.Float()))
		default:
			out[j] = spellNumber(v.Double())
		}
	}
	return out
}

// TestParquetBytesAreDeterministic writes a table in batches of two sizes, on
// one core and on all.
func TestParquetBytesAreDeterministic(t *testing.T) {
	table := bigTable(100_000)
	schema := readAll(t, opens(table), Options{}).Schema
	write := func(batchRows int) []byte {
		var out bytes.Buffer
		w, err := NewWriter(&out, schema, schema.Names(), map[string]string{"b": "2", "a": "1", "c": "3"})
		if err != nil {
			t.Fatal(err)
		}
		row := 0
		_, err = Read(context.Background(), opens(table), schema, Options{BatchRows: batchRows}, func(b *Batch) error {
			for i := range b.Rows {
				side := Train
				if row%5 == 0 {
					side = Holdout
				}
				row++
				if err := w.WriteRows(side, b, []int{i}); err != nil {
					return err
				}
			}
			return nil
		})
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	want := write(8192)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(write(777), want) {
		t.Error("the bytes depend on the batches or the cores")
	}
	same(t, "metadata", openParquet(t, want, Options{}).Meta(), map[string]string{"a": "1", "b": "2", "c": "3"})
}

// countingAt counts the bytes that are read.
type countingAt struct {
	io.ReaderAt
	n int64
}

func (c *countingAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// TestOneSideLeavesTheOtherAlone reads a holdout of an eighth.
func TestOneSideLeavesTheOtherAlone(t *testing.T) {
	table := bigTable(80_000)
	schema := readAll(t, opens(table), Options{}).Schema
	var out bytes.Buffer
	w, err := NewWriter(&out, schema, []string{"many", "text"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(context.Background(), opens(table), schema, Options{BatchRows: 8000}, func(b *Batch) error {
		rows := make([]int, b.Rows)
		for i := range rows {
			rows[i] = i
		}
		return errors.Join(w.WriteRows(Holdout, b, rows[:1000]), w.WriteRows(Train, b, rows[1000:]))
	})
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if w.Rows(Train) != 70_000 || w.Rows(Holdout) != 10_000 || w.Rows(All) != 80_000 {
		t.Errorf("%d, %d, %d rows written", w.Rows(Train), w.Rows(Holdout), w.Rows(All))
	}
	in := &countingAt{ReaderAt: bytes.NewReader(out.Bytes())}
	f, err := OpenParquet(context.Background(), in, int64(out.Len()), Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := rowsOfSide(t, f, Holdout, nil); len(rows) != 10_000 {
		t.Errorf("%d rows", len(rows))
	}
	if in.n > int64(out.Len())/4 {
		t.Errorf("%d of %d bytes were read", in.n, out.Len())
	}
}

// TestDictionariesOnlyGrow reads a column of texts that appear over time.
func TestDictionariesOnlyGrow(t *testing.T) {
	var in strings.Builder
	in.WriteString("a\n")
	for i := range 3000 {
		fmt.Fprintf(&in, "v%d\n", i/10)
	}
	f := openParquet(t, parquetOf(t, in.String()), Options{BatchRows: 100})
	var last []string
	for range 2 {
		err := f.Read(context.Background(), All, nil, func(b *Batch) error {
			dict := b.Columns[0].Dict
			if len(dict) < len(last) {
				t.Fatal("the dictionary shrank")
			}
			same(t, "beginning", dict[:len(last)], last)
			last = dict
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(last) != 300 || len(f.Schema().Columns[0].Dict) != 300 {
		t.Errorf("%d values", len(last))
	}
}

func TestColumnsAreReadAsNamed(t *testing.T) {
	f := openParquet(t, parquetOf(t, "a,b,c\n1,x,3\n4,y,6\n"), Options{})
	rows, _ := rowsOfSide(t, f, Train, []string{"c", "b"})
	same(t, "rows", rows, [][]string{{"3", "x"}})
	rows, _ = rowsOfSide(t, f, All, []string{})
	same(t, "rows without columns", rows, [][]string{nil, nil})
	err := f.Read(context.Background(), All, []string{"d"}, func(*Batch) error { return nil })
	fails(t, err, fault.InvalidData, "lacks a column")
	hashed := openParquet(t, parquetOf(t, "a,b\n1,2\n3,4\n"), Options{Hashes: [][]string{{"b"}}})
	err = hashed.Read(context.Background(), All, []string{"a"}, func(*Batch) error { return nil })
	fails(t, err, fault.InvalidRequest, "not in the table")
}

func TestWriterRefuses(t *testing.T) {
	overflowing := &Schema{Columns: []Column{{Name: "a", Kind: Text, Overflow: true}}}
	_, err := NewWriter(io.Discard, overflowing, []string{"a"}, nil)
	fails(t, err, fault.InvalidData, `Column "a" has too many distinct values`)
	reserved := &Schema{Columns: []Column{{Name: HoldoutColumn, Kind: Float}}}
	_, err = NewWriter(io.Discard, reserved, []string{HoldoutColumn}, nil)
	fails(t, err, fault.InvalidData, "reserved")
}

// failingWriter fails after some bytes.
type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	w.left -= len(p)
	if w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// TestWritersErrorsPass writes to an output that breaks.
func TestWritersErrorsPass(t *testing.T) {
	schema := &Schema{Columns: []Column{{Name: "a", Kind: Float}}}
	b := &Batch{Rows: 5000, Columns: []Values{{Kind: Float, Numbers: make([]float64, 5000)}}}
	for i := range b.Columns[0].Numbers {
		b.Columns[0].Numbers[i] = math.Sqrt(float64(i))
	}
	rows := make([]int, 5000)
	for i := range rows {
		rows[i] = i
	}
	w, err := NewWriter(&failingWriter{100 << 10}, schema, []string{"a"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err = w.WriteRows(Train, b, rows); err != nil {
			break
		}
	}
	if !errors.Is(err, io.ErrClosedPipe) || !errors.Is(w.Close(), io.ErrClosedPipe) {
		t.Errorf("WriteRows returned %v, Close %v", err, w.Close())
	}
}
