package dataset

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// span is a cell's place in its block: data[start:end], quotes aside.
type span struct{ start, end uint32 }

// The classes of bytes, as far as the lexer cares.
const (
	plainByte = iota
	highByte  // part of a character beyond ASCII
	delimiterByte
	newlineByte
	returnByte
	quoteByte
	nulByte
)

// outcome says how the lexer left a record.
type outcome uint8

const (
	incomplete outcome = iota // the data end within it
	complete                  // width cells were found, all of them sound
	blank                     // an empty line, or one of blanks only
	rejected                  // see lexer.reason
	overlong                  // there is more of it than a line may have
)

// lexer cuts bytes into records and cells (RFC 4180). It knows nothing of where
// the bytes come from.
type lexer struct {
	char     byte // the delimiter
	class    [256]uint8
	delimit  uint64   // the delimiter, eight times
	width    int      // cells of a record
	anyWidth bool     // records of another width are sound as well
	rows     *pattern // what rows look like; nil if that is not known
	maxCell  int
	maxLine  int

	// Of the record at hand:
	cells   []span // the first width of them
	escaped []int  // which of them hold doubled quotes
	count   int    // of cells, those beyond width included
	lines   int64  // newlines, the last one included
	reason  string // why it is rejected; "" if it is sound
	column  int    // which cell is at fault; -1 if none in particular
	quoted  bool   // the data end within quotes
	opened  int64  // lines before the one on which those quotes opened
	high    bool   // there are bytes beyond ASCII
}

func newLexer(delimiter byte, width int, opts Options) *lexer {
	l := &lexer{char: delimiter, width: width, maxCell: opts.MaxCell, maxLine: opts.MaxLine, cells: make([]span, width)}
	for c := 0x80; c <= 0xff; c++ {
		l.class[c] = highByte
	}
	l.class[delimiter] = delimiterByte
	l.delimit = uint64(delimiter) * eachByte
	l.class['\n'] = newlineByte
	l.class['\r'] = returnByte
	l.class['"'] = quoteByte
	l.class[0] = nulByte
	return l
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x80 * eachByte
	// slack is how many bytes must follow the data: the newlines that end the
	// last record and the data, and what is
	// loaded together with it.
	slack = 2 + 8
)

// zeroBytes sets the top bit of the lowest byte of w that is zero; above it,
// and only there, it may set others.
func zeroBytes(w uint64) uint64 { return (w - eachByte) &^ w & topBits }

// skipPlain returns the next position, from i on, where a byte may be other
// than plain: below '#', beyond ASCII or the delimiter. Eight bytes at a time,
// most cells end without a branch that the processor could not predict.
func (l *lexer) skipPlain(data []byte, i int) int {
	for {
		w := binary.LittleEndian.Uint64(data[i:])
		if found := (w-'#'*eachByte)&^w&topBits | zeroBytes(w^l.delimit) | w&topBits; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
		i += 8
	}
}

// skipQuoted returns the next position, from i on, of a quote, newline, NUL or
// byte beyond ASCII.
func (l *lexer) skipQuoted(data []byte, i int) int {
	for {
		w := binary.LittleEndian.Uint64(data[i:])
		found := zeroBytes(w^'"'*eachByte) | zeroBytes(w^'\n'*eachByte) | zeroBytes(w) | w&topBits
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
		i += 8
	}
}

// record lexes the record that begins at data[at] and returns the position
// behind it. A newline must stand at data[end], behind the data, and eight more
// bytes of any kind: it ends every loop, and running into it means that the
// record is incomplete.
func (l *lexer) record(data []byte, at, end int) (int, outcome) {
	l.count, l.lines, l.reason, l.column = 0, 0, "", -1
	l.escaped, l.quoted, l.high = l.escaped[:0], false, false
	i := at
	for {
		var cell span
		if data[i] == '"' {
			cell, i = l.quotedCell(data, i+1, end)
		} else {
			cell, i = l.plainCell(data, i)
		}
		if i >= end {
			return at, incomplete
		}
		if l.count < l.width {
			l.cells[l.count] = cell
		}
		l.count++
		switch data[i] {
		case '\r':
			i++
			if i == end {
				return at, incomplete
			}
			fallthrough
		case '\n':
			l.lines++
			return i + 1, l.finish(data, at, i)
		}
		i++
	}
}

