package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"time"
)

// network carries the requests of one client to a server in the process, and
// does it badly. It is an http.RoundTripper without goroutines or sockets, so
// that all waiting is time that a synctest bubble can skip. A client sends one
// request after the other, so its dice fall in the same order for a seed.
type network struct {
	server http.Handler
	dice   *rand.Rand
	log    *[]string // what became of each request, for a trial that fails
	start  time.Time
}

// fate is what becomes of a request.
type fate string

// The fates. Of 100 requests, 80 to 85 arrive.
const (
	arrives  fate = ""
	lost     fate = "answer lost" // the server carried the request out
	late     fate = "lost, and carried out later"
	slowDown fate = "503"
	conflict fate = "409" // only where a write has a condition
)

// latest is how much later a lost write may still arrive, and longestWay how
// long a request or its answer travels otherwise.
const (
	latest     = 5 * time.Second
	longestWay = 20 * time.Millisecond
)

func (n *network) draw(r *http.Request) fate {
	write := r.Method == http.MethodPut
	conditional := r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != ""
	switch dice := n.dice.IntN(100); {
	case write && dice < 2:
		return late
	case dice < 10:
		return lost
	case dice < 15:
		return slowDown
	case write && conditional && dice < 20:
		return conflict
	}
	return arrives
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	fate, there, back, delay := n.draw(r), n.way(longestWay), n.way(longestWay), n.way(latest)
	body, err := content(r)
	if err != nil {
		return nil, err
	}
	if err := sleep(r.Context(), there); err != nil {
		n.note(r, "given up on before it arrived")
		return nil, err
	}
	answer := n.meet(fate, r, body, delay)
	n.note(r, fmt.Sprintf("%d %s", answer.StatusCode, fate))
	if err := sleep(r.Context(), back); err != nil {
		return nil, err
	}
	if fate == lost || fate == late {
		return nil, n.brokenOff()
	}
	return answer, nil
}

// meet lets a request meet its fate at the server.
func (n *network) meet(fate fate, r *http.Request, body []byte, delay time.Duration) *http.Response {
	switch fate {
	case slowDown:
		return refusal(r, http.StatusServiceUnavailable, "SlowDown")
	case conflict:
		return refusal(r, http.StatusConflict, "ConditionalRequestConflict")
	case late:
		again := r.Clone(context.WithoutCancel(r.Context()))
		go func() {
			time.Sleep(delay)
			serve(n.server, again, body)
		}()
		return refusal(r, http.StatusAccepted, "")
	}
	return carry(n.server, r, body)
}

func (n *network) way(longest time.Duration) time.Duration {
	return time.Duration(1 + n.dice.Int64N(int64(longest)))
}

func (n *network) note(r *http.Request, what string) {
	*n.log = append(*n.log, fmt.Sprintf("%v %s %s: %s", time.Since(n.start), r.Method, r.URL.Path, what))
}

// brokenOff is the error of a connection that ends before the answer. The SDK
// tries again after the first of them by itself, and not after the second.
func (n *network) brokenOff() error {
	if n.dice.IntN(3) > 0 {
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return io.ErrUnexpectedEOF
}

// sound is the network without its faults.
type sound struct{ server http.Handler }

// RoundTrip implements http.RoundTripper.
func (s sound) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := content(r)
	if err != nil {
		return nil, err
	}
	return carry(s.server, r, body), nil
}

func content(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	return body, errors.Join(err, r.Body.Close())
}

// carry hands a client's request to the server and returns the answer.
func carry(server http.Handler, r *http.Request, body []byte) *http.Response {
	answer := serve(server, r, body).Result()
	answer.Request = r
	return answer
}

// serve lets the server answer a client's request as it comes out of net/http.
func serve(server http.Handler, r *http.Request, body []byte) *httptest.ResponseRecorder {
	in := r.Clone(context.WithoutCancel(r.Context()))
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "client:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if r.Method == http.MethodPut {
		in.Header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, in)
	return recorder
}

// refusal is S3's answer to a request that it does not carry out.
func refusal(r *http.Request, status int, code string) *http.Response {
	text := "<Error><Code>" + code + "</Code></Error>"
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/xml"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)),
	}
}

// sleep waits, and ends early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
