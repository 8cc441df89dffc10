package dataset

import (
	"bytes"
	"strings"
)

// asideOf says what a well-formed record is if it is no row of the table: the
// header once more, as where files were put together, or a total of the rows.
// It returns the reason for which such a record is skipped, or "".
func (r *blockReader) asideOf(b *block, cells []span) string {
	first := b.cell(cells[0])
	switch {
	case len(first) == 0 && len(cells) > 1:
		if r.isTotal(b, cells[1:]) {
			return SkippedTotal
		}
	case string(first) == r.names[0] && len(cells) > 1 && r.isHeader(b, cells):
		return SkippedHeader
	case mayBeTotal(first) && r.isTotal(b, cells):
		return SkippedTotal
	}
	return ""
}

// mayBeTotal keeps nearly all rows from the closer look at totals.
func mayBeTotal(cell []byte) bool {
	if len(cell) == 0 {
		return false
	}
	switch cell[0] | 0x20 {
	case 't', 's', 'g':
		return true
	}
	return false
}

// displaced reports whether a record of the right width has its cells in the
// wrong columns, as where a text with a delimiter and a line end have lost
// their quotes. To look at one numeric column is enough to pass nearly all
// rows. A single value that is none of its column's is no sign of it.
func (r *blockReader) displaced(b *block, cells []span) bool {
	if r.sentinel < 0 || !isLetter(b.data[cells[r.sentinel].start]) {
		return false
	}
	strange := 0
	for j, s := range cells {
		c := &r.pattern.columns[j]
		if cell := b.cell(s); !c.fits(cell) || len(cell) > 0 && cell[0] == ' ' && !c.padded() {
			strange++
		}
	}
	return strange > 1
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func (r *blockReader) isHeader(b *block, cells []span) bool {
	for j, s := range cells {
		if string(bytes.TrimSpace(b.cell(s))) != r.names[j] {
			return false
		}
	}
	return true
}

// totals are what the rows below a table begin with.
var totals = map[string]bool{
	"total": true, "totals": true, "grand total": true, "subtotal": true, "sub-total": true, "sum": true, "summe": true,
	"gesamt": true, "gesamtsumme": true, "totale": true, "somme": true, "suma": true,
}

// isTotal reports whether the first cell with content says that this is a
// total, and whether all others are numbers or empty, at least one a number.
func (r *blockReader) isTotal(b *block, cells []span) bool {
	for len(cells) > 0 && cells[0].start == cells[0].end {
		cells = cells[1:]
	}
	if len(cells) == 0 || !mayBeTotal(b.cell(cells[0])) {
		return false
	}
	word := strings.TrimSpace(strings.TrimRight(string(b.cell(cells[0])), ": "))
	if !totals[strings.ToLower(word)] {
		return false
	}
	numbers := 0
	for _, s := range cells[1:] {
		switch r.numbers.class(b.cell(s)) {
		case textCell:
			return false
		case missingCell:
		default:
			numbers++
		}
	}
	return numbers > 0
}
