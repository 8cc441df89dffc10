package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// place is where the shipped function finds its data and keeps its models.
type place struct{ data, store string }

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "store")}
	if err := os.Mkdir(p.data, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// ship starts the shipped binary behind the emulator.
func (p place) ship(t *testing.T, timeout time.Duration) *function {
	t.Helper()
	return emulate(t, shipped, timeout, "RETRAIN_STORE="+p.store, "RETRAIN_DATA_ROOTS="+p.data)
}

// wave writes a data set of n rows that a tree can learn, and returns its path.
func (p place) wave(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("x,z,y\n")
	for i := range n {
		x, z := float64(i*7919%10007)/100, i*104729%97
		y := "no"
		if math.Sin(x/6)+float64(z)/97 > 0.5 {
			y = "yes"
		}
		fmt.Fprintf(&b, "%g,%d,%s\n", x, z, y)
	}
	path := filepath.Join(p.data, fmt.Sprintf("wave-%d.csv", n))
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// files lists the store with each file's size and time. It leaves out what holds
// no result: the folder's lock.
func (p place) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(p.store, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[path] = fmt.Sprint(info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return all
}

// rehearse returns one of aws-lambda-go's sample events, changed by edit.
func rehearse(t *testing.T, name string, edit func(event map[string]any)) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	if err != nil {
		t.Fatalf("finding aws-lambda-go: %v", err)
	}
	payload, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "events", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(payload, &event); err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(event)
	}
	return encode(t, event)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// asRequest returns the edit that makes a sample event ask for a route.
func asRequest(method, path, body string) func(map[string]any) {
	return func(event map[string]any) {
		event["body"], event["isBase64Encoded"] = body, false
		delete(event, "queryStringParameters")
		delete(event, "multiValueQueryStringParameters")
		context := event["requestContext"].(map[string]any)
		if request, ok := context["http"].(map[string]any); ok {
			request["method"], request["path"] = method, path
			event["rawPath"], event["rawQueryString"] = path, ""
			return
		}
		event["httpMethod"], event["path"] = method, path
	}
}

// envelope is what each sender of HTTP events reads.
type envelope struct {
	StatusCode        int
	Headers           map[string]string
	MultiValueHeaders map[string][]string
	Body              string
	IsBase64Encoded   bool
}

func (e envelope) contentType() string {
	if values := e.MultiValueHeaders["Content-Type"]; len(values) == 1 {
		return values[0]
	}
	return e.Headers["Content-Type"]
}

var httpSamples = []string{
	"apigw-request.json", "apigw-restapi-openapi-request.json", "apigw-v2-request-iam.json",
	"apigw-v2-request-jwt-authorizer.json", "apigw-v2-request-lambda-authorizer.json",
	"apigw-v2-request-no-authorizer.json", "lambda-urls-request.json",
	"alb-lambda-target-request-headers-only.json", "alb-lambda-target-request-multivalue-headers.json",
}

// Every HTTP sender's event reaches the routes and gets an answer of its own form.
func TestShippedAnswersTheSampleEvents(t *testing.T) {
	f := newPlace(t).ship(t, 10*time.Second)
	for _, name := range httpSamples {
		var got envelope
		f.succeeds(rehearse(t, name, asRequest("GET", "/health", "")), &got)
		if got.StatusCode != http.StatusOK || !strings.Contains(got.Body, `"status":"healthy"`) || !strings.HasPrefix(got.contentType(), "application/json") {
			t.Errorf("%s: GET /health: %+v", name, got)
		}
		f.succeeds(rehearse(t, name, asRequest("POST", "/train", `{"processed_data_path":7}`)), &got)
		if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `"code":"Retrain.InvalidRequest"`) || got.contentType() != "application/problem+json" {
			t.Errorf("%s: POST /train: %+v", name, got)
		}
		f.succeeds(rehearse(t, name, asRequest("GET", "/%zz", "")), &got)
		if got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: a bad path: %+v", name, got)
		}
		f.succeeds(rehearse(t, name, nil), &got)
		if got.StatusCode != http.StatusNotFound && got.StatusCode/100 != 3 && got.StatusCode/100 != 2 {
			t.Errorf("%s as it is: %+v", name, got)
		}
	}
	for _, name := range []string{"sns-event.json", "cloudwatch-alarm-sns-payload-single-metric.json", "apigw-websocket-request.json"} {
		f.fails(rehearse(t, name, nil), "Retrain.UnsupportedEvent")
	}
	f.fails(rehearse(t, "s3-event.json", nil), "Retrain.AccessDenied") // its bucket is no data root
	var answer map[string]any
	f.succeeds(rehearse(t, "sqs-event.json", nil), &answer)
	if failed, _ := answer["batchItemFailures"].([]any); len(failed) != 1 {
		t.Errorf("a message that is none of ours: %v", answer)
	}
}

