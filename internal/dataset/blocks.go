package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"retrain/internal/fault"
)

// windowBytes is how much of a source is lexed at once. The window and the
// places of its cells should both fit into a second-level cache that others
// use as well: 512 KiB was a third slower, under load by half.
const windowBytes = 128 << 10

// window is a stretch of the source. Its bytes data[at:end] have not been
// lexed yet. Behind them, as the lexer wants it, stand a newline and some bytes
// more.
type window struct {
	data    []byte
	at, end int
}

// take fills the window, of the given size at least, with what another one has
// left.
func (w *window) take(from *window, size int) {
	rest := from.end - from.at
	if need := max(size, 2*rest) + slack; len(w.data) < need {
		w.data = append(make([]byte, 0, need), w.data...)[:need]
	}
	copy(w.data, from.data[from.at:from.end])
	w.at, w.end = 0, rest
}

// grow doubles the window, but not beyond the limit. It reports whether it
// could.
func (w *window) grow(limit int) bool {
	size := min(2*len(w.data), limit+slack)
	if size <= len(w.data) {
		return false
	}
	w.data = append(w.data, make([]byte, size-len(w.data))...)
	return true
}

// block is a run of lexed rows.
type block struct {
	window
	rows    int
	cells   []span  // row-major
	lines   []int64 // on which each row begins
	rejects []Reject
	err     error // why there is no block; io.EOF is the regular end
}

// cell returns the bytes of a cell.
func (b *block) cell(s span) []byte { return b.data[s.start:s.end] }

// blockReader cuts a source into blocks of rows. What is a row and what is
// rejected does not depend on how the source is read.
type blockReader struct {
	src      *source
	lex      *lexer
	names    []string
	window   int // bytes
	maxLine  int
	line     int64   // how many lines lie behind
	rest     *window // holds what has been read, but not lexed
	skipping bool    // in the middle of a line that is too long
	eof      bool
}

// fill reads until the window is full or the source has ended. A last line
// without a newline gets one.
func (r *blockReader) fill(w *window) error {
	for !r.eof && w.end < len(w.data)-slack {
		n, err := r.src.Read(w.data[w.end : len(w.data)-slack])
		w.end += n
		switch {
		case err == io.EOF:
			r.eof = true
			if w.end > w.at && w.data[w.end-1] != '\n' {
				w.data[w.end] = '\n'
				w.end++
			}
		case err != nil:
			return err
		}
	}
	w.data[w.end] = '\n'
	return nil
}

// next fills the block with the rows that follow, at least one record. After
// the last one it returns io.EOF.
func (r *blockReader) next(b *block) error {
	b.rows, b.cells, b.lines, b.rejects = 0, b.cells[:0], b.lines[:0], b.rejects[:0]
	b.take(r.rest, r.window)
	r.rest = &b.window
	for {
		if err := r.fill(&b.window); err != nil {
			return err
		}
		if err := r.lexAll(b); err != nil {
			return err
		}
		switch {
		case b.at > 0:
			return nil
		case r.eof && b.at == b.end:
			return io.EOF
		case r.eof:
			return r.unclosed("to the end of the data")
		}
		if !b.grow(r.maxLine) {
			return r.tooLong(b, b.end)
		}
	}
}

// cutShort treats the record at hand, which happens to lie within the window,
// as if that had ended where a line must end.
func (r *blockReader) cutShort(b *block) error {
	end := b.at + r.maxLine
	beyond := b.data[end]
	b.data[end] = '\n'
	r.lex.record(b.data, b.at, end)
	b.data[end] = beyond
	return r.tooLong(b, end)
}

// lexAll lexes all complete records of the block's window.
func (r *blockReader) lexAll(b *block) error {
	r.skip(b)
	for b.at < b.end {
		next, got := r.lex.record(b.data, b.at, b.end)
		switch got {
		case incomplete:
			return nil
		case overlong:
			return r.cutShort(b)
		case complete:
			b.rows++
			b.cells = append(b.cells, r.lex.cells...)
			b.lines = append(b.lines, r.line+1)
		case rejected:
			r.reject(b)
		}
		r.line += r.lex.lines
		b.at = next
	}
	return nil
}

// reject reports the lexer's record. A misplaced quote leaves open whether the
// record ended before, so that all its lines are reported.
func (r *blockReader) reject(b *block) {
	column := ""
	if c := r.lex.column; c >= 0 && c < len(r.names) {
		column = r.names[c]
	}
	reject := Reject{Line: r.line + 1, Column: column, Reason: r.lex.reason}
	b.rejects = append(b.rejects, reject)
	if reject.Reason != ReasonQuote {
		return
	}
	for range r.lex.lines - 1 {
		reject.Line++
		b.rejects = append(b.rejects, reject)
	}
}

// tooLong gives up a record that has no end before the position end. Within
// quotes there is no telling where it might have one.
func (r *blockReader) tooLong(b *block, end int) error {
	if r.lex.quoted {
		return r.unclosed("within the longest line that is allowed")
	}
	b.rejects = append(b.rejects, Reject{Line: r.line + 1, Reason: ReasonLine})
	r.line += r.lex.lines
	r.skipping = true
	b.at = end
	return nil
}

// skip leaves out the rest of a line that was too long.
func (r *blockReader) skip(b *block) {
	if !r.skipping {
		return
	}
	end := bytes.IndexByte(b.data[b.at:b.end], '\n')
	if end < 0 {
		b.at = b.end
		return
	}
	b.at += end + 1
	r.line++
	r.skipping = false
}

// unclosed is the error for a quote whose partner is missing.
func (r *blockReader) unclosed(where string) error {
	line := r.line + r.lex.opened + 1
	return fault.New(fault.InvalidData, "The quote that opens on line %d is not closed %s.", line, where).
		At("Quote is not closed", "unclosed_quote", "data", "line", line)
}

// each hands the blocks to do, one after the other, while the next ones are
// read and lexed on another goroutine. A block is valid until do returns.
func (r *blockReader) each(ctx context.Context, do func(*block) error) error {
	ctx, cancel := context.WithCancel(ctx)
	free, lexed := make(chan *block, 3), make(chan *block)
	for range cap(free) {
		free <- new(block)
	}
	go r.produce(ctx, free, lexed)
	defer func() {
		cancel()
		for range lexed { // until produce has ended: it uses the source
		}
	}()
	for b := range lexed {
		if b.err == io.EOF {
			return nil
		}
		if text := panicked(""); errors.As(b.err, &text) {
			panic(string(text))
		}
		if b.err != nil {
			return b.err
		}
		if err := do(b); err != nil {
			return err
		}
		free <- b
	}
	return ctx.Err()
}

func (r *blockReader) produce(ctx context.Context, free <-chan *block, lexed chan<- *block) {
	defer close(lexed)
	for {
		var b *block
		select {
		case <-ctx.Done():
			return
		case b = <-free:
		}
		b.err = r.nextOrPanic(b)
		select {
		case <-ctx.Done():
			return
		case lexed <- b:
		}
		if b.err != nil {
			return
		}
	}
}

// panicked is a panic on its way to the caller's goroutine, which can recover
// from it.
type panicked string

func (p panicked) Error() string { return string(p) }

func (r *blockReader) nextOrPanic(b *block) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(fmt.Sprintf("%v\n\n%s", p, debug.Stack()))
		}
	}()
	return r.next(b)
}
