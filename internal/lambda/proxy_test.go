package lambda

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// sampleDir is the folder of aws-lambda-go's own sample events.
func sampleDir(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	if err != nil {
		t.Fatalf("finding aws-lambda-go: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "events", "testdata")
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	payload, err := os.ReadFile(filepath.Join(sampleDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// Each of the library's sample events is told apart. All that are not listed
// here come from senders that we do not answer.
func TestShapesOfTheSampleEvents(t *testing.T) {
	known := map[string]shape{
		"alb-lambda-target-request-headers-only.json":       albSingle,
		"alb-lambda-target-request-multivalue-headers.json": albMulti,
		"apigw-request.json":                                restV1,
		"apigw-restapi-openapi-request.json":                restV1,
		"apigw-v2-request-iam.json":                         httpV2,
		"apigw-v2-request-jwt-authorizer.json":              httpV2,
		"apigw-v2-request-lambda-authorizer.json":           httpV2,
		"apigw-v2-request-no-authorizer.json":               httpV2,
		"lambda-urls-request.json":                          httpV2,
		"sqs-event.json":                                    queue,
	}
	names, err := filepath.Glob(filepath.Join(sampleDir(t), "*.json"))
	if err != nil || len(names) < 80 {
		t.Fatalf("%d sample events, %v", len(names), err)
	}
	for _, name := range names {
		name = filepath.Base(name)
		e, problem := open(sample(t, name))
		if problem != nil {
			e = nil // an event that is no object
		}
		want, announced := known[name], strings.Contains(string(sample(t, name)), `"aws:s3"`) || e.has("detail-type")
		if announced {
			want = data
		}
		if got := e.shape(); got != want {
			t.Errorf("%s has shape %d, want %d", name, got, want)
		}
	}
}

// seen is what reached the handler.
type seen struct {
	Method, Path, Query, Host, Body string
	Header                          http.Header
}

// see sends an event through the handler and returns what reached it.
func see(t *testing.T, h Handler, event []byte) seen {
	t.Helper()
	var got seen
	h.HTTP = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Errorf("body of %d bytes, ContentLength %d: %v", len(body), r.ContentLength, err)
		}
		r.Header.Del("X-Request-Id")
		got = seen{r.Method, r.URL.Path, r.URL.Query().Encode(), r.Host, string(body), r.Header}
	})
	if answer, err := h.Invoke(t.Context(), event); err != nil || !strings.Contains(string(answer), `"statusCode":200`) {
		t.Errorf("answer %s, %v", answer, err)
	}
	return got
}

func TestRequestsOfTheSampleEvents(t *testing.T) {
	for name, want := range map[string]seen{
		"apigw-request.json": {
			Method: "POST", Path: "/hello/world", Query: "name=me", Body: "{\r\n\t\"a\": 1\r\n}",
			Host: "gy415nuibc.execute-api.us-east-1.amazonaws.com",
		},
		"apigw-v2-request-jwt-authorizer.json": {
			Method: "GET", Path: "/my/path", Query: "parameter1=value1&parameter1=value2&parameter2=value", Body: "{\r\n\t\"a\": 1\r\n}",
		},
		"lambda-urls-request.json": {
			Method: "POST", Path: "/my/path", Query: "parameter1=value1&parameter1=value2&parameter2=value", Body: "Hello from client!",
		},
		"alb-lambda-target-request-headers-only.json": {
			Method: "GET", Path: "/", Query: "key=hello", Host: "lambda-test-alb-1334523864.us-east-1.elb.amazonaws.com",
		},
		"alb-lambda-target-request-multivalue-headers.json": {
			Method: "GET", Path: "/", Query: "key=hello", Host: "lambda-test-alb-1234567.us-east-1.elb.amazonaws.com",
		},
	} {
		got := see(t, Handler{}, sample(t, name))
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(seen{}, "Header")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(got.Header) < 2 {
			t.Errorf("%s: headers %v", name, got.Header)
		}
	}
	if got := see(t, Handler{}, sample(t, "lambda-urls-request.json")).Header; got.Get("Cookie") != "cookie1; cookie2" || got.Get("Header2") != "value1,value2" {
		t.Errorf("cookies and headers: %v", got)
	}
}

// Headers with commas in them arrive whole.
func TestHeadersKeepTheirCommas(t *testing.T) {
	want := http.Header{
		"If-Match":          {`"a,b"`},
		"If-Modified-Since": {"Sun, 22 Nov 2026 16:00:00 GMT"},
		"User-Agent":        {"Mozilla/5.0 (X11, like Gecko)"},
	}
	flat := map[string]string{}
	for name, values := range want {
		flat[strings.ToLower(name)] = values[0]
	}
	for name, event := range map[string]map[string]any{
		"REST": {"httpMethod": "GET", "path": "/", "headers": flat, "requestContext": map[string]any{}},
		"HTTP": {"rawPath": "/", "headers": flat, "requestContext": map[string]any{"http": map[string]any{"method": "GET", "path": "/"}}},
		"ALB":  {"httpMethod": "GET", "path": "/", "headers": flat, "requestContext": map[string]any{"elb": map[string]any{}}},
	} {
		got := see(t, Handler{}, mustJSON(event)).Header
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A query arrives as it was written, whatever is in it.
func TestQueriesArrive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.StringMatching(`[a-z &%=+é]{1,8}`).Draw(rt, "name")
		values := rapid.SliceOfN(rapid.StringMatching(`[a-z &%=+é;]{0,8}`), 1, 3).Draw(rt, "values")
		written := escape(name)
		escaped := make([]string, 0, len(values))
		for _, v := range values {
			escaped = append(escaped, escape(v))
		}
		raw := written + "=" + strings.Join(escaped, "&"+written+"=")
		elb := map[string]any{"elb": map[string]any{}}
		for shape, event := range map[string]map[string]any{
			"REST": {"httpMethod": "GET", "path": "/", "multiValueQueryStringParameters": map[string]any{name: values}, "requestContext": map[string]any{}},
			"HTTP": {"rawPath": "/", "rawQueryString": raw, "requestContext": map[string]any{"http": map[string]any{"method": "GET"}}},
			"ALB":  {"httpMethod": "GET", "path": "/", "multiValueHeaders": map[string]any{}, "multiValueQueryStringParameters": map[string]any{written: escaped}, "requestContext": elb},
			"ALB1": {"httpMethod": "GET", "path": "/", "queryStringParameters": map[string]any{written: escaped[len(escaped)-1]}, "requestContext": elb},
		} {
			want := values
			if shape == "ALB1" {
				want = values[len(values)-1:]
			}
			h := Handler{HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if got := r.URL.Query()[name]; !slices.Equal(got, want) {
					rt.Errorf("%s: %q=%q arrived as %q", shape, name, want, r.URL.RawQuery)
				}
			})}
			if _, err := h.Invoke(t.Context(), mustJSON(event)); err != nil {
				rt.Error(err)
			}
		}
	})
}

