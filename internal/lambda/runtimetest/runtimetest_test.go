package runtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// rogue is the binary of testdata/rogue, built once.
var rogue string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "runtimetest")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		rogue = filepath.Join(dir, "rogue")
		if out, err := exec.Command("go", "build", "-o", rogue, "../testdata/rogue").CombinedOutput(); err != nil {
			panic(string(out))
		}
		return m.Run()
	}())
}

func start(t *testing.T, fn Function) *Emulator {
	t.Helper()
	if fn.Binary == "" {
		fn.Binary = rogue
	}
	if fn.Log == nil {
		fn.Log = t.Output()
	}
	e := New(fn)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

func invoke(t *testing.T, e *Emulator, event string) Result {
	t.Helper()
	res, err := e.Invoke(context.Background(), []byte(event))
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	return res
}

// pid asks the function for its process id.
func pid(t *testing.T, e *Emulator) int {
	t.Helper()
	res := invoke(t, e, `{"path":"/health"}`)
	var doc struct{ PID int }
	if res.Err != nil || json.Unmarshal(res.Payload, &doc) != nil || doc.PID == 0 {
		t.Fatalf("health answered %s", res.Payload)
	}
	return doc.PID
}

func TestWarmProcessIsUsedAgain(t *testing.T) {
	e := start(t, Function{})
	cold := invoke(t, e, `{"path":"/health"}`)
	warm := invoke(t, e, `{"path":"/health"}`)
	if !cold.Cold || cold.Init <= 0 || warm.Cold || warm.Init != 0 {
		t.Errorf("cold %v (init %v), then cold %v (init %v)", cold.Cold, cold.Init, warm.Cold, warm.Init)
	}
	if !bytes.Equal(cold.Payload, warm.Payload) {
		t.Errorf("two processes: %s and %s", cold.Payload, warm.Payload)
	}
	if cold.RequestID == warm.RequestID || cold.RequestID == "" {
		t.Errorf("request ids %q and %q", cold.RequestID, warm.RequestID)
	}
}

func TestExitIsReportedAndFollowedByAStart(t *testing.T) {
	e := start(t, Function{})
	before := pid(t, e)
	res := invoke(t, e, `{"path":"/exit"}`)
	if res.Err == nil || res.Err.Type != "Runtime.ExitError" || !strings.Contains(res.Err.Message, "exit status 3") {
		t.Errorf("got %v", res.Err)
	}
	if after := pid(t, e); after == before {
		t.Errorf("process %d lives on", before)
	}
}

func TestExitDuringInitIsReported(t *testing.T) {
	e := start(t, Function{Env: []string{"ROGUE_INIT=exit"}})
	res := invoke(t, e, `{}`)
	if res.Err == nil || res.Err.Type != "Runtime.ExitError" || !strings.Contains(res.Err.Message, "exit status 7") {
		t.Errorf("got %v", res.Err)
	}
}

// A function that sits on its event is killed at the deadline, and the next
// event meets a new process. The rogue stops itself, and so cannot answer.
func TestDeadlineKills(t *testing.T) {
	e := start(t, Function{Timeout: time.Second, Env: []string{"ROGUE_MARGIN=1ns"}})
	var victims []int
	for range 2 {
		res := invoke(t, e, `{"path":"/stop"}`)
		if res.Err == nil || res.Err.Type != "Sandbox.Timedout" || res.Duration < time.Second || !res.Cold {
			t.Errorf("cold %v, after %v: %v", res.Cold, res.Duration, res.Err)
		}
		victim := e.all[0].runs.Load().cmd.Process.Pid
		if err := syscall.Kill(victim, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("the process is still there: %v", err)
		}
		victims = append(victims, victim)
	}
	if victims[0] == victims[1] {
		t.Error("the next event met the killed process")
	}
}

func TestLimits(t *testing.T) {
	e := start(t, Function{})
	big := []byte(`"` + strings.Repeat("x", MaxPayload) + `"`)
	if _, err := e.Invoke(context.Background(), big); !errors.Is(err, ErrRequestTooLarge) {
		t.Errorf("a large event: %v", err)
	}
	if _, err := e.Invoke(context.Background(), []byte(`{"path":`)); !errors.Is(err, ErrInvalidJSON) {
		t.Errorf("no JSON: %v", err)
	}
}

// The Runtime API refuses an answer over the limit, whatever the runtime does then.
func TestResponseOverTheLimitIsRefused(t *testing.T) {
	s, err := newSandbox(&Function{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.api.Close()
	inv := newInvocation([]byte(`{}`))
	s.posts.expect(inv)
	url := "http://" + s.addr + "/2018-06-01/runtime/invocation/"
	post := func(id string, size int) int {
		res, err := http.Post(url+id+"/response", "application/json", strings.NewReader(strings.Repeat("1", size)))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if got := post("another", 1); got != http.StatusBadRequest {
		t.Errorf("another id: status %d", got)
	}
	if got := post(inv.id, MaxPayload+1); got != http.StatusRequestEntityTooLarge {
		t.Errorf("large answer: status %d", got)
	}
	if end := <-inv.end; end.err == nil || end.err.Type != "Function.ResponseSizeTooLarge" {
		t.Errorf("large answer: %v", end.err)
	}
	if got := post(inv.id, MaxPayload); got != http.StatusAccepted {
		t.Errorf("largest answer: status %d", got)
	}
}

func TestConcurrency(t *testing.T) {
	e := start(t, Function{Concurrency: 2, Timeout: time.Minute})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := e.Invoke(ctx, []byte(`{"path":"/sleep"}`)); !errors.Is(err, context.Canceled) {
				t.Errorf("one of two calls at once: %v", err)
			}
		})
	}
	for busy(e) < 2 {
		runtime.Gosched()
	}
	if _, err := e.Invoke(context.Background(), []byte(`{"path":"/health"}`)); !errors.Is(err, ErrTooManyRequests) {
		t.Errorf("a third call at once: %v", err)
	}
	cancel()
	wg.Wait()
	invoke(t, e, `{"path":"/health"}`)
}

// busy counts the calls under way.
func busy(e *Emulator) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.all) - len(e.idle)
}

