package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"retrain/internal/fault"
)

// invocation is a context as the runtime makes it.
func invocation(t *testing.T) context.Context {
	return traced{lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})}
}

// traced has the X-Ray trace id under the plain string that the runtime uses.
type traced struct{ context.Context }

func (c traced) Value(key any) any {
	if key == "x-amzn-trace-id" {
		return "Root=1-2-3"
	}
	return c.Context.Value(key)
}

// serving returns a handler that logs to buf.
func serving(buf io.Writer, f http.HandlerFunc) Handler {
	return Handler{HTTP: f, Log: slog.New(slog.NewTextHandler(buf, nil))}
}

// failureOf reads the error of a direct invocation: an unwrapped value whose
// message is the problem document.
func failureOf(t *testing.T, err error) (messages.InvokeResponse_Error, fault.Problem) {
	t.Helper()
	failed, ok := any(err).(messages.InvokeResponse_Error)
	if !ok {
		t.Fatalf("error is %T and would lose its type: %v", err, err)
	}
	var p fault.Problem
	if json.Unmarshal([]byte(failed.Message), &p) != nil {
		t.Fatalf("errorMessage is no document: %s", failed.Message)
	}
	if failed.Type != p.Code {
		t.Errorf("errorType %s, code %s", failed.Type, p.Code)
	}
	return failed, p
}

func TestPanicOnBothFaces(t *testing.T) {
	var log strings.Builder
	h := serving(&log, func(http.ResponseWriter, *http.Request) { panic("a secret") })
	answer, err := h.Invoke(invocation(t), []byte(`{"path":"/train"}`))
	failed, p := failureOf(t, err)
	if answer != nil || p.Code != "Retrain.Internal" || p.RequestID != "request-1" || p.Instance != "/train" {
		t.Errorf("direct: %s, %+v", answer, p)
	}
	if strings.Contains(failed.Message, "secret") || failed.ShouldExit {
		t.Errorf("direct: %+v", failed)
	}
	answer, err = h.Invoke(invocation(t), []byte(`{"httpMethod":"POST","path":"/train","requestContext":{}}`))
	if err != nil || !strings.Contains(string(answer), `"statusCode":500`) || strings.Contains(string(answer), "secret") {
		t.Errorf("REST: %v, %s", err, answer)
	}
	if got := log.String(); strings.Count(got, "a secret") != 2 || !strings.Contains(got, "handler_test.go") {
		t.Errorf("log has no panic with its stack:\n%s", got)
	}
}

// The context of the work ends a margin before the platform's deadline.
func TestWorkEndsBeforeTheDeadline(t *testing.T) {
	for _, c := range []struct{ margin, left, want time.Duration }{
		{0, time.Minute, time.Minute - DefaultMargin},
		{5 * time.Second, time.Minute, 55 * time.Second},
		{5 * time.Second, 2 * time.Second, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.left)
			defer cancel()
			h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
				deadline, _ := r.Context().Deadline()
				if got := time.Until(deadline); got != c.want {
					t.Errorf("margin %v, %v left: the work has %v", c.margin, c.left, got)
				}
			})
			h.Margin = c.margin
			if _, err := h.Invoke(ctx, []byte(`{"path":"/train"}`)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A handler that obeys its context has half of the margin to say so in its own
// words; one that ignores it is answered for, and the process asked to end.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			time.Sleep(400 * time.Millisecond)
			w.WriteHeader(http.StatusGatewayTimeout)
			_, _ = w.Write([]byte(`{"code":"Retrain.DeadlineExceeded","detail":"own words"}`))
		})
		failed, p := deadline(t, own)
		if p.Detail != "own words" || failed.ShouldExit {
			t.Errorf("a handler that obeys: %+v, %+v", failed, p)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		begin := time.Now()
		failed, p := deadline(t, serving(io.Discard, func(http.ResponseWriter, *http.Request) { <-end }))
		if p.Code != "Retrain.DeadlineExceeded" || !p.Retryable || !failed.ShouldExit {
			t.Errorf("a handler that ignores it: %+v, %+v", failed, p)
		}
		if took := time.Since(begin); took != 9500*time.Millisecond {
			t.Errorf("answered after %v of 10 s", took)
		}
	})
}

func deadline(t *testing.T, h Handler) (messages.InvokeResponse_Error, fault.Problem) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := h.Invoke(ctx, []byte(`{"path":"/train"}`))
	return failureOf(t, err)
}

