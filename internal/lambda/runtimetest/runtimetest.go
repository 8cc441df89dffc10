// Package runtimetest runs a Lambda function's binary as the platform does: it
// serves the Runtime API to the process, hands it one event at a time, kills it
// at the deadline, starts it again after an exit, and holds it to the limits.
//
// It is for tests and local runs. It knows nothing of what the function does, and
// has no part in the shipped binary. What it leaves out: extensions, response
// streaming, freezing the process between events, and memory limits.
//
// The protocol is described in AWS's "Using the Lambda runtime API for custom
// runtimes", version 2018-06-01.
package runtimetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// MaxPayload is the platform's limit on an event and on an answer, in bytes.
const MaxPayload = 6_291_556

// Function describes the function to run.
type Function struct {
	Name        string        // "function" if empty
	Binary      string        // the executable
	Args        []string      // its arguments; the platform gives none
	Env         []string      // "KEY=value", beside what the platform sets; nothing is inherited
	Dir         string        // its working folder
	Timeout     time.Duration // of one invocation, 3 s if zero
	Concurrency int           // processes at most, 1 if zero
	Log         io.Writer     // gets what the processes print; discarded if nil
}

// Result is how one invocation ended.
type Result struct {
	RequestID string
	Payload   []byte        // the answer, or the error document
	Err       *ErrorDoc     // nil when the function answered
	Cold      bool          // a process was started for this invocation
	Init      time.Duration // from the process's start until it asked for an event; 0 when warm
	Duration  time.Duration // from handing over the event until its end
}

// ErrorDoc is the document that a failed function gives to its caller. Its Type
// is the error name that a state machine sees.
type ErrorDoc struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// Error returns the type and the message.
func (e *ErrorDoc) Error() string { return e.Type + ": " + e.Message }

// The errors of an invocation that did not reach the function.
var (
	ErrTooManyRequests = errors.New("runtimetest: every process is busy")
	ErrRequestTooLarge = fmt.Errorf("runtimetest: the event is larger than %d bytes", MaxPayload)
	ErrInvalidJSON     = errors.New("runtimetest: the event is not JSON")
	ErrClosed          = errors.New("runtimetest: the emulator is closed")
)

// Emulator runs one function. It may be used concurrently.
type Emulator struct {
	fn     Function
	mu     sync.Mutex
	all    []*sandbox
	idle   []*sandbox
	closed bool
	calls  sync.WaitGroup // invocations under way
}

// New returns an emulator. It starts no process before the first invocation.
func New(fn Function) *Emulator {
	if fn.Name == "" {
		fn.Name = "function"
	}
	if fn.Timeout <= 0 {
		fn.Timeout = 3 * time.Second
	}
	if fn.Concurrency <= 0 {
		fn.Concurrency = 1
	}
	if fn.Log == nil {
		fn.Log = io.Discard
	}
	fn.Log = &lockedWriter{w: fn.Log}
	return &Emulator{fn: fn}
}

// Invoke gives the event to the function and waits for the end. The error is
// about the call: a failed function is a Result with an Err. When ctx ends first,
// the process is killed.
func (e *Emulator) Invoke(ctx context.Context, payload []byte) (Result, error) {
	switch {
	case len(payload) > MaxPayload:
		return Result{}, ErrRequestTooLarge
	case !json.Valid(payload):
		return Result{}, ErrInvalidJSON
	}
	s, err := e.acquire()
	if err != nil {
		return Result{}, err
	}
	defer e.release(s)
	return s.invoke(ctx, newInvocation(payload))
}

// Close kills every process and waits for its end. Invocations under way fail.
func (e *Emulator) Close() error {
	e.mu.Lock()
	e.closed = true
	all := e.all
	e.mu.Unlock()
	errs := make([]error, 0, len(all))
	for _, s := range all {
		errs = append(errs, s.close())
	}
	e.calls.Wait()
	for _, s := range all {
		s.kill() // what a call started meanwhile
	}
	return errors.Join(errs...)
}

// acquire takes a process that waits for an event, the latest used first, as
// the platform does; or a new one.
func (e *Emulator) acquire() (*sandbox, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch n := len(e.idle); {
	case e.closed:
		return nil, ErrClosed
	case n > 0:
		s := e.idle[n-1]
		e.idle = e.idle[:n-1]
		e.calls.Add(1)
		return s, nil
	case len(e.all) == e.fn.Concurrency:
		return nil, ErrTooManyRequests
	}
	s, err := newSandbox(&e.fn)
	if err != nil {
		return nil, err
	}
	e.all = append(e.all, s)
	e.calls.Add(1)
	return s, nil
}

func (e *Emulator) release(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.idle = append(e.idle, s)
	e.calls.Done()
}

// lockedWriter lets several processes share one log.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
