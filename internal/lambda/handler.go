// Package lambda answers AWS Lambda events with an http.Handler: bytes in,
// bytes out.
//
// It tells the shape of an event (API Gateway REST and HTTP, Function URL, load
// balancer, or a direct invocation as Step Functions makes it), makes the HTTP
// request that the event stands for, and turns the response into what the sender
// of that shape reads. A direct invocation gets the bare JSON document, and fails
// with the problem's code as its error type where HTTP would answer 400 or more.
// Events that announce data (S3, EventBridge, a schedule, messages of a queue)
// become calls of the one route that Trigger names.
//
// The room knows neither the routes nor the steps behind them, and nothing of
// models or stores. It guards the process instead: a panic, an answer over the
// platform's limits and a deadline that a handler ignores all end in a typed error.
package lambda

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"retrain/internal/fault"
)

// DefaultMargin is how long before the platform's kill the work must end when
// Handler.Margin is zero.
const DefaultMargin = time.Second

// Handler answers Lambda events. It is an aws-lambda-go lambda.Handler, has no
// state, and may be copied and used concurrently.
type Handler struct {
	// HTTP serves every event. The request's context ends Margin before the
	// platform's deadline and carries the lambdacontext; the headers X-Request-Id
	// and X-Amzn-Trace-Id hold Lambda's own values, never the client's.
	HTTP http.Handler

	// Margin is the time between the end of the work and the platform's
	// deadline. A handler that ignores its context is left behind when half of
	// the margin is used up. Never more than half of the time that is left when
	// the event arrives.
	Margin time.Duration

	// Log gets stacks, abandoned work and unsupported events; slog.Default() if nil.
	Log *slog.Logger

	// Trigger is what events that announce data lead to.
	Trigger Trigger

	// StagePrefixes are leading path segments to remove, such as "/ml" for a
	// custom domain's base path. The stage that an event names is removed anyway.
	StagePrefixes []string
}

// Start serves events until the process is told to stop; it does not return.
// ctx is the parent of every event's context.
func (h Handler) Start(ctx context.Context) {
	awslambda.StartWithOptions(h, awslambda.WithContext(ctx))
}

// Invoke answers one event. The error, if any, is an unwrapped
// messages.InvokeResponse_Error, for only such a value keeps its type on the way out.
func (h Handler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, functionError(h.panicked(ctx, p, ""))
		}
	}()
	event, e := open(payload)
	if e != nil {
		return nil, functionError(h.problem(ctx, e, ""))
	}
	switch shape := event.shape(); shape {
	case direct:
		return h.invokeDirect(ctx, event)
	case data:
		return h.invokeTrigger(ctx, event)
	case queue:
		return h.invokeQueue(ctx, event)
	case other:
		e := unsupported(event)
		h.log().WarnContext(ctx, "unsupported event", "detail", e.Detail)
		return nil, functionError(h.problem(ctx, e, ""))
	default:
		return h.invokeProxy(ctx, proxies[shape], payload)
	}
}

// invokeProxy answers an event that wraps an HTTP request.
func (h Handler) invokeProxy(ctx context.Context, p proxy, payload []byte) ([]byte, error) {
	r, e := p.request(payload, h.StagePrefixes)
	if e != nil {
		return p.envelope(malformed(h.problem(ctx, e, ""))), nil
	}
	res := h.serve(ctx, r)
	answer := p.envelope(res)
	if len(answer) > p.limit {
		h.log().ErrorContext(ctx, "response over the platform's limit", "bytes", len(answer), "limit", p.limit)
		answer = p.envelope(refusal(h.problem(ctx, tooLarge(p.limit), r.URL.Path)))
	}
	return answer, nil
}

// serve runs the request through the handler and returns its response, or a
// problem in its place: when the handler panics, answers without bound, or has
// not come back when half of the margin is over.
func (h Handler) serve(ctx context.Context, r *http.Request) *response {
	work, giveUp, stop := h.budget(ctx)
	defer stop()
	r = r.WithContext(work)
	identify(ctx, r)
	done := make(chan *response, 1)
	go func() { done <- h.run(r) }()
	select {
	case res := <-done:
		return res
	case <-giveUp:
		h.log().ErrorContext(ctx, "the handler ignored its deadline and was left behind", "path", r.URL.Path)
		e := fault.New(fault.DeadlineExceeded, "The function's time was over before the step was done.")
		res := refusal(h.problem(ctx, e, r.URL.Path))
		res.abandoned = true
		return res
	}
}

// budget derives the context of the work and the moment at which to answer
// without it. A context without a deadline gets neither.
func (h Handler) budget(ctx context.Context) (work context.Context, giveUp <-chan time.Time, stop func()) {
	deadline, ok := ctx.Deadline()
	if !ok {
		work, cancel := context.WithCancel(ctx)
		return work, nil, cancel
	}
	margin := h.Margin
	if margin <= 0 {
		margin = DefaultMargin
	}
	margin = max(0, min(margin, time.Until(deadline)/2))
	work, cancel := context.WithDeadline(ctx, deadline.Add(-margin))
	timer := time.NewTimer(time.Until(deadline.Add(-margin / 2)))
	return work, timer.C, func() { timer.Stop(); cancel() }
}

// run calls the handler in the calling goroutine.
func (h Handler) run(r *http.Request) (res *response) {
	defer func() {
		if p := recover(); p != nil {
			res = refusal(h.panicked(r.Context(), p, r.URL.Path))
		}
	}()
	rec := newRecorder(maxResponse)
	h.HTTP.ServeHTTP(rec, r)
	if rec.overflowed {
		h.log().ErrorContext(r.Context(), "response over the platform's limit", "limit", maxResponse)
		return refusal(h.problem(r.Context(), tooLarge(maxResponse), r.URL.Path))
	}
	return rec.response()
}

// panicked logs a panic with its stack and describes it without either.
func (h Handler) panicked(ctx context.Context, p any, path string) fault.Problem {
	h.log().ErrorContext(ctx, "panic", "path", path, "panic", p, "stack", string(debug.Stack()))
	return h.problem(ctx, fault.New(fault.Internal,
		"An internal error occurred; its text is in the log under this request id."), path)
}

func (h Handler) problem(ctx context.Context, e *fault.Error, path string) fault.Problem {
	return fault.NewProblem(e, path, requestID(ctx))
}

func (h Handler) log() *slog.Logger {
	if h.Log == nil {
		return slog.Default()
	}
	return h.Log
}

// identify writes Lambda's request id and X-Ray trace id over the client's
// headers, so that one id finds the request everywhere.
func identify(ctx context.Context, r *http.Request) {
	r.Header.Del("X-Request-Id")
	if id := requestID(ctx); id != "" {
		r.Header.Set("X-Request-Id", id)
	}
	if trace, _ := ctx.Value("x-amzn-trace-id").(string); trace != "" {
		r.Header.Set("X-Amzn-Trace-Id", trace)
	}
}

// requestID returns Lambda's id of the invocation, or "" outside of one.
func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
