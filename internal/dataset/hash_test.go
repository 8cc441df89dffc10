package dataset

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// TestGoldenHashes holds the row hash to what stored data depend on. The
// values come from testdata/rowhash.py, which follows the definition in
// hash.go and shares no code with it.
func TestGoldenHashes(t *testing.T) {
	for _, c := range []struct {
		names []string
		cells []any
		want  uint64
	}{
		{nil, nil, 0},
		{[]string{"a"}, []any{nil}, 0},
		{[]string{"a"}, []any{5}, goldenA5},
		{[]string{"a"}, []any{"5.0"}, goldenA5},
		{[]string{"a"}, []any{" 5e0 "}, goldenA5},
		{[]string{"a"}, []any{json.Number("5")}, goldenA5},
		{[]string{"b"}, []any{5.0}, goldenB5},
		{[]string{"a"}, []any{0.1}, goldenTenth},
		{[]string{"a"}, []any{math.Copysign(0, -1)}, goldenZero},
		{[]string{"a"}, []any{"-0"}, goldenZero},
		{[]string{"a"}, []any{"text"}, goldenText},
		{[]string{"a"}, []any{" text"}, goldenBlankText},
		{[]string{"größe"}, []any{"süß"}, goldenUnicode},
		{[]string{"a"}, []any{true}, goldenTrue},
		{[]string{"a"}, []any{"True"}, goldenTrue},
		{[]string{"a"}, []any{"true"}, goldenTrue},
		{[]string{"a"}, []any{"2024-02-09 17:30"}, goldenTime},
		{[]string{"a"}, []any{" 9.2.2024T18:30:00.0+01:00"}, goldenTime},
		{[]string{"a"}, []any{"NA"}, 0},
		{[]string{"a"}, []any{"inf"}, 0},
		{[]string{"a", "b", "c"}, []any{1.5, "x", nil}, goldenRow},
		{[]string{"c", "b", "a"}, []any{"", "x", "1.50"}, goldenRow},
	} {
		if got := HashOf(c.names, c.cells); got != c.want {
			t.Errorf("%v %v: %#x, want %#x", c.names, c.cells, got, c.want)
		}
	}
}

// TestHashesOfBatches compares Read's hashes with HashOf and HashRecord, row by
// row, for CSV and for Parquet, whatever the kinds of the columns and however
// small their dictionaries.
func TestHashesOfBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genCSV(t)
		sets := [][]string{nil, {}, {"a"}, slices.Clone(f.names)}
		slices.Reverse(sets[3])
		opts := Options{
			Dialect: Dialect{Delimiter: ','}, Hashes: sets,
			MaxDistinct: rapid.SampledFrom([]int{1, 3, 65536}).Draw(t, "max distinct"),
			BatchRows:   rapid.IntRange(1, 20).Draw(t, "batch rows"),
		}
		got := readAll(t, opens(f.text), opts)
		for i, row := range f.cells {
			cells, record := make([]any, len(row)), map[string]any{}
			for j, cell := range row {
				cells[j] = cell
				record[f.names[j]] = cell
			}
			all := HashOf(f.names, cells)
			same(t, "hashes", []uint64{got.Hashes[0][i], got.Hashes[1][i], got.Hashes[2][i], got.Hashes[3][i]},
				[]uint64{all, 0, HashOf(f.names[:1], cells[:1]), all})
			same(t, "hash of record", []uint64{HashRecord(record, nil), HashRecord(record, []string{"a", "missing"})},
				[]uint64{all, HashRecord(record, []string{"a"})})
		}
	})
}

// TestHashesSpread looks at the share of rows that a threshold selects, and at
// neighbours: a split by hash is as good as a random one.
func TestHashesSpread(t *testing.T) {
	var in strings.Builder
	in.WriteString("a,b\n")
	const rows = 20_000
	for i := range rows {
		in.WriteString(strconv.Itoa(i/2) + "," + strconv.Itoa(i%2) + "\n")
	}
	got := readAll(t, opens(in.String()), Options{Hashes: [][]string{nil}})
	low, changes := 0, 0
	for i, h := range got.Hashes[0] {
		if h>>63 == 0 {
			low++
		}
		if i > 0 && h>>63 != got.Hashes[0][i-1]>>63 {
			changes++
		}
	}
	// Five standard deviations of a fair coin are 354.
	if low < rows/2-354 || low > rows/2+354 || changes < rows/2-354 || changes > rows/2+354 {
		t.Errorf("%d of %d rows lie in the lower half, %d changes", low, rows, changes)
	}
}

func TestUnknownColumnInHashes(t *testing.T) {
	_, err := tryReadAll(opens("a\n1\n"), Options{Hashes: [][]string{{"b"}}})
	fails(t, err, fault.InvalidRequest, "not in the table")
}
