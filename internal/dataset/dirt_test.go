package dataset

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// TestRejects has one row of each kind of dirt, after which reading goes on.
func TestRejects(t *testing.T) {
	long := strings.Repeat("x", 40)
	in := strings.Join([]string{
		`a,b,c`,
		`1,2,3`,
		`1,2`,          // 3
		`1,2,3,4`,      // 4
		`1,2",3`,       // 5
		`1,"2"3,3`,     // 6
		`1,"2" ,3`,     // 7
		"1,2\xff,3",    // 8
		"1,2,\x003",    // 9
		"1,\r2,3",      // 10
		`1,` + long,    // 11: too few cells matter less than a long one
		`1,2,"` + long, // 12 and 13: a cell with a newline
		`",3`,
		`"x`, // 14 to 17: a quote opens, and the next one is not at a cell's end
		`,1,1`,
		`2,2,2`,
		`1,"3",3`,
		`4,5,6`, // 18
		``,
	}, "\n")
	got := readAll(t, opens(in), Options{MaxCell: 30})
	same(t, "rejects", got.Rejects, []Reject{
		{3, "", ReasonTooFew, ""},
		{4, "", ReasonTooMany, ""},
		{5, "b", ReasonQuote, ""},
		{6, "b", ReasonQuote, ""},
		{7, "b", ReasonQuote, ""},
		{8, "b", ReasonUTF8, ""},
		{9, "c", ReasonNUL, ""},
		{10, "b", ReasonCR, ""},
		{11, "b", ReasonCell, ""},
		{12, "c", ReasonCell, ""},
		{14, "a", ReasonQuote, ""},
		{15, "", ReasonQuote, ""},
		{16, "", ReasonQuote, ""},
		{17, "", ReasonQuote, ""},
	})
	same(t, "rows", got.Rows, [][]string{{"1", "2", "3"}, {"4", "5", "6"}})
	same(t, "lines", got.Lines, []int64{2, 18})
	if got.Tally.Read != 16 || got.Tally.Used != 2 || got.Tally.Rejected != 14 {
		t.Errorf("tally %+v", got.Tally)
	}
	same(t, "reasons", got.Tally.Reasons, map[string]int64{
		ReasonTooFew: 1, ReasonTooMany: 1, ReasonQuote: 7, ReasonUTF8: 1, ReasonNUL: 1, ReasonCR: 1, ReasonCell: 2,
	})
}

// TestDirtIsNeverSilent breaks lines of a clean table at random: whatever is
// read of the others is right, and every line is either read or reported. Only
// a bar, which is no dirt but another value, is not used.
func TestDirtIsNeverSilent(t *testing.T) {
	dirty := []string{"1,2", "1,2,3,4", `1,2",3`, `1,"2"x,3`, "1,\x00,3", "1,2,\xfe", "1,\r2,3", ",,,,"}
	rapid.Check(t, func(t *rapid.T) {
		in := "a,b,c\n"
		var want [][]string
		var bad int
		for i := range rapid.IntRange(1, 30).Draw(t, "rows") {
			if i > 0 && rapid.IntRange(0, 3).Draw(t, "dirt") == 0 {
				in += rapid.SampledFrom(dirty).Draw(t, "line") + "\n"
				bad++
				continue
			}
			row := []string{fmt.Sprint(i), fmt.Sprint(2 * i), fmt.Sprint(3 * i)}
			in += strings.Join(row, ",") + "\n"
			want = append(want, row)
		}
		got := readAll(t, opens(in), Options{window: rapid.SampledFrom([]int{4, 32, 1024}).Draw(t, "window")})
		same(t, "rows", got.Rows, want)
		if len(got.Rejects) != bad {
			t.Errorf("%d lines are bad, %d rejected", bad, len(got.Rejects))
		}
	})
}

// TestLongLines are left out without being held in memory.
func TestLongLines(t *testing.T) {
	in := "a,b\n1,2\n" + strings.Repeat("x", 1000) + "\n3,4\n" + strings.Repeat("y,", 500) + "\n5,6\n" + strings.Repeat("z", 999)
	for _, window := range []int{1, 16, 110, 4096} {
		got := readAll(t, opens(in), Options{MaxLine: 100, window: window})
		same(t, "rejects", got.Rejects, []Reject{{3, "", ReasonLine, ""}, {5, "", ReasonLine, ""}, {7, "", ReasonLine, ""}})
		same(t, "rows", got.Rows, [][]string{{"1", "2"}, {"3", "4"}, {"5", "6"}})
		same(t, "lines", got.Lines, []int64{2, 4, 6})
	}
}

