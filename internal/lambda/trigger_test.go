package lambda

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

// triggered is a handler whose route remembers the bodies that it is sent, and
// refuses those that hold "bad".
func triggered(t *testing.T, bodies *[]string) Handler {
	t.Helper()
	h := serving(io.Discard, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*bodies = append(*bodies, r.Method+" "+r.URL.Path+" "+string(body))
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(body), "bad") {
			p := fault.NewProblem(fault.New(fault.InvalidData, "no"), r.URL.Path, "")
			w.WriteHeader(p.Status)
			_, _ = w.Write(p.JSON())
			return
		}
		_, _ = io.WriteString(w, `{"status":"success"}`)
	})
	h.Trigger = Trigger{Path: "/retrain", Body: map[string]json.RawMessage{"target": json.RawMessage(`"y"`)}}
	return h
}

const (
	created = `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"in/a b.csv"}}}`
	removed = `{"source":"aws.s3","detail-type":"Object Deleted","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}}`
	tick    = `{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}`
	put     = `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"in/a+b%3D.csv"}}},` +
		`{"eventSource":"aws:s3","eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"gone"}}},` +
		`{"eventSource":"aws:s3","eventName":"ObjectCreated:Copy","s3":{"bucket":{"name":"b"},"object":{"key":"two"}}}]}`
)

func TestAnnouncedDataIsRetrainedOn(t *testing.T) {
	for _, test := range []struct {
		name, event string
		want        []string
	}{
		{"EventBridge", created, []string{`POST /retrain {"data_path":"s3://b/in/a b.csv","target":"y"}`}},
		{"a schedule", tick, []string{`POST /retrain {"target":"y"}`}},
		{"S3", put, []string{`POST /retrain {"data_path":"s3://b/in/a b=.csv","target":"y"}`, `POST /retrain {"data_path":"s3://b/two","target":"y"}`}},
	} {
		var bodies []string
		h := triggered(t, &bodies)
		answer, err := h.Invoke(invocation(t), []byte(test.event))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, bodies); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if n := strings.Count(string(answer), "success"); n != len(test.want) {
			t.Errorf("%s: answer %s", test.name, answer)
		}
		if len(h.Trigger.Body) != 1 {
			t.Errorf("%s changed the settings", test.name)
		}
	}
}

// The platform must see the failure, or it would not repeat the event.
func TestAnnouncedDataThatFails(t *testing.T) {
	var bodies []string
	h := triggered(t, &bodies)
	_, err := h.Invoke(invocation(t), []byte(strings.Replace(put, "in/a", "bad/a", 1)))
	var failure messages.InvokeResponse_Error
	if !errors.As(err, &failure) || failure.Type != fault.InvalidData.Code() {
		t.Errorf("%v", err)
	}
	if len(bodies) != 1 {
		t.Errorf("went on after a failure: %q", bodies)
	}
	for _, event := range []string{
		removed, strings.Replace(created, `"name":"b"`, `"name":""`, 1), strings.Replace(put, "%3D", "%zz", 1),
	} {
		if _, err := h.Invoke(invocation(t), []byte(event)); err == nil {
			t.Errorf("%s succeeded", event)
		}
	}
	if len(bodies) != 1 {
		t.Errorf("called the route: %q", bodies)
	}
}

func TestQueueAnswersWhichMessagesFailed(t *testing.T) {
	message := func(id, body string) map[string]string {
		return map[string]string{"eventSource": "aws:sqs", "messageId": id, "body": body}
	}
	wrapped, _ := json.Marshal(map[string]string{"TopicArn": "arn", "Message": created})
	event, _ := json.Marshal(map[string]any{"Records": []any{
		message("1", created),
		message("2", `{"data_path":"bad"}`),
		message("3", `{"data_path":"s3://b/k","model_params":{}}`),
		message("4", `{"path":"/evaluate","body":{"model_path":"m"}}`),
		message("5", "no JSON"),
		message("6", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`),
		message("7", string(wrapped)),
		message("8", `{"path":"/evaluate","body":{"model_path":"bad"}}`),
	}})
	var bodies []string
	h := triggered(t, &bodies)
	answer, err := h.Invoke(invocation(t), event)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"batchItemFailures":[{"itemIdentifier":"2"},{"itemIdentifier":"5"},{"itemIdentifier":"8"}]}`; string(answer) != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
	want := []string{
		`POST /retrain {"data_path":"s3://b/in/a b.csv","target":"y"}`,
		`POST /retrain {"data_path":"bad"}`,
		`POST /retrain {"data_path":"s3://b/k","model_params":{}}`,
		`POST /evaluate {"model_path":"m"}`,
		`POST /retrain {"data_path":"s3://b/in/a b.csv","target":"y"}`,
		`POST /evaluate {"model_path":"bad"}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