// escape percent-encodes every byte.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + string("0123456789ABCDEF"[c>>4]) + string("0123456789ABCDEF"[c&15]))
	}
	return b.String()
}

func TestStageIsStripped(t *testing.T) {
	h := Handler{StagePrefixes: []string{"ml"}}
	for _, c := range []struct{ stage, path, want string }{
		{"prod", "/prod/train", "/train"},
		{"prod", "/train", "/train"},
		{"prod", "/production/train", "/production/train"},
		{"train", "/train", "/train"}, // a custom domain, and a stage with a route's name
		{"train", "/train/train", "/train"},
		{"$default", "/$default/train", "/$default/train"},
		{"prod", "/prod/ml/train", "/train"},
		{"", "/ml/train", "/train"},
	} {
		for name, event := range map[string]map[string]any{
			"REST": {"httpMethod": "POST", "path": c.path, "requestContext": map[string]any{"stage": c.stage}},
			"HTTP": {"rawPath": c.path, "requestContext": map[string]any{"stage": c.stage, "http": map[string]any{"method": "POST"}}},
		} {
			if got := see(t, h, mustJSON(event)).Path; got != c.want {
				t.Errorf("%s: stage %q, path %q: got %q, want %q", name, c.stage, c.path, got, c.want)
			}
		}
	}
}

func TestBase64Bodies(t *testing.T) {
	binary := string([]byte{0, 0xff, 'x'})
	text := base64.StdEncoding.EncodeToString([]byte(binary))
	for name, event := range shapes("POST", "/train", map[string]any{"body": text, "isBase64Encoded": true, "headers": map[string]string{"Content-Length": "999"}}) {
		got := see(t, Handler{}, event)
		if got.Body != binary || got.Header.Get("Content-Length") != "3" {
			t.Errorf("%s: body %q, Content-Length %s", name, got.Body, got.Header.Get("Content-Length"))
		}
	}
}