// TestUnclosedQuote has a quote without a partner. What follows it is used if
// it looks like the other rows.
func TestUnclosedQuote(t *testing.T) {
	rest := strings.Repeat("1,2\n", 50)
	got := readAll(t, opens("a,b\n1,2\n\"x\ny\",\"3\n"+rest), Options{})
	same(t, "rejects", got.Rejects, []Reject{{3, "", ReasonOpen, ""}, {4, "a", ReasonQuote, ""}})
	if got.Tally.Used != 51 {
		t.Errorf("%d rows used, want 51", got.Tally.Used)
	}
	for _, window := range []int{1, 16, 4096} {
		got = readAll(t, opens("a,b\n"+rest+"1,\"2\n"+rest+"\"\n"), Options{MaxLine: 100, window: window})
		same(t, "rejects", got.Rejects, []Reject{{52, "b", ReasonOpen, ""}, {103, "a", ReasonOpen, ""}})
	}
	got = readAll(t, opens("a,b\n1,2\n1,\"2\n1,2\n1,2\n"), Options{})
	same(t, "rejects of a table without a pattern", got.Rejects, []Reject{{3, "b", ReasonOpen, ""}, {4, "", ReasonQuote, ""}, {5, "", ReasonQuote, ""}})
	_, _, err := Scan(context.Background(), opens("a,\"b\n1,2\n"), Options{})
	fails(t, err, fault.InvalidData, "opens on line 1 is not closed")
}

func TestUnusableData(t *testing.T) {
	for _, c := range []struct{ name, data, says string }{
		{"empty", "", "empty"},
		{"blank", " \r\n\n", "empty"},
		{"bom only", utf8BOM, "empty"},
		{"header only", "a,b\n", "no rows"},
		{"header without newline", "a,b", "no rows"},
		{"all rejected", "a,b\n1\n2\n1,2,3\n", `All 3 rows were rejected, most of them for: too few cells.`},
		{"png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"},
		{"zip", "PK\x03\x04\x14\x00", "a ZIP archive"},
		{"parquet", "PAR1\x15\x04", "a Parquet file"},
		{"json", "[{\"a\":1}]", "a JSON array"},
		{"xml", "<?xml version=\"1.0\"?><Error>", "XML"},
		{"damaged header", "gr\xff\xfee,b\n1,2\n", "header cannot be read: invalid UTF-8"},
		{"quote in header", "a\"b,c\n1,2\n", "header cannot be read: misplaced quote"},
		{"no name", "a,,c\n1,2,3\n", "name of its own"},
		{"blank name", "a, \n1,2\n", "name of its own"},
		{"same names", "a,b, a\n1,2,3\n", "name of its own"},
		{"long name", strings.Repeat("n", 1001) + ",b\n1,2\n", "name of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Scan(context.Background(), opens(c.data), Options{})
			fails(t, err, fault.InvalidData, c.says)
		})
	}
}

// TestHeaderFaultsNamePositions checks that names themselves are not echoed.
func TestHeaderFaultsNamePositions(t *testing.T) {
	_, _, err := Scan(context.Background(), opens("secret,b,secret,\n1,2,3,4\n"), Options{})
	same(t, "fields", fault.From(err).Fields, []fault.Field{
		{Loc: []any{"data", "column", 3, "earlier", 1}, Msg: "Column has the name of an earlier one", Type: "duplicate_column_name"},
		{Loc: []any{"data", "column", 4}, Msg: "Column has no name", Type: "empty_column_name"},
	})
	if strings.Contains(fmt.Sprintf("%+v", fault.From(err)), "secret") {
		t.Error("the error echoes the header")
	}
}

// TestTheIndexOfPandasIsToldAsSuch: the most frequent header without a name.
func TestTheIndexOfPandasIsToldAsSuch(t *testing.T) {
	_, _, err := Scan(context.Background(), opens(",a,b\n0,1.5,2\n1,3.5,4\n"), Options{})
	fails(t, err, fault.InvalidData, "name of its own")
	if fields := fault.From(err).Fields; len(fields) != 1 || !strings.Contains(fields[0].Msg, "index=False") {
		t.Errorf("fields %v", fields)
	}
}

func TestLimits(t *testing.T) {
	_, _, err := Scan(context.Background(), opens("a,b,c\n1,2,3\n"), Options{MaxColumns: 2})
	fails(t, err, fault.TooLarge, "3 columns; the limit is 2")
	_, _, err = Scan(context.Background(), opens("a\n1\n2\n3\n"), Options{MaxRows: 2})
	fails(t, err, fault.TooLarge, "more rows than the limit of 2")
	_, _, err = Scan(context.Background(), opens("a\n1\n2\n3\n"), Options{MaxBytes: 5})
	fails(t, err, fault.TooLarge, "larger than the limit")
	_, _, err = Scan(context.Background(), opens(strings.Repeat("a", 100<<10)+"\n1\n"), Options{MaxLine: 1 << 10})
	fails(t, err, fault.InvalidData, "first line is longer")
}

