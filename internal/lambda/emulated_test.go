package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"retrain/internal/fault"
	"retrain/internal/lambda/runtimetest"
)

var (
	binDir  string // where the tests' binaries are built
	rogue   = sync.OnceValues(func() (string, error) { return build("rogue", "./testdata/rogue") })
	shipped = sync.OnceValues(func() (string, error) { return build("api", "../../cmd/api") })
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binDir, err = os.MkdirTemp("", "lambda"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(binDir)
		return m.Run()
	}())
}

// build builds a binary as it is shipped.
func build(name, pkg string) (string, error) {
	path := filepath.Join(binDir, name)
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// function is a binary behind the emulator, for one test.
type function struct {
	t   *testing.T
	emu *runtimetest.Emulator
	log *lockedBuffer
}

// lockedBuffer is the function's log, which may be written while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func emulate(t *testing.T, binary func() (string, error), timeout time.Duration, env ...string) *function {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	f := &function{t: t, log: &lockedBuffer{}}
	f.emu = runtimetest.New(runtimetest.Function{Binary: path, Timeout: timeout, Env: env, Log: f.log})
	t.Cleanup(func() {
		if err := f.emu.Close(); err != nil {
			t.Errorf("closing the emulator: %v", err)
		}
		if log := f.log.String(); t.Failed() {
			t.Logf("the end of the function's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return f
}

// invoke sends an event and returns how it ended.
func (f *function) invoke(event string) runtimetest.Result {
	f.t.Helper()
	res, err := f.emu.Invoke(context.Background(), []byte(event))
	if err != nil {
		f.t.Fatalf("invoking: %v", err)
	}
	return res
}

// fails sends an event that must fail with the code, and returns the problem.
func (f *function) fails(event, code string) fault.Problem {
	f.t.Helper()
	res := f.invoke(event)
	if res.Err == nil {
		f.t.Fatalf("%.200s succeeded with %.300s, want %s", event, res.Payload, code)
	}
	var p fault.Problem
	if err := json.Unmarshal([]byte(res.Err.Message), &p); err != nil || res.Err.Type != code || p.Code != code {
		f.t.Errorf("%.200s failed with %s, %s; want %s", event, res.Err.Type, res.Err.Message, code)
	}
	if p.RequestID != res.RequestID {
		f.t.Errorf("%.200s: request id %q in the document, %q on the platform", event, p.RequestID, res.RequestID)
	}
	return p
}

// succeeds sends an event that must succeed, and decodes its answer into doc.
func (f *function) succeeds(event string, doc any) runtimetest.Result {
	f.t.Helper()
	res := f.invoke(event)
	if res.Err != nil {
		f.t.Fatalf("%.200s failed: %v", event, res.Err)
	}
	if err := json.Unmarshal(res.Payload, doc); err != nil {
		f.t.Fatalf("%.200s answered %.300s: %v", event, res.Payload, err)
	}
	return res
}

func (f *function) pid() (pid int) {
	f.t.Helper()
	var doc struct{ PID int }
	f.succeeds(`{"path":"/health"}`, &doc)
	return doc.PID
}

// What would end the process, or leave the caller without a typed error, does
// neither: the next event meets the same process.
func TestMisbehaviourIsSurvived(t *testing.T) {
	f := emulate(t, rogue, 10*time.Second)
	before := f.pid()
	for event, code := range map[string]string{
		`{"path":"/panic"}`:               "Retrain.Internal",
		`{"path":"/nan"}`:                 "Retrain.Internal",
		`{"path":"/large?bytes=262144"}`:  "Retrain.TooLarge",
		`{"path":"/large?bytes=9000000"}`: "Retrain.TooLarge",
		`{"detail-type":"x"}`:             "Retrain.UnsupportedEvent",
		`7`:                               "Retrain.UnsupportedEvent",
	} {
		p := f.fails(event, code)
		if strings.Contains(p.Detail, "secret") {
			t.Errorf("%s: detail %s", event, p.Detail)
		}
	}
	var large struct{ X string }
	if res := f.succeeds(`{"path":"/large?bytes=250000"}`, &large); len(res.Payload) != 250000 {
		t.Errorf("a large answer has %d bytes", len(res.Payload))
	}
	if after := f.pid(); after != before {
		t.Errorf("process %d is gone, %d answers", before, after)
	}
	if log := f.log.String(); !strings.Contains(log, "the secret of the panic") || !strings.Contains(log, "testdata/rogue/main.go") {
		t.Error("the log has no panic with its stack")
	}
}

func TestMisbehaviourOverHTTPFaces(t *testing.T) {
	f := emulate(t, rogue, 10*time.Second)
	before := f.pid()
	for _, c := range []struct {
		path   string
		status int
		code   string
	}{
		{"/panic", 500, "Retrain.Internal"},
		{"/large?bytes=6291456", 413, "Retrain.TooLarge"},
		{"/large?bytes=6291457", 413, "Retrain.TooLarge"},
	} {
		path, query, _ := strings.Cut(c.path, "?")
		var got struct {
			StatusCode int
			Body       string
		}
		f.succeeds(fmt.Sprintf(`{"rawPath":%q,"rawQueryString":%q,"requestContext":{"http":{"method":"POST"}}}`, path, query), &got)
		if got.StatusCode != c.status || !strings.Contains(got.Body, c.code) {
			t.Errorf("%s: %d %.300s", c.path, got.StatusCode, got.Body)
		}
	}
	if after := f.pid(); after != before {
		t.Errorf("process %d is gone, %d answers", before, after)
	}
}

// The typed error comes out before the platform's kill. Work that obeys leaves
// the process as it was; work that ignores its deadline takes the process along.
func TestDeadlineBeforeTheKill(t *testing.T) {
	f := emulate(t, rogue, 4*time.Second, "ROGUE_MARGIN=2s")
	before := f.pid()
	if p := f.fails(`{"path":"/wait"}`, "Retrain.DeadlineExceeded"); p.Instance != "/wait" || !p.Retryable {
		t.Errorf("problem %+v", p)
	}
	if after := f.pid(); after != before {
		t.Errorf("process %d is gone, %d answers", before, after)
	}
	f.fails(`{"path":"/sleep"}`, "Retrain.DeadlineExceeded")
	if after := f.pid(); after == before {
		t.Error("the process works on after its deadline")
	}
}

// Bodies reach the routes in all the forms in which a state machine sends them.
func TestDirectBodiesArrive(t *testing.T) {
	f := emulate(t, rogue, 10*time.Second)
	for event, want := range map[string]string{
		`{"path":"/echo","body":{"a":1}}`:                                              `{"a":1}`,
		`{"path":"/echo","body":"{\"a\":1}"}`:                                          `{"a":1}`,
		`{"path":"/echo","body":null}`:                                                 `{}`,
		`{"path":"/echo"}`:                                                             `{}`,
		`{"path":"/echo","body":"eyJhIjoxfQ==","isBase64Encoded":true}`:                `{"a":1}`,
		`{"path":"https://xyz.lambda-url.us-east-1.on.aws/echo?x=1","body":{"a": 1 }}`: `{"a": 1 }`,
	} {
		var got struct{ Body, Path string }
		f.succeeds(event, &got)
		if got.Body != want || got.Path != "/echo" {
			t.Errorf("%s arrived as %+v", event, got)
		}
	}
}
