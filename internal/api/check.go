package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"retrain/internal/fault"
)

// checker holds a parsed body against the schema that the OpenAPI document
// shows for it, so that the two cannot differ, and collects every violation in
// FastAPI's words. It reads the part of JSON Schema that our schemas use: type,
// null, enum, minimum, maximum, minLength, maxLength, required, properties,
// items, additionalProperties, $ref, and anyOf for an object that may be null.
type checker struct {
	registry huma.Registry
	bad      []fault.Field
}

func (c *checker) add(loc []any, typ, msg string) {
	c.bad = append(c.bad, fault.Field{Loc: slices.Clone(loc), Msg: msg, Type: typ})
}

// violations returns all that was found as one error.
func (c *checker) violations() *fault.Error {
	e := fault.New(fault.InvalidRequest, "The request is not valid: %d fields are wrong.", len(c.bad))
	if len(c.bad) == 1 {
		e = fault.New(fault.InvalidRequest, "%s", fault.Sentence("The request is not valid: "+place(c.bad[0].Loc)+": "+c.bad[0].Msg))
	}
	e.Fields = c.bad
	return e
}

// place writes a loc for a sentence: model_params.max_iter, or body.
func place(loc []any) string {
	if len(loc) == 1 {
		return fmt.Sprint(loc[0])
	}
	parts := make([]string, 0, len(loc))
	for _, part := range loc[1:] {
		parts = append(parts, fmt.Sprint(part))
	}
	return strings.Join(parts, ".")
}

// check adds what is wrong with v at loc.
func (c *checker) check(s *huma.Schema, v any, loc []any) {
	if s.Ref != "" {
		s = c.registry.SchemaFromRef(s.Ref)
	}
	if v == nil && (s.Nullable || len(s.AnyOf) > 0) {
		return
	}
	if len(s.AnyOf) > 0 { // an object that may be null
		c.check(s.AnyOf[0], v, loc)
		return
	}
	switch s.Type {
	case huma.TypeBoolean:
		if _, ok := v.(bool); !ok {
			c.add(loc, "bool_type", "Input should be a valid boolean")
		}
	case huma.TypeString:
		c.text(s, v, loc)
	case huma.TypeNumber, huma.TypeInteger:
		c.number(s, v, loc)
	case huma.TypeArray:
		c.list(s, v, loc)
	case huma.TypeObject:
		c.object(s, v, loc)
	}
}

func (c *checker) text(s *huma.Schema, v any, loc []any) {
	text, ok := v.(string)
	switch {
	case !ok:
		c.add(loc, "string_type", "Input should be a valid string")
	case s.MinLength != nil && utf8.RuneCountInString(text) < *s.MinLength:
		c.add(loc, "string_too_short", fmt.Sprintf("String should have at least %d character", *s.MinLength))
	case s.MaxLength != nil && utf8.RuneCountInString(text) > *s.MaxLength:
		c.add(loc, "string_too_long", fmt.Sprintf("String should have at most %d characters", *s.MaxLength))
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(text)):
		c.add(loc, "enum", "Input should be "+choices(s.Enum))
	}
}

func (c *checker) number(s *huma.Schema, v any, loc []any) {
	whole, isWhole := v.(int64)
	x, isNumber := v.(float64)
	switch {
	case isWhole:
		x = float64(whole)
	case s.Type == huma.TypeInteger:
		c.add(loc, "int_type", "Input should be a valid integer")
		return
	case !isNumber:
		c.add(loc, "float_type", "Input should be a valid number")
		return
	}
	switch {
	case s.Minimum != nil && x < *s.Minimum:
		c.add(loc, "greater_than_equal", fmt.Sprintf("Input should be greater than or equal to %v", *s.Minimum))
	case s.Maximum != nil && x > *s.Maximum:
		c.add(loc, "less_than_equal", fmt.Sprintf("Input should be less than or equal to %v", *s.Maximum))
	}
}

func (c *checker) list(s *huma.Schema, v any, loc []any) {
	list, ok := v.([]any)
	if !ok {
		c.add(loc, "list_type", "Input should be a valid list")
		return
	}
	for i, item := range list {
		c.check(s.Items, item, append(loc, i))
	}
}

func (c *checker) object(s *huma.Schema, v any, loc []any) {
	object, ok := v.(map[string]any)
	if !ok {
		c.add(loc, "dict_type", "Input should be a valid dictionary")
		return
	}
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			c.add(append(loc, name), "missing", missing(name, object, s))
		}
	}
	others, _ := s.AdditionalProperties.(*huma.Schema)
	if len(s.Properties) == 0 && (others == nil || others.Type == "" && others.Ref == "" && len(others.AnyOf) == 0) {
		return // anything goes, as in the records of a prediction
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if field, ok := s.Properties[name]; ok {
			c.check(field, object[name], append(loc, name))
		} else if others != nil {
			c.check(others, object[name], append(loc, name))
		}
	}
}

// missing says that a field is required, and which unknown field looks as if
// it was meant.
func missing(name string, object map[string]any, s *huma.Schema) string {
	var strangers []string
	for _, given := range slices.Sorted(maps.Keys(object)) {
		if _, known := s.Properties[given]; !known {
			strangers = append(strangers, given)
		}
	}
	if near := fault.Nearest(name, strangers); near != "" {
		return fmt.Sprintf("Field required; %s is not its name", show(near))
	}
	return "Field required"
}

// choices lists an enumeration's values as FastAPI does: 'a', 'b' or 'c'.
func choices(values []any) string {
	var quoted []string
	for _, v := range values {
		if v != nil {
			quoted = append(quoted, fmt.Sprintf("'%v'", v))
		}
	}
	last := len(quoted) - 1
	if last == 0 {
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
