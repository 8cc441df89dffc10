package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

// exportRoute serves a version's model file.
type exportRoute struct{ registry modelstore.Registry }

func (exportRoute) route() string { return "/models/{name}/versions/{digest}/model.onnx" }

func (exportRoute) method() string { return http.MethodGet }

const fileType = "application/octet-stream"

// exported says which file is asked for.
type exported struct {
	Name   string `path:"name" doc:"The model's name" example:"default"`
	Digest string `path:"digest" doc:"The version's SHA-256, as /models/{name}/versions lists it"`
	Compat string `query:"compat" enum:"ml3" doc:"The same model with the operators of ai.onnx.ml 3, for ONNX Runtime before about 1.21; default: the stored file"`
}

// register adds the route to huma.
func (er exportRoute) register(s *service, router chi.Router) {
	doc := description{
		id: "export", tag: "models", order: 17, summary: "A version's model file",
		text:  "The ONNX file as it is stored, which any runtime with ai.onnx.ml 5 serves; or, with `compat=ml3`, the same model for older ones.",
		kinds: []fault.Kind{fault.DataNotFound, fault.InvalidData, fault.TooLarge},
	}
	op := doc.operation(http.MethodGet, er.route())
	op.Responses["200"] = &huma.Response{
		Description: "The file", Content: map[string]*huma.MediaType{fileType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}
	type output struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	h := newHuma(router.With(s.intake(s.MaxBody)), s.document)
	huma.Register(h, op, func(ctx context.Context, in *exported) (*output, error) {
		ctx, done := s.bounded(ctx)
		defer done()
		file, err := er.registry.Export(ctx, in.Name, in.Digest, in.Compat)
		if err != nil {
			return nil, problemOf(ctx, inPath(err))
		}
		return &output{fileType, file}, nil
	})
}
