// Package settings reads the open objects of a request (model_params, gate,
// split) into typed values, and names everything in them that is wrong.
//
// It knows JSON values and how to speak about them, not what any setting means.
package settings

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"retrain/internal/fault"
)

// Field is one setting: its name, other names it is known by, and where its
// value goes.
type Field struct {
	Name    string
	Aliases []string
	Value   Value
}

// Value takes a setting from a decoded JSON value, and gives it back.
type Value interface {
	// Set stores v, or returns what is wrong with it in FastAPI's words: a
	// message and a type.
	Set(v any) (msg, typ string)
	// Get returns the value as JSON shows it.
	Get() any
}

// Read stores each given setting in its field. Unknown names get the nearest
// right one; a setting given under two names, or with a value of a wrong type,
// is named as well. The error, a fault.InvalidRequest, holds all of them; loc
// says where the object stands in the request.
func Read(given map[string]any, fields []Field, loc ...any) error {
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	byName := index(fields)
	setBy := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		at := append(slices.Clone(loc), key)
		field, ok := byName[key]
		if !ok {
			bad.At(unknown(key, fields, byName), "extra_forbidden", at...)
			continue
		}
		if other, twice := setBy[field.Name]; twice {
			bad.At(fmt.Sprintf("The same setting is given as '%s' too", other), "value_error", at...)
			continue
		}
		setBy[field.Name] = key
		if given[key] == nil && field.Value.Get() == nil {
			continue // null where nothing is the default
		}
		if msg, typ := field.Value.Set(given[key]); msg != "" {
			bad.At(msg, typ, at...)
		}
	}
	return Err(bad)
}

// Effective returns every setting's value under its own name.
func Effective(fields []Field) map[string]any {
	all := make(map[string]any, len(fields))
	for _, f := range fields {
		all[f.Name] = f.Value.Get()
	}
	return all
}

// Names returns the own name of each setting by every name that it has.
func Names(fields []Field) map[string]string {
	names := map[string]string{}
	for key, f := range index(fields) {
		names[key] = f.Name
	}
	return names
}

func index(fields []Field) map[string]Field {
	byName := map[string]Field{}
	for _, f := range fields {
		byName[f.Name] = f
		for _, alias := range f.Aliases {
			byName[alias] = f
		}
	}
	return byName
}

// unknown is the message about a name that no setting has. A name that is close
// to an alias is led to the setting's own.
func unknown(key string, fields []Field, byName map[string]Field) string {
	if near := fault.Nearest(key, slices.Sorted(maps.Keys(byName))); near != "" {
		return fmt.Sprintf("Unknown parameter; did you mean '%s'?", byName[near].Name)
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return "Unknown parameter; known are " + strings.Join(names, ", ")
}

// Collect adds what err says to bad, so that one answer names all violations.
func Collect(bad *fault.Error, err error) {
	if err == nil {
		return
	}
	f := fault.From(err)
	if len(f.Fields) == 0 {
		bad.At(f.Detail, "value_error", "body")
	}
	bad.Fields = append(bad.Fields, f.Fields...)
}

// Err returns nil if bad names no field; else bad, with a detail that says what
// is wrong.
func Err(bad *fault.Error) error {
	switch len(bad.Fields) {
	case 0:
		return nil
	case 1:
		bad.Detail = fault.Sentence("The request is not valid: " + describe(bad.Fields[0]))
	default:
		bad.Detail = fmt.Sprintf("The request is not valid: %d fields are wrong.", len(bad.Fields))
	}
	return bad
}

func describe(f fault.Field) string {
	parts := make([]string, 0, len(f.Loc))
	for i, part := range f.Loc {
		if i > 0 || part != "body" {
			parts = append(parts, fmt.Sprint(part))
		}
	}
	return strings.Join(parts, ".") + ": " + f.Msg
}

// Number is a finite float64.
type Number struct{ To *float64 }

// Set implements Value.
func (n Number) Set(v any) (string, string) {
	x, ok := v.(float64)
	if !ok || math.IsNaN(x) || math.IsInf(x, 0) {
		return "Input should be a valid number", "float_type"
	}
	*n.To = x
	return "", ""
}

// Get implements Value.
func (n Number) Get() any { return *n.To }

// Integer is a whole number that an int32 holds.
type Integer struct{ To *int }

// Set implements Value.
func (n Integer) Set(v any) (string, string) {
	x, ok := v.(float64)
	if !ok || x != math.Trunc(x) || math.Abs(x) > math.MaxInt32 {
		return "Input should be a valid integer", "int_type"
	}
	*n.To = int(x)
	return "", ""
}

// Get implements Value.
func (n Integer) Get() any { return *n.To }

// Bool is true or false.
type Bool struct{ To *bool }

// Set implements Value.
func (b Bool) Set(v any) (string, string) {
	x, ok := v.(bool)
	if !ok {
		return "Input should be a valid boolean", "bool_type"
	}
	*b.To = x
	return "", ""
}

// Get implements Value.
func (b Bool) Get() any { return *b.To }

// Choice is one of a few texts.
type Choice struct {
	To *string
	Of []string
}

// Set implements Value.
func (c Choice) Set(v any) (string, string) {
	s, ok := v.(string)
	if !ok {
		return "Input should be a valid string", "string_type"
	}
	if !slices.Contains(c.Of, s) {
		return "Input should be '" + strings.Join(c.Of, "' or '") + "'", "enum"
	}
	*c.To = s
	return "", ""
}

// Get implements Value.
func (c Choice) Get() any { return *c.To }

// Name is a text that is not empty.
type Name struct{ To *string }

// Set implements Value.
func (n Name) Set(v any) (string, string) {
	s, ok := v.(string)
	if !ok || s == "" {
		return "Input should be a valid string", "string_type"
	}
	*n.To = s
	return "", ""
}

// Get implements Value.
func (n Name) Get() any {
	if *n.To == "" {
		return nil
	}
	return *n.To
}

// Custom is a value with rules of its own.
type Custom struct {
	Store func(v any) (msg, typ string)
	Load  func() any
}

// Set implements Value.
func (c Custom) Set(v any) (string, string) { return c.Store(v) }

// Get implements Value.
func (c Custom) Get() any { return c.Load() }

// Elsewhere is a setting that whoever calls Read takes out beforehand, so that a
// wrong spelling of it is led to it. Where it is still there, and not null, it is refused.
type Elsewhere struct{}

// Set implements Value.
func (Elsewhere) Set(any) (string, string) { return "Not permitted here", "extra_forbidden" }

// Get implements Value.
func (Elsewhere) Get() any { return nil }

// Optional is a finite float64 that may be absent.
type Optional struct{ To **float64 }

// Set implements Value.
func (o Optional) Set(v any) (string, string) {
	var x float64
	msg, typ := Number{&x}.Set(v)
	if msg == "" {
		*o.To = &x
	}
	return msg, typ
}

// Get implements Value.
func (o Optional) Get() any {
	if *o.To == nil {
		return nil
	}
	return **o.To
}
