package dataset

import (
	"bytes"
	"context"
	"unicode/utf16"
	"unicode/utf8"

	"retrain/internal/fault"
)

// Reasons for which a line of JSON is rejected.
const (
	ReasonJSON         = "invalid JSON"
	ReasonObject       = "not a JSON object"
	ReasonKeyTwice     = "the same key twice"
	ReasonNesting      = "nested too deeply"
	maxNesting         = 64
	unknownKey     int = -1
)

// keySet holds the columns of a table in JSON Lines: the keys of all sound
// objects in the order of their first appearance. They are learned in a pass of
// their own, since any line may bring a new one.
type keySet struct {
	names    []string
	index    map[string]int
	nested   []bool // a value of the column was an object or a list; those read as missing
	learning bool
	changed  bool // a sound object has a key that is not among names
}

func newKeySet(names []string) *keySet {
	k := &keySet{index: map[string]int{}}
	for _, name := range names {
		k.add(name)
	}
	return k
}

func (k *keySet) add(name string) {
	k.index[name] = len(k.names)
	k.names, k.nested = append(k.names, name), append(k.nested, false)
}

// learnKeys reads all files for their keys.
func learnKeys(ctx context.Context, files []Source, opts Options) (*keySet, error) {
	k := newKeySet(nil)
	k.learning = true
	for _, f := range files {
		file, err := f.Open(ctx)
		if err != nil {
			return nil, err
		}
		opts.keys = k
		r, err := openFile(file, opts)
		if err != nil {
			return nil, err
		}
		err = r.each(ctx, func(*block) error {
			if len(k.names) > opts.MaxColumns {
				return errTooManyKeys(opts.MaxColumns)
			}
			return nil
		})
		r.src.Close()
		if err != nil {
			return nil, err
		}
	}
	k.learning = false
	if len(k.names) == 0 && opts.Part == (Part{}) {
		return nil, errNoKeys()
	}
	return k, checkNames(k.names)
}

func errNoKeys() error {
	return fault.New(fault.InvalidData, "No line of the data is a JSON object with a value.").At("No rows", "no_rows", "data")
}

func errTooManyKeys(limit int) error {
	return fault.New(fault.TooLarge, "The table has more than %d columns, which is the limit.", limit).
		At("Too many columns", "too_many_columns", "data")
}

