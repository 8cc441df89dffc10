package dataset

import (
	"bytes"
	"slices"
)

// pattern is what the rows of a table look like, as far as the head of the
// data tells. Where a record can be read in several ways, it says which of them
// make sense. It depends on the head alone, whose size is fixed, so that every
// pass judges alike.
type pattern struct {
	columns []cellPattern
	rows    int
}

// cellPattern is what the cells of one column look like.
type cellPattern struct {
	numbers convention     // in which numbers may be written, besides the plain one
	values  int            // cells that are not missing
	texts   int            // those that are no numbers either
	numeric bool           // nearly all values are numbers: the head may be dirty, too
	missing bool           // there are cells without a value
	blanks  int            // cells that begin with a blank
	known   map[string]int // how often each text came; nil where there are too many to expect the same again
}

const (
	patternRows  = 20  // fewer say too little
	patternTexts = 200 // more different texts are no pattern
)

// learnPattern lexes the records of data[:end], which it overwrites. As for
// lexer.record, a newline stands at data[end].
func learnPattern(data []byte, end int, delimiter byte, width int, numbers convention, opts Options) *pattern {
	p := &pattern{columns: make([]cellPattern, width)}
	for j := range p.columns {
		p.columns[j] = cellPattern{numbers: numbers, known: map[string]int{}}
	}
	l := newLexer(delimiter, width, opts)
	for at := 0; at < end; {
		next, got := l.record(data, at, end)
		switch {
		case got == incomplete && !l.quoted, got == overlong:
			next = end
		case got == incomplete, got == rejected && l.reason == ReasonQuote:
			next = at + bytes.IndexByte(data[at:], '\n') + 1 // see distrust
		case got == complete:
			p.rows++
			for j, s := range l.cells {
				p.columns[j].add(data[s.start:s.end])
			}
		}
		at = next
	}
	for j := range p.columns {
		p.columns[j].settle()
	}
	return p
}

func (c *cellPattern) add(cell []byte) {
	class := c.numbers.class(cell)
	if class == missingCell {
		c.missing = true
		return
	}
	c.values++
	if class == textCell {
		c.texts++
	}
	if cell[0] == ' ' {
		c.blanks++
	}
	if len(c.known) <= patternTexts {
		c.known[string(cell)]++
	}
}

// settle draws the conclusions. Texts are expected to come again if each has
// come four times, on average.
func (c *cellPattern) settle() {
	c.numeric = c.values > 0 && 20*c.texts < c.values
	if c.numeric || c.values < 4*len(c.known) || len(c.known) > patternTexts {
		c.known = nil
	}
}

// clear reports whether the pattern can tell a row from something else: it has
// seen enough rows, and some column does not take everything.
func (p *pattern) clear() bool {
	return p != nil && p.rows >= patternRows && slices.ContainsFunc(p.columns, choosy)
}

// choosy reports whether the column does not take everything.
func choosy(c cellPattern) bool { return c.numeric || c.known != nil }

// lastNumber returns the last numeric column of a clear pattern, or -1.
func (p *pattern) lastNumber() int {
	if !p.clear() {
		return -1
	}
	for j := len(p.columns) - 1; j >= 0; j-- {
		if p.columns[j].numeric {
			return j
		}
	}
	return -1
}

// padded reports whether it is common that cells begin with a blank.
func (c *cellPattern) padded() bool { return c.values > 0 && 20*c.blanks >= c.values }

// fits reports whether a cell looks like the others of the column.
func (c *cellPattern) fits(cell []byte) bool {
	class := c.numbers.class(cell)
	switch {
	case class == missingCell:
		return c.missing
	case c.numeric:
		return class != textCell
	}
	return c.known == nil || c.known[string(cell)] > 1
}

// fitsRow reports whether all of a row's cells look like the others. The
// pattern must be clear.
func (p *pattern) fitsRow(data []byte, cells []span) bool {
	for j, s := range cells {
		if !p.columns[j].fits(data[s.start:s.end]) {
			return false
		}
	}
	return true
}

// swallowed reports whether a record of several lines seems to be several rows:
// its quotes are then two strays that have found each other. Quotes aside, each
// line is a row, or one behind the first begins like a row, up to the column of
// the first cell that holds a newline.
func (p *pattern) swallowed(data []byte, at, end int, cells []span, delimiter byte) bool {
	if !p.clear() {
		return false
	}
	broken := slices.IndexFunc(cells, func(s span) bool { return bytes.IndexByte(data[s.start:s.end], '\n') >= 0 })
	tells := broken > 1 && slices.ContainsFunc(p.columns[:broken], choosy)
	rows, first := true, true
	for line := range bytes.Lines(data[at:end]) {
		line = bytes.TrimRight(line, "\r\n")
		n := p.beginning(line, delimiter)
		if !first && tells && n >= broken {
			return true
		}
		rows = rows && n == len(p.columns) && bytes.Count(line, []byte{delimiter}) == n-1
		first = false
	}
	return rows
}

// beginning returns how many cells of a line, quotes aside, look like those of
// a row, from the first on.
func (p *pattern) beginning(line []byte, delimiter byte) int {
	for j := range p.columns {
		cell, rest, more := bytes.Cut(line, []byte{delimiter})
		if !p.columns[j].fits(bytes.Trim(cell, `"`)) {
			return j
		}
		if line = rest; !more {
			return j + 1
		}
	}
	return len(p.columns)
}
