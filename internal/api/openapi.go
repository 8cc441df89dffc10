package api

import (
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
)

// description is what the OpenAPI document says of a route.
type description struct {
	id, summary, text string
	// tag is the route's group on the documentation page; default: steps for
	// POST, else service.
	tag string
	// order is the route's place on the documentation page.
	order int
	// examples of bodies, by their summaries.
	examples map[string]any
	// kinds of errors that the route may answer with, besides those of all.
	kinds []fault.Kind
}

// everywhere lists the kinds that every route may answer with.
var everywhere = []fault.Kind{fault.Internal}

// onBodies lists the kinds that every route with a body may answer with.
var onBodies = []fault.Kind{
	fault.InvalidRequest, fault.TooLarge, fault.UnsupportedMediaType,
	fault.DeadlineExceeded, fault.Transient, fault.AccessDenied,
}

// onStore lists the kinds that every route that reads the store may answer with.
var onStore = []fault.Kind{fault.InvalidRequest, fault.DeadlineExceeded, fault.Transient, fault.AccessDenied}

// newDocument returns the OpenAPI document without its routes.
func newDocument(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "Retrain", Version: version, Description: overview},
		Servers: []*huma.Server{{URL: ".", Description: "This service"}},
		Tags: []*huma.Tag{
			{Name: "steps", Description: "The four steps of a retraining, and all of them in one call. Each answer holds all that the next step needs, so it can be sent on as it is."},
			{Name: "shares", Description: "Preprocessing divided among many calls, as the state machine for large data makes them: plan, scan, reduce, write, seal."},
			{Name: "models", Description: "What the store holds: models, their versions, the champion and those before it."},
			{Name: "predictions", Description: "The champion's answers. It is followed by itself when it changes."},
			{Name: "service", Description: "The service itself."},
		},
		Components: &huma.Components{
			Schemas:  huma.NewMapRegistry("#/components/schemas/", schemaName),
			Examples: problemExamples(),
		},
	}
}

// newHuma returns huma on the router, writing into the document. It is a bare
// one: no routes of its own, no $schema members in answers, no decoder that
// passes over what is wrong.
func newHuma(router chi.Router, document *huma.OpenAPI) huma.API {
	format := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	config := huma.Config{
		OpenAPI:       document,
		Formats:       map[string]huma.Format{jsonType: format, "json": format}, // "json" stands for all +json
		DefaultFormat: jsonType,
	}
	config.AllowAdditionalPropertiesByDefault = true
	return humachi.New(router, config)
}

const overview = `Retrains tabular models: new data → preprocess → train → evaluate against the champion → update.

A model only becomes champion after it was compared with the one that stands, on rows that were held out from training.
Errors are problem documents (RFC 9457); their ` + "`code`" + ` is also the error name that a state machine meets.
Unknown fields of a body are ignored with a warning; unknown keys of ` + "`model_params`, `gate` and `split`" + ` are errors.`

func marshal(w io.Writer, v any) error {
	if p, ok := v.(*problem); ok {
		_, err := w.Write(p.JSON())
		return err
	}
	text, err := Encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func unmarshal(text []byte, v any) error {
	v.(interface{ keep([]byte) }).keep(text)
	return nil
}

// schemaName names a type in the document by its package and its name, since
// every step has a Request and a Result: train.Result is TrainResult.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
	switch {
	case t.Name() == "":
		return hint
	case pkg == "api", pkg == "fault", pkg == "":
		return title(t.Name())
	}
	return title(pkg) + t.Name()
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// operation returns the operation without its request and its result, which
// huma adds.
func (d description) operation(method, path string) huma.Operation {
	op := huma.Operation{
		OperationID: d.id, Method: method, Path: path, Summary: d.summary, Description: d.text,
		Tags: []string{"service"}, Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-order": d.order}, // for the documentation page
	}
	kinds := append(slices.Clone(d.kinds), everywhere...)
	if d.tag != "" {
		kinds = append(kinds, onStore...)
	}
	if method == http.MethodPost {
		op.Tags = []string{"steps"}
		kinds = append(kinds, onBodies...)
		examples := map[string]*huma.Example{}
		for summary, value := range d.examples {
			name := strings.ReplaceAll(strings.ToLower(summary), " ", "-")
			examples[name] = &huma.Example{Summary: summary, Value: value}
		}
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{jsonType: {Examples: examples}}}
	}
	if d.tag != "" {
		op.Tags = []string{d.tag}
	}
	for _, kind := range fault.Kinds() {
		if slices.Contains(kinds, kind) {
			addResponse(op.Responses, kind)
		}
	}
	return op
}