// One retraining over the direct face: each step gets the answer of the one
// before, in another of the forms that a body may have.
func TestShippedRetrainsOverTheDirectFace(t *testing.T) {
	p := newPlace(t)
	f := p.ship(t, time.Minute)
	step := func(path, body string, more string) (doc map[string]any) {
		t.Helper()
		res := f.succeeds(fmt.Sprintf(`{"path":%q,"body":%s%s}`, path, body, more), &doc)
		if doc["status"] != "success" {
			t.Errorf("%s: status %v", path, doc["status"])
		}
		if len(res.Payload) == 0 || res.Payload[0] != '{' || doc["statusCode"] != nil {
			t.Errorf("%s: no bare document: %.200s", path, res.Payload)
		}
		return doc
	}
	prepared := step("/preprocess", encode(t, map[string]any{
		"data_path": p.wave(t, 1500), "target": "y", "model_params": map[string]any{"max_iter": 10},
	}), "")
	trained := step("/train", encode(t, encode(t, prepared)), "")
	evaluated := step("/evaluate", encode(t, base64.StdEncoding.EncodeToString([]byte(encode(t, trained)))), `,"isBase64Encoded":true`)
	if evaluated["should_update"] != true || evaluated["decision"] != "bootstrap" {
		t.Errorf("the first verdict is %v, %v", evaluated["should_update"], evaluated["decision"])
	}
	updated := step("https://xyz.lambda-url.us-east-1.on.aws/update-model", encode(t, evaluated), "")
	if updated["updated"] != true || updated["version"] != 1.0 {
		t.Errorf("the update answers %v", updated)
	}
	again := step("/update-model", encode(t, evaluated), "")
	if again["already_current"] != true || again["version"] != 1.0 {
		t.Errorf("the same update again answers %v", again)
	}
}

