package dataset

import (
	"bytes"
	"unicode/utf8"
)

// repair reads a rejected record in another way, if there is exactly one that
// makes sense, and keeps the row or rows. It reports whether there was.
//
// Only records without quotes are repaired: where those are misplaced,
// anything may be meant.
func (r *blockReader) repair(b *block, at, next int) bool {
	end := bytes.TrimRight(b.data[at:next], "\r\n")
	record := span{uint32(at), uint32(at + len(end))}
	if bytes.IndexByte(end, '"') >= 0 || len(end) > r.lex.maxCell {
		return false
	}
	switch r.lex.reason {
	case ReasonCR:
		return r.splitAtReturns(b, record)
	case ReasonTooMany:
		return r.rejoin(b, record) || r.recut(b, record)
	case ReasonTooFew:
		return r.recut(b, record)
	}
	return false
}

// keepRepaired takes a row that was read in another way.
func (r *blockReader) keepRepaired(b *block, cells []span, reason string) {
	b.keep(cells, r.line+1)
	r.report(b, reason)
}

// cut returns the cells of a record without quotes.
func cut(data []byte, record span, delimiter byte) []span {
	var cells []span
	start := record.start
	for i := record.start; i < record.end; i++ {
		if data[i] == delimiter {
			cells = append(cells, span{start, i})
			start = i + 1
		}
	}
	return append(cells, span{start, record.end})
}

// splitAtReturns ends rows at carriage returns, as old programs do, if each of
// them then is complete. A return within a cell would not give that.
func (r *blockReader) splitAtReturns(b *block, record span) bool {
	width := len(r.names)
	if width < 2 {
		return false
	}
	var rows [][]span
	for _, line := range cut(b.data, record, '\r') {
		cells := cut(b.data, line, r.lex.char)
		if len(cells) != width || !r.sound(b.data, line) {
			return false
		}
		rows = append(rows, cells)
	}
	for _, cells := range rows {
		if aside := r.asideOf(b, cells); aside != "" {
			r.report(b, aside)
		} else {
			r.keepRepaired(b, cells, RepairedReturn)
		}
	}
	return true
}

// sound reports whether a stretch is text without NUL bytes.
func (r *blockReader) sound(data []byte, s span) bool {
	text := data[s.start:s.end]
	return bytes.IndexByte(text, 0) < 0 && utf8.Valid(text)
}

// recut cuts a row with another delimiter, as where files were put together,
// if its cells then look like those of the other rows.
func (r *blockReader) recut(b *block, record span) bool {
	if !r.pattern.clear() {
		return false
	}
	var found []span
	for _, d := range delimiters {
		cells := cut(b.data, record, d.char)
		if d.char == r.lex.char || len(cells) != len(r.names) || !r.pattern.fitsRow(b.data, cells) {
			continue
		}
		if found != nil {
			return false
		}
		found = cells
	}
	if len(found) < 2 {
		return false
	}
	r.keepRepaired(b, found, RepairedDelimiter)
	return true
}

// rejoin reads a record with too many delimiters.
func (r *blockReader) rejoin(b *block, record span) bool {
	if !r.pattern.clear() {
		return false
	}
	s := readings{pattern: r.pattern, data: b.data, cells: cut(b.data, record, r.lex.char), delimiter: r.lex.char, budget: 10_000}
	s.search(0, false)
	if s.found != 1 || s.doubtful || s.budget < 0 {
		return false
	}
	r.keepRepaired(b, s.first, RepairedExtra)
	return true
}

// readings searches for all ways to read too many cells as a row. Each column
// takes one of them, or several that are one text with bare delimiters in it;
// a cell without content may be due to a stray delimiter, and is left out.
//
// A delimiter is certain to belong to a text if a blank follows it, as in
// prose, where cells do not begin with one, or if the column is known to hold
// that text. Otherwise it may, as a comma between digits may belong to a
// number: such a reading is none to take, but it puts others in doubt.
type readings struct {
	pattern   *pattern
	data      []byte
	cells     []span
	delimiter byte
	budget    int

	row      []span
	inDoubt  int // how many cells of the row may have been put together wrongly
	found    int
	doubtful bool
	first    []span
}

// search goes on from the given cell. Of empty cells in a row those that are
// left out come first, lest one reading is found twice: kept says that the cell
// before is empty and was kept.
func (s *readings) search(i int, kept bool) {
	s.budget--
	columns := len(s.pattern.columns)
	if s.found > 1 || s.budget < 0 || len(s.cells)-i < columns-len(s.row) {
		return
	}
	if i == len(s.cells) {
		if len(s.row) == columns {
			s.note()
		}
		return
	}
	cell := s.cells[i]
	empty := cell.start == cell.end
	if empty && !kept {
		s.search(i+1, false)
	}
	if len(s.row) == columns {
		return
	}
	c := &s.pattern.columns[len(s.row)]
	if c.fits(s.data[cell.start:cell.end]) {
		s.take(cell, i+1, empty)
	}
	if !empty {
		s.join(c, i)
	}
}

// join gives the cell and one or more behind it to the next column.
func (s *readings) join(c *cellPattern, i int) {
	cell, doubts := s.cells[i], 0
	for n := i + 1; n < len(s.cells); n++ {
		joined := span{cell.start, s.cells[n].end}
		next := s.data[s.cells[n].start:s.cells[n].end]
		switch {
		case c.numeric && !s.digits(cell, next):
			return
		case !c.numeric && c.known != nil && !c.fits(s.data[joined.start:joined.end]):
			continue
		case c.numeric, c.known == nil && (c.padded() || len(next) < 2 || next[0] != ' '):
			doubts = 1
		}
		s.inDoubt += doubts
		s.take(joined, n+1, false)
		s.inDoubt -= doubts
	}
}

// take gives a cell to the next column, and goes on.
func (s *readings) take(cell span, i int, kept bool) {
	s.row = append(s.row, cell)
	s.search(i, kept)
	s.row = s.row[:len(s.row)-1]
}

func (s *readings) note() {
	s.found++
	s.doubtful = s.doubtful || s.inDoubt > 0
	s.first = append([]span(nil), s.row...)
}

// digits reports whether a number could go on with next behind a comma.
func (s *readings) digits(cell span, next []byte) bool {
	_, class := parseCell(s.data[cell.start:cell.end])
	return s.delimiter == ',' && class == integerCell && len(next) > 0 && len(bytes.Trim(next, "0123456789")) == 0
}