// What no HTTP request can be made of is answered with 400, not with a failure.
func TestMalformedRequestsAre400(t *testing.T) {
	h := Handler{HTTP: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it reached the handler") })}
	check := func(name string, event []byte) {
		t.Helper()
		answer, err := h.Invoke(t.Context(), event)
		var got struct {
			StatusCode int
			Body       string
		}
		if err != nil || json.Unmarshal(answer, &got) != nil || got.StatusCode != http.StatusBadRequest || !strings.Contains(got.Body, `"code":"Retrain.InvalidRequest"`) {
			t.Errorf("%s: %s, %v", name, answer, err)
		}
	}
	for name, event := range shapes("POST", "/%zz", nil) {
		check(name+" path", event)
	}
	for name, event := range shapes("A B", "/", nil) {
		check(name+" method", event)
	}
	for name, event := range shapes("POST", "/train", map[string]any{"body": "!", "isBase64Encoded": true}) {
		check(name+" body", event)
	}
	check("ALB query", []byte(`{"httpMethod":"GET","path":"/","queryStringParameters":{"a":"%zz"},"requestContext":{"elb":{}}}`))
	check("REST types", []byte(`{"httpMethod":"GET","path":"/","headers":7,"requestContext":{}}`))
	check("HTTP types", []byte(`{"rawPath":7,"requestContext":{"http":{}}}`))
	check("ALB types", []byte(`{"httpMethod":7,"requestContext":{"elb":{}}}`))
}

// shapes returns one event for each shape, with more members.
func shapes(method, path string, more map[string]any) map[string][]byte {
	all := map[string]map[string]any{
		"REST":       {"httpMethod": method, "path": path, "requestContext": map[string]any{}},
		"HTTP":       {"rawPath": path, "requestContext": map[string]any{"http": map[string]any{"method": method}}},
		"ALB":        {"httpMethod": method, "path": path, "requestContext": map[string]any{"elb": map[string]any{}}},
		"ALB, multi": {"httpMethod": method, "path": path, "multiValueHeaders": map[string]any{}, "requestContext": map[string]any{"elb": map[string]any{}}},
	}
	events := map[string][]byte{}
	for name, event := range all {
		for k, v := range more {
			event[k] = v
		}
		if multi, ok := more["headers"].(map[string]string); ok && name == "ALB, multi" {
			header := map[string][]string{}
			for k, v := range multi {
				header[k] = []string{v}
			}
			event["multiValueHeaders"] = header
		}
		events[name] = mustJSON(event)
	}
	return events
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// reply is an envelope, as all senders read it.
type reply struct {
	StatusCode        int
	StatusDescription string
	Headers           map[string]string
	MultiValueHeaders map[string][]string
	Cookies           []string
	Body              string
	IsBase64Encoded   bool
}

func TestEnvelopes(t *testing.T) {
	h := Handler{HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Two"] = []string{"a", "b"}
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusCreated)
		w.Header().Set("X-Late", "not sent")
		_, _ = io.WriteString(w, "<p>é")
	})}
	multi := map[string][]string{"X-Two": {"a", "b"}, "Set-Cookie": {"a=1", "b=2"}, "Content-Type": {"text/html"}}
	want := map[string]reply{
		"REST":       {MultiValueHeaders: multi},
		"HTTP":       {Headers: map[string]string{"X-Two": "a,b", "Content-Type": "text/html"}, Cookies: []string{"a=1", "b=2"}},
		"ALB":        {StatusDescription: "201 Created", Headers: map[string]string{"X-Two": "a, b", "Set-Cookie": "b=2", "Content-Type": "text/html"}},
		"ALB, multi": {StatusDescription: "201 Created", MultiValueHeaders: multi},
	}
	for name, event := range shapes("GET", "/", nil) {
		answer, err := h.Invoke(t.Context(), event)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got reply
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		expected := want[name]
		expected.StatusCode, expected.Body = 201, "<p>é"
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestBinaryAnswersAreBase64(t *testing.T) {
	binary := []byte{0x1f, 0x8b, 0, 0xff}
	h := Handler{HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(binary) })}
	for name, event := range shapes("GET", "/", nil) {
		answer, err := h.Invoke(t.Context(), event)
		var got reply
		if err != nil || json.Unmarshal(answer, &got) != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !got.IsBase64Encoded || got.Body != base64.StdEncoding.EncodeToString(binary) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// No event, however odd, brings the function down or gets an untyped error.
func FuzzInvoke(f *testing.F) {
	for _, event := range shapes("POST", "/train", map[string]any{"body": "{}", "headers": map[string]string{"host": "h"}}) {
		f.Add(event)
	}
	f.Add([]byte(`{"path":"/train","body":{"a":1},"httpMethod":"POST","isBase64Encoded":false}`))
	f.Add([]byte(`{"path":"https://h/a?b#c"}`))
	h := serving(io.Discard, echo)
	f.Fuzz(func(t *testing.T, event []byte) {
		answer, err := h.Invoke(t.Context(), event)
		if err != nil {
			failed, p := failureOf(t, err)
			if p.Code == "Retrain.Internal" {
				t.Errorf("a bug, not a refusal: %s", failed.Message)
			}
			return
		}
		if !json.Valid(answer) {
			t.Errorf("no JSON: %s", answer)
		}
	})
}
