package dataset

import (
	"context"
	"io"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// wideRow and narrowRow are rows of one table, whose numbers are stored in
// another width and whose columns are in another order.
type (
	wideRow struct {
		N    int64   `parquet:"n"`
		X    float64 `parquet:"x"`
		Text *string `parquet:"text,dict"`
		Flag *bool   `parquet:"flag"`
		Free string  `parquet:"free,delta"`
	}
	narrowRow struct {
		Free string  `parquet:"free,plain"`
		Text *string `parquet:"text"`
		N    int32   `parquet:"n,optional"`
		Flag bool    `parquet:"flag"`
		X    float32 `parquet:"x"`
	}
)

// sourcesAt names Parquet files a, b, c and so on.
func sourcesAt(files ...[]byte) []Source {
	var sources []Source
	for i, data := range files {
		sources = append(sources, Source{Name: string(rune('a' + i)), Open: opensAt(data)})
	}
	return sources
}

// TestParquetFilesReadLikeOne cuts a table into Parquet files at random places,
// which may be the same. Each has other row groups and pages, and may store its
// columns in another order and width. Texts may have no place in the dictionary.
func TestParquetFilesReadLikeOne(t *testing.T) {
	words := []*string{nil, ptr("NA"), ptr("red"), ptr("green"), ptr("a longer text than that"), ptr("blue")}
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]wideRow, rapid.IntRange(1, 300).Draw(t, "rows"))
		narrow := make([]narrowRow, len(rows))
		for i := range rows {
			k := rapid.IntRange(0, 500).Draw(t, "value")
			rows[i] = wideRow{int64(k + 1), float64(k) / 4, words[k%len(words)], ptr(k%3 == 0), string(rune('a' + k%26))}
			narrow[i] = narrowRow{rows[i].Free, rows[i].Text, int32(k + 1), k%3 == 0, float32(k) / 4}
		}
		opts := Options{Hashes: [][]string{nil, {"text", "n"}}, BatchRows: rapid.IntRange(1, 99).Draw(t, "batch"), MaxDistinct: rapid.IntRange(2, 40).Draw(t, "distinct")}
		want := readAll(t, opensAt(writeForeign(t, rows)), opts)
		cuts := []int{0, rapid.IntRange(0, len(rows)).Draw(t, "cut"), rapid.IntRange(0, len(rows)).Draw(t, "cut"), len(rows)}
		slices.Sort(cuts)
		var files [][]byte
		for k := range len(cuts) - 1 {
			how := []parquet.WriterOption{parquet.PageBufferSize(rapid.IntRange(50, 3000).Draw(t, "page")), parquet.MaxRowsPerRowGroup(rapid.Int64Range(5, 200).Draw(t, "group"))}
			if k > 0 && rapid.Bool().Draw(t, "narrow") {
				files = append(files, writeForeign(t, narrow[cuts[k]:cuts[k+1]], how...))
			} else {
				files = append(files, writeForeign(t, rows[cuts[k]:cuts[k+1]], how...))
			}
		}
		got := readAll(t, Files(sourcesAt(files...)), opts)
		same(t, "schema", got.Schema, want.Schema)
		same(t, "rows", got.Rows, want.Rows)
		same(t, "hashes", got.Hashes, want.Hashes)
		for k, f := range got.Tally.Files {
			if f.Name != string(rune('a'+k)) || f.Bytes != int64(len(files[k])) || f.SHA256 == "" {
				t.Errorf("file %+v", f)
			}
		}
		if len(got.Tally.Files) != len(files) || got.Tally.Used != int64(len(rows)) {
			t.Errorf("tally %+v", got.Tally)
		}
	})
}