// plainCell reads a cell without quotes and returns it with the position of
// the delimiter, newline or CR LF that ends it.
func (l *lexer) plainCell(data []byte, i int) (span, int) {
	start := i
	for {
		i = l.skipPlain(data, i)
		switch l.class[data[i]] {
		case highByte:
			l.high = true
		case delimiterByte, newlineByte:
			return span{uint32(start), uint32(i)}, i
		case returnByte:
			if data[i+1] == '\n' {
				return span{uint32(start), uint32(i)}, i
			}
			l.fail(ReasonCR, l.count)
		case nulByte:
			l.fail(ReasonNUL, l.count)
		case quoteByte:
			l.fail(ReasonQuote, l.count)
			return l.skipLine(data, i)
		}
		i++
	}
}

// quotedCell reads a cell whose opening quote stands before position i. A
// quote within it is doubled; the closing one is followed by what ends a cell.
func (l *lexer) quotedCell(data []byte, i, end int) (span, int) {
	start, doubled, before := i, false, l.lines
	for {
		i = l.skipQuoted(data, i)
		switch l.class[data[i]] {
		case highByte:
			l.high = true
		case newlineByte:
			if i == end {
				l.quoted, l.opened = true, before
				return span{}, end
			}
			l.lines++
		case nulByte:
			l.fail(ReasonNUL, l.count)
		case quoteByte:
			next := data[i+1]
			if next != '"' {
				if doubled && l.count < l.width {
					l.escaped = append(l.escaped, l.count)
				}
				return l.closed(data, span{uint32(start), uint32(i)}, i+1)
			}
			doubled = true
			i++
		}
		i++
	}
}

// closed looks at what follows a closing quote.
func (l *lexer) closed(data []byte, cell span, i int) (span, int) {
	switch l.class[data[i]] {
	case delimiterByte, newlineByte:
		return cell, i
	case returnByte:
		if data[i+1] == '\n' {
			return cell, i
		}
	}
	l.fail(ReasonQuote, l.count)
	return l.skipLine(data, i)
}

// skipLine goes to the end of the line: where a quote is misplaced, cells mean
// nothing any more.
func (l *lexer) skipLine(data []byte, i int) (span, int) {
	return span{}, i + bytes.IndexByte(data[i:], '\n')
}

// fail notes what is wrong with the record: a misplaced quote, since it puts
// everything else in doubt, or else what comes first.
func (l *lexer) fail(reason string, column int) {
	if l.reason == "" || reason == ReasonQuote {
		l.reason, l.column = reason, column
	}
}

// finish judges the record data[at:end], which has an end, and undoubles the
// quotes of a sound one.
func (l *lexer) finish(data []byte, at, end int) outcome {
	if l.count == 1 && l.reason == "" && isBlank(data[at:end]) {
		return blank
	}
	if end-at > l.maxLine {
		return overlong
	}
	if l.reason == "" {
		l.check(data, at, end)
	}
	if l.reason != "" {
		return rejected
	}
	for _, j := range l.escaped {
		l.cells[j] = undouble(data, l.cells[j])
	}
	return complete
}

// check looks for what makes a well-formed record unusable.
func (l *lexer) check(data []byte, at, end int) {
	switch {
	case l.high && !utf8.Valid(data[at:end]):
		l.fail(ReasonUTF8, l.faulty(data, func(b []byte) bool { return !utf8.Valid(b) }))
		return
	case end-at > l.maxCell:
		j := l.faulty(data, func(b []byte) bool { return len(b) > l.maxCell })
		if j >= 0 {
			l.fail(ReasonCell, j)
			return
		}
	}
	switch {
	case l.lines > 1 && l.rows.swallowed(data, at, end, l.cells[:min(l.count, l.width)], l.char):
		l.fail(ReasonQuote, -1)
	case l.anyWidth:
	case l.count < l.width:
		l.fail(ReasonTooFew, -1)
	case l.count > l.width:
		l.fail(ReasonTooMany, -1)
	}
}

// faulty returns the first cell that is at fault, or -1.
func (l *lexer) faulty(data []byte, fault func([]byte) bool) int {
	for j := range min(l.count, l.width) {
		if fault(data[l.cells[j].start:l.cells[j].end]) {
			return j
		}
	}
	return -1
}

// isBlank reports whether a line holds blanks only.
func isBlank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\r' {
			return false
		}
	}
	return true
}

// undouble removes every second of the doubled quotes, in place.
func undouble(data []byte, cell span) span {
	to := cell.start
	for from := cell.start; from < cell.end; from++ {
		data[to] = data[from]
		to++
		if data[from] == '"' {
			from++
		}
	}
	return span{cell.start, to}
}
