package api

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"retrain/internal/fault"
)

// step is a route that runs one of the steps.
type step[Req, Res any] struct {
	path string
	doc  description
	run  func(context.Context, Req) (Res, error)
	// heavy steps read whole data sets and have to wait for a slot.
	heavy bool
	// outcome gives access to what all results have: the list of warnings,
	// which unknown fields are added to, and the run's id, for the log.
	outcome func(*Res) (warnings *[]string, runID string)
}

// payload is a request's body as huma hands it over: not decoded yet, but with
// the schema of what it has to hold.
type payload[Req any] struct{ text []byte }

// Schema implements huma.SchemaProvider.
func (payload[Req]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[Req](), true, "")
}

// keep takes the text over for decode, which is stricter than the decoders that
// huma would use, and knows how to speak of errors. The text is huma's; it is
// copied.
func (p *payload[Req]) keep(text []byte) { p.text = slices.Clone(text) }

// add registers the step's route.
func (st step[Req, Res]) add(s *service) {
	schema := requestSchema[Req](s.huma.OpenAPI().Components.Schemas)
	op := st.doc.operation(http.MethodPost, st.path)
	op.SkipValidateBody = true      // decode does, against the same schema
	op.BodyReadTimeout = -1         // intake has read the body
	op.MaxBodyBytes = s.MaxBody + 1 // of which huma refuses the last one
	type input struct{ Body payload[Req] }
	type output struct{ Body Res }
	huma.Register(s.huma, op, func(ctx context.Context, in *input) (*output, error) {
		res, err := st.answer(ctx, s, schema, in.Body.text)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return &output{res}, nil
	})
}

// answer is the story of a request: decode, wait, run, add the warnings.
func (st step[Req, Res]) answer(ctx context.Context, s *service, schema *huma.Schema, text []byte) (res Res, err error) {
	req, body, err := decode[Req](s.huma.OpenAPI().Components.Schemas, schema, text)
	if err != nil {
		return res, err
	}
	visitOf(ctx).runID, _ = body["run_id"].(string)
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Timeout)
		defer cancel()
	}
	if st.heavy {
		free, err := s.slots.take(ctx)
		if err != nil {
			return res, err
		}
		defer free()
	}
	if res, err = st.run(ctx, req); err != nil {
		return res, err
	}
	warnings, runID := st.outcome(&res)
	*warnings = append(slices.Clip(*warnings), s.known.warn(body, propertyNames(schema))...)
	visitOf(ctx).runID = runID
	return res, nil
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
	if err := json.Unmarshal(text, &req); err != nil {
		return req, nil, fault.Wrap(fault.InvalidRequest, err, "The body does not fit the route's request.")
	}
	return req, v.(map[string]any), nil
}
