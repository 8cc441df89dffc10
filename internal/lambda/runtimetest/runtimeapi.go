package runtimetest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// invocation is one event on its way through a process.
type invocation struct {
	id      string
	trace   string
	payload []byte
	end     chan outcome // holds the first end that was posted
}

// outcome is how an invocation ended: an answer, or an error document.
type outcome struct {
	payload []byte
	err     *ErrorDoc
}

func newInvocation(payload []byte) *invocation {
	var b [28]byte
	// It never fails, by the package's own promise.
	_, _ = rand.Read(b[:])
	return &invocation{
		id:      fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16]),
		trace:   fmt.Sprintf("Root=1-%x-%x;Parent=%x;Sampled=0", b[:4], b[4:16], b[16:24]),
		payload: payload,
		end:     make(chan outcome, 1),
	}
}

// posts remembers which invocation the process may answer.
type posts struct {
	mu      sync.Mutex
	current *invocation
}

func (p *posts) expect(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = inv
}

// settle ends the current invocation. It reports false for another id, and for
// an invocation that has an end.
func (p *posts) settle(id string, end outcome) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || (id != "" && p.current.id != id) {
		return false
	}
	select {
	case p.current.end <- end:
		return true
	default:
		return false
	}
}

// takeOr returns the end that was posted, or else the given one.
func (p *posts) takeOr(inv *invocation, otherwise outcome) outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case end := <-inv.end:
		return end
	default:
		return otherwise
	}
}

// routes is the Runtime API as the process sees it.
func (s *sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", s.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", s.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", s.failed)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.failed)
	return mux
}

// next waits for an event, for as long as the process keeps asking.
func (s *sandbox) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case inv := <-s.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(s.fn.Timeout).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:"+s.fn.Name)
		h.Set("Lambda-Runtime-Trace-Id", inv.trace)
		// A process that went away meanwhile is noticed by its exit.
		_, _ = w.Write(inv.payload)
	}
}

func (s *sandbox) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil {
		return // the process broke off: its exit tells the rest
	}
	if len(body) > MaxPayload {
		message := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload)
		s.posts.settle(r.PathValue("id"), failure("Function.ResponseSizeTooLarge", message))
		reply(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		return
	}
	s.settled(w, r, outcome{payload: body})
}

func (s *sandbox) failed(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload))
	if err != nil {
		return
	}
	var doc ErrorDoc
	if json.Unmarshal(body, &doc) != nil || doc.Type == "" {
		reply(w, http.StatusBadRequest, "InvalidErrorShape")
		return
	}
	s.settled(w, r, outcome{payload: body, err: &doc})
}

func (s *sandbox) settled(w http.ResponseWriter, r *http.Request, end outcome) {
	if !s.posts.settle(r.PathValue("id"), end) {
		reply(w, http.StatusBadRequest, "InvalidRequestID")
		return
	}
	reply(w, http.StatusAccepted, "")
}

// reply answers the process in the Runtime API's own form.
func reply(w http.ResponseWriter, status int, errorType string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if errorType == "" {
		_, _ = io.WriteString(w, `{"status":"OK"}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, errorType, errorType)
}
