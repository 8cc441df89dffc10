package dataset

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// describe is the naive twin of the scan: it has all cells of a column at hand.
func describe(name string, cells []string, maxDistinct int) Column {
	c := Column{Name: name, Min: math.Inf(1), Max: math.Inf(-1)}
	kinds := map[cellClass]bool{}
	for _, cell := range cells {
		kinds[classOf(cell)] = true
	}
	c.Kind, c.Form = narrowest(kinds, cells)
	numbers := map[float64]bool{}
	for _, cell := range cells {
		v, class := parseCell([]byte(cell))
		switch {
		case class == missingCell:
			c.Missing++
		case c.Kind == Text:
			c.addNaively(cell, maxDistinct)
		case class == outOfRangeCell:
			c.Missing++
			c.OutOfRange++
		case c.Kind == Boolean:
			numbers[boolNumber(strings.EqualFold(cell, "true"))] = true
			c.addNaively(cell, maxDistinct+6)
		case c.Kind == Time:
			numbers[oracleTime(cell, c.Form)] = true
		default:
			numbers[v] = true
			c.Min, c.Max = min(c.Min, v), max(c.Max, v)
		}
	}
	if c.Distinct = min(len(numbers), maxDistinct+1); c.Kind == Text {
		c.Distinct = len(c.Dict)
	}
	if c.Overflow {
		c.Distinct = maxDistinct + 1
	}
	if !c.Kind.Numeric() {
		c.Min, c.Max = 0, 0
	}
	return c
}

func (c *Column) addNaively(cell string, maxDistinct int) {
	code := slices.Index(c.Dict, cell)
	switch {
	case code >= 0:
		c.Counts[code]++
	case c.Overflow || len(c.Dict) == maxDistinct:
		c.Overflow = true
	default:
		c.Dict, c.Counts = append(c.Dict, cell), append(c.Counts, 1)
	}
}

// expected is what reading a column whose description is right must yield.
func expected(c *Column, cell string) string {
	v, class := parseCell([]byte(cell))
	switch {
	case class == missingCell, class == outOfRangeCell && c.Kind != Text:
		return "?"
	case c.Kind == Text && slices.Contains(c.Dict, cell):
		return cell
	case c.Kind == Text:
		return "overflow"
	case c.Kind == Boolean:
		return BooleanText(strings.EqualFold(cell, "true"))
	case c.Kind == Time:
		return spellNumber(oracleTime(cell, c.Form))
	}
	return spellNumber(v)
}

// TestScanAndReadAgreeWithTheNaiveTwin checks types, counts, dictionaries and
// values over random tables, for any window, batch size, number of workers and
// limit. A small limit also makes columns late: see columnScan.
func TestScanAndReadAgreeWithTheNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genCSV(t)
		opts := Options{
			Dialect:     Dialect{Delimiter: ','},
			MaxDistinct: rapid.SampledFrom([]int{1, 2, 16, 48, 65536}).Draw(t, "max distinct"),
			BatchRows:   rapid.IntRange(1, 20).Draw(t, "batch rows"),
			Workers:     rapid.IntRange(1, 3).Draw(t, "workers"),
			window:      rapid.SampledFrom([]int{1, 64, 1 << 16}).Draw(t, "window"),
		}
		got := readAll(t, opensVia(f.text, rapid.SampledFrom(readers).Draw(t, "reader")), opts)
		for j, name := range f.names {
			cells := make([]string, len(f.cells))
			for i := range cells {
				cells[i] = f.cells[i][j]
			}
			want := describe(name, cells, opts.MaxDistinct)
			same(t, "column", got.Schema.Columns[j], want)
			for i, cell := range cells {
				if v := got.Rows[i][j]; v != expected(&want, cell) {
					t.Fatalf("row %d: %q reads as %q, want %q", i, cell, v, expected(&want, cell))
				}
			}
		}
		same(t, "lines", got.Lines, f.lines)
	})
}

// TestLateText has a column that is numeric with more values than keep their
// spelling, until the very last row. Its dictionary must begin with the first
// rows' spellings all the same.
func TestLateText(t *testing.T) {
	var in strings.Builder
	in.WriteString("id,x\n")
	var want []string
	for i := range 6000 {
		spelling := fmt.Sprintf("%d", i)
		if i%3 == 0 {
			spelling = fmt.Sprintf("%04d.0", i)
		}
		want = append(want, spelling)
		fmt.Fprintf(&in, "%s,1\n", spelling)
	}
	in.WriteString("none of that,1\n0000.0,1\n")
	want = append(want, "none of that")
	got := readAll(t, opens(in.String()), Options{})
	c := got.Schema.Columns[0]
	if c.Kind != Text || c.Distinct != 6001 || c.Overflow || c.Counts[0] != 2 {
		t.Errorf("kind %s, %d distinct, overflow %v, first counted %d times", c.Kind, c.Distinct, c.Overflow, c.Counts[0])
	}
	same(t, "dictionary", c.Dict, want)
	same(t, "second column", got.Schema.Columns[1], Column{Name: "x", Kind: Integer, Min: 1, Max: 1, Distinct: 1})
}

// TestSpellingsOfOneNumber are one distinct value, unless the column is text.
// TestNumbersAreCountedUpToALimit has more distinct numbers than are counted,
// which is no reason not to read them.
func TestNumbersAreCountedUpToALimit(t *testing.T) {
	var in strings.Builder
	in.WriteString("a\n")
	for i := range 2 * CountedNumbers {
		fmt.Fprintln(&in, i)
	}
	got := readAll(t, opens(in.String()), Options{})
	same(t, "columns", got.Schema.Columns, []Column{
		{Name: "a", Kind: Integer, Distinct: CountedNumbers + 1, Max: 2*CountedNumbers - 1},
	})
}