// isObject reports whether text begins like JSON Lines.
func isObject(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// beginObjects makes a reader of JSON Lines.
func (r *blockReader) beginObjects(opts Options) (err error) {
	d := &r.dialect
	d.Format, d.Encoding = JSONLines, r.src.encoding
	r.names = opts.keys.names
	r.lex = newLexer(delimiters[0].char, 0, opts)
	r.json = &jsonLexer{keys: opts.keys, maxCell: opts.MaxCell, seen: make([]int64, len(r.names)), cells: make([]span, len(r.names))}
	if opts.keys.learning {
		r.refine = &refiner{}
		return nil
	}
	localized := make([]bool, len(r.names))
	for j := range localized {
		localized[j] = !d.convention().plain()
	}
	r.refine, err = newRefiner(r.names, d, localized)
	return err
}

// lexObjects lexes all whole lines of the block's window.
func (r *blockReader) lexObjects(b *block) {
	r.skip(b)
	for b.at < b.end {
		n := bytes.IndexByte(b.data[b.at:b.end], '\n')
		if n < 0 {
			return
		}
		switch reason := r.json.line(b.data, b.at, b.at+n, r.maxLine); reason {
		case "":
			if !r.json.blank {
				b.keep(r.json.cells, r.line+1)
			}
		default:
			b.rejects = append(b.rejects, Reject{Line: r.line + 1, Column: r.json.column, Reason: reason})
		}
		r.line++
		b.at += n + 1
	}
}

// jsonLexer cuts a line of JSON (RFC 8259) into cells. Strings become what they
// spell, in place, true and false become as they are written in CSV by pandas,
// and null, like a key that is not there, is a cell without bytes.
type jsonLexer struct {
	keys    *keySet
	maxCell int

	data    []byte
	i, stop int
	blank   bool
	column  string // at fault
	reason  string

	cells   []span
	seen    []int64 // the last line with each column
	lines   int64
	last    int // column
	news    []string
	nested  []int
	unknown bool
}

// line lexes data[at:stop] and returns why it is rejected, or "".
func (l *jsonLexer) line(data []byte, at, stop, maxLine int) string {
	l.data, l.i, l.stop = data, at, stop
	l.lines++
	l.reason, l.column, l.last, l.unknown = "", "", -1, false
	l.news, l.nested = l.news[:0], l.nested[:0]
	clear(l.cells)
	l.blank = len(bytes.TrimLeft(data[at:stop], " \t\r")) == 0
	switch {
	case l.blank:
		return ""
	case stop-at > maxLine:
		return ReasonLine
	case !utf8.Valid(data[at:stop]):
		return ReasonUTF8
	case !l.object():
		if l.reason == "" {
			return ReasonJSON
		}
		return l.reason
	}
	l.commit()
	return ""
}

// commit takes over what a sound line has told of the columns.
func (l *jsonLexer) commit() {
	l.keys.changed = l.keys.changed || l.unknown
	if l.keys.learning {
		for _, name := range l.news {
			l.keys.add(name)
			l.seen = append(l.seen, 0)
		}
		return
	}
	for _, j := range l.nested {
		l.keys.nested[j] = true
	}
}

func (l *jsonLexer) fail(reason string) bool {
	l.reason = reason
	return false
}

func (l *jsonLexer) space() {
	for l.i < l.stop && (l.data[l.i] == ' ' || l.data[l.i] == '\t' || l.data[l.i] == '\r') {
		l.i++
	}
}

// next takes a character, blanks before it left out.
func (l *jsonLexer) next(c byte) bool {
	l.space()
	if l.i < l.stop && l.data[l.i] == c {
		l.i++
		return true
	}
	return false
}

// object lexes the line's object.
func (l *jsonLexer) object() bool {
	if !l.next('{') {
		return l.fail(ReasonObject)
	}
	if !l.next('}') {
		for more := true; more; more = l.next(',') {
			if !l.member() {
				return false
			}
		}
		if !l.next('}') {
			return false
		}
	}
	l.space()
	return l.i == l.stop
}

// member lexes a key and its value.
func (l *jsonLexer) member() bool {
	l.space()
	key, ok := l.text()
	if !ok {
		return false
	}
	j, ok := l.find(l.data[key.start:key.end])
	if !ok {
		return l.fail(ReasonKeyTwice)
	}
	if !l.next(':') {
		return false
	}
	cell, nested, ok := l.value(1)
	if ok && int(cell.end-cell.start) > l.maxCell {
		ok = l.fail(ReasonCell)
	}
	if j == unknownKey {
		return ok
	}
	if !ok {
		l.column = l.keys.names[j]
		return false
	}
	if nested {
		l.nested = append(l.nested, j)
	}
	if j < len(l.cells) {
		l.cells[j] = cell
	}
	return true
}

// find returns the column of a key; false if the line has it already.
func (l *jsonLexer) find(key []byte) (int, bool) {
	j := l.last + 1
	if j >= len(l.keys.names) || l.keys.names[j] != string(key) {
		var known bool
		if j, known = l.keys.index[string(key)]; !known {
			return unknownKey, l.note(string(key))
		}
	}
	l.last = j
	if l.seen[j] == l.lines {
		return j, false
	}
	l.seen[j] = l.lines
	return j, true
}

// note takes note of a key that is no column yet; false if the line has it
// already.
func (l *jsonLexer) note(key string) bool {
	l.unknown = !l.keys.learning
	for _, before := range l.news {
		if before == key {
			return false
		}
	}
	l.news = append(l.news, key)
	return true
}

// value lexes a value, and returns the bytes that it stands for, and whether it
// is an object or a list, which it checks and leaves out.
func (l *jsonLexer) value(depth int) (cell span, nested, ok bool) {
	l.space()
	if l.i >= l.stop {
		return span{}, false, false
	}
	switch c := l.data[l.i]; c {
	case '"':
		cell, ok = l.text()
		return cell, false, ok
	case '{', '[':
		if depth > maxNesting {
			return span{}, true, l.fail(ReasonNesting)
		}
		return span{}, true, l.list(c, depth)
	case 't':
		return l.word("true", 'T')
	case 'f':
		return l.word("false", 'F')
	case 'n':
		_, _, ok = l.word("null", 'n')
		return span{}, false, ok
	}
	cell, ok = l.number()
	return cell, false, ok
}

func (l *jsonLexer) word(w string, first byte) (span, bool, bool) {
	if !bytes.HasPrefix(l.data[l.i:l.stop], []byte(w)) {
		return span{}, false, false
	}
	l.data[l.i] = first
	l.i += len(w)
	return span{uint32(l.i - len(w)), uint32(l.i)}, false, true
}

// list checks a nested object or list.
func (l *jsonLexer) list(open byte, depth int) bool {
	l.i++
	end := open + 2 // { and }, [ and ] are two apart
	if l.next(end) {
		return true
	}
	for more := true; more; more = l.next(',') {
		if open == '{' {
			l.space()
			if _, ok := l.text(); !ok || !l.next(':') {
				return false
			}
		}
		if _, _, ok := l.value(depth + 1); !ok {
			return false
		}
	}
	return l.next(end)
}

// number lexes a number (RFC 8259, section 6).
func (l *jsonLexer) number() (span, bool) {
	start := l.i
	if l.data[l.i] == '-' {
		l.i++
	}
	whole := digitsIn(l.data[l.i:l.stop])
	if whole == 0 || whole > 1 && l.data[l.i] == '0' {
		return span{}, false
	}
	l.i += whole
	if l.i < l.stop && l.data[l.i] == '.' {
		n := digitsIn(l.data[l.i+1 : l.stop])
		if l.i += 1 + n; n == 0 {
			return span{}, false
		}
	}
	if l.i < l.stop && l.data[l.i]|0x20 == 'e' {
		_, end := readExponent(l.data[:l.stop], l.i+1)
		if end < 0 {
			return span{}, false
		}
		l.i = end
	}
	return span{uint32(start), uint32(l.i)}, true
}

// text lexes a string, and puts what it spells in its place, which is never
// longer.
func (l *jsonLexer) text() (span, bool) {
	if l.i >= l.stop || l.data[l.i] != '"' {
		return span{}, false
	}
	start := l.i + 1
	for l.i = start; l.i < l.stop; l.i++ {
		switch c := l.data[l.i]; {
		case c == '"':
			l.i++
			return span{uint32(start), uint32(l.i - 1)}, true
		case c == '\\':
			return l.escaped(start)
		case c < ' ':
			return span{}, false
		}
	}
	return span{}, false
}

// escaped goes on with a string at its first escape.
func (l *jsonLexer) escaped(start int) (span, bool) {
	to := l.i
	for l.i < l.stop {
		c := l.data[l.i]
		l.i++
		switch {
		case c == '"':
			return span{uint32(start), uint32(to)}, true
		case c < ' ':
			return span{}, false
		case c != '\\':
			l.data[to] = c
			to++
		default:
			r, ok := l.escape()
			if !ok {
				return span{}, false
			}
			to += utf8.EncodeRune(l.data[to:to+utf8.UTFMax], r)
		}
	}
	return span{}, false
}

// escape reads what follows a backslash. A surrogate without its partner stands
// for nothing, and NUL is refused as in CSV.
func (l *jsonLexer) escape() (rune, bool) {
	if l.i >= l.stop {
		return 0, false
	}
	c := l.data[l.i]
	l.i++
	if c != 'u' {
		at := bytes.IndexByte([]byte(`"\/bfnrt`), c)
		if at < 0 {
			return 0, false
		}
		return rune("\"\\/\b\f\n\r\t"[at]), true
	}
	r, ok := l.hex()
	if ok && utf16.IsSurrogate(r) {
		if l.i+1 >= l.stop || l.data[l.i] != '\\' || l.data[l.i+1] != 'u' {
			return 0, false
		}
		l.i += 2
		var low rune
		low, ok = l.hex()
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, false
		}
	}
	if ok && r == 0 {
		return 0, l.fail(ReasonNUL)
	}
	return r, ok
}

// hex reads four hexadecimal digits.
func (l *jsonLexer) hex() (rune, bool) {
	if l.i+4 > l.stop {
		return 0, false
	}
	var r rune
	for _, c := range l.data[l.i : l.i+4] {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	l.i += 4
	return r, true
}
