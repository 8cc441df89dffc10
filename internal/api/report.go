package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

// reportRoute serves an evaluation's page.
type reportRoute struct{ registry modelstore.Registry }

func (reportRoute) route() string { return "/models/{name}/evaluations/{id}/report" }

func (reportRoute) method() string { return http.MethodGet }

const htmlType = "text/html; charset=utf-8"

// reportPolicy lets the page do nothing but show itself.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

// register adds the route to huma.
func (rr reportRoute) register(s *service, router chi.Router) {
	doc := description{
		id: "report", tag: "models", order: 16, summary: "A stored verdict as a page",
		text:  "One HTML page without scripts and without anything from elsewhere: the verdict and its reasons, both models beside each other, the data and the lineage.",
		kinds: []fault.Kind{fault.DataNotFound, fault.InvalidData},
	}
	op := doc.operation(http.MethodGet, rr.route())
	op.Responses["200"] = &huma.Response{
		Description: "The page", Content: map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	type output struct {
		ContentType string `header:"Content-Type"`
		Policy      string `header:"Content-Security-Policy"`
		Body        []byte
	}
	h := newHuma(router.With(s.intake(s.MaxBody)), s.document)
	huma.Register(h, op, func(ctx context.Context, in *evaluated) (*output, error) {
		ctx, done := s.bounded(ctx)
		defer done()
		page, err := rr.registry.Report(ctx, in.Name, in.ID)
		if err != nil {
			return nil, problemOf(ctx, inPath(err))
		}
		return &output{htmlType, reportPolicy, page}, nil
	})
}
