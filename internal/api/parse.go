package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"retrain/internal/fault"
)

// maxDepth is how deep a body's objects and lists may be nested. The body
// itself is the first level.
const maxDepth = 32

// number is a JSON number as it was written, so that a whole number can be
// told from one with a fraction.
type number string

// parse reads a body's text into nil, bool, string, number, []any and
// map[string]any. It is strict where encoding/json is not: no duplicated name,
// nothing after the document, no invalid UTF-8, at most maxDepth levels, and
// every number fits a float64. The error is a fault.InvalidRequest that says
// where, and never what, the text is.
func parse(text []byte) (any, error) {
	p := &parser{text: text, dec: jsontext.NewDecoder(bytes.NewReader(text))}
	v, err := p.value([]any{"body"}, 1)
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
	infinite []fault.Field // numbers that are too large for a float64
}

// value reads the next value; loc is where it stands, depth its level.
func (p *parser) value(loc []any, depth int) (any, error) {
	token, err := p.dec.ReadToken()
	if err != nil {
		return nil, p.syntax(err, loc)
	}
	switch kind := token.Kind(); kind {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '"':
		return token.String(), nil
	case '0':
		return p.number(token.String(), loc), nil
	default:
		if depth > maxDepth {
			return nil, fault.New(fault.InvalidRequest, "The body is nested deeper than %d levels.", maxDepth).
				At(fmt.Sprintf("Input should have at most %d levels", maxDepth), "too_deep", loc...)
		}
		if kind == '[' {
			return p.list(loc, depth)
		}
		return p.object(loc, depth)
	}
}

func (p *parser) number(literal string, loc []any) number {
	if _, err := strconv.ParseFloat(literal, 64); err != nil {
		p.infinite = append(p.infinite, fault.Field{
			Loc: slices.Clone(loc), Msg: "Input should be a finite number", Type: "finite_number",
		})
	}
	return number(literal)
}

func (p *parser) list(loc []any, depth int) (any, error) {
	list := []any{}
	for p.dec.PeekKind() != ']' {
		item, err := p.value(append(loc, len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := p.dec.ReadToken()
	return list, err
}

func (p *parser) object(loc []any, depth int) (any, error) {
	object := map[string]any{}
	for p.dec.PeekKind() != '}' {
		token, err := p.dec.ReadToken()
		if err != nil {
			return nil, p.syntax(err, loc)
		}
		name := token.String()
		if object[name], err = p.value(append(loc, name), depth+1); err != nil {
			return nil, err
		}
	}
	_, err := p.dec.ReadToken()
	return object, err
}

// syntax turns the decoder's error into one for the caller.
func (p *parser) syntax(err error, loc []any) error {
	var s *jsontext.SyntacticError
	switch {
	case errors.As(err, &s) && errors.Is(s.Err, jsontext.ErrDuplicateName):
		name := s.JSONPointer.LastToken()
		return fault.New(fault.InvalidRequest, "The body names a field twice.").
			At("Field is given twice", "duplicate_key", append(slices.Clone(loc), name)...)
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
