package dataset

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// foreignRow has a column of each type that is read.
type foreignRow struct {
	I32  int32    `parquet:"i32"`
	I64  *int64   `parquet:"i64"`
	U32  uint32   `parquet:"u32"`
	U64  uint64   `parquet:"u64"`
	F32  float32  `parquet:"f32"`
	F64  *float64 `parquet:"f64,dict"`
	Flag *bool    `parquet:"flag"`
	Text string   `parquet:"text"`
	Dict *string  `parquet:"dict,dict"`
}

func ptr[T any](v T) *T { return &v }

// foreignRows returns n rows, and how they read.
func foreignRows(n int) ([]foreignRow, [][]string) {
	rows := []foreignRow{
		{I32: -5, I64: ptr(int64(1 << 40)), U32: 1<<32 - 1, U64: 1 << 63, F32: 0.5, F64: ptr(-2.25), Flag: ptr(true), Text: "x", Dict: ptr("ü,\"")},
		{F32: float32(math.Inf(1)), F64: ptr(math.NaN()), Flag: ptr(false), Text: "NA", Dict: ptr("")},
		{I64: ptr(int64(-7)), F64: ptr(math.Copysign(0, -1)), Text: "a longer text than that", Dict: ptr("z")},
	}
	want := [][]string{
		{"-5", "1.099511627776e+12", "4.294967295e+09", "9.223372036854776e+18", "0.5", "-2.25", "True", "x", "ü,\""},
		{"0", "?", "0", "0", "?", "?", "False", "?", "?"},
		{"0", "-7", "0", "0", "0", "0", "?", "a longer text than that", "z"},
	}
	for len(rows) < n {
		rows, want = append(rows, rows[:3]...), append(want, want[:3]...)
	}
	return rows[:n], want[:n]
}

func writeForeign[T any](t tester, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatalf("%v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return out.Bytes()
}

// TestForeignParquet reads what parquet-go writes: every type, both versions of
// pages, every codec, several pages and row groups.
func TestForeignParquet(t *testing.T) {
	rows, want := foreignRows(3000)
	for name, codec := range map[string]compress.Codec{
		"none": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd,
	} {
		for version := 1; version <= 2; version++ {
			data := writeForeign(t, rows, parquet.Compression(codec), parquet.DataPageVersion(version),
				parquet.PageBufferSize(2000), parquet.MaxRowsPerRowGroup(1000))
			f := openParquet(t, data, Options{BatchRows: 700})
			got, _ := rowsOfSide(t, f, All, nil)
			same(t, name, got, want)
		}
	}
}

// encodedRow has the encodings that writers choose on request, and for version
// 2 of the format.
type encodedRow struct {
	D32   int32   `parquet:"d32,optional,delta"` // zero is null in all of them
	D64   int64   `parquet:"d64,optional,delta"`
	S32   float32 `parquet:"s32,optional,split"`
	S64   float64 `parquet:"s64,optional,split"`
	Text  string  `parquet:"text,optional"` // DELTA_LENGTH_BYTE_ARRAY
	Plain string  `parquet:"plain,optional,plain"`
	Dict  int64   `parquet:"dict,optional,dict"`
	Bool  bool    `parquet:"bool"`
}

func newEncodedRow(v int64, text string) encodedRow {
	return encodedRow{int32(v), v, float32(v), float64(v), text, text, v&7 | 8, v&1 == 1}
}

// TestForeignEncodings compares with what parquet-go reads, of values of all
// sizes, runs of alike ones among them. (It does not compare with the values
// that were written: of optional numbers without a pointer parquet-go 0.32
// stores a null as a zero now and then.)
func TestForeignEncodings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shift, step := rapid.IntRange(0, 63).Draw(t, "shift"), rapid.IntRange(1, 50).Draw(t, "step")
		rows := make([]encodedRow, rapid.IntRange(1, 2000).Draw(t, "rows"))
		for i := range rows {
			if i/step%3 > 0 {
				v := int64(r.Uint64()) >> shift
				rows[i] = newEncodedRow(v, fmt.Sprint("t", v))
			}
		}
		data := writeForeign(t, rows, parquet.PageBufferSize(rapid.IntRange(100, 10_000).Draw(t, "page")))
		got, _ := rowsOfSide(t, openParquet(t, data, Options{BatchRows: rapid.IntRange(1, 3000).Draw(t, "batch")}), All, nil)
		same(t, "rows", got, readByParquetGo(t, data))
	})
}

// TestForeignParquetAsInput scans such a file.
func TestForeignParquetAsInput(t *testing.T) {
	rows, want := foreignRows(300)
	got := readAll(t, opensAt(writeForeign(t, rows)), Options{})
	same(t, "rows", got.Rows, want)
	same(t, "columns", got.Schema.Columns, []Column{
		{Name: "i32", Kind: Integer, Distinct: 2, Min: -5, Max: 0},
		{Name: "i64", Kind: Integer, Distinct: 2, Min: -7, Max: 1 << 40, Missing: 100},
		{Name: "u32", Kind: Integer, Distinct: 2, Max: 1<<32 - 1},
		{Name: "u64", Kind: Float, Distinct: 2, Max: 1 << 63},
		{Name: "f32", Kind: Float, Distinct: 2, Max: 0.5, Missing: 100, OutOfRange: 100},
		{Name: "f64", Kind: Float, Distinct: 2, Min: -2.25, Max: 0, Missing: 100},
		{Name: "flag", Kind: Boolean, Distinct: 2, Dict: []string{"False", "True"}, Counts: []int64{100, 100}, Missing: 100},
		{Name: "text", Kind: Text, Distinct: 2, Dict: []string{"x", "a longer text than that"}, Counts: []int64{100, 100}, Missing: 100},
		{Name: "dict", Kind: Text, Distinct: 2, Dict: []string{"ü,\"", "z"}, Counts: []int64{100, 100}, Missing: 100},
	})
	if _, err := openParquet(t, writeForeign(t, rows), Options{}).Rows(Train); !fault.Is(err, fault.InvalidData) {
		t.Errorf("a side of it: %v", err)
	}
}

// TestUnsupportedParquet checks that what is not read is refused by name.
func TestUnsupportedParquet(t *testing.T) {
	type nested struct {
		Inner struct{ A int64 } `parquet:"inner"`
	}
	type list struct {
		Items []int64 `parquet:"items"`
	}
	type fixed struct {
		ID [16]byte `parquet:"id"`
	}
	type blob struct {
		Bytes []byte `parquet:"bytes"`
	}
	one := []struct{ N int64 }{{1}}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"nested":  {writeForeign(t, []nested{{}}), `column "inner" is nested`},
		"list":    {writeForeign(t, []list{{[]int64{1}}}), `column "items" is nested`},
		"fixed":   {writeForeign(t, []fixed{{}}), `column "id" is of a type that is not supported`},
		"brotli":  {writeForeign(t, one, parquet.Compression(&parquet.Brotli)), `column "N": its compression is not supported`},
		"bytes":   {writeForeign(t, []blob{{[]byte("\xff")}}), `column "bytes": text that is not UTF-8`},
		"no rows": {writeForeign(t, one[:0]), "no rows"},
		"long":    {writeForeign(t, []struct{ T string }{{strings.Repeat("x", 200)}}), "a text of more than 100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Scan(context.Background(), opensAt(c.data), Options{MaxCell: 100})
			fails(t, err, fault.InvalidData, c.says)
		})
	}
}
