package dataset

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestConventionIsFound has tables and what they prove about their numbers.
func TestConventionIsFound(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       convention
		first      string // column as it reads
	}{
		{"plain", "a;b\n1.5;2\n", convention{}, "1.5"},
		{"decimal comma", "a;b\n1,5;2\n", convention{decimal: ','}, "1.5"},
		{"both", "a;b\n1.234,56;2\n", convention{',', "."}, "1234.56"},
		{"both, with apostrophes", "a;b\n1'234.5;2\n", convention{thousands: "'"}, "1234.5"},
		{"both, with a narrow blank", "a;b\n-1\u202f234,5;2\n", convention{',', "\u202f"}, "-1234.5"},
		{"points between thousands", "a;b\n1.234.567;2\n", convention{',', "."}, "1.234567e+06"},
		{"points between thousands elsewhere", "a;b\n1.234;2,5\n7.000.000;3\n", convention{',', "."}, "1234"},
		{"ambiguous", "a;b\n1,234;2\n", convention{}, "1,234"},
		{"ambiguous point", "a;b\n1.234;2\n", convention{}, "1.234"},
		{"a comma elsewhere decides", "a;b\n1,234;2,5\n", convention{decimal: ','}, "1.234"},
		{"contradiction", "a;b\n1,5;2.5\n", convention{}, "1,5"},
		{"text beside numbers", "a;b\n1,5;2\nx;3\n", convention{}, "1,5"},
		{"dates are no numbers", "a;b\n01.02.2024;2,5\n", convention{decimal: ','}, "1.7067456e+09"},
		{"leading zero", "a;b\n0,125;2\n", convention{decimal: ','}, "0.125"},
		{"commas in a table of commas", "a,b\n\"1,5\",2\n", convention{}, "1,5"},
		{"thousands in a table of commas", "a,b\n\"1,234.5\",2\n", convention{thousands: ","}, "1234.5"},
		{"lists in a table of commas", "a,b\n\"123,456,789\",2\n", convention{}, "123,456,789"},
		{"exponent", "a;b\n1,5e3;2\n", convention{decimal: ','}, "1500"},
		{"missing and infinite", "a;b\n1,5;2\n;3\nNA;4\ninf;5\n", convention{decimal: ','}, "1.5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readAll(t, opens(c.data), Options{})
			if found := got.Schema.Dialect.convention(); found != c.want {
				t.Errorf("found %+v, want %+v", found, c.want)
			}
			if got.Rows[0][0] != c.first {
				t.Errorf("reads %s, want %s", got.Rows[0][0], c.first)
			}
		})
	}
}

// TestMisfitsAreTextAsWritten has columns that are numbers in the convention as
// far as the sample goes, and something else behind it.
func TestMisfitsAreTextAsWritten(t *testing.T) {
	many := strings.Repeat("0,5;1,5;3\n", 20_000)
	got := readAll(t, opens("a;b;c\n"+many+"7,5;x;1.5\n"), Options{})
	same(t, "kinds", []Kind{got.Schema.Columns[0].Kind, got.Schema.Columns[1].Kind, got.Schema.Columns[2].Kind}, []Kind{Float, Text, Text})
	same(t, "dictionary", got.Schema.Columns[1].Dict, []string{"1,5", "x"})
	same(t, "what is no number here", got.Schema.Columns[2].Dict, []string{"3", "1.5"})
	same(t, "last row", got.Rows[20_000], []string{"7.5", "x", "1.5"})
}

// TestConventionsReadAlike writes numbers in any convention.
func TestConventionsReadAlike(t *testing.T) {
	conventions := []convention{{}, {decimal: ','}, {',', "."}, {',', "\u00a0"}, {0, "'"}, {0, ","}, {0, " "}}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(conventions).Draw(t, "convention")
		x := rapid.Float64Range(-1e9, 1e9).Draw(t, "x")
		plain := strconv.FormatFloat(x, 'f', rapid.IntRange(0, 6).Draw(t, "digits"), 64)
		want, _ := strconv.ParseFloat(plain, 64)
		cell, ok := c.rewrite([]byte(c.write(plain)))
		if got, class := parseCell(cell); !ok || got != want || class == textCell {
			t.Fatalf("%q reads %v, want %v", c.write(plain), got, want)
		}
		if p := prove([]byte(c.write(plain))); !p.numeric {
			t.Fatalf("%q is taken for no number", c.write(plain))
		}
	})
}