func TestCancelledCallKills(t *testing.T) {
	e := start(t, Function{Timeout: time.Minute})
	victim := pid(t, e)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := e.Invoke(ctx, []byte(`{"path":"/sleep"}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if pid(t, e) == victim {
		t.Error("the process lives on")
	}
}

func TestInvokeAPI(t *testing.T) {
	server := httptest.NewServer(start(t, Function{Name: "retrain"}))
	defer server.Close()
	post := func(name, event string) (int, http.Header, string) {
		res, err := http.Post(server.URL+"/2015-03-31/functions/"+name+"/invocations", "application/json", strings.NewReader(event))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(body)
	}
	status, header, body := post("retrain", `{"path":"/health"}`)
	if status != http.StatusOK || header.Get("X-Amz-Function-Error") != "" || !strings.Contains(body, "healthy") {
		t.Errorf("health: %d %v %s", status, header, body)
	}
	if header.Get("X-Init-Ms") == "" || header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("headers: %v", header)
	}
	status, header, body = post("retrain", `{"detail-type":"Scheduled Event"}`)
	if status != http.StatusOK || header.Get("X-Amz-Function-Error") != "Unhandled" || !strings.Contains(body, "Retrain.UnsupportedEvent") {
		t.Errorf("failure: %d %v %s", status, header, body)
	}
	if status, header, _ = post("another", `{}`); status != http.StatusNotFound || header.Get("X-Amzn-Errortype") != "ResourceNotFoundException" {
		t.Errorf("another function: %d %v", status, header)
	}
	if status, _, _ = post("retrain", `{`); status != http.StatusBadRequest {
		t.Errorf("no JSON: %d", status)
	}
}

// Nothing of the tester's environment reaches the function.
func TestEnvironmentIsThePlatforms(t *testing.T) {
	t.Setenv("RETRAIN_SECRET", "inherited")
	script := filepath.Join(t.TempDir(), "env.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nenv\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	e := start(t, Function{Binary: script, Env: []string{"OURS=1"}, Log: &log})
	invoke(t, e, `{}`)
	got := log.String()
	if strings.Contains(got, "inherited") || !strings.Contains(got, "OURS=1") || !strings.Contains(got, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:") {
		t.Errorf("environment:\n%s", got)
	}
}
