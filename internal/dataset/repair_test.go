package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// soundRows is a table with a pattern: a number, a free text, two texts that
// come again, and a number, 40 rows. Only the last column has missing values.
func soundRows() []string {
	lines := []string{"id,note,color,size,score"}
	for i := range 40 {
		score := fmt.Sprint(i, ".5")
		if i%10 == 9 {
			score = ""
		}
		lines = append(lines, fmt.Sprintf("%d,note %d,%s,%s,%s", i, i, []string{"red", "blue"}[i%2], []string{"S", "M", "L"}[i%3], strings.ReplaceAll(score, " ", "")))
	}
	return lines
}

// TestLinesReadInAnotherWay has lines that are no plain rows behind sound ones.
func TestLinesReadInAnotherWay(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       string   // the row's cells; "" if there is none
		reasons    []string // all reports
	}{
		{"delimiter at the end", "50,a,red,S,1,", "50|a|red|S|1", []string{RepairedExtra}},
		{"several at the end", "50,a,red,S,1,,,", "50|a|red|S|1", []string{RepairedExtra}},
		{"delimiter at the beginning", ",50,a,red,S,1", "50|a|red|S|1", []string{RepairedExtra}},
		{"stray delimiter within", "50,a,red,,S,1", "50|a|red|S|1", []string{RepairedExtra}},
		{"comma in prose", "50,well, yes,red,S,1", "50|well, yes|red|S|1", []string{RepairedExtra}},
		{"a comma without a blank may be anything", "50,a,b,red,S,1", "", []string{ReasonTooMany}},
		{"comma in prose, or a stray one", "50,a,, b,red,S,1", "", []string{ReasonTooMany}},
		{"a cell too many", "50,a,red,S,1,9", "", []string{ReasonTooMany}},
		{"unknown text", "50,a,green,S,1,", "", []string{ReasonTooMany}},
		{"a cell too few", "50,red,S,1", "", []string{ReasonTooFew}},
		{"semicolons", "50;a, b;red;S;1", "50|a, b|red|S|1", []string{RepairedDelimiter}},
		{"tabs", "50\ta\tred\tS\t1", "50|a|red|S|1", []string{RepairedDelimiter}},
		{"semicolons and the wrong types", "x;a;red;S;1", "", []string{ReasonTooFew}},
		{"return as line end", "50,a,red,S,1\r51,b,blue,M,2", "50|a|red|S|1\n51|b|blue|M|2", []string{RepairedReturn, RepairedReturn}},
		{"return within a cell", "50,a\rb,red,S,1", "", []string{ReasonCR}},
		{"byte order mark", utf8BOM + "50,a,red,S,1", "50|a|red|S|1", []string{RepairedMark}},
		{"header again", "id,note,color,size,score", "", []string{SkippedHeader}},
		{"header again with a mark", utf8BOM + "id,note,color,size,score", "", []string{SkippedHeader}},
		{"total", "Total,,,,780", "", []string{SkippedTotal}},
		{"total in the second column", ",Grand total:,,,780", "", []string{SkippedTotal}},
		{"a value called total", "50,total,red,S,1", "50|total|red|S|1", nil},
		{"quotes that found each other", "50,\"a,red,S,1\n51,b\",blue,M,2", "", []string{ReasonQuote, ReasonQuote}},
		{"quotes lost in two lines", "50,a,red,S,\"1\n51,b,blue,M\",2", "", []string{ReasonQuote, ReasonQuote}},
		{"out of place", "50,Smith, John,red,S", "", []string{ReasonPlace}},
		{"a quoted newline", "50,\"a, b\nc, d\",red,S,1", "50|a, b\nc, d|red|S|1", nil},
		{"a quote that swallows rows", "50,\"a,red,S,1\n51,b,blue,M,2\n52,c,red,\"L\"x,3", "51|b|blue|M|2", []string{ReasonQuote, ReasonQuote}},
		{"footer", "Source: the office", "", []string{ReasonTooFew}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, window := range []int{1, 64, 1 << 16} {
				lines := append(soundRows(), c.line, "60,end,red,S,6", "")
				got := readAll(t, opens(strings.Join(lines, "\n")), Options{window: window})
				var rows, reasons []string
				for _, row := range got.Rows[40 : len(got.Rows)-1] {
					rows = append(rows, strings.Join(row, "|"))
				}
				for _, r := range got.Rejects {
					reasons = append(reasons, r.Reason)
				}
				same(t, "rows", strings.Join(rows, "\n"), c.want)
				same(t, "reasons", reasons, c.reasons)
				same(t, "kinds", kindsOf(got.Schema), []Kind{Integer, Text, Text, Text, Float})
			}
		})
	}
}

