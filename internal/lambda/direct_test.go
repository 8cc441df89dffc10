package lambda

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// echo answers with method, path, query and body of what reached it.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "%q", fmt.Sprintf("%s %s %s %s", r.Method, r.URL.Path, r.URL.RawQuery, body))
}

func TestDirectRequests(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString([]byte(`{"a":1}`))
	h := serving(io.Discard, echo)
	h.StagePrefixes = []string{"/ml/"}
	for event, want := range map[string]string{
		`{"path":"/train","body":{"a": 1.50}}`:                                       `POST /train  {"a": 1.50}`,
		`{"path":"/train","body":"{\"a\":1}"}`:                                       `POST /train  {"a":1}`,
		`{"path":"/train","body":null}`:                                              `POST /train  {}`,
		`{"path":"/train"}`:                                                          `POST /train  {}`,
		`{"path":"/train","body":""}`:                                                `POST /train  {}`,
		`{"path":"/train","body":[1]}`:                                               `POST /train  [1]`,
		`{"path":"/train","isBase64Encoded":true,"body":"` + b64 + `"}`:              `POST /train  {"a":1}`,
		`{"path":"/train","isBase64Encoded":true,"body":{"a":1}}`:                    `POST /train  {"a":1}`,
		`{"path":"https://xyz.lambda-url.eu-west-1.on.aws/train?x=1#top","body":{}}`: `POST /train x=1 {}`,
		`{"path":"/health?deep=1"}`:                                                  `GET /health deep=1 `,
		`{"path":"health"}`:                                                          `GET /health  `,
		`{"path":"/health","httpMethod":"post"}`:                                     `POST /health  {}`,
		`{"path":"/train","method":"GET"}`:                                           `GET /train  `,
		`{"path":"/train","method":"GET","httpMethod":null}`:                         `GET /train  `,
		`{"path":"/ml/train","requestContext":null,"extra":7}`:                       `POST /train  {}`,
		`{"path":"/a%2Fb%20c"}`:                                                      `POST /a/b c  {}`,
	} {
		answer, err := h.Invoke(invocation(t), []byte(event))
		if err != nil {
			t.Errorf("%s: %v", event, err)
			continue
		}
		if diff := cmp.Diff(fmt.Sprintf("%q", want), string(answer)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", event, diff)
		}
	}
}

func TestDirectEventsThatAreRefused(t *testing.T) {
	h := serving(io.Discard, func(http.ResponseWriter, *http.Request) { t.Error("a refused event reached the handler") })
	for event, want := range map[string]string{
		`{"path":"%zz"}`:                                       "Retrain.InvalidRequest path",
		`{"path":"localhost:8080/train"}`:                      "Retrain.InvalidRequest path",
		`{"path":"/\u0000"}`:                                   "Retrain.InvalidRequest path",
		`{"path":"/train","httpMethod":7}`:                     "Retrain.InvalidRequest httpMethod",
		`{"path":"/train","method":""}`:                        "Retrain.InvalidRequest method",
		`{"path":"/train","httpMethod":"A B"}`:                 "Retrain.InvalidRequest httpMethod",
		`{"path":"/train","isBase64Encoded":true,"body":"!!"}`: "Retrain.InvalidRequest body",
		`{"path":"/train","isBase64Encoded":"yes","body":"e"}`: "Retrain.InvalidRequest isBase64Encoded",
		`{"path":"/train","body":{"a":1},"body":{"a":2}}`:      "Retrain.InvalidRequest body",
		`{}`:                   "Retrain.UnsupportedEvent",
		`null`:                 "Retrain.UnsupportedEvent",
		`[{"path":"/train"}]`:  "Retrain.UnsupportedEvent",
		`{"path":"/train"} {}`: "Retrain.UnsupportedEvent",
		`{"path":["/train"]}`:  "Retrain.UnsupportedEvent",
		`{"Path":"/train"}`:    "Retrain.UnsupportedEvent",
		`{"path":"/train","requestContext":{"connectionId":1}}`: "Retrain.UnsupportedEvent",
	} {
		_, err := h.Invoke(invocation(t), []byte(event))
		_, p := failureOf(t, err)
		got := p.Code
		if p.Code == "Retrain.InvalidRequest" && len(p.Errors) == 1 {
			got += fmt.Sprint(" ", p.Errors[0].Loc[1])
		}
		if got != want || p.RequestID != "request-1" {
			t.Errorf("%s: got %s (%+v), want %s", event, got, p, want)
		}
	}
}

