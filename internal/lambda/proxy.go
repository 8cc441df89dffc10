package lambda

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/core"

	"retrain/internal/fault"
)

// proxy is one way of wrapping HTTP into events: how its request is read, how a
// response is written, and how many bytes the written response may have.
type proxy struct {
	request  func(payload []byte, prefixes []string) (*http.Request, *fault.Error)
	envelope func(*response) []byte
	limit    int
}

// The platform's limits on an answer, in bytes.
const (
	maxResponse = 6 << 20 // Lambda, for a synchronous call
	maxALB      = 1 << 20 // a load balancer's Lambda target
)

var proxies = map[shape]proxy{
	restV1:    {restRequest, restEnvelope, maxResponse},
	httpV2:    {httpRequest, httpEnvelope, maxResponse},
	albSingle: {albRequest, albSingleEnvelope, maxALB},
	albMulti:  {albRequest, albMultiEnvelope, maxALB},
}

// The conversions are api-proxy's, which leaves four things to correct: it
// splits the headers of HTTP API events at every comma, encodes a load balancer's
// query twice, keeps the stage in the path, and fails (after printing the
// request) where a 400 is due. So paths and queries are put right and checked
// before it sees them, and headers are set again from the event afterwards.

func restRequest(payload []byte, prefixes []string) (*http.Request, *fault.Error) {
	var e events.APIGatewayProxyRequest
	if json.Unmarshal(payload, &e) != nil {
		return nil, unreadable("event", "Input should be an API Gateway REST event")
	}
	e.Path = stripPrefixes(rooted(e.Path), stages(e.RequestContext.Stage, prefixes))
	body, err := check(e.HTTPMethod, e.Path, "", e.Body, e.IsBase64Encoded)
	if err != nil {
		return nil, err
	}
	e.Body, e.IsBase64Encoded, e.RequestContext.DomainName = "", false, ""
	r, failed := new(core.RequestAccessor).EventToRequest(e)
	if failed != nil {
		return nil, unreadable("event", "Input should be an API Gateway REST event")
	}
	header := http.Header(e.MultiValueHeaders)
	if len(header) == 0 {
		header = single(e.Headers)
	}
	return complete(r, header, body), nil
}

func httpRequest(payload []byte, prefixes []string) (*http.Request, *fault.Error) {
	var e events.APIGatewayV2HTTPRequest
	if json.Unmarshal(payload, &e) != nil {
		return nil, unreadable("event", "Input should be an HTTP API or Function URL event")
	}
	if e.RawPath == "" {
		e.RawPath = e.RequestContext.HTTP.Path
	}
	e.RawPath = stripPrefixes(rooted(e.RawPath), stages(e.RequestContext.Stage, prefixes))
	body, err := check(e.RequestContext.HTTP.Method, e.RawPath, e.RawQueryString, e.Body, e.IsBase64Encoded)
	if err != nil {
		return nil, err
	}
	e.Body, e.IsBase64Encoded, e.RequestContext.DomainName = "", false, ""
	r, failed := new(core.RequestAccessorV2).EventToRequest(e)
	if failed != nil {
		return nil, unreadable("event", "Input should be an HTTP API or Function URL event")
	}
	header := single(e.Headers)
	if len(e.Cookies) > 0 {
		header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return complete(r, header, body), nil
}

func albRequest(payload []byte, prefixes []string) (*http.Request, *fault.Error) {
	var e events.ALBTargetGroupRequest
	if json.Unmarshal(payload, &e) != nil {
		return nil, unreadable("event", "Input should be a load balancer's event")
	}
	e.Path = stripPrefixes(rooted(e.Path), prefixes)
	body, err := check(e.HTTPMethod, e.Path, "", e.Body, e.IsBase64Encoded)
	if err != nil {
		return nil, err
	}
	query, err := albQuery(e)
	if err != nil {
		return nil, err
	}
	header := http.Header(e.MultiValueHeaders)
	if len(header) == 0 {
		header = single(e.Headers)
	}
	r, failed := new(core.RequestAccessorALB).EventToRequest(events.ALBTargetGroupRequest{
		HTTPMethod: e.HTTPMethod, Path: e.Path, MultiValueQueryStringParameters: query,
	})
	if failed != nil {
		return nil, unreadable("event", "Input should be a load balancer's event")
	}
	return complete(r, header, body), nil
}

// albQuery decodes the names and values of a load balancer's query, which
// arrive as the client wrote them.
func albQuery(e events.ALBTargetGroupRequest) (map[string][]string, *fault.Error) {
	written := e.MultiValueQueryStringParameters
	if len(written) == 0 {
		written = map[string][]string{}
		for name, value := range e.QueryStringParameters {
			written[name] = []string{value}
		}
	}
	query := make(map[string][]string, len(written))
	for name, values := range written {
		for _, value := range append([]string{name}, values...) {
			if _, err := url.QueryUnescape(value); err != nil {
				return nil, unreadable("query", "Input should be percent-encoded")
			}
		}
		decoded, _ := url.QueryUnescape(name)
		for _, value := range values {
			plain, _ := url.QueryUnescape(value)
			query[decoded] = append(query[decoded], plain)
		}
	}
	return query, nil
}

// check decodes the body, and tries method, path and query on net/http.
func check(method, path, query, body string, encoded bool) ([]byte, *fault.Error) {
	target := "https://host" + path
	if query != "" {
		target += "?" + query
	}
	if _, err := http.NewRequest(strings.ToUpper(method), target, nil); err != nil {
		return nil, unreadable("path", "Input should be an HTTP method and a percent-encoded path")
	}
	if !encoded {
		return []byte(body), nil
	}
	decoded, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, unreadable("body", "Input should be base64")
	}
	return decoded, nil
}

// complete gives the request its body and its headers, as a server would have
// read them: canonical names, and the host beside the headers.
func complete(r *http.Request, header http.Header, body []byte) *http.Request {
	r.Header = http.Header{}
	for name, values := range header {
		for _, value := range values {
			r.Header.Add(name, value)
		}
	}
	r.Host = r.Header.Get("Host")
	r.Header.Del("Host")
	if r.Header.Get("Content-Length") != "" {
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		r.Body = http.NoBody
	}
	r.GetBody = nil
	return r
}

func single(header map[string]string) http.Header {
	multi := make(http.Header, len(header))
	for name, value := range header {
		multi.Set(name, value)
	}
	return multi
}

// stages puts the event's stage before the configured prefixes.
func stages(stage string, prefixes []string) []string {
	if stage == "" || stage == "$default" {
		return prefixes
	}
	return append([]string{stage}, prefixes...)
}

// stripPrefixes removes each prefix, in order, that leads the path and has more
// of the path behind it: a route that has a stage's name stays a route.
func stripPrefixes(path string, prefixes []string) string {
	for _, prefix := range prefixes {
		prefix = "/" + strings.Trim(prefix, "/") + "/"
		if len(prefix) > len("//") && strings.HasPrefix(path, prefix) {
			path = path[len(prefix)-1:]
		}
	}
	return path
}

func rooted(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + path
}

func unreadable(where, msg string) *fault.Error {
	return fault.New(fault.InvalidRequest, "The HTTP request in the event is malformed.").At(msg, "value_error", where)
}

func tooLarge(limit int) *fault.Error {
	return fault.New(fault.TooLarge, "The answer is larger than the %d bytes that its way back allows.", limit)
}
