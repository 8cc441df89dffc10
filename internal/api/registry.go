package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

// lookup is a route that only reads: In are its parameters.
type lookup[In, Res any] struct {
	path string
	doc  description
	run  func(context.Context, *In) (Res, error)
}

// route returns the route's path.
func (l lookup[In, Res]) route() string { return l.path }

// method returns the route's method.
func (l lookup[In, Res]) method() string { return http.MethodGet }

// register adds the route to huma.
func (l lookup[In, Res]) register(s *service, router chi.Router) {
	h := newHuma(router.With(s.intake(s.MaxBody)), s.document)
	type output struct{ Body Res }
	huma.Register(h, l.doc.operation(http.MethodGet, l.path), func(ctx context.Context, in *In) (*output, error) {
		ctx, done := s.bounded(ctx)
		defer done()
		res, err := l.run(ctx, in)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return &output{res}, nil
	})
}

// The parameters of the registry's routes. The limits are modelstore's. They
// are written out, since huma does not look into what is embedded unexported.
type (
	named struct {
		Name string `path:"name" doc:"The model's name" example:"default"`
	}
	paged struct {
		After string `query:"after" doc:"Go on behind this entry: what next was in the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Number of entries"`
	}
	namedPage struct {
		Name  string `path:"name" doc:"The model's name" example:"default"`
		After string `query:"after" doc:"Go on behind this entry: what next was in the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Number of entries"`
	}
	namedBefore struct {
		Name   string `path:"name" doc:"The model's name" example:"default"`
		Before int64  `query:"before" minimum:"0" doc:"Go on before this version: what next was in the page before"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Number of entries"`
	}
)

type evaluated struct {
	Name string `path:"name" doc:"The model's name" example:"default"`
	ID   string `path:"id" doc:"The evaluation's id: the file name in evaluation_path, without .json"`
}

// registryRoutes are the routes that tell what the store holds, and the one
// that goes back to what it held before.
func (s *service) registryRoutes() []routed {
	r := s.steps.Registry
	return []routed{
		lookup[paged, modelstore.ModelList]{
			path: "/models",
			doc: description{
				id: "models", tag: "models", order: 10, summary: "Which models are there?",
				text: "Lists the models of the store with their champions.",
			},
			run: func(ctx context.Context, in *paged) (modelstore.ModelList, error) {
				return r.Models(ctx, modelstore.Page(*in))
			},
		},
		lookup[named, modelstore.ModelInfo]{
			path: "/models/{name}",
			doc: description{
				id: "model", tag: "models", order: 11, summary: "The champion",
				text:  "Tells which version is champion, since when and why, what it was made of and how it scored. " + notThere,
				kinds: []fault.Kind{fault.DataNotFound, fault.InvalidData},
			},
			run: func(ctx context.Context, in *named) (modelstore.ModelInfo, error) {
				res, err := r.Model(ctx, in.Name)
				return res, inPath(err)
			},
		},
		lookup[namedPage, modelstore.VersionList]{
			path: "/models/{name}/versions",
			doc: description{
				id: "versions", tag: "models", order: 12, summary: "All stored versions",
				text:  "Lists a model's stored versions with their scores, champions or not.",
				kinds: []fault.Kind{fault.DataNotFound, fault.InvalidData},
			},
			run: func(ctx context.Context, in *namedPage) (modelstore.VersionList, error) {
				res, err := r.Versions(ctx, in.Name, modelstore.Page{After: in.After, Limit: in.Limit})
				return res, inPath(err)
			},
		},
		lookup[namedBefore, modelstore.HistoryList]{
			path: "/models/{name}/history",
			doc: description{
				id: "history", tag: "models", order: 13, summary: "Who was champion, when and why",
				text:  "Lists the changes of a model's champion, the newest first.",
				kinds: []fault.Kind{fault.DataNotFound, fault.InvalidData},
			},
			run: func(ctx context.Context, in *namedBefore) (modelstore.HistoryList, error) {
				res, err := r.History(ctx, in.Name, in.Before, in.Limit)
				return res, inPath(err)
			},
		},
		lookup[evaluated, modelstore.Evaluation]{
			path: "/models/{name}/evaluations/{id}",
			doc: description{
				id: "evaluation", tag: "models", order: 15, summary: "A stored verdict",
				text:  "Tells what was compared with what, and what /evaluate answered.",
				kinds: []fault.Kind{fault.DataNotFound, fault.InvalidData},
			},
			run: func(ctx context.Context, in *evaluated) (modelstore.Evaluation, error) {
				res, err := r.Store.Evaluation(ctx, in.Name, in.ID)
				return res, inPath(err)
			},
		},
		reportRoute{r},
		exportRoute{r},
		s.rollback(),
	}
}

// notThere says why a model without a champion is no 404: one code has one
// status, and NoSuchRoute's means that the address itself is wrong, as behind a
// wrong prefix. A caller that waits for a first champion can tell the two apart.
const notThere = "A name without a champion is `Retrain.DataNotFound`; 404 is for addresses that no deployment of this service has."

func (s *service) rollback() routed {
	return step[modelstore.RollbackRequest, modelstore.RollbackResult]{
		path: "/models/{name}/rollback", run: s.steps.Rollback,
		outcome: func(r *modelstore.RollbackResult) (*[]string, string) { return &r.Warnings, "" },
		name:    func(r *modelstore.RollbackRequest) *string { return &r.ModelName },
		doc: description{
			id: "rollback", tag: "models", order: 14, summary: "Go back to an earlier champion",
			text: "Makes the model of an earlier version champion again, as a new version, by the same compare-and-swap as a promotion; the reason " +
				"goes into the history. With `expected_champion_version` it is carried out once, however often it is repeated.",
			examples: map[string]any{
				"Back": map[string]any{"to_version": 3, "reason": "Version 4 was trained on a broken export.", "expected_champion_version": 4},
			},
			kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound, fault.ChampionChanged},
		},
	}
}

// nameParameter documents the model's name in the path of a step's route.
var nameParameter = &huma.Param{
	Name: "name", In: "path", Required: true, Description: "The model's name", Example: "default",
	Schema: &huma.Schema{Type: huma.TypeString},
}

// takeName moves the name in the path into the request. A body that names
// another model is refused, since one of the two must be a mistake.
func takeName(ctx context.Context, field *string) error {
	name := chi.URLParamFromCtx(ctx, "name")
	if *field != "" && *field != name {
		return fault.New(fault.InvalidRequest, "The body names another model than the path.").
			At("Differs from the name in the path", "value_error", "body", "model_name")
	}
	*field = name
	return inPath(modelstore.CheckName(name))
}

// inPath moves an error about the model's name from the body, where most
// routes have it, to the path.
func inPath(err error) error { return relocate(err, "path", "name") }

func relocate(err error, loc ...any) error {
	var e *fault.Error
	if errors.As(err, &e) {
		for i, f := range e.Fields {
			if len(f.Loc) == 2 && f.Loc[0] == "body" && f.Loc[1] == "model_name" {
				e.Fields[i].Loc = loc
			}
		}
	}
	return err
}
