package dataset

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"retrain/internal/fault"
)

// openFile takes over an open file of text and reads its header.
func openFile(file io.ReadCloser, opts Options) (*blockReader, error) {
	src, err := openSource(file, opts)
	if err != nil {
		return nil, err
	}
	r := &blockReader{src: src, dialect: opts.Dialect, window: opts.window, maxLine: opts.MaxLine, rest: new(window)}
	if err := r.header(opts); err != nil {
		src.Close()
		return nil, err
	}
	return r, nil
}

// headBytes is how much of the data its form is judged by.
const headBytes = 64 << 10

// header settles what the dialect leaves open, reads the names of the columns,
// and leaves the rest of what it has read to next.
func (r *blockReader) header(opts Options) error {
	w := r.rest
	w.take(new(window), opts.head)
	if err := r.fill(w); err != nil {
		return err
	}
	if err := checkText(w.data[:w.end]); err != nil {
		return err
	}
	if err := checkFormat(w.data[:w.end], r.dialect.Format); err != nil {
		return err
	}
	switch {
	case opts.keys != nil:
		return r.beginObjects(opts)
	case r.dialect.Format != CSV && isObject(w.data[:w.end]):
		r.wantsKeys = true
		return nil
	}
	r.endLines(w)
	first, err := r.firstRecord(w, opts)
	if err != nil {
		return err
	}
	d := &r.dialect
	d.Format, d.Encoding, d.Quote = CSV, r.src.encoding, cmp.Or(d.Quote, `"`)
	data, end := w.data[first:], w.end-first
	if d.Delimiter, err = chooseDelimiter(data, end, opts); err != nil {
		return err
	}
	records := headRecords(data, end, d.Delimiter, opts)
	if len(records) == 0 || records[0].count > opts.MaxColumns {
		_, err := lexNames(data, end, d.Delimiter, opts)
		return err
	}
	if err := r.nameColumns(w, first, records, opts); err != nil {
		return err
	}
	if err := r.readLike(w, opts); err != nil {
		return err
	}
	r.lex = newLexer(d.Delimiter, len(r.names), opts)
	r.lex.rows, r.sentinel = r.pattern, r.pattern.lastNumber()
	return nil
}

// nameColumns finds the names among the records of the head, which begin at
// position first of the window, and leaves the window behind the header.
func (r *blockReader) nameColumns(w *window, first int, records []headRecord, opts Options) (err error) {
	d, data, end := &r.dialect, w.data[first:], w.end-first
	above, lines, named := 0, 1, 0
	switch {
	case d.Header == HeaderFound:
		above = preamble(data, end, records, d.Delimiter, opts)
		lines, r.pattern = headerLines(data, end, records[above:], d.Delimiter, opts)
		named = above + r.namesAmong(data, records[above:above+lines], d.Delimiter, opts)
		if above+lines == 1 {
			d.Header = headerOrData(sampleRows(data, end, d.Delimiter, opts))
		}
	case int(d.Header) > len(records):
		return fault.New(fault.InvalidData, "The data has fewer rows than its header is said to have.").
			At("Header too long", "header_too_long", "data", "line", 1)
	default:
		above = max(int(d.Header)-1, 0)
		named = above
		r.pattern = patternBelow(data, end, records[named].next, d.Delimiter, records[named].count, opts)
	}
	if d.Header == NoHeader {
		r.names = numberedNames(records[0].count)
		r.line += int64(bytes.Count(data[:records[0].at], []byte("\n")))
		w.at = first + records[0].at
		return nil
	}
	r.names, err = lexNames(data[records[named].at:], end-records[named].at, d.Delimiter, opts)
	if err != nil {
		return err
	}
	r.setAside(records[:above+lines], data, above, named)
	w.at = first + records[above+lines-1].next
	return checkNames(r.names)
}

// headerOrData decides by a sample of rows whether the first is the header.
func headerOrData(rows [][]string) Header {
	if len(rows) > 1 && rowIsData(rows[0], rows[1:]) {
		return NoHeader
	}
	return 1
}

