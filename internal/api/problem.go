package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"retrain/internal/fault"
)

const problemType = "application/problem+json"

// retryAfter is the advice of the Retry-After header, in seconds.
var retryAfter = map[fault.Kind]int{fault.Throttled: 10, fault.Transient: 5}

// problem is a fault as an answer. It is what huma calls a StatusError, a
// HeadersError and a ContentTypeFilter.
type problem struct {
	fault.Problem
	fault *fault.Error
}

// problemOf describes err for the caller, notes it for the log, and is the only
// way in which an error becomes an answer.
func problemOf(ctx context.Context, err error) *problem {
	e := fault.From(err)
	v := visitOf(ctx)
	v.fault = e
	return &problem{fault.NewProblem(e, v.path, v.id), e}
}

// Error implements error.
func (p *problem) Error() string { return p.fault.Error() }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return problemType }

// GetHeaders implements huma.HeadersError.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if seconds, ok := retryAfter[p.fault.Kind]; ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	return h
}

// TransformSchema implements huma.SchemaTransformer: the document lists the
// codes, and says what the members are.
func (*problem) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	for name, text := range map[string]string{
		"type":       "A URN for the kind of error",
		"title":      "The same for all errors of the kind",
		"status":     "The HTTP status",
		"detail":     "What went wrong, in a sentence",
		"instance":   "The path that was asked for",
		"code":       "The kind of error; also the Lambda errorType and the state machine's error name",
		"retryable":  "Whether the very same request may succeed when repeated",
		"request_id": "Finds the request in the log; also in the X-Request-Id header",
		"errors":     "Each violation, with FastAPI's members",
	} {
		s.Properties[name].Description = text
	}
	for _, kind := range fault.Kinds() {
		s.Properties["code"].Enum = append(s.Properties["code"].Enum, kind.Code())
	}
	field := r.SchemaFromRef(s.Properties["errors"].Items.Ref).Properties
	field["loc"].Description = "Where: the names and indices that lead there, from the body on"
	field["msg"].Description = "What is wrong"
	field["type"].Description = "A stable name for it"
	return s
}

// writeProblem answers with err's document, outside of huma.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_, _ = w.Write(p.JSON())
}

// huma makes errors of its own, for parameters above all, through two package
// variables. Ours keep its texts' stable part and drop what they quote.
//
// An absent list is answered as [], so no schema says that lists may be null.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return problemOf(context.Background(), fromHuma(status, errs))
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return problemOf(ctx.Context(), fromHuma(status, errs))
	}
}

// fromHuma finds the kind for a status that huma chose. Its statuses for bodies
// do not occur, since intake has read the body before.
func fromHuma(status int, errs []error) *fault.Error {
	if status >= http.StatusInternalServerError || status < http.StatusBadRequest {
		e := fault.New(fault.Internal, "An internal error occurred; its text is in the log under this request id.")
		if len(errs) > 0 {
			e.Cause = errs[0]
		}
		return e
	}
	e := fault.New(fault.InvalidRequest, "The request is not valid.")
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			var loc []any
			for part := range strings.SplitSeq(d.Location, ".") {
				loc = append(loc, part)
			}
			e = e.At("Input is not valid here: "+d.Message, "value_error", loc...)
		}
	}
	return e
}
