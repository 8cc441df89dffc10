package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// TestJSONLinesReadLikeCSV writes random cells in both formats.
func TestJSONLinesReadLikeCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genCSV(t)
		var csv, lines strings.Builder
		csv.WriteString(strings.Join(f.names, ",") + "\n")
		for _, row := range f.cells {
			var members []string
			for j, cell := range row {
				csv.WriteString([]string{"", ","}[min(j, 1)] + `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
				if cell != "" || lines.Len()+j == 0 || rapid.Bool().Draw(t, "empty text") {
					members = append(members, jsonText(t, f.names[j])+" :"+jsonCell(t, cell))
				}
			}
			csv.WriteString("\n")
			lines.WriteString("{" + strings.Join(members, ", ") + "}\r\n")
		}
		opts := Options{
			MaxDistinct: rapid.SampledFrom([]int{1, 48, 65536}).Draw(t, "max distinct"),
			BatchRows:   rapid.IntRange(1, 20).Draw(t, "batch rows"),
			window:      rapid.SampledFrom([]int{1, 64, 1 << 16}).Draw(t, "window"),
		}
		got := readAll(t, opensVia(lines.String(), rapid.SampledFrom(readers).Draw(t, "reader")), opts)
		opts.Dialect = Dialect{Delimiter: ',', Header: 1}
		opts.Hashes = nil
		want := readAll(t, opens(csv.String()), opts)
		if len(got.Rejects) > 0 {
			t.Fatalf("rejects %v", got.Rejects)
		}
		at := make([]int, len(f.names))
		for j, name := range f.names {
			if at[j] = got.Schema.Index(name); at[j] < 0 {
				continue // it never had a value
			}
			same(t, "column", got.Schema.Columns[at[j]], want.Schema.Columns[j])
			for i := range want.Rows {
				same(t, "cell", got.Rows[i][at[j]], want.Rows[i][j])
			}
		}
	})
}

// jsonText writes a string, some characters of it as escapes.
func jsonText(t *rapid.T, text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "escaped") {
		return asciiOnly(string(out))
	}
	return string(out)
}

func asciiOnly(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			fmt.Fprintf(&out, `\u%04X\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		}
	}
	return out.String()
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// jsonCell writes a cell as a number where it can be one, or at random as null.
func jsonCell(t *rapid.T, cell string) string {
	switch {
	case cell == "" && rapid.Bool().Draw(t, "null"):
		return "null"
	case jsonNumber.MatchString(cell) && rapid.Bool().Draw(t, "number"):
		return cell
	}
	return jsonText(t, cell)
}

// TestJSONLines has what is particular to the format.
func TestJSONLines(t *testing.T) {
	in := strings.Join([]string{
		`{"a":1,"b":true}`,
		``,
		`{"b":false,"late":"x","nest":{"k":[1,{"l":"}"}]}}`, // 3
		`{"a":2,"a":3}`,          // 4
		`[1]`,                    // 5
		`{"a":01}`,               // 6
		`{"a":"\ud800"}`,         // 7
		`{"a":"x` + "\x01",       // 8
		`{"a":"\u0000"}`,         // 9
		`{"a":"` + "\xff" + `"}`, // 10
		`{"a":"` + strings.Repeat("l", 600) + `"}`,                          // 11
		`{"new":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, // 12
		`{"only in a bad line":1`,                                           // 13
		`{"a":1e3,"b":null}`,                                                // 14
		`{"a":` + strings.Repeat(" ", 1000) + `1}`,                          // 15
		`{}`, // 16
	}, "\n")
	for _, window := range []int{1, 64, 1 << 16} {
		got := readAll(t, opens(in), Options{MaxCell: 500, MaxLine: 900, window: window})
		same(t, "names", got.Schema.Names(), []string{"a", "b", "late", "nest"})
		same(t, "rows", got.Rows[2:], [][]string{{"1000", "?", "?", "?"}, {"?", "?", "?", "?"}})
		same(t, "lines", got.Lines, []int64{1, 3, 14, 16})
		same(t, "rejects", got.Rejects, []Reject{
			{4, "", ReasonKeyTwice, ""}, {5, "", ReasonObject, ""}, {6, "a", ReasonJSON, ""}, {7, "a", ReasonJSON, ""},
			{8, "a", ReasonJSON, ""}, {9, "a", ReasonNUL, ""}, {10, "", ReasonUTF8, ""}, {11, "a", ReasonCell, ""},
			{12, "", ReasonNesting, ""}, {13, "", ReasonJSON, ""}, {15, "", ReasonLine, ""},
		})
		if !got.Schema.Columns[3].Nested || got.Schema.Columns[0].Nested {
			t.Error("which column is nested")
		}
	}
}

// TestJSONFiles has a column that only the second file has.
func TestJSONFiles(t *testing.T) {
	got := readAll(t, Files(sourcesOf("{\"a\":1}\n", zip(t, "{\"b\":\"x\",\"a\":2}\n"), "nonsense\n{\"b\":\"y\"}\n")[:2]), Options{})
	same(t, "names", got.Schema.Names(), []string{"a", "b"})
	same(t, "rows", got.Rows, [][]string{{"1", "?"}, {"2", "x"}})
	_, _, err := Scan(context.Background(), Files(sourcesOf("{\"a\":1}\n", "a\n1\n")), Options{})
	fails(t, err, fault.InvalidData, "b: The data are not in the format")
	for says, data := range map[string]string{
		"No line of the data": "{x\n{y\n", "a name of its own": `{"":1}`, "more than 2 columns": `{"a":1,"b":2,"c":3}`,
	} {
		_, _, err := Scan(context.Background(), opens(data), Options{MaxColumns: 2})
		if err == nil || !strings.Contains(fault.From(err).Detail, says) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// FuzzJSONLines holds a line against encoding/json.
func FuzzJSONLines(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":"x\n\u00e9\ud83d\ude00"}`, `{"a":[1,{"b":null}],"c":-0.5e+7}`, `{}`, `{"a":01}`, `{"a":1}x`, `{"a":"\ud800"}`, `{"a":tru}`, `{"":"","":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n") {
			return
		}
		keys := newKeySet(nil)
		keys.learning = true
		if reason := (&jsonLexer{keys: keys, maxCell: 1 << 20}).line(padded(line), 0, len(line), 1<<20); reason != "" {
			if reason == ReasonJSON && json.Valid(line) && !bytes.Contains(line, []byte(`\u`)) {
				t.Errorf("%q is valid", line)
			}
			return
		}
		l := &jsonLexer{keys: newKeySet(keys.names), maxCell: 1 << 20, seen: make([]int64, len(keys.names)), cells: make([]span, len(keys.names))}
		data := padded(line)
		if reason := l.line(data, 0, len(line), 1<<20); reason != "" {
			t.Fatalf("%q: %s only the second time", line, reason)
		}
		if l.blank {
			return
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&want); err != nil || len(want) != len(keys.names) {
			t.Fatalf("%q: %v, keys %q", line, err, keys.names)
		}
		for j, name := range keys.names {
			got := string(data[l.cells[j].start:l.cells[j].end])
			if got != cellOf(want[name]) {
				t.Errorf("%q: %s is %q, want %q", line, name, got, cellOf(want[name]))
			}
		}
	})
}

func padded(line []byte) []byte { return append(slices.Clone(line), "\n        "...) }

// cellOf is the cell that a JSON value stands for.
func cellOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return string(v)
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	}
	return ""
}