// readLike settles how numbers are written, and makes the refiner. If they are
// in a convention of their own, the pattern of the rows is learned anew, with
// them as numbers.
func (r *blockReader) readLike(w *window, opts Options) (err error) {
	localized := opts.localized
	switch {
	case opts.localizedBy != nil:
		localized = make([]bool, len(r.names))
		for j, name := range r.names {
			localized[j] = opts.localizedBy(name)
		}
	case localized == nil:
		localized = r.findConvention(w, opts)
	case len(localized) != len(r.names):
		return errChanged()
	}
	if r.numbers = r.dialect.convention(); !r.numbers.plain() {
		r.pattern = learnPattern(slices.Clone(w.data[w.at:w.end+slack]), w.end-w.at, r.dialect.Delimiter, len(r.names), r.numbers, opts)
	}
	r.refine, err = newRefiner(r.names, &r.dialect, localized)
	return err
}

// findConvention completes the dialect's convention by a sample of rows, and
// returns which columns are written in it. A row of another width is damaged, and
// its cells may stand under the wrong names: it proves nothing.
func (r *blockReader) findConvention(w *window, opts Options) []bool {
	d := &r.dialect
	rows := sampleRows(w.data[w.at:], w.end-w.at, d.Delimiter, opts)
	rows = slices.DeleteFunc(rows, func(row []string) bool { return len(row) != len(r.names) })
	d.complete(findConvention(rows, len(r.names), d.Delimiter))
	localized := make([]bool, len(r.names))
	if c := d.convention(); !c.plain() {
		for j := range localized {
			localized[j] = c.fits(rows, j)
		}
	}
	return localized
}

// complete fills in what is not given of the convention, if what was found does
// not contradict what is given.
func (d *Dialect) complete(found convention) {
	if d.Thousands == "" && found.thousands != "" && (d.Decimal == 0 || d.Decimal == found.point()) {
		d.Thousands = found.thousands
	}
	if d.Decimal == 0 && d.Thousands != string(rune(found.point())) {
		d.Decimal = found.point()
	}
	if d.Decimal == 0 {
		d.Decimal = '.'
		if d.Thousands == "." {
			d.Decimal = ','
		}
	}
	d.Thousands = cmp.Or(d.Thousands, NoThousands)
}

// endLines finds whether carriage returns end the lines, and makes newlines of
// them.
func (r *blockReader) endLines(w *window) {
	head := w.data[w.at:w.end]
	if r.unended {
		head = head[:len(head)-1]
	}
	if !returnsAlone(head) {
		return
	}
	r.returns = true
	r.unended = r.unended && head[len(head)-1] != '\r'
	returnsToNewlines(head)
}

// namesAmong returns which of the header's lines has the names: the first with
// a name of its own for each column, or else the first.
func (r *blockReader) namesAmong(data []byte, lines []headRecord, delimiter byte, opts Options) int {
	for n, h := range lines {
		if checkNames(cutNames(data, h, delimiter, h.count, opts)) == nil {
			return n
		}
	}
	return 0
}

// setAside notes the head's lines that are not the names, and counts them all.
func (r *blockReader) setAside(records []headRecord, data []byte, above, named int) {
	at := 0
	for n, h := range records {
		r.line += int64(bytes.Count(data[at:h.at], []byte("\n"))) // blank lines
		switch {
		case n < above:
			r.aside = append(r.aside, Reject{Line: r.line + 1, Reason: SkippedPreamble})
		case n != named:
			r.aside = append(r.aside, Reject{Line: r.line + 1, Reason: SkippedSubtitle})
		}
		r.line += h.lines
		at = h.next
	}
}

