package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"retrain/internal/fault"
)

// jsonType is the media type of bodies and answers.
const jsonType = "application/json"

// intake reads the body of a POST request into memory before anything else
// happens, within its limits, and hands it on as JSON. The answer is JSON too,
// whatever the client would accept.
//
// The connection's read deadline is lifted afterwards: were it to expire while
// a step runs, net/http would take the client for gone and cancel the step.
func (s *service) intake(limit int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header = r.Header.Clone() // the caller's stays as it is
			if r.Method == http.MethodPost {
				body, err := s.receive(w, r, limit)
				if err != nil {
					writeProblem(w, r, err)
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				r.Header.Set("Content-Type", jsonType)
			}
			r.Header.Del("Accept")
			next.ServeHTTP(w, r)
		})
	}
}

// receive reads a body that is JSON or of one of the other types. JSON that is
// not there counts as {}.
func (s *service) receive(w http.ResponseWriter, r *http.Request, limit int64, others ...string) ([]byte, error) {
	if err := checkMediaType(r.Header, others); err != nil {
		return nil, err
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(s.BodyTimeout)) // there is none outside of a socket
	body, err := readBody(r, limit)
	_ = connection.SetReadDeadline(time.Time{})
	if err == nil && len(others) == 0 && len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	return body, err
}

// checkMediaType accepts JSON under its names, and under those that clients
// send without having been told to: `curl -d` says form-urlencoded, and many
// libraries say text/plain; and the other types that a route takes.
func checkMediaType(h http.Header, others []string) error {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return fault.New(fault.UnsupportedMediaType, "The body has a content encoding; send it plain.").
			At("Content-Encoding is not supported", "media_type", "header", "content-encoding")
	}
	given := h.Get("Content-Type")
	if given == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(given)
	switch {
	case err != nil:
	case slices.Contains(others, media):
		return nil
	case media == jsonType, media == "text/json", media == "text/plain", media == "application/x-www-form-urlencoded":
		return nil
	case strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return nil
	}
	return fault.New(fault.UnsupportedMediaType, "The body must be JSON, with Content-Type application/json.").
		At("Input should be application/json", "media_type", "header", "content-type")
}

// drainLimit is how much of an oversized body is read and thrown away: a client
// that is still sending does not read our answer.
const drainLimit = 8 << 20

// readBody returns the whole body.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, fault.Wrap(fault.Transient, err, "The body did not arrive in time.")
	case err != nil:
		return nil, fault.Wrap(fault.Transient, err, "The body did not arrive as a whole.")
	case int64(len(body)) > limit:
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit)
		return nil, fault.New(fault.TooLarge, "The body is larger than %d bytes.", limit).
			At("Body is too large", "too_large", "body")
	}
	return body, nil
}