func TestAnswersOverTheLimits(t *testing.T) {
	h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
		n := map[string]int{"/direct": maxDirect, "/alb": maxALB, "/http": maxResponse, "/much": maxResponse}[r.URL.Path]
		w.Header().Set("Content-Type", "application/json")
		for range n / 1000 {
			if _, err := w.Write([]byte(strings.Repeat(" ", 999) + "1")); err != nil {
				return
			}
		}
		_, _ = io.WriteString(w, strings.Repeat("1", 2000))
	})
	_, err := h.Invoke(invocation(t), []byte(`{"path":"/direct"}`))
	if _, p := failureOf(t, err); p.Code != "Retrain.TooLarge" {
		t.Errorf("direct: %+v", p)
	}
	for name, event := range map[string]string{
		"REST": `{"httpMethod":"POST","path":"/http","requestContext":{}}`,
		"HTTP": `{"version":"2.0","rawPath":"/http","requestContext":{"http":{"method":"POST","path":"/http"}}}`,
		"ALB":  `{"httpMethod":"POST","path":"/alb","requestContext":{"elb":{}}}`,
	} {
		answer, err := h.Invoke(invocation(t), []byte(event))
		if err != nil || !strings.Contains(string(answer), `"statusCode":413`) || !strings.Contains(string(answer), "Retrain.TooLarge") {
			t.Errorf("%s: %v, %.200s", name, err, answer)
		}
	}
}

func TestRequestIDAndTraceReachTheRequest(t *testing.T) {
	h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
		lc, ok := lambdacontext.FromContext(r.Context())
		if !ok || lc.AwsRequestID != "request-1" {
			t.Errorf("the context has no invocation: %+v", lc)
		}
		if got := r.Header.Get("X-Request-Id") + " " + r.Header.Get("X-Amzn-Trace-Id"); got != "request-1 Root=1-2-3" {
			t.Errorf("headers: %s", got)
		}
	})
	event := `{"httpMethod":"GET","path":"/","headers":{"x-request-id":"forged","x-amzn-trace-id":"Root=0"},"requestContext":{}}`
	if _, err := h.Invoke(invocation(t), []byte(event)); err != nil {
		t.Error(err)
	}
}

// A handler that never stops writing is stopped, and holds no more than the
// platform could have sent.
func TestEndlessAnswerIsBounded(t *testing.T) {
	taken := 0
	h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
		for taken <= 4*maxResponse {
			n, err := w.Write(make([]byte, 64<<10))
			if taken += n; err != nil {
				return
			}
		}
	})
	_, err := h.Invoke(invocation(t), []byte(`{"path":"/train"}`))
	if _, p := failureOf(t, err); p.Code != "Retrain.TooLarge" || taken > maxResponse {
		t.Errorf("%d bytes were taken: %+v", taken, p)
	}
}

func TestClientsRequestIDIsNotLambdas(t *testing.T) {
	h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
		if id := r.Header.Get("X-Request-Id"); id != "" {
			t.Errorf("request id %q", id)
		}
	})
	event := `{"httpMethod":"GET","path":"/","headers":{"x-request-id":"forged"},"requestContext":{}}`
	if _, err := h.Invoke(t.Context(), []byte(event)); err != nil {
		t.Error(err)
	}
}

// What the handler is given may still be read after the answer, when the
// runtime has put the next event into the same memory.
func TestBodyIsACopy(t *testing.T) {
	for _, event := range []string{
		`{"path":"/train","body":{"a":"first"}}`,
		`{"httpMethod":"POST","path":"/train","body":"{\"a\":\"first\"}","requestContext":{}}`,
	} {
		payload := []byte(event)
		h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
			copy(payload, strings.Repeat("#", len(payload)))
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != `{"a":"first"}` {
				t.Errorf("body is %s (%v)", body, err)
			}
		})
		if _, err := h.Invoke(invocation(t), payload); err != nil {
			t.Error(err)
		}
	}
}

func TestHandlerKeepsNoGoroutineWithoutDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serving(io.Discard, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) })
		if _, err := h.Invoke(t.Context(), []byte(`{"path":"/train"}`)); err != nil {
			t.Error(err)
		}
	})
}

// A wrapped or pointed-to error loses its type in the runtime: this is why
// Invoke returns the value.
func TestInvokeErrorsAreUnwrapped(t *testing.T) {
	h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "plain", http.StatusNotFound) })
	for _, event := range []string{`{}`, `[]`, `{`, `{"path":"/x"}`, `{"path":":"}`, `{"path":"/x","path":"/y"}`} {
		_, err := h.Invoke(invocation(t), []byte(event))
		if failed, _ := failureOf(t, err); failed.Type == "" {
			t.Errorf("%s: no type", event)
		}
		if errors.Unwrap(err) != nil {
			t.Errorf("%s: error is wrapped", event)
		}
	}
}
