package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"retrain/internal/fault"
)

// maxDirect bounds the answer to a direct invocation. Step Functions allows
// 262,144 bytes for a state's output, of which the Lambda integration takes a
// part for the call's own metadata.
const maxDirect = 262_144 - 8_192

// call is a direct event: what it asks for, before it is an HTTP request.
type call struct {
	url    *url.URL // path and query only
	method string   // "" when the event names none
	body   []byte
}

// invokeDirect answers {"path": ..., "body": ...} with the bare document.
func (h Handler) invokeDirect(ctx context.Context, e event) ([]byte, error) {
	c, err := e.call(h.StagePrefixes)
	if err != nil {
		return nil, functionError(h.problem(ctx, err, ""))
	}
	return h.answerCall(ctx, c)
}

// answerCall makes the call and returns the bare document that it answers. The
// error is a functionError.
func (h Handler) answerCall(ctx context.Context, c call) ([]byte, error) {
	res, err := h.serveCall(ctx, c)
	if err != nil {
		return nil, functionError(h.problem(ctx, err, c.url.Path))
	}
	if res.status >= http.StatusBadRequest {
		return nil, h.failure(ctx, res, c.url.Path)
	}
	document, err := res.document()
	if err != nil {
		h.log().ErrorContext(ctx, "direct answer refused", "path", c.url.Path, "bytes", len(res.body), "error", err)
		return nil, functionError(h.problem(ctx, err, c.url.Path))
	}
	return document, nil
}

// serveCall makes the call as GET or POST. An event without a method means POST,
// and GET for /health and for whatever the router says is there for GET only.
func (h Handler) serveCall(ctx context.Context, c call) (*response, *fault.Error) {
	method := c.method
	switch {
	case method != "":
	case c.url.Path == "/health":
		method = http.MethodGet
	default:
		method = http.MethodPost
	}
	r, err := c.request(method)
	if err != nil {
		return nil, err
	}
	res := h.serve(ctx, r)
	if c.method == "" && res.status == http.StatusMethodNotAllowed && res.allows(http.MethodGet) {
		if r, err = c.request(http.MethodGet); err != nil {
			return nil, err
		}
		res = h.serve(ctx, r)
	}
	return res, nil
}

// request returns the call as an HTTP request with a JSON body; a GET has none.
func (c call) request(method string) (*http.Request, *fault.Error) {
	body := c.body
	if method == http.MethodGet {
		body = nil
	}
	r, err := http.NewRequest(method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, wrongMember("httpMethod", "Input should be an HTTP method")
	}
	r.URL = c.url
	r.RequestURI = c.url.RequestURI()
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

// call reads the members of a direct event.
func (e event) call(prefixes []string) (c call, err *fault.Error) {
	if c.url, err = e.target(prefixes); err != nil {
		return call{}, err
	}
	if c.method, err = e.method(); err != nil {
		return call{}, err
	}
	if c.body, err = e.body(); err != nil {
		return call{}, err
	}
	return c, nil
}

// target returns path and query of the event's path, which may be a whole URL.
func (e event) target(prefixes []string) (*url.URL, *fault.Error) {
	var path string
	if json.Unmarshal(e["path"], &path) != nil {
		return nil, wrongMember("path", "Input should be a string")
	}
	u, err := url.Parse(path)
	if err != nil || u.Opaque != "" {
		return nil, wrongMember("path", "Input should be a path such as /preprocess, or a whole URL")
	}
	escaped := stripPrefixes(rooted(u.EscapedPath()), prefixes)
	stripped, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, wrongMember("path", "Input should be a path such as /preprocess, or a whole URL")
	}
	return &url.URL{Path: stripped, RawPath: escaped, RawQuery: u.RawQuery}, nil
}

// method returns the event's httpMethod or method in capitals, or "".
func (e event) method() (string, *fault.Error) {
	for _, name := range []string{"httpMethod", "method"} {
		if !e.has(name) {
			continue
		}
		var method string
		if json.Unmarshal(e[name], &method) != nil || method == "" {
			return "", wrongMember(name, "Input should be an HTTP method")
		}
		return strings.ToUpper(method), nil
	}
	return "", nil
}

// body returns the bytes that the event's body stands for: an object as it is
// written, a string's content, base64 decoded where the event says so, and {}
// for null, "" and no body. Anything else goes on as it is, for the router to refuse.
func (e event) body() ([]byte, *fault.Error) {
	if !e.has("body") {
		return []byte("{}"), nil
	}
	if !e.isString("body") {
		return e["body"], nil
	}
	var text string
	if json.Unmarshal(e["body"], &text) != nil {
		return nil, wrongMember("body", "Input should be a JSON string or object")
	}
	var encoded bool
	if e.has("isBase64Encoded") && json.Unmarshal(e["isBase64Encoded"], &encoded) != nil {
		return nil, wrongMember("isBase64Encoded", "Input should be a boolean")
	}
	body := []byte(text)
	if encoded {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, wrongMember("body", "Input should be base64")
		}
		body = decoded
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return []byte("{}"), nil
	}
	return body, nil
}

// document returns a successful response's JSON, or says why a direct caller
// cannot have it.
func (r *response) document() ([]byte, *fault.Error) {
	body := bytes.TrimSpace(r.body)
	switch {
	case len(body) == 0 && r.status < http.StatusMultipleChoices:
		return []byte("null"), nil
	case r.status >= http.StatusMultipleChoices || !isJSON(r.header.Get("Content-Type")):
		return nil, fault.New(fault.UnsupportedMediaType,
			"This page is no JSON document; a direct invocation cannot have it, ask for it over HTTP.")
	case len(body) > maxDirect:
		return nil, tooLarge(maxDirect)
	case !json.Valid(body):
		return nil, fault.New(fault.Internal, "The answer was no valid JSON document.")
	}
	return body, nil
}

// failure turns a response of status 400 or more into the Lambda's error. The
// problem document keeps its bytes; a response without one gets one here. When a
// handler was left behind, the process ends once its error is reported: it would
// otherwise work on, unseen, beside the next event.
func (h Handler) failure(ctx context.Context, res *response, path string) error {
	var p struct {
		Code string `json:"code"`
	}
	body := bytes.TrimSpace(res.body)
	if json.Unmarshal(body, &p) == nil && p.Code != "" && len(body) <= fault.MaxDocument {
		return messages.InvokeResponse_Error{
			Type:       p.Code,
			Message:    string(body),
			ShouldExit: res.abandoned && lambdacontext.MaxConcurrency() == 1,
		}
	}
	h.log().ErrorContext(ctx, "error response without a problem document", "path", path, "status", res.status)
	e := fault.New(fault.Internal, "The service refused the request without saying why.")
	return functionError(h.problem(ctx, e, path))
}

// functionError is the error that makes a Lambda fail with the problem's code
// as errorType and its document as errorMessage.
func functionError(p fault.Problem) error {
	return messages.InvokeResponse_Error{Type: p.Code, Message: string(p.JSON())}
}

func wrongMember(name, msg string) *fault.Error {
	return fault.New(fault.InvalidRequest, "The event's member '%s' is wrong.", name).
		At(msg, "value_error", "event", name)
}

func (r *response) allows(method string) bool {
	for _, line := range r.header.Values("Allow") {
		if slices.Contains(strings.FieldsFunc(line, func(c rune) bool { return c == ',' || c == ' ' }), method) {
			return true
		}
	}
	return false
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}