func kindsOf(s *Schema) []Kind {
	kinds := make([]Kind, len(s.Columns))
	for j := range kinds {
		kinds[j] = s.Columns[j].Kind
	}
	return kinds
}

// TestTheEnd cuts the last line off: it is reported if it may be whole, and not
// used if it cannot be.
func TestTheEnd(t *testing.T) {
	for end, reason := range map[string]string{
		"50,a,red,S,1": RepairedEnd, "50,a,red,S,": RepairedEnd, "50,a,red,S": ReasonTooFew, "50,a,red,S,1\n": "", "50,a,red,S,x": ReasonCut,
	} {
		got := readAll(t, opens(strings.Join(soundRows(), "\n")+"\n"+end), Options{})
		var want []Reject
		if reason != "" {
			want = []Reject{{42, "", reason, ""}}
		}
		same(t, end, got.Rejects, want)
	}
}

// TestRepairsWithADecimalComma damages a table with its own signs in numbers,
// behind the head that tells of them, or, where the damage shows in the row's
// width, within it.
func TestRepairsWithADecimalComma(t *testing.T) {
	sound := []string{"id;note;price;weight"}
	for i := range 40 {
		sound = append(sound, fmt.Sprintf("%d;n%d;1.%03d,5;%d,25", i, i%5, i, i))
	}
	for _, c := range []struct{ line, want, reason string }{
		{"50;n1;2.000,5;;7,5", "50|n1|2000.5|7.5", RepairedExtra},
		{"50|n1|2.000,5|7,5", "50|n1|2000.5|7.5", RepairedDelimiter},
		{"Summe;;1.234.567,5;99,75", "", SkippedTotal},
		{"n1;50;red;S", "", ReasonPlace},
	} {
		heads := []int{600}
		if strings.Count(c.line, ";") != 3 {
			heads = append(heads, 0)
		}
		for _, head := range heads {
			got := readAll(t, opens(strings.Join(append(slices.Clone(sound), c.line, "60;n0;1.000,5;1,5", ""), "\n")), Options{head: head})
			var rows []string
			for _, row := range got.Rows[40 : len(got.Rows)-1] {
				rows = append(rows, strings.Join(row, "|"))
			}
			same(t, c.line, strings.Join(rows, "\n"), c.want)
			same(t, c.line, got.Rejects, []Reject{{42, "", c.reason, ""}})
			same(t, c.line, kindsOf(got.Schema), []Kind{Integer, Text, Float, Float})
		}
	}
}

// TestAboveTheTable has what spreadsheets put there.
func TestAboveTheTable(t *testing.T) {
	rows := strings.Join(soundRows(), "\n") + "\n"
	_, below, _ := strings.Cut(rows, "\n")
	for _, c := range []struct {
		name, text string
		want       []Reject
	}{
		{"title", "Sizes of 2026\n" + rows, []Reject{{1, "", SkippedPreamble, ""}}},
		{"title, blank line, comment", "Sizes, by color\n\n# made, with, a, program, 2026\n" + rows, []Reject{{1, "", SkippedPreamble, ""}, {3, "", SkippedPreamble, ""}}},
		{"padded title", "Sizes of 2026,,,,\n" + rows, []Reject{{1, "", SkippedSubtitle, ""}}},
		{"groups", "what,what,what,what,how much\n" + rows, []Reject{{1, "", SkippedSubtitle, ""}}},
		{"units", "id,note,color,size,score\nno,-,-,EU,kg\n" + below, []Reject{{2, "", SkippedSubtitle, ""}}},
		{"returns end the lines", strings.ReplaceAll(rows, "\n", "\r"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readAll(t, opens(c.text), Options{})
			same(t, "reports", got.Rejects, c.want)
			same(t, "names", got.Schema.Names(), []string{"id", "note", "color", "size", "score"})
			if got.Schema.Rows != 40 || got.Tally.Skipped != int64(len(c.want)) || got.Tally.Read != 40 {
				t.Errorf("tally %+v", got.Tally)
			}
		})
	}
}

// TestUnclearPatternRepairsNothing has too few rows to know what they look like.
func TestUnclearPatternRepairsNothing(t *testing.T) {
	got := readAll(t, opens("a,b\n1,2\n3,4,\n5;6\n"), Options{})
	same(t, "rejects", got.Rejects, []Reject{{3, "", ReasonTooMany, ""}, {4, "", ReasonTooFew, ""}})
}
