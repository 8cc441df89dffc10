package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
)

// visit is what is known of one request while it is answered, for its log line.
type visit struct {
	id    string // the X-Request-Id
	path  string
	runID string       // once known
	fault *fault.Error // why it failed

	model   string // once known
	figures map[string]float64
}

type visitKey struct{}

// visitOf returns the request's visit; outside of a request, an empty one.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// saneID is what a caller's request id may look like; others get a new one.
var saneID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// ServeHTTP answers a request. The answer is complete before its first byte is
// sent, so that a panic or a result that cannot be encoded still ends in a
// problem document with the right status.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	v := &visit{id: r.Header.Get("X-Request-Id"), path: r.URL.Path}
	if !saneID.MatchString(v.id) {
		v.id = rand.Text()
	}
	method := r.Method
	r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	if method == http.MethodHead {
		r.Method = http.MethodGet
	}
	a := &answer{to: w, status: http.StatusOK, header: http.Header{}}
	s.guard(a, r)
	a.send(v.id, method == http.MethodHead)
	s.record(r.Context(), v, method, a, time.Since(start))
}

// guard routes the request and turns a panic into an internal error.
func (s *service) guard(a *answer, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			s.Log.ErrorContext(r.Context(), "panic", "request_id", visitOf(r.Context()).id,
				"error", cause.Error(), "stack", string(debug.Stack()))
			a.reset()
			writeProblem(a, r, fault.From(fmt.Errorf("panic: %w", opaque{cause})))
		}
	}()
	s.route(a, r)
}

// opaque hides an error's type, so that a panic is internal whatever it holds.
type opaque struct{ error }

// record writes the access log's line.
func (s *service) record(ctx context.Context, v *visit, method string, a *answer, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("method", method), slog.String("path", v.path), slog.Int("status", a.status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000), slog.String("request_id", v.id),
	}
	if v.runID != "" {
		attrs = append(attrs, slog.String("run_id", v.runID))
	}
	level := slog.LevelInfo
	if v.fault != nil {
		attrs = append(attrs, slog.String("code", v.fault.Kind.Code()), slog.String("error", v.fault.Error()))
		if a.status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		attrs = append(attrs, slog.Bool("client_gone", true))
	}
	s.Log.LogAttrs(ctx, level, "request", attrs...)
	if s.Observe != nil {
		s.Observe(ctx, Observation{Route: s.pattern(method, v.path), Model: v.model, Status: a.status, Took: took, Figures: v.figures})
	}
}

// pattern returns the route that a path belongs to, such as
// "/models/{name}/history", so that metrics have few names; "other" for none.
func (s *service) pattern(method, path string) string {
	if found := s.router.Find(chi.NewRouteContext(), method, path); found != "" {
		return found
	}
	return "other"
}

// answer holds a response back until it is complete.
type answer struct {
	to     http.ResponseWriter
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.wrote = true
	return a.body.Write(p)
}

// Unwrap lets http.ResponseController reach the connection's deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.to }

func (a *answer) reset() {
	a.header, a.status, a.wrote = http.Header{}, http.StatusOK, false
	a.body.Reset()
}

// send writes the response. To HEAD goes what GET would answer, without the body.
func (a *answer) send(id string, head bool) {
	h := a.to.Header()
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	a.to.WriteHeader(a.status)
	if !head {
		_, _ = a.to.Write(a.body.Bytes()) // a client that is gone needs no answer
	}
}