// write writes a plain number in the convention.
func (c convention) write(plain string) string {
	sign, rest := "", plain
	if strings.HasPrefix(plain, "-") {
		sign, rest = "-", plain[1:]
	}
	whole, fraction, pointed := strings.Cut(rest, ".")
	for i := len(whole) - 3; i > 0 && c.thousands != ""; i -= 3 {
		whole = whole[:i] + c.thousands + whole[i:]
	}
	if !pointed {
		return sign + whole
	}
	return fmt.Sprintf("%s%s%c%s", sign, whole, c.point(), fraction)
}

// TestHeaders has first rows, and what they are taken for.
func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		name, data string
		asked      Header
		names      []string
		rows       int
	}{
		{"names", "a,b\n1,2\n3,4\n", 0, []string{"a", "b"}, 2},
		{"fractions", "5.1,3.5,setosa\n4.9,3.0,setosa\n", 0, []string{"column_0", "column_1", "column_2"}, 2},
		{"the same twice", "1,1\n2,3\n", 0, []string{"column_0", "column_1"}, 2},
		{"below zero", "-1,x\n2,y\n", 0, []string{"column_0", "column_1"}, 2},
		{"years", "country,2019,2020\nA,1.5,2\n", 0, []string{"country", "2019", "2020"}, 1},
		{"a name above numbers", "1.5,b\n1,2\n", 0, []string{"1.5", "b"}, 1},
		{"texts only", "a,b\nx,y\n", 0, []string{"a", "b"}, 1},
		{"a name above missing values", "1.5,b\n1,\n", 0, []string{"column_0", "column_1"}, 2},
		{"asked for none", "a,b\nx,y\n", NoHeader, []string{"column_0", "column_1"}, 2},
		{"asked for one", "1.5,2.5\n1,2\n", 1, []string{"1.5", "2.5"}, 1},
		{"two rows", "Table 1\n\na,b\n1,2\n", 2, []string{"a", "b"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readAll(t, opens(c.data), Options{Dialect: Dialect{Header: c.asked}})
			same(t, "names", got.Schema.Names(), c.names)
			if len(got.Rows) != c.rows {
				t.Errorf("%d rows, want %d", len(got.Rows), c.rows)
			}
			if want := int64(strings.Count(c.data, "\n") - c.rows + 1); got.Lines[0] != want {
				t.Errorf("the first row is on line %d, want %d", got.Lines[0], want)
			}
		})
	}
}

// TestOtherQuotes has tables with single quotes and without any.
func TestOtherQuotes(t *testing.T) {
	got := readAll(t, opens("'a,b',c\n'it''s \"1\",',2\n"), Options{Dialect: Dialect{Quote: "'"}})
	same(t, "names", got.Schema.Names(), []string{"a,b", "c"})
	same(t, "single", got.Rows, [][]string{{`it's "1",`, "2"}})
	got = readAll(t, opens("a,\"b\n7\" x,2\n\x01,3\n"), Options{Dialect: Dialect{Quote: NoQuote}})
	same(t, "names", got.Schema.Names(), []string{"a", `"b`})
	same(t, "none", got.Rows, [][]string{{`7" x`, "2"}})
	same(t, "rejects", got.Rejects, []Reject{{3, "a", ReasonNUL, ""}})
}