// firstRecord reads on until the window holds a record that is not blank, and
// returns where that begins.
func (r *blockReader) firstRecord(w *window, opts Options) (int, error) {
	r.lex = newLexer(delimiters[0].char, 0, opts)
	r.lex.anyWidth = true
	for {
		next, got := r.lex.record(w.data, w.at, w.end)
		switch {
		case got == incomplete && r.eof:
			return 0, fault.New(fault.InvalidData, "The quote that opens on line %d is not closed.", r.line+r.lex.opened+1).
				At("Quote is not closed", "unclosed_quote", "data", "line", r.line+r.lex.opened+1)
		case got == overlong, got == incomplete && !w.grow(r.maxLine):
			return 0, fault.New(fault.InvalidData, "The first line is longer than the limit; a header is expected.").
				At("Header too long", "header_too_long", "data", "line", r.line+1)
		case got == incomplete:
			if err := r.fill(w); err != nil {
				return 0, err
			}
		default:
			if got != blank {
				return w.at, nil
			}
			w.at = next
			r.line += r.lex.lines
		}
	}
}

// chooseDelimiter takes the delimiter that is asked for, or else finds it.
func chooseDelimiter(data []byte, end int, opts Options) (byte, error) {
	found := sniffDelimiter(data, end, opts)
	switch c := opts.Dialect.Delimiter; {
	case c == 0:
		return found, nil
	case c == '"' || c == '\n' || c == '\r' || c >= 0x80:
		return 0, fault.New(fault.InvalidRequest, "The delimiter must be one ASCII character, and no quote or newline.").
			At("Not a delimiter", "value_error", "delimiter")
	}
	if width, _ := agreement(data, end, opts.Dialect.Delimiter, opts); width > 1 {
		return opts.Dialect.Delimiter, nil
	}
	if width, _ := agreement(data, end, found, opts); width <= 1 {
		return opts.Dialect.Delimiter, nil
	}
	return 0, fault.New(fault.InvalidData,
		"The delimiter that was asked for does not occur in the header; it looks as if it were %s.", delimiterName(found)).
		At("Delimiter not found", "wrong_delimiter", "data", "line", 1)
}

// lexNames cuts the header into names, blanks around them left out.
func lexNames(data []byte, end int, delimiter byte, opts Options) ([]string, error) {
	l := newLexer(delimiter, opts.MaxColumns, opts)
	l.anyWidth = true
	_, got := l.record(data, 0, end)
	if l.count > opts.MaxColumns {
		return nil, fault.New(fault.TooLarge, "The table has %d columns; the limit is %d.", l.count, opts.MaxColumns).
			At("Too many columns", "too_many_columns", "data")
	}
	if got != complete {
		return nil, fault.New(fault.InvalidData, "The header cannot be read: %s.", l.reason).
			At("Unreadable header", "unreadable_header", "data", "column", l.column+1)
	}
	names := make([]string, l.count)
	for j := range names {
		name := data[l.cells[j].start:l.cells[j].end]
		unswap(name, opts.Dialect.Quote)
		names[j] = strings.TrimSpace(string(name))
	}
	return names, nil
}

const (
	maxFields = 20   // how many faults of a kind an error lists
	maxName   = 1000 // bytes of a column's name
)

// checkNames refuses columns without a name, or with that of another. The error
// tells them by their position, from 1.
func checkNames(names []string) error {
	bad := fault.New(fault.InvalidData, "Each column needs a name of its own, of at most %d bytes.", maxName)
	first := make(map[string]int, len(names))
	for j, name := range names {
		before, twice := first[name]
		switch {
		case len(bad.Fields) == maxFields:
			return bad
		case name == "":
			bad.At(unnamed(j), "empty_column_name", "data", "column", j+1)
		case len(name) > maxName:
			bad.At("Column name is too long", "long_column_name", "data", "column", j+1)
		case twice:
			bad.At("Column has the name of an earlier one", "duplicate_column_name", "data", "column", j+1, "earlier", before+1)
		default:
			first[name] = j
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// unnamed says that a column has no name. The first one's most frequent reason
// is pandas, which writes the numbers of the rows so.
func unnamed(j int) string {
	if j == 0 {
		return "Column has no name, as pandas writes its index; write the data with index=False, or give the column a name"
	}
	return "Column has no name"
}
