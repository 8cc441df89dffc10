package dataset

import (
	"bytes"
	"io"
)

// The lexer knows one quote. Where a dialect has another one, the two trade
// places in the text below the lexer, and back again in the cells above it.
// Where it has none, a quote trades places with a control character that text
// does not hold; if it should all the same, the row is rejected, since the
// character becomes a NUL.

// unquoted stands for a quote that is a character like any other.
const unquoted = 0x01

// quoteSwapper is the text below the lexer.
type quoteSwapper struct {
	r     io.Reader
	quote string
}

func (q *quoteSwapper) Read(p []byte) (int, error) {
	n, err := q.r.Read(p)
	if q.quote == NoQuote {
		replaceByte(p[:n], unquoted, 0)
		replaceByte(p[:n], '"', unquoted)
	} else {
		swapQuotes(p[:n])
	}
	return n, err
}

// unswap turns a cell back into what was written.
func unswap(cell []byte, quote string) {
	switch quote {
	case `'`:
		swapQuotes(cell)
	case NoQuote:
		replaceByte(cell, unquoted, '"')
	}
}

func swapQuotes(b []byte) {
	for i, c := range b {
		switch c {
		case '"':
			b[i] = '\''
		case '\'':
			b[i] = '"'
		}
	}
}

func replaceByte(b []byte, old, by byte) {
	for {
		i := bytes.IndexByte(b, old)
		if i < 0 {
			return
		}
		b[i] = by
		b = b[i+1:]
	}
}