func TestDelimiters(t *testing.T) {
	for _, c := range []struct {
		name, data string
		delimiter  byte
		rows       [][]string
	}{
		{"comma", "a,b\n1,2\n", 0, [][]string{{"1", "2"}}},
		{"semicolon", "a;b\n1,5;2\n", 0, [][]string{{"1,5", "2"}}},
		{"tab", "a\tb\n1\t2\n", 0, [][]string{{"1", "2"}}},
		{"bar", "a|b|c\n1|2|3\n", 0, [][]string{{"1", "2", "3"}}},
		{"comma, bars in cells", "a,b\n1|2|3,x\n1|2,y\n", 0, [][]string{{"1|2|3", "x"}, {"1|2", "y"}}},
		{"semicolon, a comma in the header", "a;b, in m;c\n1;2;3\n", 0, [][]string{{"1", "2", "3"}}},
		{"more columns win", "a,b;c;d\n1,2;3;4\n", 0, [][]string{{"1,2", "3", "4"}}},
		{"quoted delimiters", "\"a,b\";c\n\"1,2\";3\n", 0, [][]string{{"1,2", "3"}}},
		{"one column", "a\n1\n", 0, [][]string{{"1"}}},
		{"asked for", "a,b;c\n1,2;3\n", ';', [][]string{{"1,2", "3"}}},
		{"asked for, one column", "a\n1,2\n", ';', [][]string{{"1,2"}}},
		{"header only in one line", "a;b\n\n1;2", 0, [][]string{{"1", "2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readAll(t, opens(c.data), Options{Dialect: Dialect{Delimiter: c.delimiter, Decimal: '.'}})
			same(t, "rows", got.Rows, c.rows)
		})
	}
	_, _, err := Scan(context.Background(), opens("a;b\n1;2\n"), Options{Dialect: Dialect{Delimiter: ','}})
	fails(t, err, fault.InvalidData, "looks as if it were a semicolon")
	_, _, err = Scan(context.Background(), opens("a;b\n1;2\n"), Options{Dialect: Dialect{Delimiter: '"'}})
	fails(t, err, fault.InvalidRequest, "no quote or newline")
}

// TestChangedData reads other bytes than it has scanned.
func TestChangedData(t *testing.T) {
	schema, _, err := Scan(context.Background(), opens("a,b\n1,x\n2,y\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"other header":   "a,c\n1,x\n2,y\n",
		"wider":          "a,b,c\n1,x,1\n2,y,1\n",
		"text in number": "a,b\n1,x\nz,y\n",
		"new text":       "a,b\n1,x\n2,z\n",
		"fewer rows":     "a,b\n1,x\n",
		"more rows":      "a,b\n1,x\n2,y\n1,x\n",
	} {
		_, err := Read(context.Background(), opens(data), schema, Options{}, func(*Batch) error { return nil })
		if !fault.Is(err, fault.InvalidData) || !strings.Contains(err.Error(), "changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCallersErrorsPass ends passes from within.
func TestCallersErrorsPass(t *testing.T) {
	stop := errors.New("stop")
	in := "a\n" + strings.Repeat("1\n", 1000) + "1,1\n"
	_, _, err := Scan(context.Background(), opens(in), Options{window: 16, OnReject: func(Reject) error { return stop }})
	if err != stop {
		t.Errorf("Scan returned %v", err)
	}
	schema, _, err := Scan(context.Background(), opens(in), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Read(context.Background(), opens(in), schema, Options{BatchRows: 10, window: 16}, func(*Batch) error { return stop })
	if err != stop {
		t.Errorf("Read returned %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = Read(ctx, opens(in), schema, Options{BatchRows: 10, window: 16}, func(*Batch) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Read of a cancelled context returned %v", err)
	}
}

func TestRejectWriter(t *testing.T) {
	var out bytes.Buffer
	w := NewRejectWriter(&out)
	if err := w.Flush(); err != nil || out.Len() > 0 {
		t.Fatalf("no rejects gave %q, %v", out.String(), err)
	}
	for _, r := range []Reject{{3, "", ReasonTooFew, ""}, {1 << 40, "a,\"b\"\nc", ReasonQuote, ""}} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || w.Rows() != 2 {
		t.Fatal(err, w.Rows())
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "rows", rows, [][]string{
		{"line", "column", "reason"}, {"3", "", ReasonTooFew}, {"1099511627776", "a,\"b\"\nc", ReasonQuote},
	})
}