// TestParquetBatchesNameTheirFiles has batches that go over the files' ends, one
// of which has no rows.
func TestParquetBatchesNameTheirFiles(t *testing.T) {
	rows := []struct{ N int64 }{{1}, {2}, {3}}
	sources := sourcesAt(writeForeign(t, rows), writeForeign(t, rows[:0]), writeForeign(t, rows[:2]))
	open := Files(sources)
	schema, _, err := Scan(context.Background(), open, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	_, err = Read(context.Background(), open, schema, Options{BatchRows: 4}, func(b *Batch) error {
		for range b.Rows {
			names = append(names, b.File)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "files", names, []string{"a", "a", "a", "c", "c"})
}

// TestParquetFilesMustAgree names file, column and types.
func TestParquetFilesMustAgree(t *testing.T) {
	type first struct {
		N int64  `parquet:"n"`
		T string `parquet:"t"`
	}
	data := writeForeign(t, []first{{1, "x"}})
	for name, c := range map[string]struct {
		second []byte
		says   string
	}{
		"lacks a column": {writeForeign(t, []struct {
			N int64 `parquet:"n"`
		}{{1}}), `b lacks the column "t", which the first file has`},
		"has one more": {writeForeign(t, []struct {
			N int64  `parquet:"n"`
			Z bool   `parquet:"z"`
			T string `parquet:"t"`
		}{{}}), `b has the column "z", which the first file does not have`},
		"another type": {writeForeign(t, []struct {
			N float64 `parquet:"n"`
			T string  `parquet:"t"`
		}{{}}), `b has the column "n" as DOUBLE, the files before it as INT64`},
		"a date for a number": {writeForeign(t, []struct {
			N int32  `parquet:"n,date"`
			T string `parquet:"t"`
		}{{}}), `b has the column "n" as DATE, the files before it as INT64`},
		"CSV":     {[]byte("n,t\n1,x\n"), "b: The data are no whole Parquet file"},
		"cut off": {data[:len(data)-2], "b: The data are no whole Parquet file"},
		"damaged": {slices.Concat([]byte("PAR1"), make([]byte, 60), []byte("PAR1")), "b: The Parquet file cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Scan(context.Background(), Files(sourcesAt(data, c.second)), Options{})
			fails(t, err, fault.InvalidData, c.says)
		})
	}
	lost := sourcesAt(data, data)
	lost[1].Open = func(context.Context) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	if _, _, err := Scan(context.Background(), Files(lost), Options{}); err != io.ErrClosedPipe {
		t.Errorf("%v", err)
	}
	_, _, err := Scan(context.Background(), Files(sourcesAt(data, data)), Options{MaxRows: 1})
	fails(t, err, fault.TooLarge, "more rows than the limit of 1")
}

// TestParquetFilesThatChange has another second file in the second pass.
func TestParquetFilesThatChange(t *testing.T) {
	rows := []struct{ N int64 }{{1}, {2}}
	data, fewer := writeForeign(t, rows), writeForeign(t, rows[:1])
	schema, _, err := Scan(context.Background(), Files(sourcesAt(data, data)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(context.Background(), Files(sourcesAt(data, fewer)), schema, Options{}, func(*Batch) error { return nil })
	fails(t, err, fault.InvalidData, "changed while they were read")
}

// TestAskedFormat has data in each format, and another asked for.
func TestAskedFormat(t *testing.T) {
	data := map[Format]Opener{
		CSV: opens("x,y\n1,2\n"), JSONLines: opens("{\"x\":1}\n{\"x\":2}\n"),
		Parquet: opensAt(writeForeign(t, []struct{ N int64 }{{1}})),
	}
	for is, open := range data {
		for asked := range data {
			schema, _, err := Scan(context.Background(), open, Options{Dialect: Dialect{Format: asked}})
			switch {
			case is == asked && (err != nil || schema.Dialect.Format != is):
				t.Errorf("%s: %v", is, err)
			case is != asked && !(is == JSONLines && asked == CSV): // anything may be CSV
				fails(t, err, fault.InvalidData, "not in the format that was asked for, "+string(asked))
			}
		}
	}
}
