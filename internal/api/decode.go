package api

import (
	"bytes"

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
	// What parse has refused is not looked for again.
	if err := json.Unmarshal(text, &req, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return req, nil, fault.Wrap(fault.InvalidRequest, err, "The body does not fit the route's request.")
	}
	return req, v.(map[string]any), nil
}
