package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
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
	rows      int
	cells     []span  // row-major
	lines     []int64 // on which each row begins
	rejects   []Reject
	file      string // "" if the table is in one file
	fileIndex int
	kept      bool  // whoever received the block wants it for longer
	err       error // why there is no block; io.EOF is the regular end
}

// cell returns the bytes of a cell.
func (b *block) cell(s span) []byte { return b.data[s.start:s.end] }

// blockReader cuts a source into blocks of rows. What is a row and what is
// rejected does not depend on how the source is read.
type blockReader struct {
	src       *source
	lex       *lexer
	names     []string
	dialect   Dialect    // with nothing left to be found
	numbers   convention // that of the dialect
	refine    *refiner
	json      *jsonLexer // of JSON Lines; else nil
	wantsKeys bool       // they are JSON Lines whose keys are not known yet
	window    int        // bytes
	maxLine   int
	line      int64   // how many lines lie behind
	rest      *window // holds what has been read, but not lexed
	skipping  bool    // in the middle of a line that is too long
	eof       bool
	unended   bool // the last line had no newline
	returns   bool // carriage returns alone end the lines
	pattern   *pattern
	sentinel  int      // the last numeric column of a clear pattern, or -1
	doubt     int64    // up to this line, rows must fit the pattern
	aside     []Reject // lines of the head that are no rows, not yet reported
}

// fill reads until the window is full or the source has ended. A last line
// without a newline gets one.
func (r *blockReader) fill(w *window) error {
	for !r.eof && w.end < len(w.data)-slack {
		n, err := r.src.Read(w.data[w.end : len(w.data)-slack])
		if r.returns {
			returnsToNewlines(w.data[w.end : w.end+n])
		}
		w.end += n
		switch {
		case err == io.EOF:
			r.eof = true
			if !r.src.isCut() && w.end > w.at && w.data[w.end-1] != '\n' {
				w.data[w.end] = '\n'
				w.end++
				r.unended = true
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
	b.rejects, r.aside = append(b.rejects, r.aside...), nil
	for {
		if err := r.fill(&b.window); err != nil {
			return err
		}
		r.lexAll(b)
		switch {
		case r.json != nil && r.json.keys.changed:
			return errChanged()
		case b.at > 0:
			r.refine.block(b)
			return nil
		case r.eof && (b.at == b.end || r.src.isCut()):
			return io.EOF
		case r.eof:
			r.distrust(b, ReasonQuote)
		case !b.grow(r.maxLine):
			r.tooLong(b, b.end)
			return nil
		}
	}
}

// cutShort treats the record at hand, which happens to lie within the window,
// as if that had ended where a line must end.
func (r *blockReader) cutShort(b *block) {
	end := b.at + r.maxLine
	beyond := b.data[end]
	b.data[end] = '\n'
	r.lex.record(b.data, b.at, end)
	b.data[end] = beyond
	r.tooLong(b, end)
}

// lexAll lexes all complete records of the block's window.
func (r *blockReader) lexAll(b *block) {
	if r.json != nil {
		r.lexObjects(b)
		return
	}
	r.skip(b)
	for b.at < b.end {
		start := b.at
		if bytes.HasPrefix(b.data[start:b.end], []byte(utf8BOM)) {
			start += len(utf8BOM)
		}
		next, got := r.lex.record(b.data, start, b.end)
		switch got {
		case incomplete:
			return
		case overlong:
			r.cutShort(b)
			return
		case complete:
			r.accept(b, start, next)
		case rejected:
			if r.lex.reason == ReasonQuote && r.lex.lines > 1 {
				r.distrust(b, ReasonQuote)
				continue
			}
			if !r.repair(b, start, next) {
				r.reject(b)
			}
		}
		r.line += r.lex.lines
		b.at = next
	}
}

// accept takes a well-formed record, if it is a row.
func (r *blockReader) accept(b *block, start, next int) {
	cells := r.lex.cells
	last := r.unended && next == b.end && r.eof
	switch aside := r.asideOf(b, cells); {
	case aside != "":
		r.report(b, aside)
		return
	case r.displaced(b, cells):
		r.report(b, ReasonPlace)
		return
	case r.line < r.doubt && !(r.pattern.clear() && r.pattern.fitsRow(b.data, cells)):
		r.report(b, ReasonQuote)
		return
	case last && r.pattern.clear() && !r.pattern.columns[len(cells)-1].fits(b.cell(cells[len(cells)-1])):
		r.report(b, ReasonCut)
		return
	}
	b.keep(cells, r.line+1)
	if start != b.at {
		r.report(b, RepairedMark)
	}
	if last {
		r.report(b, RepairedEnd)
	}
}

// keep takes a row.
func (b *block) keep(cells []span, line int64) {
	b.rows++
	b.cells = append(b.cells, cells...)
	b.lines = append(b.lines, line)
}

// report notes what is special about the line at hand as a whole.
func (r *blockReader) report(b *block, reason string) {
	b.rejects = append(b.rejects, Reject{Line: r.line + 1, Reason: reason})
}

// reject reports the lexer's record. If that may be several rows, as many lines
// are reported as they may have covered.
func (r *blockReader) reject(b *block) {
	column := ""
	if c := r.lex.column; c >= 0 && c < len(r.names) {
		column = r.names[c]
	}
	reject := Reject{Line: r.line + 1, Column: column, Reason: r.lex.reason}
	b.rejects = append(b.rejects, reject)
	switch reject.Reason {
	case ReasonTooFew, ReasonTooMany, ReasonCR:
		for range r.lex.lines - 1 {
			reject.Line++
			b.rejects = append(b.rejects, reject)
		}
	}
}

// distrust gives up the first line of a record of several lines whose quotes
// do not match, and goes on behind that line: mostly, a quote that stands alone
// has swallowed rows that are sound. But they may be part of a text as well, so
// that they are used only if they look like all others.
func (r *blockReader) distrust(b *block, reason string) {
	if r.lex.quoted {
		reason = ReasonOpen
		if r.lex.opened == 0 {
			r.lex.column = r.lex.count
		}
	}
	r.lex.reason = reason
	r.reject(b)
	r.doubt = max(r.doubt, r.line+r.lex.lines)
	r.line++
	b.at += bytes.IndexByte(b.data[b.at:], '\n') + 1
}

// tooLong gives up a record that has no end before the position end.
func (r *blockReader) tooLong(b *block, end int) {
	if bytes.IndexByte(b.data[b.at:end], '\n') >= 0 {
		r.distrust(b, ReasonLine)
		return
	}
	r.report(b, ReasonLine)
	r.skipping = true
	b.at = end
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

// each hands the blocks to do, one after the other, while the next ones are
// read and lexed on another goroutine. A block is valid until do returns, if
// that does not mark it as kept.
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
		if err := ctx.Err(); err != nil { // produce may have chosen to go on
			return err
		}
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
		if b.kept {
			b = new(block)
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
