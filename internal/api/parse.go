package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"retrain/internal/fault"
)

// maxDepth is how deep a body's objects and lists may be nested. The body
// itself is the first level.
const maxDepth = 32

// parse reads a body's text into nil, bool, string, int64, float64, []any and
// map[string]any; a whole number that is written as one is an int64, if it fits.
// It is strict where encoding/json is not: no duplicated name, nothing after the
// document, no invalid UTF-8, at most maxDepth levels, and every number fits a
// float64. The error is a fault.InvalidRequest that says where, and never what,
// the text is.
func parse(text []byte) (any, error) {
	// Names are compared here, since they end up in a map anyway.
	dec := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))
	p := &parser{text: text, dec: dec, texts: map[string]string{}}
	v, err := p.value(1)
	if err != nil {
		return nil, err
	}
	rest := p.text[p.dec.InputOffset():]
	if more := bytes.TrimLeft(rest, " \t\r\n"); len(more) > 0 {
		return nil, p.invalid(len(text)-len(more), "there is something after the document")
	}
	if len(p.infinite) > 0 {
		bad := fault.New(fault.InvalidRequest, "The body holds a number that is too large.")
		bad.Fields = p.infinite
		return nil, bad
	}
	return v, nil
}

type parser struct {
	text     []byte
	dec      *jsontext.Decoder
	path     []member          // of the value at hand, from the body on
	texts    map[string]string // names and values as they came before: records repeat them
	members  [maxDepth + 1]int // how many the last object of each level had
	infinite []fault.Field     // numbers that are too large for a float64
}

// member is a step of a path: into an object, or into a list if it has no name.
type member struct {
	named bool
	name  string
	index int
}

// loc is where the value at hand stands, and a member of it, if given.
func (p *parser) loc(below ...any) []any {
	loc := []any{"body"}
	for _, m := range p.path {
		if m.named {
			loc = append(loc, m.name)
		} else {
			loc = append(loc, m.index)
		}
	}
	return append(loc, below...)
}

// value reads the next value, which is of the given level.
func (p *parser) value(depth int) (any, error) {
	switch kind := p.dec.PeekKind(); kind {
	case '[', '{':
		if depth > maxDepth {
			return nil, fault.New(fault.InvalidRequest, "The body is nested deeper than %d levels.", maxDepth).
				At(fmt.Sprintf("Input should have at most %d levels", maxDepth), "too_deep", p.loc()...)
		}
		if kind == '[' {
			return p.list(depth)
		}
		return p.object(depth)
	case '0':
		return p.number()
	case '"':
		return p.string()
	default:
		token, err := p.dec.ReadToken()
		if err != nil {
			return nil, p.syntax(err)
		}
		if token.Kind() == 'n' {
			return nil, nil
		}
		return token.Bool(), nil
	}
}

func (p *parser) number() (any, error) {
	literal, err := p.dec.ReadValue()
	if err != nil {
		return nil, p.syntax(err)
	}
	if whole, err := strconv.ParseInt(string(literal), 10, 64); err == nil {
		return whole, nil
	}
	x, err := strconv.ParseFloat(string(literal), 64)
	if err != nil {
		p.infinite = append(p.infinite, fault.Field{Loc: p.loc(), Msg: "Input should be a finite number", Type: "finite_number"})
	}
	return x, nil
}

// maxTexts and maxText bound what is remembered of texts.
const maxTexts, maxText = 4096, 64

// string reads a name or a text. Records have the same ones again and again,
// which need no memory of their own.
func (p *parser) string() (string, error) {
	quoted, err := p.dec.ReadValue()
	if err != nil {
		return "", p.syntax(err)
	}
	raw := quoted[1 : len(quoted)-1]
	if len(raw) > maxText || bytes.IndexByte(raw, '\\') >= 0 {
		text, err := jsontext.AppendUnquote(nil, quoted)
		return string(text), err
	}
	if text, ok := p.texts[string(raw)]; ok {
		return text, nil
	}
	text := string(raw)
	if len(p.texts) < maxTexts {
		p.texts[text] = text
	}
	return text, nil
}

// bracket reads what opens or closes a list or an object.
func (p *parser) bracket() error {
	if _, err := p.dec.ReadToken(); err != nil {
		return p.syntax(err)
	}
	return nil
}

func (p *parser) list(depth int) (any, error) {
	if err := p.bracket(); err != nil {
		return nil, err
	}
	list := []any{}
	for p.dec.PeekKind() != ']' {
		item, err := p.below(member{index: len(list)}, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, p.bracket()
}

func (p *parser) object(depth int) (any, error) {
	if err := p.bracket(); err != nil {
		return nil, err
	}
	object := make(map[string]any, p.members[depth])
	for p.dec.PeekKind() != '}' {
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			return nil, fault.New(fault.InvalidRequest, "The body names a field twice.").
				At("Field is given twice", "duplicate_key", p.loc(name)...)
		}
		if object[name], err = p.below(member{named: true, name: name}, depth); err != nil {
			return nil, err
		}
	}
	p.members[depth] = len(object)
	return object, p.bracket()
}

// below reads the value of a member of the list or object at hand.
func (p *parser) below(m member, depth int) (any, error) {
	p.path = append(p.path, m)
	v, err := p.value(depth + 1)
	p.path = p.path[:len(p.path)-1]
	return v, err
}

// syntax turns the decoder's error into one for the caller.
func (p *parser) syntax(err error) error {
	var s *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return p.invalid(len(p.text), "the document ends too early")
	case errors.As(err, &s):
		return p.invalid(int(s.ByteOffset), "the document is malformed")
	}
	return fault.From(err)
}

// invalid says where the text stops being JSON.
func (p *parser) invalid(offset int, what string) error {
	offset = min(offset, len(p.text))
	line, column := position(p.text, offset)
	return fault.New(fault.InvalidRequest, "The body is not valid JSON: %s at line %d, column %d.", what, line, column).
		At(fmt.Sprintf("JSON decode error at line %d, column %d", line, column), "json_invalid", "body", offset)
}

// position counts lines and characters from 1.
func position(text []byte, offset int) (line, column int) {
	before := text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte{'\n'}), 1 + utf8.RuneCount(before[start:])
}
