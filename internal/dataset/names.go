package dataset

import (
	"math"
	"strconv"
)

// rowIsData decides whether the first row of a sample is data and no header.
// Names are no numbers, as a rule, but years and positions are names at times.
// So it is data if, in the columns that are all numbers, it has numbers too,
// and at least one of them is none that would name a column: it is no whole
// number, or below 0, or the row has it twice. A text above numbers is a name,
// and makes the row a header.
func rowIsData(first []string, rest [][]string) bool {
	seen := map[float64]bool{}
	isData := false
	for j, text := range first {
		if !numbersBelow(rest, j) {
			continue
		}
		v, class := parseCell([]byte(text))
		switch class {
		case textCell, missingCell, outOfRangeCell:
			return false
		}
		if seen[v] || v < 0 || v != math.Trunc(v) {
			isData = true
		}
		seen[v] = true
	}
	return isData
}

// numbersBelow reports whether a column of rows has numbers and nothing else
// but missing values.
func numbersBelow(rows [][]string, j int) bool {
	found := false
	for _, row := range rows {
		if j >= len(row) {
			continue
		}
		switch _, class := parseCell([]byte(row[j])); class {
		case missingCell:
		case textCell, outOfRangeCell:
			return false
		default:
			found = true
		}
	}
	return found
}

// numberedNames are the names of columns that have none.
func numberedNames(width int) []string {
	names := make([]string, width)
	for j := range names {
		names[j] = "column_" + strconv.Itoa(j)
	}
	return names
}

// sampleRows lexes records from the beginning of data, up to sniffRecords of
// them, with the quotes that the dialect has. As for lexer.record, a newline
// stands at data[end]; the data stays as it is.
func sampleRows(data []byte, end int, delimiter byte, opts Options) [][]string {
	data = append(make([]byte, 0, end+slack), data[:min(end+slack, len(data))]...)
	data = data[:end+slack]
	data[end] = '\n'
	l := newLexer(delimiter, opts.MaxColumns, opts)
	l.anyWidth = true
	var rows [][]string
	for at := 0; len(rows) < sniffRecords; {
		next, got := l.record(data, at, end)
		if got == incomplete {
			break
		}
		at = next
		if got != complete {
			continue
		}
		row := make([]string, min(l.count, opts.MaxColumns))
		for j := range row {
			cell := data[l.cells[j].start:l.cells[j].end]
			unswap(cell, opts.Dialect.Quote)
			row[j] = string(cell)
		}
		rows = append(rows, row)
	}
	return rows
}
