package dataset

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// csvFile is a generated table, with the text that holds it.
type csvFile struct {
	names []string
	cells [][]string
	lines []int64
	text  string
}

// cells of all sorts, some of which must be quoted.
var cellGenerators = []*rapid.Generator[string]{
	rapid.SampledFrom([]string{"", "NA", "?", "p", "q", "Yes", "No", "inf"}),
	rapid.StringMatching(`-?[0-9]{1,4}`),
	rapid.StringMatching(`-?[0-9]{1,3}\.[0-9]{0,3}(e-?[0-9])?`),
	rapid.StringMatching(`[ a,"\n;|]{0,8}`),
	rapid.StringMatching(`[äöü€😀x]{0,5}`),
	rapid.SampledFrom([]string{"a value that is longer than eight bytes", "another long value", "1e999", " 5 "}),
}

// genCSV writes random cells as RFC 4180 allows it: quoted or not, lines of
// either ending, with and without a BOM and a last newline. Lines between the
// rows may be blank.
func genCSV(t *rapid.T) csvFile {
	width := rapid.IntRange(1, 5).Draw(t, "width")
	kinds := make([]*rapid.Generator[string], width)
	var f csvFile
	for j := range kinds {
		kinds[j] = rapid.SampledFrom(cellGenerators).Draw(t, "kind")
		if rapid.Bool().Draw(t, "mixed") {
			kinds[j] = rapid.OneOf(cellGenerators...)
		}
		f.names = append(f.names, string(rune('a'+j)))
	}
	var out strings.Builder
	if rapid.Bool().Draw(t, "bom") {
		out.WriteString(utf8BOM)
	}
	line := int64(1)
	newline := rapid.SampledFrom([]string{"\n", "\r\n"})
	out.WriteString(strings.Join(f.names, ",") + newline.Draw(t, "newline"))
	for range rapid.IntRange(1, 12).Draw(t, "rows") {
		for rapid.IntRange(0, 9).Draw(t, "blank") == 0 {
			out.WriteString(newline.Draw(t, "newline"))
			line++
		}
		row := make([]string, width)
		for j := range row {
			row[j] = kinds[j].Draw(t, "cell")
			if j > 0 {
				out.WriteByte(',')
			}
			out.WriteString(writeCell(t, row[j], width == 1))
		}
		f.cells = append(f.cells, row)
		line++
		f.lines = append(f.lines, line)
		line += int64(strings.Count(strings.Join(row, ""), "\n"))
		out.WriteString(newline.Draw(t, "newline"))
	}
	f.text = out.String()
	if rapid.Bool().Draw(t, "no last newline") {
		f.text = strings.TrimRight(f.text, "\r\n")
		if strings.HasSuffix(f.text, ",") || strings.HasSuffix(f.text, `"`) {
			f.text += "\n"
		}
	}
	return f
}

// reports returns what is to be said of the text: that its last line may be cut
// off.
func (f *csvFile) reports() []Reject {
	if strings.HasSuffix(f.text, "\n") {
		return nil
	}
	return []Reject{{Line: f.lines[len(f.lines)-1], Reason: RepairedEnd}}
}

// writeCell quotes a cell if it must, or at random. A blank one alone on its
// line would be a blank line.
func writeCell(t *rapid.T, cell string, alone bool) string {
	must := strings.ContainsAny(cell, ",\"\r\n") || alone && strings.Trim(cell, " ") == ""
	if !must && rapid.IntRange(0, 3).Draw(t, "quoted") > 0 {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}

// lexText cuts a table with the given window and way of reading.
func lexText(text string, window int, via func(io.Reader) io.Reader) ([][]string, []int64, []Reject, error) {
	opts := Options{Dialect: Dialect{Format: CSV, Delimiter: ',', Header: 1}, window: window}.withDefaults()
	r, err := openTable(context.Background(), io.NopCloser(via(strings.NewReader(text))), opts)
	if err != nil {
		return nil, nil, nil, err
	}
	var rows [][]string
	var lines []int64
	var rejects []Reject
	err = r.each(context.Background(), func(b *block) error {
		rejects = append(rejects, b.rejects...)
		lines = append(lines, b.lines...)
		for cells := range slices.Chunk(b.cells, len(r.names)) {
			row := make([]string, len(cells))
			for j, s := range cells {
				row[j] = string(b.cell(s))
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, lines, rejects, err
}

var readers = []func(io.Reader) io.Reader{
	func(r io.Reader) io.Reader { return r },
	iotest.OneByteReader,
	iotest.HalfReader,
	iotest.DataErrReader,
}

// TestCellsComeBack writes tables and reads them, in windows and chunks of any
// size: cells and lines are those that were written.
func TestCellsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genCSV(t)
		window := rapid.SampledFrom([]int{1, 7, 16, 64, 1 << 16}).Draw(t, "window")
		via := rapid.SampledFrom(readers).Draw(t, "reader")
		rows, lines, rejects, err := lexText(f.text, window, via)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "rejects", rejects, f.reports())
		same(t, "cells", rows, f.cells)
		same(t, "lines", lines, f.lines)
	})
}

// TestAgreesWithEncodingCSV compares with the standard library, which differs
// in one thing: it turns CR LF within quotes into LF.
func TestAgreesWithEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genCSV(t)
		peer := csv.NewReader(strings.NewReader(strings.TrimPrefix(f.text, utf8BOM)))
		want, err := peer.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		rows, _, _, err := lexText(f.text, 64, readers[0])
		if err != nil {
			t.Fatal(err)
		}
		same(t, "cells", append([][]string{f.names}, rows...), want)
	})
}

// FuzzCSV feeds anything. Where encoding/csv, strict as it is, reads a table,
// its rows come out the same; nothing depends on the window; and every line is
// a row, a rejected row, blank, or part of one of those.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a\n\n1", "a,b\r\n\"x\"\"y\",2\r\n", "a,b\n\"1\n2\",3\n4\n", "\xef\xbb\xbfa;b\n1;2",
		"a,b\n1,\"2\n", "a,b\n1,2\"\n\"3\"4,5\n6,7", "a,b\n\r\n \n1,\r2\n", "a,b\n\x00,1\n\xff,2\n", "a,a\n", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, lines, rejects, err := lexText(string(data), 16, readers[0])
		again, linesAgain, rejectsAgain, errAgain := lexText(string(data), 1<<16, iotest.OneByteReader)
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("windows matter: %v, %v", err, errAgain)
		}
		if err != nil {
			return
		}
		same(t, "rows by window", again, rows)
		same(t, "lines by window", linesAgain, lines)
		same(t, "rejects by window", rejectsAgain, rejects)
		compareWithPeer(t, data, rows, rejects)
	})
}

// compareWithPeer holds the rows against those of encoding/csv, if that reads
// the data at all and if we rejected none. It knows no encoding but UTF-8.
func compareWithPeer(t *testing.T, data []byte, rows [][]string, rejects []Reject) {
	if len(rejects) > 0 || bytes.Contains(data, []byte("\r")) || !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return
	}
	peer := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(utf8BOM))))
	want, err := peer.ReadAll()
	if err != nil || len(want) == 0 {
		return
	}
	want = slices.DeleteFunc(want, func(row []string) bool {
		return len(row) == 1 && strings.Trim(row[0], " ") == ""
	})
	rows = slices.DeleteFunc(rows, func(row []string) bool { return len(row) == 1 && strings.Trim(row[0], " ") == "" })
	if len(want) > 0 {
		same(t, "rows by encoding/csv", rows, want[1:])
	}
}