// TestMissingValuesAndTypes has what a caller says about cells.
func TestMissingValuesAndTypes(t *testing.T) {
	d := Dialect{
		NA: []string{"?"}, NAIn: map[string][]string{"b": {"-99"}},
		Types: map[string]Type{"a": TypeString, "b": TypeInteger, "c": TypeFloat},
	}
	got := readAll(t, opens("a,b,c,d\n01,5,1,?\n1,-99,x,-99\n?,6.0,2.5,3\n1,6.5,1,4\n,NA,inf,5\n"), Options{Dialect: d})
	same(t, "rows", got.Rows, [][]string{{"01", "5", "1", "?"}, {"?", "6", "2.5", "3"}, {"?", "?", "?", "5"}})
	same(t, "rejects", got.Rejects, []Reject{{3, "c", ReasonFloat, ""}, {5, "b", ReasonInteger, ""}})
	kinds := []Kind{}
	for i := range got.Schema.Columns {
		kinds = append(kinds, got.Schema.Columns[i].Kind)
	}
	same(t, "kinds", kinds, []Kind{Text, Integer, Float, Integer})
	empty := readAll(t, opens("a,b\n,1\n"), Options{Dialect: Dialect{Types: map[string]Type{"a": TypeString}}})
	same(t, "no values", empty.Schema.Columns[0], Column{Name: "a", Kind: Text, Missing: 1})
}

// Times of a forced column need not be in one form, but each must tell its day.
func TestForcedBooleansAndTimes(t *testing.T) {
	text := "b,d\ntrue,2024-02-03\n0,2024-02-03\nFalse,03.02.2024 12:00\nNA,03/02/2024\n,13/02/2024\nTRUE,n/a\n"
	forced := map[string]Type{"b": TypeBoolean, "d": TypeDatetime}
	at := func(s string) string {
		v, ok := ParseTime(s, OrderFound)
		if !ok {
			t.Fatal(s)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	iso, noon := []string{"True", at("2024-02-03")}, []string{"False", at("2024-02-03 12:00")}
	last := []string{"True", "?"}
	for _, c := range []struct {
		order   DateOrder
		rows    [][]string
		rejects []Reject
	}{
		{OrderFound, [][]string{iso, noon, last}, []Reject{{3, "b", ReasonBoolean, ""}, {5, "d", ReasonDatetime, ""}, {6, "d", ReasonDatetime, ""}}},
		{OrderDayFirst, [][]string{iso, noon, {"?", at("2024-02-03")}, {"?", at("2024-02-13")}, last}, []Reject{{3, "b", ReasonBoolean, ""}}},
		{OrderMonthFirst, [][]string{iso, noon, {"?", at("2024-03-02")}, last}, []Reject{{3, "b", ReasonBoolean, ""}, {6, "d", ReasonDatetime, ""}}},
	} {
		got := readAll(t, opens(text), Options{Dialect: Dialect{Types: forced, Order: c.order}})
		same(t, "rows", got.Rows, c.rows)
		same(t, "rejects", got.Rejects, c.rejects)
		same(t, "kinds", []Kind{got.Schema.Columns[0].Kind, got.Schema.Columns[1].Kind}, []Kind{Boolean, Time})
	}
}

// The order settles what the days of a column do not.
func TestTheOrderOfDayAndMonth(t *testing.T) {
	var text strings.Builder
	text.WriteString("d,x\n")
	for i := range 9000 { // beyond the dictionary of spellings
		fmt.Fprintf(&text, "%02d/%02d/%d,%d\n", 1+i%12, 1+i/12%12, 1400+i/144, i)
	}
	for order, want := range map[DateOrder]string{OrderDayFirst: "1400-01-02", OrderMonthFirst: "1400-02-01"} {
		got := readAll(t, opens(text.String()), Options{Dialect: Dialect{Order: order}})
		c := got.Schema.Columns[0]
		v, _ := strconv.ParseFloat(got.Rows[1][0], 64)
		if c.Kind != Time || c.Distinct != 9000 || TimeText(v) != want {
			t.Errorf("%v: %s, %d different, the second is %s", order, c.Kind, c.Distinct, TimeText(v))
		}
	}
	if c := readAll(t, opens(text.String()), Options{}).Schema.Columns[0]; c.Kind != Text {
		t.Errorf("without it: %s", c.Kind)
	}
}