func TestUnsupportedEventNamesKeysAndAnExample(t *testing.T) {
	h := serving(io.Discard, nil)
	_, err := h.Invoke(invocation(t), []byte(`{"source":"aws.ec2","detail-type":"A change","detail":{"secret":1}}`))
	_, p := failureOf(t, err)
	if !strings.Contains(p.Detail, "its keys are detail, detail-type, source.") || strings.Contains(p.Detail, "secret") {
		t.Errorf("detail: %s", p.Detail)
	}
	if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Msg, example) {
		t.Errorf("no example: %+v", p.Errors)
	}
	var many strings.Builder
	for i := range 500 {
		fmt.Fprintf(&many, `"%d%s":0,`, i, strings.Repeat("é", 200))
	}
	_, err = h.Invoke(invocation(t), []byte("{"+strings.TrimSuffix(many.String(), ",")+"}"))
	if _, p = failureOf(t, err); len(p.Detail) > 1200 || !strings.Contains(p.Detail, "among its keys are 0é") {
		t.Errorf("500 long keys make a detail of %d bytes: %s", len(p.Detail), p.Detail)
	}
}

// Whatever HTTP would answer with 400 or more fails the function, and the
// document keeps its bytes.
func TestDirectErrors(t *testing.T) {
	doc := `{"code":"Retrain.GateNotPassed","detail":"x", "status":409}`
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{409, doc + "\n", doc},
		{404, "404 page not found\n", ""},
		{500, "", ""},
		{500, `{"error":"x"}`, ""},
	} {
		h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		answer, err := h.Invoke(invocation(t), []byte(`{"path":"/update-model","body":{}}`))
		failed, p := failureOf(t, err)
		switch {
		case answer != nil:
			t.Errorf("%d answers %s", c.status, answer)
		case c.want != "" && (failed.Message != c.want || failed.Type != "Retrain.GateNotPassed"):
			t.Errorf("%d %s: got %s", c.status, c.body, failed.Message)
		case c.want == "" && p.Code != "Retrain.Internal":
			t.Errorf("%d %s: got %+v", c.status, c.body, p)
		}
	}
}

func TestDirectAnswers(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body, want string
		status                        int
	}{
		{"JSON", "application/json; charset=utf-8", " {\"a\":1}\n", `{"a":1}`, 200},
		{"JSON suffix", "application/vnd.oai.openapi+json", `{}`, `{}`, 200},
		{"empty", "", "", `null`, 204},
		{"NaN", "application/json", `{"loss":NaN}`, "Retrain.Internal", 200},
		{"page", "text/html", "<p>", "Retrain.UnsupportedMediaType", 200},
		{"redirect", "text/html", "", "Retrain.UnsupportedMediaType", 302},
	} {
		h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
			if c.contentType != "" {
				w.Header().Set("Content-Type", c.contentType)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		answer, err := h.Invoke(invocation(t), []byte(`{"path":"/x"}`))
		got := string(answer)
		if err != nil {
			failed, _ := failureOf(t, err)
			got = failed.Type
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// An event that names no method means GET where the router has only that.
func TestDirectMethodFollowsTheRouter(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /openapi.json", echo)
	h := serving(io.Discard, mux.ServeHTTP)
	answer, err := h.Invoke(invocation(t), []byte(`{"path":"/openapi.json"}`))
	if err != nil || string(answer) != `"GET /openapi.json  "` {
		t.Errorf("no method: %s, %v", answer, err)
	}
	if _, err = h.Invoke(invocation(t), []byte(`{"path":"/openapi.json","httpMethod":"POST"}`)); err == nil {
		t.Error("a named method was changed")
	}
}
