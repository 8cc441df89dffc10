// Package fault names the ways in which a request can end badly, by what the
// caller can do about it.
//
// One table maps each kind to its code, HTTP status and advice; the HTTP face,
// the Lambda face and the state machine's ErrorEquals are all read off it. The
// package knows nothing of HTTP, AWS or the steps.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error.
type Kind uint8

// The kinds, in the order of the contract's table. The zero Kind is Internal:
// an error that nobody classified is a bug of ours.
const (
	Internal Kind = iota
	InvalidRequest
	InvalidData
	DataNotFound
	AccessDenied
	TooLarge
	RunConflict
	GateNotPassed
	ChampionChanged
	DeadlineExceeded
	Throttled
	Transient
	NoSuchRoute
	MethodNotAllowed
	UnsupportedMediaType
	UnsupportedEvent
	numKinds
)

// Advice says whether and how a failed request may be repeated.
type Advice uint8

// The advice values.
const (
	Never         Advice = iota // the same request fails again
	Again                       // the same request may succeed later
	EvaluateAgain               // go back to the evaluate step
	Resume                      // call again; finished work is kept
)

// Info is one row of the error table.
type Info struct {
	Code   string // the Lambda errorType and the problem document's code
	Slug   string // the last part of the problem document's type URN
	Status int    // the HTTP status; 0 where the HTTP face cannot meet the kind
	Title  string // a short fixed summary
	Advice Advice
}

var table = [numKinds]Info{
	Internal:             {"Retrain.Internal", "internal", 500, "Internal error", Never},
	InvalidRequest:       {"Retrain.InvalidRequest", "invalid-request", 422, "Invalid request", Never},
	InvalidData:          {"Retrain.InvalidData", "invalid-data", 422, "Invalid data", Never},
	DataNotFound:         {"Retrain.DataNotFound", "data-not-found", 422, "Data not found", Never},
	AccessDenied:         {"Retrain.AccessDenied", "access-denied", 403, "Access denied", Never},
	TooLarge:             {"Retrain.TooLarge", "too-large", 413, "Too large", Never},
	RunConflict:          {"Retrain.RunConflict", "run-conflict", 409, "Run conflict", Never},
	GateNotPassed:        {"Retrain.GateNotPassed", "gate-not-passed", 409, "Gate not passed", Never},
	ChampionChanged:      {"Retrain.ChampionChanged", "champion-changed", 409, "Champion changed", EvaluateAgain},
	DeadlineExceeded:     {"Retrain.DeadlineExceeded", "deadline-exceeded", 504, "Deadline exceeded", Resume},
	Throttled:            {"Retrain.Throttled", "throttled", 429, "Too many requests", Again},
	Transient:            {"Retrain.Transient", "transient", 503, "Temporarily unavailable", Again},
	NoSuchRoute:          {"Retrain.NoSuchRoute", "no-such-route", 404, "No such route", Never},
	MethodNotAllowed:     {"Retrain.MethodNotAllowed", "method-not-allowed", 405, "Method not allowed", Never},
	UnsupportedMediaType: {"Retrain.UnsupportedMediaType", "unsupported-media-type", 415, "Unsupported media type", Never},
	UnsupportedEvent:     {"Retrain.UnsupportedEvent", "unsupported-event", 0, "Unsupported event", Never},
}

// Info returns the kind's row of the table.
func (k Kind) Info() Info { return table[k] }

// Code returns the kind's code, for example "Retrain.InvalidData".
func (k Kind) Code() string { return table[k].Code }

// String returns the kind's code.
func (k Kind) String() string { return table[k].Code }

// Retryable reports whether the very same request may succeed when repeated.
func (k Kind) Retryable() bool { a := table[k].Advice; return a == Again || a == Resume }

// Kinds lists every kind, in the order of the table.
func Kinds() []Kind {
	all := make([]Kind, numKinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// Field is one thing that is wrong with a request or a datum, in the form that
// FastAPI users know: where it is, what is wrong, and a stable type.
type Field struct {
	Loc  []any  `json:"loc"` // path: strings, and integers for array indices or lines
	Msg  string `json:"msg"`
	Type string `json:"type"`
}

// Error is an error that may be shown to a caller. Detail and Fields never hold
// input values, file contents, or paths that the request did not name; what
// caused the error is for the log only.
type Error struct {
	Kind   Kind
	Detail string // one sentence
	Fields []Field
	Cause  error // logged, never shown
}

// Error returns the text for the log: the detail and its cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Kind.Code(), e.Detail, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Kind.Code(), e.Detail)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of the kind whose detail is shown to the caller.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// Wrap is New with a cause for the log.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...), Cause: cause}
}

// At adds a field to the error and returns it.
func (e *Error) At(msg, typ string, loc ...any) *Error {
	e.Fields = append(e.Fields, Field{Loc: loc, Msg: msg, Type: typ})
	return e
}

// From finds the Error in err. An expired context becomes DeadlineExceeded, a
// cancelled one Transient, and anything unknown Internal with an opaque text.
func From(err error) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return Wrap(DeadlineExceeded, err, "The time limit was reached before the step was done.")
	case errors.Is(err, context.Canceled):
		return Wrap(Transient, err, "The request was cancelled.")
	}
	return Wrap(Internal, err, "An internal error occurred; its text is in the log under this request id.")
}

// Is reports whether err is of the kind, as From sees it.
func Is(err error, kind Kind) bool { return err != nil && From(err).Kind == kind }

// Locate says where in the request an error's cause stands, unless the error
// names fields itself. Errors of other types pass unchanged.
func Locate(err error, loc ...any) error {
	var e *Error
	if errors.As(err, &e) && len(e.Fields) == 0 {
		return e.At(e.Detail, "value_error", loc...)
	}
	return err
}