// Bad input gets the same code on both faces, and leaves the store as it was.
func TestShippedRefusesBadInputOnBothFaces(t *testing.T) {
	p := newPlace(t)
	f := p.ship(t, 30*time.Second)
	data := p.wave(t, 300)
	outside := filepath.Join(t.TempDir(), "outside.csv")
	in := func(name string) string { return filepath.Join(p.data, name) }
	for path, text := range map[string]string{
		outside: "a,y\n1,2\n", in("empty.csv"): "", in("header.csv"): "x,y\n",
		in("ragged.csv"):   "x,z,y\n" + strings.Repeat("1,2,no\n3,4,yes\n5,yes\n", 40),
		in("rejected.csv"): "x,z,y\n" + strings.Repeat("1,2\n", 40),
		in("split.csv"):    "x;z;y\n" + strings.Repeat("1,5;2;no\n3,5;4;yes;\n", 40),
		in("constant.csv"): "x,y\n" + strings.Repeat("1,no\n2,no\n", 40),
		in("picture.csv"):  "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	preprocess := func(path, more string) string {
		return fmt.Sprintf(`{"data_path":%q,"target":"y","model_params":{}%s}`, path, more)
	}
	before := p.files(t)
	for _, c := range []struct{ name, path, body, code string }{
		{"missing file", "/preprocess", preprocess(filepath.Join(p.data, "none.csv"), ""), "Retrain.DataNotFound"},
		{"empty file", "/preprocess", preprocess(filepath.Join(p.data, "empty.csv"), ""), "Retrain.InvalidData"},
		{"header only", "/preprocess", preprocess(filepath.Join(p.data, "header.csv"), ""), "Retrain.InvalidData"},
		{"ragged rows", "/preprocess", preprocess(in("ragged.csv"), ""), "Retrain.InvalidData"},
		{"all rows rejected", "/preprocess", preprocess(in("rejected.csv"), ""), "Retrain.InvalidData"},
		{"wrong delimiter", "/preprocess", preprocess(in("split.csv"), ""), "Retrain.InvalidData"},
		{"constant target", "/preprocess", preprocess(in("constant.csv"), ""), "Retrain.InvalidData"},
		{"a picture", "/preprocess", preprocess(in("picture.csv"), ""), "Retrain.InvalidData"},
		{"outside the roots", "/preprocess", preprocess(outside, ""), "Retrain.AccessDenied"},
		{"up and out", "/preprocess", preprocess(p.data+"/../../etc/passwd", ""), "Retrain.AccessDenied"},
		{"metadata service", "/preprocess", preprocess("http://169.254.169.254/latest/meta-data", ""), "Retrain.InvalidRequest"},
		{"no such target", "/preprocess", fmt.Sprintf(`{"data_path":%q,"target":"q","model_params":{}}`, data), "Retrain.InvalidData"},
		{"misspelt parameter", "/preprocess", fmt.Sprintf(`{"data_path":%q,"target":"y","model_params":{"num_tree":5}}`, data), "Retrain.InvalidRequest"},
		{"misspelt gate", "/preprocess", preprocess(data, `,"gate":{"polcy":"better"}`), "Retrain.InvalidRequest"},
		{"forged model", "/evaluate", `{"model_path":"/etc/passwd"}`, "Retrain.AccessDenied"},
		{"forged promotion", "/update-model", `{"should_update":true,"model_path":"/etc/passwd"}`, "Retrain.AccessDenied"},
		{"verdict as a string", "/update-model", `{"should_update":"false"}`, "Retrain.InvalidRequest"},
		{"promotion without a model", "/update-model", `{"should_update":true}`, "Retrain.InvalidRequest"},
		{"2 MiB", "/train", `{"processed_data_path":"` + strings.Repeat("x", 2<<20) + `"}`, "Retrain.TooLarge"},
		{"duplicate key", "/train", `{"processed_data_path":"a","processed_data_path":"b"}`, "Retrain.InvalidRequest"},
		{"deep", "/train", strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "Retrain.InvalidRequest"},
		{"no object", "/train", `[]`, "Retrain.InvalidRequest"},
		{"no such route", "/retrane", `{}`, "Retrain.NoSuchRoute"},
	} {
		p1 := f.fails(fmt.Sprintf(`{"path":%q,"body":%s}`, c.path, c.body), c.code)
		var got envelope
		f.succeeds(rehearse(t, "lambda-urls-request.json", asRequest("POST", c.path, c.body)), &got)
		var p2 struct {
			Code   string
			Status int
			Detail string
		}
		if err := json.Unmarshal([]byte(got.Body), &p2); err != nil || p2.Code != c.code || got.StatusCode != p2.Status || p2.Detail != p1.Detail {
			t.Errorf("%s: HTTP answers %d %.400s; direct %+v", c.name, got.StatusCode, got.Body, p1)
		}
	}
	f.fails(`{"path":"/train","body":"{"}`, "Retrain.InvalidRequest")
	f.fails(`{"path":"/train","method":"GET"}`, "Retrain.MethodNotAllowed")
	if diff := cmp.Diff(before, p.files(t)); diff != "" {
		t.Errorf("the store changed (-before +after):\n%s", diff)
	}
}

