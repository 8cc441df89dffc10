package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"retrain/internal/fault"
)

// Health is the answer of GET /health.
type Health struct {
	Status  string `json:"status" enum:"healthy,degraded"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
	// Code and Checks are there if the service is degraded.
	Code   string  `json:"code,omitempty" doc:"The error code of the first check that failed" example:"Retrain.Transient"`
	Checks []Check `json:"checks,omitempty" doc:"What failed"`
}

// Check is one thing that the service needs and cannot reach.
type Check struct {
	Name   string `json:"name" example:"store"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// healthTimeout bounds a deep check: who asks would rather know soon.
const healthTimeout = 5 * time.Second

func (s *service) addHealth() {
	op := description{
		id: "health", summary: "Is the service alive?",
		text:  "Answers at once. With `deep=1` it also reaches the store, and says 503 and what failed if it cannot.",
		kinds: []fault.Kind{fault.InvalidRequest},
	}.operation(http.MethodGet, "/health")
	h := newHuma(s.router.With(s.intake(s.MaxBody)), s.document)
	registry := s.document.Components.Schemas
	op.Responses["503"] = &huma.Response{
		Description: "Degraded: the store is out of reach",
		Content:     map[string]*huma.MediaType{jsonType: {Schema: registry.Schema(reflect.TypeFor[Health](), true, "")}},
	}
	type input struct {
		Deep bool `query:"deep" doc:"Reach the store too"`
	}
	type output struct {
		Status int
		Body   Health
	}
	huma.Register(h, op, func(ctx context.Context, in *input) (*output, error) {
		out := &output{http.StatusOK, Health{Status: "healthy", Version: s.Version, Commit: s.Commit}}
		if in.Deep {
			out.Status = s.deepen(ctx, &out.Body)
		}
		return out, nil
	})
}

// deepen adds what the deep checks find, and returns the status.
func (s *service) deepen(ctx context.Context, h *Health) int {
	if s.steps.Health == nil {
		return http.StatusOK
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	err := s.steps.Health(ctx)
	if err == nil {
		return http.StatusOK
	}
	e := fault.From(err)
	visitOf(ctx).fault = e
	h.Status, h.Code = "degraded", e.Kind.Code()
	h.Checks = []Check{{Name: "store", Code: e.Kind.Code(), Detail: e.Detail}}
	return http.StatusServiceUnavailable
}
