package api

import (
	"bytes"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"retrain/internal/fault"
	"retrain/internal/retrain"
)

// DecodeRetrain reads a body of POST /retrain as the route does, for the command
// of the same name. The error, a fault.InvalidRequest, names every violation.
func DecodeRetrain(text []byte) (retrain.Request, error) {
	registry := huma.NewMapRegistry("#/", schemaName)
	req, _, err := decode[retrain.Request](registry, requestSchema[retrain.Request](registry), text)
	return req, err
}

// decode reads a body into a Req. It also returns the body as it was, for its
// unknown fields. A byte order mark at the start, as Windows tools write it, is
// passed over, which RFC 8259 (section 8.1) leaves to parsers. The error, a
// fault.InvalidRequest, names every violation.
func decode[Req any](r huma.Registry, schema *huma.Schema, text []byte) (req Req, body map[string]any, err error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	v, err := parse(text)
	if err != nil {
		return req, nil, err
	}
	if v == nil {
		v = map[string]any{}
		text = []byte("{}")
	}
	c := checker{registry: r}
	c.check(schema, v, []any{"body"})
	if len(c.bad) > 0 {
		return req, nil, c.violations()
	}
	tree := v.(map[string]any)
	// What parse has refused is not looked for again.
	if err := json.Unmarshal(text, &req, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), freeFrom(tree)); err != nil {
		return req, nil, fault.Wrap(fault.InvalidRequest, err, "The body does not fit the route's request.")
	}
	return req, tree, nil
}

// freeFrom fills fields of free form, such as the rows of a prediction, with
// what parse has made of them, rather than read their text once more.
func freeFrom(tree map[string]any) json.Options {
	return json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, to *any) (err error) {
			*to, err = next(dec, tree)
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, to *[]map[string]any) error {
			return nextList(dec, tree, to)
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, to *[][]any) error {
			return nextList(dec, tree, to)
		}),
	))
}

// next passes over the decoder's next value, and returns the tree's in its place.
func next(dec *jsontext.Decoder, tree any) (any, error) {
	if err := dec.SkipValue(); err != nil {
		return nil, err
	}
	for name := range dec.StackPointer().Tokens() {
		switch parent := tree.(type) {
		case map[string]any:
			tree = parent[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil {
				return nil, err
			}
			tree = parent[i]
		}
	}
	return floats(tree), nil
}

// nextList is next of a list whose items the schema has checked.
func nextList[T any](dec *jsontext.Decoder, tree any, to *[]T) error {
	v, err := next(dec, tree)
	if list, ok := v.([]any); ok {
		*to = make([]T, len(list))
		for i, item := range list {
			(*to)[i], _ = item.(T) // null is none
		}
	}
	return err
}

// floats turns the whole numbers of a value into float64, as encoding/json has it.
func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		for i, item := range v {
			v[i] = floats(item)
		}
	case map[string]any:
		for name, item := range v {
			switch item.(type) {
			case int64, []any, map[string]any:
				v[name] = floats(item)
			}
		}
	}
	return v
}
