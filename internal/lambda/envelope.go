package lambda

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/awslabs/aws-lambda-go-api-proxy/core"
)

// The envelopes: a response as the sender of each shape of event reads it. A
// body that is no UTF-8 is sent as base64.

func restEnvelope(res *response) []byte {
	w := core.NewProxyResponseWriter()
	res.replay(w)
	answer, err := w.GetProxyResponse()
	return encode(answer, err)
}

func httpEnvelope(res *response) []byte {
	w := core.NewProxyResponseWriterV2()
	res.replay(w)
	answer, err := w.GetProxyResponse()
	return encode(answer, err)
}

func albMultiEnvelope(res *response) []byte {
	w := core.NewProxyResponseWriterALB()
	res.replay(w)
	answer, err := w.GetProxyResponse()
	answer.StatusDescription = describe(res.status)
	return encode(answer, err)
}

// albSingleEnvelope writes single headers: a load balancer whose target group
// sends single values reads no others. Of several cookies only the last can be sent.
func albSingleEnvelope(res *response) []byte {
	w := core.NewProxyResponseWriterALB()
	res.replay(w)
	answer, err := w.GetProxyResponse()
	answer.StatusDescription = describe(res.status)
	answer.Headers, answer.MultiValueHeaders = map[string]string{}, nil
	for name, values := range w.Header() {
		answer.Headers[name] = strings.Join(values, ", ")
		if name == "Set-Cookie" {
			answer.Headers[name] = values[len(values)-1]
		}
	}
	return encode(answer, err)
}

// replay writes the response to one of api-proxy's writers.
func (r *response) replay(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	if len(r.body) > 0 {
		// The writer is a buffer; it has no error to report.
		_, _ = w.Write(r.body)
	}
}

// describe returns "200 OK", the form that load balancers want.
func describe(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// encode returns an envelope as JSON. Neither it nor its making can fail: the
// response has a status, and the envelope holds strings and numbers only.
func encode(envelope any, err error) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err == nil {
		err = enc.Encode(envelope)
	}
	if err != nil {
		panic("lambda: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
