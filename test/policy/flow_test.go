package policy

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"retrain/internal/blob/s3blob/s3test"
)

// recorder is an S3 server that remembers what it was asked.
type recorder struct {
	http.Handler
	mu    sync.Mutex
	calls []call
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c := callOf(req)
	r.mu.Lock()
	r.calls = append(r.calls, c)
	r.mu.Unlock()
	r.Handler.ServeHTTP(w, req)
}

// service is the shipped binary with both buckets on one recorder.
type service struct {
	*testing.T
	binary string
	env    []string
	server *httptest.Server
}

func newService(t *testing.T) (*service, *recorder) {
	t.Helper()
	r := &recorder{Handler: s3test.Handler()}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s := &service{T: t, binary: filepath.Join(t.TempDir(), "api"), server: server}
	build := exec.Command("go", "build", "-o", s.binary, "./cmd/api")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, bucket := range []string{storeBucket, dataBucket} {
		s.put(r, bucket, nil)
	}
	s.env = append(os.Environ(),
		"RETRAIN_STORE=s3://"+storeBucket+"/retrain",
		"RETRAIN_DATA_ROOTS=s3://"+dataBucket+"/,s3://"+storeBucket+"/retrain",
		"AWS_ENDPOINT_URL_S3="+server.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required",
	)
	return s, r
}

// put stores data, or makes a bucket, as the owner does: past the recorder.
func (s *service) put(r *recorder, path string, data []byte) string {
	s.Helper()
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodPut, "/"+path, bytes.NewReader(data))
	req.Header.Set("Content-Length", strconv.Itoa(len(data)))
	r.Handler.ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		s.Fatalf("%s could not be stored: %d", path, w.Code)
	}
	return "s3://" + path
}

// run runs a command of the binary, whose exit code must be as told.
func (s *service) run(code int, args ...string) {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), s.binary, args...)
	cmd.Env, cmd.Dir = s.env, s.TempDir()
	out, _ := cmd.CombinedOutput() // the exit code says whether it failed
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.Fatalf("%s: exit code %d, want %d: %s", strings.Join(args, " "), got, code, out)
	}
}

// story does all that a deployed function does: from the first model over
// predictions, listings and a rollback to data that is refused late.
func (s *service) story(r *recorder) {
	data := s.put(r, dataBucket+"/incoming/good.csv", table(2_000, 3))
	s.run(0, "retrain", data, "--target", "y", "--params", `{"algorithm":"gradient_boosting","max_iter":2,"max_leaf_nodes":3}`)
	s.run(0, "retrain", data, "--target", "y", "--params", `{"algorithm":"gradient_boosting","max_iter":40}`, "--gate", `{"policy":"better"}`)
	s.run(0, "models")
	s.run(0, "models", "versions", "default")
	s.run(0, "models", "rollback", "default", "--to", "1", "--reason", "a test")
	for _, name := range []string{"a", "b"} {
		s.put(r, dataBucket+"/incoming/several/"+name+".csv", table(1_000, 3))
	}
	s.serve(func(url string) {
		s.get(url + "/health?deep=1")
		s.post(url+"/predict", `{"records":[{"g":"a","x0":1,"x1":2,"x2":3}]}`)
		s.divided(url)
	})
	// More than one part of processed data is on its way when it turns out that
	// the split by groups leaves no row for one of the sides.
	late := s.put(r, dataBucket+"/incoming/late.csv", table(200_000, 10))
	s.run(1, "retrain", late, "--target", "y", "--split", `{"group_column":"g"}`)
}

// divided does what the second state machine has the function do: a run in shares,
// with a split by time, which takes a further scan.
func (s *service) divided(url string) {
	s.post(url+"/preprocess/plan", `{"data_path":"s3://`+dataBucket+`/incoming/several/","target":"y","run_id":"shares",`+
		`"model_params":{"algorithm":"gradient_boosting","max_iter":3},"split":{"time_column":"x2"},"share_bytes":1}`)
	for _, round := range []string{"1", "2"} {
		s.post(url+"/preprocess/scan", `{"run_id":"shares","round":`+round+`,"items":[{"share":0},{"share":1}]}`)
		s.post(url+"/preprocess/reduce", `{"run_id":"shares","round":`+round+`}`)
	}
	s.post(url+"/preprocess/write", `{"run_id":"shares","items":[{"share":1},{"share":0}]}`)
	s.post(url+"/preprocess/seal", `{"run_id":"shares"}`)
	s.post(url+"/train", `{"processed_data_path":"s3://`+storeBucket+`/retrain/runs/shares/processed.parquet","on_deadline":"checkpoint"}`)
}

// table is a CSV of two groups, which the split puts on the same side, random
// columns, and a target that the first of them tells something of.
func table(rows, columns int) []byte {
	var b bytes.Buffer
	b.WriteString("g,")
	for j := range columns {
		fmt.Fprintf(&b, "x%d,", j)
	}
	b.WriteString("y\n")
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		first := dice.NormFloat64()
		fmt.Fprintf(&b, "%c,%.12f,", "ab"[i%2], first)
		for range columns - 1 {
			fmt.Fprintf(&b, "%.12f,", dice.NormFloat64())
		}
		fmt.Fprintf(&b, "%t\n", first+dice.NormFloat64() > 0)
	}
	return b.Bytes()
}

// serve runs the server while f uses it.
func (s *service) serve(f func(url string)) {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), s.binary, "serve", "--listen", "127.0.0.1:0")
	cmd.Env, cmd.Dir = s.env, s.TempDir()
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	f(listening(s.T, said))
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	_ = cmd.Wait()
}

// listening reads the log up to the address.
func listening(t *testing.T, log io.Reader) string {
	t.Helper()
	buf := make([]byte, 4096)
	var said string
	for {
		n, err := log.Read(buf)
		said += string(buf[:n])
		if _, after, ok := strings.Cut(said, "http://127.0.0.1:"); ok {
			if end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' }); end > 0 {
				go func() { _, _ = io.Copy(io.Discard, log) }()
				return "http://127.0.0.1:" + after[:end]
			}
		}
		if err != nil {
			t.Fatalf("the server said no address: %s", said)
		}
	}
}

func (s *service) get(url string) { s.answered(http.Get(url)) }

func (s *service) post(url, body string) {
	s.answered(http.Post(url, "application/json", strings.NewReader(body)))
}

func (s *service) answered(res *http.Response, err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		s.Fatalf("%s: %d %s", res.Request.URL, res.StatusCode, body)
	}
}

func TestTheFunctionMayDoWhatItDoesAndNothingElse(t *testing.T) {
	allowed, denied := policies(t)
	s, r := newService(t)
	s.story(r)
	used := map[string]bool{}
	for _, c := range r.calls {
		permitted := false
		for i := range allowed {
			if allowed[i].matches(t, c) {
				permitted = true
				used[allowed[i].Sid+" "+c.action] = true
			}
		}
		if !permitted {
			t.Errorf("no statement allows %s on %s", c.action, c.resource)
		}
		if sid := deniedBy(t, denied, c); sid != "" {
			t.Errorf("%s denies %s on %s", sid, c.action, c.resource)
		}
	}
	for _, st := range allowed {
		for _, action := range st.Action {
			if !used[st.Sid+" "+action] {
				t.Errorf("%s allows %s, which is never used", st.Sid, action)
			}
		}
	}
	t.Logf("%d calls", len(r.calls))
}