func TestSpellingsOfOneNumber(t *testing.T) {
	got := readAll(t, opens("n,t\n1,1\n01,01\n1.0,1.0\n1e0,x\n"), Options{})
	same(t, "columns", got.Schema.Columns, []Column{
		{Name: "n", Kind: Float, Distinct: 1, Min: 1, Max: 1},
		{Name: "t", Kind: Text, Distinct: 4, Dict: []string{"1", "01", "1.0", "x"}, Counts: []int64{1, 1, 1, 1}},
	})
}

func TestOutOfRange(t *testing.T) {
	got := readAll(t, opens("a,b,c\n1,inf,inf\n1e999,-inf,x\ninf,NA,inf\n"), Options{})
	same(t, "columns", got.Schema.Columns, []Column{
		{Name: "a", Kind: Integer, Distinct: 1, Min: 1, Max: 1, Missing: 2, OutOfRange: 2},
		{Name: "b", Kind: Empty, Missing: 3, OutOfRange: 2},
		{Name: "c", Kind: Text, Distinct: 2, Dict: []string{"inf", "x"}, Counts: []int64{2, 1}},
	})
	same(t, "rows", got.Rows, [][]string{{"1", "?", "inf"}, {"?", "?", "x"}, {"?", "?", "inf"}})
}

// TestMixedColumns has what becomes of cells of several types, and of whole
// numbers that no float64 tells apart, however late they come.
func TestMixedColumns(t *testing.T) {
	for name, c := range map[string]struct {
		cells string
		want  Kind
	}{
		"whole and fraction":     {"1 2.5 3", Float},
		"boolean and number":     {"true 1", Text},
		"number and boolean":     {"1 true", Text},
		"boolean and text":       {"true yes", Text},
		"date and number":        {"2024-01-02 5", Text},
		"two forms of dates":     {"2024-01-02 03.02.2024", Text},
		"date and text":          {"2024-01-02 soon", Text},
		"number and text":        {"1 2 x", Text},
		"2^53":                   {"9007199254740992 -9007199254740992", Integer},
		"2^53 + 1":               {"1 9007199254740993", Float},
		"20 digits":              {"1 12345678901234567890", Float},
		"beyond float64":         {"1 1e999", Integer},
		"only beyond float64":    {"1e999 inf", Empty},
		"a boolean and infinity": {"inf true", Text},
	} {
		cells := strings.Fields(c.cells)
		many := 0
		if cells[0] == "1" {
			many = 5000 // more than the spellings that are kept
		}
		for _, before := range []int{0, many} {
			text := "a,b\n"
			for i := range before {
				text += strconv.Itoa(i) + ",\n"
			}
			text += strings.Join(cells, ",\n") + ",\n"
			if got := readAll(t, opens(text), Options{}).Schema.Columns[0]; got.Kind != c.want {
				t.Errorf("%s behind %d numbers: %s, want %s", name, before, got.Kind, c.want)
			}
		}
	}
	big := readAll(t, opens("a\n9007199254740993\n9007199254740992\n"), Options{})
	same(t, "the nearest float64", big.Rows, [][]string{{"9.007199254740992e+15"}, {"9.007199254740992e+15"}})
	if c := big.Schema.Columns[0]; c.Distinct != 1 {
		t.Errorf("%d different", c.Distinct)
	}
	one := readAll(t, opens("a,b\n1,x"), Options{})
	same(t, "one row", one.Rows, [][]string{{"1", "x"}})
}

func TestDictionaryBytesAreLimited(t *testing.T) {
	got := readAll(t, opens("a\naaa\nbbb\ncccc\nd\naaa\n"), Options{MaxDictBytes: 9})
	c := got.Schema.Columns[0]
	if !c.Overflow || c.Distinct != 65537 {
		t.Errorf("overflow %v, %d distinct", c.Overflow, c.Distinct)
	}
	same(t, "dictionary", c.Dict, []string{"aaa", "bbb"})
	same(t, "rows", got.Rows, [][]string{{"aaa"}, {"bbb"}, {"overflow"}, {"overflow"}, {"aaa"}})
}

// TestWideTable has as many columns as are allowed; one more is refused.
func TestWideTable(t *testing.T) {
	names, cells := make([]string, 10_000), make([]string, 10_000)
	for j := range names {
		names[j], cells[j] = fmt.Sprintf("c%d", j), strconv.Itoa(j)
	}
	table := strings.Join(names, ",") + "\n" + strings.Repeat(strings.Join(cells, ",")+"\n", 3)
	got := readAll(t, opens(table), Options{})
	if len(got.Rows) != 3 || got.Rows[2][9_999] != "9999" {
		t.Errorf("%d rows", len(got.Rows))
	}
	_, _, err := Scan(context.Background(), opens("x,"+table), Options{})
	fails(t, err, fault.TooLarge, "10001 columns")
}

func TestBatchesAreFull(t *testing.T) {
	in := "a\n" + strings.Repeat("1\n", 25)
	schema, _, err := Scan(context.Background(), opens(in), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	_, err = Read(context.Background(), opens(in), schema, Options{BatchRows: 10, window: 4}, func(b *Batch) error {
		sizes = append(sizes, b.Rows)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "sizes", sizes, []int{10, 10, 5})
}
