package api

import (
	"context"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
	"retrain/internal/predict"
)

const csvType = "text/csv"

// modelHeader names the model of an invocation, where SageMaker's clients can
// set no query.
const modelHeader = "X-Amzn-SageMaker-Target-Model"

// predictRoutes are the routes that the champion answers.
func (s *service) predictRoutes() []routed {
	return []routed{
		s.predict(),
		invocations{},
		lookup[pinged, Ping]{
			path: "/ping",
			doc: description{
				id: "ping", tag: "predictions", order: 22, summary: "Can rows be scored?",
				text:  "Answers 200 if the champion is loaded and serves, or if there is none yet; an error if the one that stands cannot be loaded.",
				kinds: []fault.Kind{fault.InvalidData},
			},
			run: func(ctx context.Context, in *pinged) (Ping, error) {
				return Ping{"healthy"}, inQuery(s.steps.Ready(ctx, in.ModelName))
			},
		},
	}
}

type pinged struct {
	ModelName string `query:"model_name" doc:"Default: 'default'"`
}

// Ping is the answer of GET /ping.
type Ping struct {
	Status string `json:"status" enum:"healthy"`
}

func (s *service) predict() routed {
	return step[predict.Request, predict.Result]{
		path: "/predict", run: s.steps.Predict, rows: true,
		outcome: func(r *predict.Result) (*[]string, string) { return &r.Warnings, "" },
		doc: description{
			id: "predict", tag: "predictions", order: 20, summary: "Score rows with the champion",
			text: "Takes a value for each of the model's columns, by the names and in the form of the training data; null is a missing value. " +
				"A column that is left out is an error, unless `missing_columns` is `null`; unknown ones are ignored with a warning. " +
				"A promotion is followed within seconds, and each answer tells the version that gave it. At most 10,000 rows and 6 MiB.",
			examples: map[string]any{"One row": map[string]any{
				"model_name": "churn", "records": []any{map[string]any{"tenure": 12, "contract": "One year", "monthly_charges": 59.9}},
			}},
			kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound},
		},
	}
}

// invocations is POST /invocations: rows in the forms of MLflow and SageMaker,
// which are not JSON only.
type invocations struct{}

func (invocations) route() string { return "/invocations" }

func (invocations) method() string { return http.MethodPost }

func (i invocations) register(s *service, router chi.Router) {
	schema := requestSchema[predict.Invocation](s.document.Components.Schemas)
	s.document.AddOperation(i.operation(s.document.Components.Schemas))
	router.Post(i.route(), func(w http.ResponseWriter, r *http.Request) {
		res, err := i.answer(s, schema, w, r)
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		if wantsCSV(r.Header) {
			serveText(w, csvType+"; charset=utf-8; header=absent", res.CSV())
			return
		}
		text, err := Encode(res)
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		serveText(w, jsonType, text)
	})
}

// operation describes the route for the document.
func (i invocations) operation(schemas huma.Registry) *huma.Operation {
	op := description{
		id: "invocations", tag: "predictions", order: 21, summary: "Score rows, in MLflow's and SageMaker's forms",
		text: "JSON has exactly one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`. CSV may have a header line, which " +
			"the media type's `header` parameter tells (`present` or `absent`); else the first line is one if it names more than half of the model's columns. " +
			"Without one, cells are in the order of the model's columns. With `Accept: text/csv` the answer is one prediction a line.",
		examples: map[string]any{"Split": map[string]any{
			"dataframe_split": map[string]any{"columns": []any{"tenure", "contract", "monthly_charges"}, "data": []any{[]any{12, "One year", 59.9}}},
		}},
		kinds: []fault.Kind{fault.InvalidData, fault.DataNotFound},
	}.operation(http.MethodPost, i.route())
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op.RequestBody.Required = true
	op.RequestBody.Content[jsonType].Schema = schemas.Schema(reflect.TypeFor[predict.Invocation](), true, "")
	op.RequestBody.Content[csvType] = text
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		jsonType: {Schema: schemas.Schema(reflect.TypeFor[predict.Result](), true, "")}, csvType: text,
	}}
	name := &huma.Schema{Type: huma.TypeString}
	op.Parameters = []*huma.Param{
		{Name: "model_name", In: "query", Description: "Default: the header, else 'default'", Schema: name},
		{Name: modelHeader, In: "header", Description: "The model's name, where a query cannot be set", Schema: name},
	}
	return &op
}

// answer reads a request in whichever form it has, and scores its rows.
func (invocations) answer(s *service, schema *huma.Schema, w http.ResponseWriter, r *http.Request) (res predict.Result, err error) {
	ctx := r.Context()
	ctx, done := s.bounded(ctx)
	defer done()
	name := r.URL.Query().Get("model_name")
	if name == "" {
		name = r.Header.Get(modelHeader)
	}
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == csvType {
		text, err := s.receive(w, r, s.MaxRowsBody, csvType)
		if err != nil {
			return res, err
		}
		if !utf8.Valid(text) {
			return res, fault.New(fault.InvalidRequest, "The body is not UTF-8.").At("Input should be UTF-8", "csv_invalid", "body")
		}
		header, err := headerOf(params)
		if err != nil {
			return res, err
		}
		res, err = s.steps.InvokeCSV(ctx, name, string(text), header)
		return res, inQuery(err)
	}
	text, err := s.receive(w, r, s.MaxRowsBody)
	if err != nil {
		return res, err
	}
	body, given, err := decode[predict.Invocation](s.document.Components.Schemas, schema, text)
	if err != nil {
		return res, err
	}
	if res, err = s.steps.Invoke(ctx, name, body); err != nil {
		return res, inQuery(err)
	}
	own := known{}
	own.add(predict.Invocation{})
	res.Warnings = append(slices.Clip(res.Warnings), own.warn(given, propertyNames(schema))...)
	return res, nil
}

// headerOf reads the media type's parameter header (RFC 4180, section 3).
func headerOf(params map[string]string) (predict.Header, error) {
	switch strings.ToLower(params["header"]) {
	case "":
		return predict.HeaderGuessed, nil
	case "present":
		return predict.HeaderPresent, nil
	case "absent":
		return predict.HeaderAbsent, nil
	}
	return 0, fault.New(fault.UnsupportedMediaType, "The media type's header parameter must be present or absent.").
		At("Input should be present or absent", "media_type", "header", "content-type")
}

// wantsCSV reports whether the caller names CSV and not JSON as what it takes.
func wantsCSV(h http.Header) bool {
	accept := strings.ToLower(strings.Join(h.Values("Accept"), ","))
	return strings.Contains(accept, csvType) && !strings.Contains(accept, jsonType)
}

// inQuery moves an error about the model's name from the body to the query.
func inQuery(err error) error { return relocate(err, "query", "model_name") }

// addVersion adds GET /version, which answers a bare text, as MLflow's does.
func (s *service) addVersion() {
	const path = "/version"
	op := description{
		id: "version", order: 31, summary: "Which version is this?", text: "Answers the version of the service as a bare text.",
	}.operation(http.MethodGet, path)
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}
	s.document.AddOperation(&op)
	s.router.Get(path, func(w http.ResponseWriter, _ *http.Request) {
		serveText(w, "text/plain; charset=utf-8", []byte(s.Version))
	})
}