// A model file of which one byte was changed is refused by both steps that read
// it, and the champion stays.
func TestShippedRefusesAChangedModel(t *testing.T) {
	p := newPlace(t)
	f := p.ship(t, 30*time.Second)
	body := fmt.Sprintf(`{"data_path":%q,"target":"y","model_params":{"max_iter":5}}`, p.wave(t, 400))
	var trained struct {
		ModelPath string `json:"model_path"`
	}
	for _, step := range []string{"/preprocess", "/train", "/evaluate"} {
		body = string(f.succeeds(fmt.Sprintf(`{"path":%q,"body":%s}`, step, body), &trained).Payload)
	}
	model, err := os.ReadFile(trained.ModelPath)
	if err != nil {
		t.Fatal(err)
	}
	model[len(model)/2] ^= 1
	if err := os.Chmod(trained.ModelPath, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(trained.ModelPath, model, 0o644); err != nil {
		t.Fatal(err)
	}
	before := p.files(t)
	f.fails(fmt.Sprintf(`{"path":"/evaluate","body":{"model_path":%q}}`, trained.ModelPath), "Retrain.InvalidData")
	f.fails(fmt.Sprintf(`{"path":"/update-model","body":%s}`, body), "Retrain.InvalidData")
	if diff := cmp.Diff(before, p.files(t)); diff != "" {
		t.Errorf("the store changed (-before +after):\n%s", diff)
	}
}

// A training that cannot be done in time answers so itself, before the kill, and
// the process serves the next event.
func TestShippedAnswersBeforeItsDeadline(t *testing.T) {
	p := newPlace(t)
	var prepared map[string]any
	p.ship(t, time.Minute).succeeds(fmt.Sprintf(
		`{"path":"/preprocess","body":{"data_path":%q,"target":"y","model_params":{"algorithm":"gradient_boosting","max_iter":100000,"early_stopping":false}}}`, p.wave(t, 20_000)), &prepared)
	f := p.ship(t, 3*time.Second)
	var health map[string]any
	f.succeeds(`{"path":"/health"}`, &health)
	problem := f.fails(fmt.Sprintf(`{"path":"/train","body":%s}`, encode(t, prepared)), "Retrain.DeadlineExceeded")
	if problem.Instance != "/train" || !problem.Retryable {
		t.Errorf("problem %+v", problem)
	}
	if res := f.succeeds(`{"path":"/health"}`, &health); res.Cold {
		t.Error("the process ended with its deadline")
	}
}

// Pages are for browsers; the OpenAPI document is for everybody.
func TestShippedPages(t *testing.T) {
	f := newPlace(t).ship(t, 10*time.Second)
	var openapi struct {
		OpenAPI string
		Paths   map[string]any
	}
	f.succeeds(`{"path":"/openapi.json"}`, &openapi)
	if !strings.HasPrefix(openapi.OpenAPI, "3.1") || len(openapi.Paths) < 5 {
		t.Errorf("OpenAPI %s with %d paths", openapi.OpenAPI, len(openapi.Paths))
	}
	var docs envelope
	f.succeeds(rehearse(t, "apigw-v2-request-no-authorizer.json", func(event map[string]any) {
		asRequest("GET", "/prod/docs", "")(event)
		event["requestContext"].(map[string]any)["stage"] = "prod"
	}), &docs)
	if docs.StatusCode/100 > 3 {
		t.Errorf("GET /prod/docs behind the stage prod: %+v", docs)
	}
	res := f.invoke(`{"path":"/health"}`)
	t.Logf("warm /health: %v", res.Duration)
}

// The report gets through an HTTP API as the text that is in the store, to the
// last byte.
func TestShippedServesTheReport(t *testing.T) {
	p := newPlace(t)
	f := p.ship(t, time.Minute)
	var doc map[string]any
	body := encode(t, map[string]any{
		"data_path": p.wave(t, 1500), "target": "y", "model_name": "waves", "model_params": map[string]any{"max_iter": 10},
	})
	for _, path := range []string{"/preprocess", "/train", "/evaluate"} {
		f.succeeds(fmt.Sprintf(`{"path":%q,"body":%s}`, path, body), &doc)
		body = encode(t, doc)
	}
	file := doc["report_path"].(string)
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	route := "/models/waves/evaluations/" + strings.TrimSuffix(filepath.Base(file), ".html") + "/report"
	var got envelope
	f.succeeds(rehearse(t, "apigw-v2-request-no-authorizer.json", asRequest("GET", route, "")), &got)
	if got.StatusCode != http.StatusOK || got.contentType() != "text/html; charset=utf-8" || got.IsBase64Encoded {
		t.Errorf("GET %s: %d, %q, base64 %t", route, got.StatusCode, got.contentType(), got.IsBase64Encoded)
	}
	if got.Body != string(stored) || !strings.Contains(got.Body, "±") || !strings.HasSuffix(got.Body, "</html>\n") {
		t.Errorf("%d bytes of the page's %d arrive", len(got.Body), len(stored))
	}
}
