package dataset

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// layouts are the forms as time.Parse knows them: an oracle that shares no code
// with parseMoment. Clocks and offsets follow a date; the fraction of a second
// time.Parse takes by itself.
var (
	layouts = map[Form][]string{
		FormISO:        {"2006-01-02", "2006/01/02"},
		FormDotted:     {"2.1.2006"},
		FormDayFirst:   {"2/1/2006"},
		FormMonthFirst: {"1/2/2006"},
	}
	clocks  = []string{"T15:04", "T15:04:05", " 15:04", " 15:04:05"}
	offsets = []string{"", "Z", "UTC", "-07:00", "-0700", "-07", " Z", " UTC", " -07:00", " -0700", " -07"}
)

// clockShape is what may follow a date. time.Parse is more lenient: about the
// digits of an hour, about a comma before the fraction, and about offsets of 24 hours
// or 60 minutes, which RFC 3339 does not have.
var clockShape = regexp.MustCompile(`^[^T :]{8,10}[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[+-]([01]\d|2[0-3])(:?[0-5]\d)?))?$`)

// oracleTime returns the seconds of a time in a form, or NaN.
func oracleTime(cell string, form Form) float64 {
	cell = strings.Trim(cell, " \t")
	if strings.Contains(cell, ":") && !clockShape.MatchString(cell) {
		return math.NaN()
	}
	if at, ok := oracleMonth(cell); ok && form == FormISO {
		return at
	}
	for _, date := range layouts[form] {
		if at, err := time.Parse(date, cell); err == nil {
			return oracleSeconds(at)
		}
		for _, clock := range clocks {
			for _, offset := range offsets {
				// "Z" in a layout is a literal there; Go reads "UTC" as a zone's name.
				at, err := time.Parse(date+clock+strings.ReplaceAll(offset, "UTC", "MST"), cell)
				if err == nil && (!strings.HasSuffix(offset, "UTC") || strings.HasSuffix(cell, "UTC")) {
					return oracleSeconds(at)
				}
			}
		}
	}
	return math.NaN()
}

func oracleMonth(cell string) (float64, bool) {
	at, err := time.Parse("2006-01", cell)
	return float64(at.Unix()), err == nil && at.Year() >= 1900 && at.Year() < 2100
}

func oracleSeconds(at time.Time) float64 {
	if at.Year() < 1 || at.Year() > 9999 {
		return math.NaN()
	}
	return float64(at.Unix()) + float64(at.Nanosecond()/1000)/1e6
}

// oracleForms are the forms that a cell fits.
func oracleForms(cell string) (forms Form) {
	for _, form := range []Form{FormISO, FormDotted, FormDayFirst, FormMonthFirst} {
		if !math.IsNaN(oracleTime(cell, form)) {
			forms |= form
		}
	}
	return forms
}

// genTime draws a cell that is a time in a form, or nearly one.
func genTime(t *rapid.T) string {
	form := rapid.SampledFrom([]Form{FormISO, FormDotted, FormDayFirst, FormMonthFirst}).Draw(t, "form")
	layout := rapid.SampledFrom(layouts[form]).Draw(t, "layout")
	if rapid.Bool().Draw(t, "clock") {
		layout += rapid.SampledFrom(clocks).Draw(t, "time")
		if strings.HasSuffix(layout, ":05") {
			layout += rapid.SampledFrom([]string{"", ".0", ".000000", ".000000000", ".999999"}).Draw(t, "fraction")
		}
		layout += rapid.SampledFrom(offsets).Draw(t, "offset")
	}
	seconds := rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "seconds")
	zone := time.FixedZone("UTC", 1800*rapid.IntRange(-46, 46).Draw(t, "zone"))
	if strings.HasSuffix(layout, "Z") || strings.HasSuffix(layout, "UTC") {
		zone = time.UTC
	}
	cell := time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone).Format(layout)
	if rapid.IntRange(0, 4).Draw(t, "harm") == 0 {
		at := rapid.IntRange(0, len(cell)-1).Draw(t, "at")
		cell = cell[:at] + rapid.SampledFrom([]string{"", "0", "9", "-", "/", ".", " ", "x", "T", ":"}).Draw(t, "instead") + cell[at+1:]
	}
	return cell
}

// TestMomentsAgreeWithTimeParse compares with the oracle: which forms a cell
// fits, and which time it is.
func TestMomentsAgreeWithTimeParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkMoment(t, genTime(t)) })
}

func checkMoment(t tester, cell string) {
	t.Helper()
	_, fits := parseMoment([]byte(cell), anyForm)
	if want := oracleForms(cell); fits != want {
		t.Fatalf("%q fits forms %b, want %b", cell, fits, want)
	}
	for _, form := range []Form{FormISO, FormDotted, FormDayFirst, FormMonthFirst} {
		if m, fits := parseMoment([]byte(cell), form); fits != 0 && m.seconds() != oracleTime(cell, form) {
			t.Fatalf("%q in form %b is %v, want %v", cell, form, m.seconds(), oracleTime(cell, form))
		}
	}
}

