package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"retrain/internal/api/apitest"
	"retrain/internal/fault"
	"retrain/internal/train"
)

const trainBody = `{"processed_data_path":"p","run_id":"run-7"}`

// trainWith returns a service whose train step is f.
func trainWith(f func(context.Context) (train.Result, error), opts Options) *service {
	steps := plainSteps()
	steps.Train = func(ctx context.Context, _ train.Request) (train.Result, error) { return f(ctx) }
	if opts.Log == nil {
		opts.Log = quiet()
	}
	return newService(steps, opts)
}

func TestRouting(t *testing.T) {
	h := plainService()
	for _, tt := range []struct {
		method, path string
		status       int
		code, allow  string
		text         string
	}{
		{"GET", "/health", 200, "", "", `{"status":"healthy","version":"v1","commit":"abc"}`},
		{"GET", "/health/", 200, "", "", "healthy"},
		{"GET", "/health?deep=1", 200, "", "", "healthy"},
		{"GET", "/", 200, "", "", `"docs":"docs"`},
		{"POST", "/train/", 422, "Retrain.InvalidRequest", "", "processed_data_path"},
		{"POST", "/health", 405, "Retrain.MethodNotAllowed", "GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS"},
		{"GET", "/train", 405, "Retrain.MethodNotAllowed", "POST, OPTIONS", "POST, OPTIONS"},
		{"DELETE", "/train", 405, "Retrain.MethodNotAllowed", "POST, OPTIONS", ""},
		{"HEAD", "/train", 405, "", "POST, OPTIONS", ""},
		{"PUT", "/docs/start.js", 405, "Retrain.MethodNotAllowed", "GET, HEAD, OPTIONS", ""},
		{"OPTIONS", "/train", 204, "", "POST, OPTIONS", ""},
		{"OPTIONS", "/health/", 204, "", "GET, HEAD, OPTIONS", ""},
		{"OPTIONS", "/nothing", 404, "Retrain.NoSuchRoute", "", ""},
		{"GET", "/nothing", 404, "Retrain.NoSuchRoute", "", "/update-model"},
		{"POST", "/preproces", 404, "Retrain.NoSuchRoute", "", "did you mean /preprocess?"},
		{"POST", "/Train", 404, "Retrain.NoSuchRoute", "", "did you mean /train?"},
		{"GET", "/docs/../train", 404, "Retrain.NoSuchRoute", "", ""},
		{"GET", "/docs/nothing.js", 404, "Retrain.NoSuchRoute", "", ""},
		{"GET", "/openapi-3.0.json", 404, "Retrain.NoSuchRoute", "", ""},
		{"GET", "/schemas/Problem.json", 404, "Retrain.NoSuchRoute", "", ""},
	} {
		w := ask(h, tt.method, tt.path, "")
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow || !strings.Contains(w.Body.String(), tt.text) {
			t.Errorf("%s %s: %d, Allow %q, %s", tt.method, tt.path, w.Code, w.Header().Get("Allow"), w.Body)
		}
		if tt.code != "" {
			if p := problemIn(t, w); p.Code != tt.code {
				t.Errorf("%s %s: %s", tt.method, tt.path, p.Code)
			}
		}
		if tt.method == "HEAD" && w.Body.Len() > 0 {
			t.Errorf("%s %s has a body", tt.method, tt.path)
		}
	}
	if w := ask(h, "HEAD", "/health", ""); w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD /health: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestRequestIDs(t *testing.T) {
	h := plainService()
	for _, id := range []string{"a", "A-b_c.9", strings.Repeat("x", 64)} {
		if got := ask(h, "GET", "/health", "", "X-Request-Id", id).Header().Get("X-Request-Id"); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
	for _, id := range []string{"", "a b", "ä", "x\ny", strings.Repeat("x", 65), "<script>"} {
		if got := ask(h, "GET", "/health", "", "X-Request-Id", id).Header().Get("X-Request-Id"); got == id || len(got) < 20 {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestPanicsStayInside(t *testing.T) {
	for name, value := range map[string]any{
		"text": "SECRET", "error": errors.New("SECRET"), "fault": fault.New(fault.InvalidData, "SECRET"), "nothing": http.ErrAbortHandler,
	} {
		var log bytes.Buffer
		h := trainWith(func(context.Context) (train.Result, error) { panic(value) }, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		w := ask(h, "POST", "/train", trainBody)
		if p := problemIn(t, w); p.Code != "Retrain.Internal" || strings.Contains(w.Body.String(), "SECRET") || strings.Contains(w.Body.String(), ".go") {
			t.Errorf("%s: %s", name, w.Body)
		}
		if !strings.Contains(log.String(), "service_test.go") || !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
			t.Errorf("%s: the log has no stack: %s", name, log.String())
		}
	}
}

// A number that JSON cannot hold must not become a broken answer.
func TestResultsThatCannotBeEncoded(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1)} {
		var log bytes.Buffer
		h := trainWith(func(context.Context) (train.Result, error) {
			return train.Result{Metrics: map[string]*float64{"accuracy": &x}}, nil
		}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		w := ask(h, "POST", "/train", trainBody)
		if p := problemIn(t, w); w.Code != 500 || p.Code != "Retrain.Internal" {
			t.Errorf("%v: %d %s", x, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), "/metrics/accuracy") {
			t.Errorf("%v: the log does not say where: %s", x, log.String())
		}
	}
}

func TestAnswersAreDeterministic(t *testing.T) {
	h := trainWith(func(context.Context) (train.Result, error) {
		r := train.Result{Metrics: map[string]*float64{}, ModelParams: map[string]any{"html": "<&>"}}
		for _, name := range strings.Split("qwertzuiopasdfgh", "") {
			r.Metrics[name] = nil
		}
		return r, nil
	}, Options{})
	took := regexp.MustCompile(`"usage":\{[^}]*\}`)
	answer := func() string { return took.ReplaceAllString(ask(h, "POST", "/train", trainBody).Body.String(), "") }
	want := answer()
	if !strings.Contains(want, `"a":null,"d":null,"e":null`) || !strings.Contains(want, `<&>`) {
		t.Error(want)
	}
	for range 20 {
		if got := answer(); got != want {
			t.Fatalf("%s\n%s", want, got)
		}
	}
}

func TestTooManyTrainings(t *testing.T) {
	started, finish := make(chan bool), make(chan bool)
	h := trainWith(func(context.Context) (train.Result, error) {
		started <- true
		<-finish
		return train.Result{}, nil
	}, Options{MaxTrainings: 1, MaxWait: 20 * time.Millisecond})
	done := make(chan int)
	go func() { done <- ask(h, "POST", "/train", trainBody).Code }()
	<-started
	for _, path := range []string{"/train", "/preprocess", "/retrain"} {
		w := ask(h, "POST", path, `{"processed_data_path":"p","data_path":"d","model_params":{}}`)
		if p := problemIn(t, w); w.Code != 429 || p.Code != "Retrain.Throttled" || !p.Retryable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, tt := range []struct{ path, body string }{{"/evaluate", `{"model_path":"m"}`}, {"/update-model", `{"should_update":false}`}} {
		if w := ask(h, "POST", tt.path, tt.body); w.Code != 200 {
			t.Errorf("%s has to wait: %d", tt.path, w.Code)
		}
	}
	close(finish)
	if got := <-done; got != 200 {
		t.Errorf("the first: %d", got)
	}
	go func() { <-started }()
	if w := ask(h, "POST", "/train", trainBody); w.Code != 200 {
		t.Errorf("the slot is not free again: %d", w.Code)
	}
}

func TestWaitingEndsWithTheFirstFreeSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		h := trainWith(func(context.Context) (train.Result, error) {
			if n := running.Add(1); n > 2 {
				t.Errorf("%d run at the same time", n)
			}
			time.Sleep(time.Second)
			running.Add(-1)
			return train.Result{}, nil
		}, Options{MaxTrainings: 2, MaxWait: 10 * time.Second})
		begin := time.Now()
		done := make(chan int)
		for range 8 {
			go func() { done <- ask(h, "POST", "/train", trainBody).Code }()
		}
		for range 8 {
			if got := <-done; got != 200 {
				t.Errorf("%d", got)
			}
		}
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("eight trainings of a second, two at a time, took %v", took)
		}
	})
}

func TestTimeout(t *testing.T) {
	h := trainWith(func(ctx context.Context) (train.Result, error) {
		<-ctx.Done()
		return train.Result{}, ctx.Err()
	}, Options{Timeout: time.Millisecond})
	w := ask(h, "POST", "/train", trainBody)
	if p := problemIn(t, w); w.Code != 504 || p.Code != "Retrain.DeadlineExceeded" || !p.Retryable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// serving serves a handler within a bubble until the test ends, and returns a
// client of it.
func serving(t *testing.T, h http.Handler) *http.Client {
	network := apitest.NewNetwork()
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(network) }()
	client := network.Client()
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// A client that only waits does not end its step, however long the body's time
// limit is over.
func TestStepsOutliveTheBodysTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := serving(t, trainWith(func(ctx context.Context) (train.Result, error) {
			select {
			case <-ctx.Done():
				return train.Result{}, ctx.Err()
			case <-time.After(time.Hour):
				return train.Result{}, nil
			}
		}, Options{BodyTimeout: 50 * time.Millisecond}))
		res, err := client.Post("http://api/train", "application/json", strings.NewReader(trainBody))
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", res, err)
		}
		res.Body.Close()
	})
}

