package dataset

import (
	"os"
	"path/filepath"
	"testing"
)

// What the files that testdata/formats.py wrote hold: the table, and three rows
// of every type of Parquet, the second one without any value.
var (
	goldenTable = [][]string{
		{"1", "1234.5", "Zürich", "True", "1.7074368e+09"},
		{"2", "0.25", "Málaga; Spain", "False", "-86400"},
		{"3", "?", "Straße, 5", "True", "?"},
		{"4", "1.00000075e+06", "?", "?", "9.466848e+08"},
		{"5", "-12.5", "Zürich", "False", "1.7091648e+09"},
		{"6", "7", `the "Île"`, "True", "1.7356032e+09"},
	}
	goldenTypes = map[string][2]string{
		"flag": {"True", "False"}, "i8": {"-128", "127"}, "u16": {"0", "65535"}, "i32": {"-2.147483648e+09", "2.147483647e+09"},
		"u64": {"1", "1.844674407370955e+19"}, "i64": {"-9.007199254740992e+15", "9.007199254740992e+15"},
		"f16": {"0.5", "-2"}, "f32": {"0.25", "-1.5"}, "f64": {"0.1", "-1e+300"},
		"dec9": {"-0.01", "1.23456789e+06"}, "dec38": {"1.2345678901234567e+19", "-1.5"},
		"date": {"1.7074368e+09", "-86400"}, "clock": {"63005.25", "1"},
		"ms": {"1.70749980525e+09", "-86400"}, "us": {"1.70749980525e+09", "-6.21355968e+10"}, "ns": {"1.70749980525e+09", "86400"},
		"text": {"ü", "a text"}, "kind": {"x", "y"}, "json": {`{"a":1}`, "[2]"},
		"uuid": {"00000000-0000-0000-0000-000000000001", "80000000-0000-0000-0000-000000000000"},
	}
)

// goldenFile reads a file of testdata/formats.
func goldenFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "formats", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGoldenFormats reads the same table from files of every format, encoding
// and convention, with nothing told of them but that one is in Latin-1.
func TestGoldenFormats(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "formats", "table*"))
	if err != nil || len(files) < 19 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		var opts Options
		if name == "table-latin-1.csv" {
			opts.Dialect.Encoding = Latin1
		}
		t.Run(name, func(t *testing.T) { sameAsGolden(t, opensAt(goldenFile(t, name)), opts) })
	}
	t.Run("parts", func(t *testing.T) {
		var parts [][]byte
		for _, name := range []string{"part-0", "part-1", "part-2", "part-3"} {
			parts = append(parts, goldenFile(t, name+".parquet"))
		}
		sameAsGolden(t, Files(sourcesAt(parts...)), Options{})
	})
}

func sameAsGolden(t *testing.T, open Opener, opts Options) {
	got := readAll(t, open, opts)
	same(t, "names", got.Schema.Names(), []string{"id", "price", "city", "open", "day"})
	for j, kind := range []Kind{Integer, Float, Text, Boolean, Time} {
		if got.Schema.Columns[j].Kind != kind {
			t.Errorf("%s is %s", got.Schema.Columns[j].Name, got.Schema.Columns[j].Kind)
		}
	}
	same(t, "rows", got.Rows, goldenTable)
	same(t, "rejects", got.Rejects, []Reject(nil))
}

// TestGoldenTypes reads every type, encoding and codec of Parquet.
func TestGoldenTypes(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"types", "types-v2", "types-lz4", "types-int96", "types-delta", "types-delta-length", "types-duckdb"} {
		got := readAll(t, opensAt(goldenFile(t, name+".parquet")), Options{})
		for j, column := range got.Schema.Names() {
			want, known := goldenTypes[column]
			if !known || len(got.Rows) != 3 {
				t.Fatalf("%s: column %s, %d rows", name, column, len(got.Rows))
			}
			seen[column] = true
			same(t, name+": "+column, []string{got.Rows[0][j], got.Rows[1][j], got.Rows[2][j]}, []string{want[0], "?", want[1]})
		}
	}
	if len(seen) != len(goldenTypes) {
		t.Errorf("%d types of %d", len(seen), len(goldenTypes))
	}
}
