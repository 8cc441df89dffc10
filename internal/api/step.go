package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"retrain/internal/usage"
)

// step is a route that runs one of the steps.
type step[Req, Res any] struct {
	path string
	doc  description
	run  func(context.Context, Req) (Res, error)
	// heavy steps read whole data sets and have to wait for a slot.
	heavy bool
	// rows says that bodies hold rows to score, and may be larger.
	rows bool
	// outcome gives access to what all results have: the list of warnings,
	// which unknown fields are added to, and the run's id, for the log.
	outcome func(*Res) (warnings *[]string, runID string)
	// told is what the result tells besides: what the request took, and figures
	// for the metrics. Nil for steps of which nobody keeps count.
	told func(res *Res, took *usage.Usage) (model string, figures map[string]float64)
	// name is where the request holds the model's name, for a route that has it
	// in its path; else nil.
	name func(*Req) *string
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

// routed is a route of any types.
type routed interface {
	route() string
	method() string
	register(*service, chi.Router)
}

func (st step[Req, Res]) route() string { return st.path }

func (st step[Req, Res]) method() string { return http.MethodPost }

// register adds the step's route to huma.
func (st step[Req, Res]) register(s *service, router chi.Router) {
	limit := s.MaxBody
	if st.rows {
		limit = s.MaxRowsBody
	}
	h := newHuma(router.With(s.intake(limit)), s.document)
	schema := requestSchema[Req](s.document.Components.Schemas)
	resultSchema[Res](s.document.Components.Schemas)
	op := st.doc.operation(http.MethodPost, st.path)
	if st.name != nil {
		op.Parameters = append(op.Parameters, nameParameter)
	}
	op.SkipValidateBody = true  // decode does, against the same schema
	op.BodyReadTimeout = -1     // intake has read the body
	op.MaxBodyBytes = limit + 1 // of which huma refuses the last one
	type input struct{ Body payload[Req] }
	type output struct{ Body Res }
	huma.Register(h, op, func(ctx context.Context, in *input) (*output, error) {
		res, err := st.answer(ctx, s, schema, in.Body.text)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return &output{res}, nil
	})
}

// answer is the story of a request: decode, wait, run, add the warnings.
func (st step[Req, Res]) answer(ctx context.Context, s *service, schema *huma.Schema, text []byte) (res Res, err error) {
	req, body, err := decode[Req](s.document.Components.Schemas, schema, text)
	if err != nil {
		return res, err
	}
	start := time.Now()
	if st.name != nil {
		if err := takeName(ctx, st.name(&req)); err != nil {
			return res, err
		}
	}
	visitOf(ctx).runID, _ = body["run_id"].(string)
	ctx, done := s.bounded(ctx)
	defer done()
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
	if st.told != nil {
		visitOf(ctx).model, visitOf(ctx).figures = st.told(&res, usage.Since(start, s.Memory))
	}
	return res, nil
}