// A client that goes away ends its step.
func TestStepsEndWithTheirClients(t *testing.T) {
	begun, ended := make(chan bool), make(chan error)
	server := httptest.NewServer(trainWith(func(ctx context.Context) (train.Result, error) {
		begun <- true
		<-ctx.Done()
		ended <- ctx.Err()
		return train.Result{}, ctx.Err()
	}, Options{}))
	defer server.Close()
	ctx, goAway := context.WithCancel(t.Context())
	go func() {
		<-begun
		goAway()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/train", strings.NewReader(trainBody))
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(r); err == nil {
		res.Body.Close()
		t.Fatalf("the client did not go: %v", res)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBodiesThatDoNotArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := serving(t, newService(plainSteps(), Options{Log: quiet(), BodyTimeout: time.Minute}))
		half, stalled := io.Pipe()
		defer stalled.Close()
		go func() { _, _ = io.WriteString(stalled, `{"processed`) }()
		res, err := client.Post("http://api/train", "application/json", half)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
			t.Errorf("%v", res)
		}
	})
}

// The answer to an oversized body reaches a client that sends all of it before
// it reads: a connection that is closed on unread data is reset.
func TestOversizedBodiesOverASocket(t *testing.T) {
	const size, buffer = 6 << 20, 64 << 10 // most of it cannot wait in the system's buffers
	server := httptest.NewUnstartedServer(plainService())
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state != http.StateNew {
			return
		}
		if err := c.(*net.TCPConn).SetReadBuffer(buffer); err != nil {
			t.Error(err)
		}
	}
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetWriteBuffer(buffer); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST /train HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat(" ", size)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%v", res)
	}
}

