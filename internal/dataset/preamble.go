package dataset

import (
	"bytes"
	"slices"
	"strings"
)

// What stands above a table is looked for within these bounds.
const (
	maxPreamble    = 20 // records before the header
	maxHeaderLines = 3
	minBelow       = 5 // numbers below the header that make a column numeric
)

// headRecord is a record among the first ones.
type headRecord struct {
	at, next int   // its place in the data
	lines    int64 // how many it has
	count    int   // of cells
	sound    bool
}

// headRecords lexes the first records that are not blank. As for lexer.record,
// a newline stands at data[end].
func headRecords(data []byte, end int, delimiter byte, opts Options) []headRecord {
	l := newLexer(delimiter, 0, opts)
	l.anyWidth = true
	var found []headRecord
	for at := 0; at < end && len(found) < sniffRecords; {
		next, got := l.record(data, at, end)
		if got == incomplete {
			break
		}
		if got != blank {
			found = append(found, headRecord{at, next, l.lines, l.count, got == complete})
		}
		at = next
	}
	return found
}

// usualCount returns the number of cells, above one, that most of the records
// have, or 0.
func usualCount(records []headRecord) int {
	times, usual := map[int]int{}, 0
	for _, h := range records {
		if !h.sound || h.count < 2 {
			continue
		}
		if times[h.count]++; times[h.count] > times[usual] {
			usual = h.count
		}
	}
	if times[usual] < 3 || 2*times[usual] < len(records) {
		return 0
	}
	return usual
}

// preamble returns how many of the records are titles or comments above the
// header. There are none unless the first record of the usual width could be a
// header, with numbers below, and all before it are shorter by far, or comments.
func preamble(data []byte, end int, records []headRecord, delimiter byte, opts Options) int {
	usual := usualCount(records)
	n := slices.IndexFunc(records, func(h headRecord) bool { return h.sound && h.count == usual && data[h.at] != '#' })
	if usual == 0 || n <= 0 || n > maxPreamble {
		return 0
	}
	for _, h := range records[:n] {
		if 2*h.count > usual && data[h.at] != '#' {
			return 0
		}
	}
	below := patternBelow(data, end, records[n].next, delimiter, usual, opts)
	if !below.isHeader(cutNames(data, records[n], delimiter, usual, opts), 1) {
		return 0
	}
	return n
}

// patternBelow learns from the data behind a position without changing them.
func patternBelow(data []byte, end, from int, delimiter byte, width int, opts Options) *pattern {
	return learnPattern(slices.Clone(data[from:end+slack]), end-from, delimiter, width, convention{}, opts)
}

// isHeader reports whether the cells cannot be a row of the pattern: there are
// at least that many numeric columns, and none of them has a number there.
func (p *pattern) isHeader(cells []string, columns int) bool {
	texts := 0
	for j := range p.columns {
		if c := &p.columns[j]; !c.numeric || c.values < minBelow {
			continue
		}
		switch _, class := parseCell([]byte(cells[j])); class {
		case textCell:
			texts++
		case missingCell:
		default:
			return false
		}
	}
	return texts >= columns
}

// cutNames returns the cells of a record of the head, blanks around them left
// out.
func cutNames(data []byte, h headRecord, delimiter byte, width int, opts Options) []string {
	record := append(slices.Clone(data[h.at:h.next]), make([]byte, slack)...)
	record[h.next-h.at] = '\n'
	l := newLexer(delimiter, width, opts)
	l.anyWidth = true
	l.record(record, 0, h.next-h.at)
	names := make([]string, width)
	for j := range min(width, l.count) {
		names[j] = strings.TrimSpace(string(record[l.cells[j].start:l.cells[j].end]))
	}
	return names
}

// headerLines returns how many of the records make up the header, the first of
// which does: those that follow do if they have texts where all rows below have
// numbers. It also returns the pattern of the rows.
func headerLines(data []byte, end int, records []headRecord, delimiter byte, opts Options) (int, *pattern) {
	width := records[0].count
	for n := 1; ; n++ {
		if n == len(records) || n == maxHeaderLines || records[n].count != width || !records[n].sound {
			return n, patternBelow(data, end, records[n-1].next, delimiter, width, opts)
		}
		below := patternBelow(data, end, records[n].next, delimiter, width, opts)
		if !below.isHeader(cutNames(data, records[n], delimiter, width, opts), 2) {
			return n, patternBelow(data, end, records[n-1].next, delimiter, width, opts)
		}
	}
}

// returnsAlone reports whether a head has carriage returns, and no newline.
func returnsAlone(head []byte) bool {
	return bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0
}

func returnsToNewlines(data []byte) {
	for i, c := range data {
		if c == '\r' {
			data[i] = '\n'
		}
	}
}
