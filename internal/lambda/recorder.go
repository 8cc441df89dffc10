package lambda

import (
	"bytes"
	"errors"
	"net/http"

	"retrain/internal/fault"
)

// response is a finished HTTP response. Header and body belong to it alone.
type response struct {
	status    int
	header    http.Header
	body      []byte
	abandoned bool // its handler still runs
}

// recorder is the http.ResponseWriter that keeps a response in memory, up to a
// limit. It is written by one goroutine, and read after ServeHTTP has returned.
type recorder struct {
	live       http.Header // what the handler sees and changes
	sent       http.Header // live as it was at the first write
	status     int
	body       bytes.Buffer
	limit      int
	overflowed bool
}

func newRecorder(limit int) *recorder {
	return &recorder{live: http.Header{}, limit: limit}
}

// Header implements http.ResponseWriter.
func (w *recorder) Header() http.Header { return w.live }

// WriteHeader implements http.ResponseWriter. Later calls, and informational
// statuses, which no event's sender could forward, have no effect.
func (w *recorder) WriteHeader(status int) {
	if w.sent != nil || status < http.StatusOK {
		return
	}
	w.status, w.sent = status, w.live.Clone()
}

var errOverflow = errors.New("lambda: the response is over the platform's limit")

// Write implements http.ResponseWriter. It fails once the limit is passed.
func (w *recorder) Write(p []byte) (int, error) {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	if w.body.Len()+len(p) > w.limit {
		w.overflowed = true
		return 0, errOverflow
	}
	return w.body.Write(p)
}

// Flush implements http.Flusher. An event is answered whole, so it does nothing.
func (w *recorder) Flush() {}

func (w *recorder) response() *response {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	return &response{status: w.status, header: w.sent, body: w.body.Bytes()}
}

// refusal is the response that shows a problem.
func refusal(p fault.Problem) *response {
	status := p.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	header := http.Header{}
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	return &response{status: status, header: header, body: p.JSON()}
}

// malformed is the refusal of an event whose HTTP request cannot be made. Its
// status is 400 and not the kind's 422, for no route has seen the request.
func malformed(p fault.Problem) *response {
	p.Status = http.StatusBadRequest
	return refusal(p)
}
