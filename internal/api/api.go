// Package api is the service's HTTP face: routes, decoding, validation, problem
// documents, the OpenAPI document and the documentation page.
//
// It turns a request into a step's Request, runs the step, and turns its Result
// or error into an answer. It knows nothing of data, models or stores, nor
// whether a socket or a Lambda event brought the request; the steps come as
// functions, and fault's table says how their errors look.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"retrain/internal/approval"
	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
	"retrain/internal/predict"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
)

// Steps are what the routes run.
type Steps struct {
	Preprocess func(context.Context, preprocess.Request) (preprocess.Result, error)
	Train      func(context.Context, train.Request) (train.Result, error)
	Evaluate   func(context.Context, evaluate.Request) (evaluate.Result, error)
	Update     func(context.Context, modelstore.UpdateRequest) (modelstore.UpdateResult, error)
	Retrain    func(context.Context, retrain.Request) (retrain.Result, error)
	// Preprocess, divided among many calls.
	Plan        func(context.Context, preprocess.PlanRequest) (preprocess.Plan, error)
	ScanShares  func(context.Context, preprocess.SharesRequest) (preprocess.SharesResult, error)
	Reduce      func(context.Context, preprocess.RunRequest) (preprocess.Plan, error)
	WriteShares func(context.Context, preprocess.SharesRequest) (preprocess.SharesResult, error)
	Seal        func(context.Context, preprocess.RunRequest) (preprocess.Result, error)

	Rollback func(context.Context, modelstore.RollbackRequest) (modelstore.RollbackResult, error)
	Approve  func(context.Context, approval.Request) (approval.Result, error)
	// What the champion answers: rows in our own form, in MLflow's, and as CSV;
	// and whether it can answer. name is the model's, or "" for the default.
	Predict   func(context.Context, predict.Request) (predict.Result, error)
	Invoke    func(ctx context.Context, name string, v predict.Invocation) (predict.Result, error)
	InvokeCSV func(ctx context.Context, name, text string, header predict.Header) (predict.Result, error)
	Ready     func(ctx context.Context, name string) error
	// Registry answers what the store holds.
	Registry modelstore.Registry
	// Health reaches the store, for GET /health?deep=1. Nil: nothing to reach.
	Health func(context.Context) error
}

// Options are the service's settings. The zero value of each means its default.
type Options struct {
	Version string // shown by /health and in the OpenAPI document
	Commit  string // shown by /health
	Log     *slog.Logger

	MaxBody     int64         // bytes of a request's body; default 1 MiB
	MaxRowsBody int64         // bytes of a body that holds rows to score; default 6 MiB
	BodyTimeout time.Duration // for a request's body to arrive; default 30 s

	// MaxTrainings is how many requests may preprocess, train or retrain at the
	// same time; default: half of the processors, and at least one. One more
	// waits up to MaxWait (default 5 s), and is then turned away.
	MaxTrainings int
	MaxWait      time.Duration

	// Memory is that of the Lambda function in MB, by which it is billed; 0
	// outside of Lambda.
	Memory int
	// Observe is told of each request when it has been answered; nil is nobody.
	Observe func(context.Context, Observation)

	// Timeout bounds the work of one request; default: unbounded.
	Timeout time.Duration
}

// Observation is what there is to count of a request.
type Observation struct {
	Route   string // as it was registered, or "other"
	Model   string // the model's name, where the route has to do with one
	Status  int
	Took    time.Duration
	Figures map[string]float64 // rows, scores, verdicts; nil if it failed
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.MaxRowsBody <= 0 {
		o.MaxRowsBody = 6 << 20
	}
	if o.BodyTimeout <= 0 {
		o.BodyTimeout = 30 * time.Second
	}
	if o.MaxTrainings <= 0 {
		o.MaxTrainings = max(1, runtime.NumCPU()/2)
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 5 * time.Second
	}
	return o
}

// service is the handler with all that its routes share.
type service struct {
	Options
	steps    Steps
	slots    slots
	known    known
	router   *chi.Mux
	document *huma.OpenAPI
	// whole registers all these routes with huma and the document, when one of
	// them or the document is first asked for, and returns their router. A
	// process that is started for a health check alone does without.
	whole func() http.Handler
}

// New returns the service's handler.
func New(steps Steps, opts Options) http.Handler { return newService(steps, opts) }

func newService(steps Steps, opts Options) *service {
	s := &service{Options: opts.withDefaults(), steps: steps, known: allFields(), router: chi.NewRouter()}
	s.slots = newSlots(s.MaxTrainings, s.MaxWait)
	s.router.NotFound(s.noSuchRoute)
	s.router.MethodNotAllowed(s.methodNotAllowed)
	s.document = newDocument(s.Version)
	s.addRoutes()
	s.addHealth()
	s.addVersion()
	s.addDocs()
	return s
}

// addRoutes leads the paths of steps, registry and predictions to huma, which is set up by
// the first request to any of them.
func (s *service) addRoutes() {
	routes := slices.Concat(s.stepRoutes(), s.shareRoutes(), s.registryRoutes(), s.predictRoutes())
	s.whole = sync.OnceValue(func() http.Handler {
		router := chi.NewRouter()
		for _, route := range routes {
			route.register(s, router)
		}
		return router
	})
	for _, route := range routes {
		s.router.MethodFunc(route.method(), route.route(), func(w http.ResponseWriter, r *http.Request) { s.whole().ServeHTTP(w, r) })
	}
}

// allFields returns the fields of every step's Request and Result.
func allFields() known {
	k := known{}
	k.add(preprocess.Request{})
	k.add(preprocess.Result{})
	k.add(preprocess.PlanRequest{})
	k.add(preprocess.Plan{})
	k.add(preprocess.SharesRequest{})
	k.add(train.Request{})
	k.add(train.Result{})
	k.add(evaluate.Request{})
	k.add(evaluate.Result{})
	k.add(modelstore.UpdateRequest{})
	k.add(modelstore.UpdateResult{})
	k.add(retrain.Result{})
	k.add(modelstore.RollbackRequest{})
	k.add(approval.Request{})
	k.add(modelstore.RollbackResult{})
	k.add(predict.Request{})
	k.add(predict.Result{})
	return k
}