// addResponse documents a kind of error under its status.
func addResponse(responses map[string]*huma.Response, kind fault.Kind) {
	status := strconv.Itoa(kind.Info().Status)
	r := responses[status]
	if r == nil {
		r = &huma.Response{Content: map[string]*huma.MediaType{problemType: {
			Schema:   &huma.Schema{Ref: "#/components/schemas/Problem"},
			Examples: map[string]*huma.Example{},
		}}}
		responses[status] = r
	} else {
		r.Description += ", "
	}
	r.Description += "`" + kind.Code() + "`"
	if _, ok := retryAfter[kind]; ok {
		r.Headers = map[string]*huma.Header{"Retry-After": {
			Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger},
		}}
	}
	slug := kind.Info().Slug
	r.Content[problemType].Examples[slug] = &huma.Example{Ref: "#/components/examples/" + slug}
}

// problemExamples shows a document of each kind that HTTP can meet.
func problemExamples() map[string]*huma.Example {
	examples := map[string]*huma.Example{}
	for kind, text := range kindTexts {
		e := fault.New(kind, "%s", text)
		if kind == fault.InvalidRequest {
			e = e.At("Field required", "missing", "body", "data_path")
		}
		examples[kind.Info().Slug] = &huma.Example{
			Summary: kind.Info().Title, Value: fault.NewProblem(e, "/retrain", "4QK7N2XW5LZ3J6RBTVYD2M4HCA"),
		}
	}
	return examples
}

// kindTexts are the details of the documented examples.
var kindTexts = map[fault.Kind]string{
	fault.Internal:             "An internal error occurred; its text is in the log under this request id.",
	fault.InvalidRequest:       "The request is not valid: data_path: Field required.",
	fault.InvalidData:          "The target column has only one class.",
	fault.DataNotFound:         "There is no data at data_path.",
	fault.AccessDenied:         "The address is outside of the roots that this service may read (RETRAIN_DATA_ROOTS).",
	fault.TooLarge:             "The body is larger than 1048576 bytes.",
	fault.RunConflict:          "The run has been made with other inputs.",
	fault.GateNotPassed:        "No evaluation of this model says that it should be promoted.",
	fault.ChampionChanged:      "The champion was version 3 then, and now version 4 stands; evaluate the model again and update with that evaluation.",
	fault.DeadlineExceeded:     "The time limit was reached before the step was done.",
	fault.Throttled:            "The service is busy with other trainings; try again later.",
	fault.Transient:            "The store is out of reach.",
	fault.UnsupportedMediaType: "The body must be JSON, with Content-Type application/json.",
}

// requestSchema returns the schema of a request, completed by what Go's types
// do not say: a required field is neither null nor an empty text, and null
// stands for absence where a field may be absent, as Python's clients send it.
func requestSchema[Req any](r huma.Registry) *huma.Schema {
	schema := r.Schema(reflect.TypeFor[Req](), false, "")
	for name, field := range schema.Properties {
		field.Nullable = !slices.Contains(schema.Required, name) && field.Type != ""
		if !field.Nullable && field.Type == huma.TypeString {
			one := 1
			field.MinLength = &one
		}
		if field.Nullable && field.Enum != nil {
			field.Enum = append(field.Enum, nil)
		}
	}
	return schema
}

// resultSchema completes the schema of a result: where a field holds an object
// that may be null, as Go says by a pointer, the document says so too. huma does
// this for scalars only.
func resultSchema[Res any](r huma.Registry) {
	schema := r.Schema(reflect.TypeFor[Res](), false, "")
	for i := range reflect.TypeFor[Res]().NumField() {
		field := reflect.TypeFor[Res]().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		is := schema.Properties[name]
		if field.Type.Kind() == reflect.Pointer && is.Ref != "" && options == "" {
			schema.Properties[name] = &huma.Schema{
				Description: is.Description, AnyOf: []*huma.Schema{{Ref: is.Ref}, {Type: "null"}},
			}
		}
	}
}

// propertyNames lists the fields of a schema in alphabetical order.
func propertyNames(s *huma.Schema) []string {
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// openAPI returns the document's bytes, which are made when they are first
// asked for.
func (s *service) openAPI() func() []byte {
	return sync.OnceValue(func() []byte {
		s.whole()
		text, err := EncodeIndented(s.document)
		if err != nil {
			panic(err)
		}
		return text
	})
}