// FuzzMoment looks for cells on which parser and oracle differ.
func FuzzMoment(f *testing.F) {
	for _, cell := range []string{
		"2024-02-29", "2023-02-29", "0001-01-01", "9999-12-31T23:59:59.999999", "1.2.2024", "13/1/2024", "1/13/2024",
		"2024-01", "1899-12", "2024-01-01T24:00", "2024-01-01 00:00:60", "2024-01-01T00:00+25:00", "2024-01-01 00:00+24", "2024-01-01 00:00-23:60", "20240101", "2024-1-1",
	} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) { checkMoment(t, cell) })
}

// TestMomentsComeBack checks that every microsecond that seconds tells apart is
// the same after a way through float64, as in the processed data.
func TestMomentsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := moment(rapid.Int64Range(firstMoment, endOfTime-1).Draw(t, "microseconds"))
		x := m.seconds()
		back := momentOf(x)
		if back.seconds() != x {
			t.Fatalf("%d is %v, and comes back as %v", m, x, back.seconds())
		}
		if m > -(1<<32)*microsecond && m < 1<<33*microsecond && back != m {
			t.Fatalf("%d comes back as %d", m, back)
		}
	})
}

// classOf is parseCell and what lies beyond it.
func classOf(cell string) cellClass {
	switch _, class := parseCell([]byte(cell)); {
	case class != textCell:
		return class
	case slices.Contains([]string{"true", "True", "TRUE", "false", "False", "FALSE"}, cell):
		return booleanCell
	case oracleForms(cell) != 0:
		return momentCell
	}
	return textCell
}

// narrowest returns the kind that holds all classes, and the form of times.
func narrowest(classes map[cellClass]bool, cells []string) (Kind, Form) {
	others := len(classes)
	if classes[missingCell] {
		others--
	}
	switch {
	case others == 0 || others == 1 && classes[outOfRangeCell]:
		return Empty, 0
	case others == 1 && classes[booleanCell]:
		return Boolean, 0
	case others == 1 && classes[momentCell]:
		form := anyForm
		for _, cell := range cells {
			if classOf(cell) == momentCell {
				form &= oracleForms(cell)
			}
		}
		if form.one() {
			return Time, form
		}
		return Text, 0
	case classes[textCell] || classes[booleanCell] || classes[momentCell]:
		return Text, 0
	case classes[floatCell]:
		return Float, 0
	}
	return Integer, 0
}

// TestDatesAreSettledOverTheColumn checks which columns are times.
func TestDatesAreSettledOverTheColumn(t *testing.T) {
	for _, c := range []struct {
		cells string
		kind  Kind
		form  Form
	}{
		{"2024-01-05 2024/01/06T10:00 NA", Time, FormISO},
		{"2024-01 2024-02-03", Time, FormISO},
		{"1.2.2024 31.12.2024T08:30", Time, FormDotted},
		{"01/02/2024 13/02/2024", Time, FormDayFirst},
		{"01/02/2024 02/13/2024", Time, FormMonthFirst},
		{"01/02/2024 03/04/2024", Text, 0},
		{"13/02/2024 02/13/2024", Text, 0},
		{"2024-01-05 5.1.2024", Text, 0},
		{"2024-01-05 20240105", Text, 0},
		{"20240105 20240106", Integer, 0},
		{"2024-01-05 inf", Text, 0},
		{"inf 2024-01-05", Text, 0},
		{"2023-02-29 2024-01-01", Text, 0},
	} {
		cells := strings.Fields(c.cells)
		got := readAll(t, opens("t,n\n"+strings.Join(cells, ",1\n")+",1\n"), Options{}).Schema.Columns[0]
		if got.Kind != c.kind || got.Form != c.form {
			t.Errorf("%s: %s of form %b, want %s of %b", c.cells, got.Kind, got.Form, c.kind, c.form)
		}
	}
}

// TestManyDates makes a column give up its dictionary before its form is
// settled, and before a text makes it one.
func TestManyDates(t *testing.T) {
	var ambiguous strings.Builder
	ambiguous.WriteString("at\n")
	for i := range 6000 {
		fmt.Fprintf(&ambiguous, "%d/%d/%d\n", 1+i%12, 1+i/12%12, 1900+i/144)
	}
	for last, want := range map[string]Column{
		"":             {Kind: Text, Distinct: 6000},
		"1/13/2024\n":  {Kind: Time, Form: FormMonthFirst, Distinct: 6001},
		"13/1/2024\n":  {Kind: Time, Form: FormDayFirst, Distinct: 6001},
		"2024-01-13\n": {Kind: Text, Distinct: 6001},
	} {
		c := readAll(t, opens(ambiguous.String()+last), Options{}).Schema.Columns[0]
		if c.Kind != want.Kind || c.Form != want.Form || c.Distinct != want.Distinct {
			t.Errorf("%q: %s of form %b with %d values, want %s, %b, %d", last, c.Kind, c.Form, c.Distinct, want.Kind, want.Form, want.Distinct)
		}
	}
}

func BenchmarkParseMoment(b *testing.B) {
	cells := [][]byte{[]byte("2024-01-05"), []byte("2024-01-05 10:11:12"), []byte("2024-01-05T10:11:12.123456Z")}
	b.ReportAllocs()
	for i := range b.N {
		parseMoment(cells[i%len(cells)], FormISO)
	}
}