// deadlines records the read deadlines that a connection is given.
type deadlines struct {
	*httptest.ResponseRecorder
	given []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.given = append(d.given, t)
	return nil
}

// While a step runs there is no read deadline: net/http would take its expiry
// for a client that has gone, and cancel the step.
func TestNoReadDeadlineIsLeft(t *testing.T) {
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h := trainWith(func(context.Context) (train.Result, error) {
		if n := len(w.given); n < 2 || w.given[0].IsZero() || !w.given[n-1].IsZero() {
			t.Errorf("deadlines: %v", w.given)
		}
		return train.Result{}, nil
	}, Options{})
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/train", strings.NewReader(trainBody)))
	if w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestDeepHealth(t *testing.T) {
	steps := plainSteps()
	steps.Health = func(context.Context) error {
		return fault.Wrap(fault.Transient, errors.New("SECRET"), "The store is out of reach.")
	}
	h := New(steps, Options{Version: "v1", Log: quiet()})
	if w := ask(h, "GET", "/health", ""); w.Code != 200 {
		t.Errorf("shallow: %d %s", w.Code, w.Body)
	}
	w := ask(h, "GET", "/health?deep=true", "")
	var got Health
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if w.Code != 503 || got.Status != "degraded" || got.Code != "Retrain.Transient" || got.Checks[0].Detail != "The store is out of reach." {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if strings.Contains(w.Body.String(), "SECRET") {
		t.Error("the cause is in the answer")
	}
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	steps := plainSteps()
	steps.Evaluate = nil // a nil step panics
	h := New(steps, Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	line := func(method, path, body string) map[string]any {
		log.Reset()
		ask(h, method, path, body, "X-Request-Id", "id-1")
		var attrs map[string]any
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &attrs); err != nil {
			t.Fatalf("%v: %s", err, log.String())
		}
		return attrs
	}
	got := line("POST", "/train", trainBody)
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "path": "/train", "status": 200.0, "request_id": "id-1", "run_id": "run-7",
	} {
		if got[name] != want {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if _, ok := got["duration_ms"].(float64); !ok {
		t.Errorf("%v", got)
	}
	if got := line("POST", "/train", "{}"); got["code"] != "Retrain.InvalidRequest" || got["level"] != "INFO" {
		t.Errorf("%v", got)
	}
	if got := line("POST", "/evaluate", `{"model_path":"m"}`); got["code"] != "Retrain.Internal" || got["level"] != "ERROR" {
		t.Errorf("%v", got)
	}
}

func BenchmarkHealth(b *testing.B) {
	h := plainService()
	r := httptest.NewRequest(http.MethodGet, "/health", nil)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// BenchmarkNew is what a cold start pays for this room.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		plainService()
	}
}

// What is counted of a request reaches the observer, under the route's name.
func TestRequestsAreObserved(t *testing.T) {
	half := 0.5
	var seen []Observation
	h := trainWith(func(context.Context) (train.Result, error) {
		return train.Result{ModelName: "churn", Metrics: map[string]*float64{"accuracy": &half, "roc_auc": nil}}, nil
	}, Options{Memory: 2048, Observe: func(_ context.Context, o Observation) { seen = append(seen, o) }})
	body := ask(h, "POST", "/train", trainBody).Body.String()
	ask(h, "GET", "/models/churn/history", "")
	ask(h, "GET", "/nothing", "")
	if len(seen) != 3 || seen[1].Route != "/models/{name}/history" || seen[2].Route != "other" || seen[2].Status != 404 {
		t.Fatalf("%+v", seen)
	}
	o := seen[0]
	if o.Route != "/train" || o.Model != "churn" || o.Status != 200 || len(o.Figures) != 1 || o.Figures["challenger_accuracy"] != half {
		t.Errorf("%+v", o)
	}
	if !strings.Contains(body, `"usage":{"duration_ms":`) {
		t.Errorf("the answer does not tell what it took: %s", body)
	}
}
