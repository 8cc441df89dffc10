package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"retrain/internal/fault"
)

// Trigger says what becomes of events that announce data instead of asking for
// something: S3 notifications, events of EventBridge, and either of them, or a
// body of Path, as messages of an SQS queue.
type Trigger struct {
	Path string // the route to call
	// Body is what the route is sent beside the data's address. An event of a
	// schedule announces nothing, so it takes a Body with a data_path.
	Body map[string]json.RawMessage
}

// The members by which the senders are told.
const (
	sourceMember  = "eventSource"
	recordsMember = "Records"
	detailType    = "detail-type"
)

// sentBy returns the eventSource of the event's records, which is the same for
// all of them: "aws:s3", "aws:sqs", or "".
func (e event) sentBy() string {
	var records []event
	if json.Unmarshal(e[recordsMember], &records) != nil || len(records) == 0 {
		return ""
	}
	var source string
	_ = json.Unmarshal(records[0][sourceMember], &source) // of another type: none of ours
	return source
}

// announces reports whether an event, or a message of a queue, announces data.
func (e event) announces() bool {
	return e.sentBy() == "aws:s3" || e.isString(detailType) && e.isString("source")
}

// invokeTrigger calls the route once for each object that the event announces,
// one after the other, up to the first that fails: the platform then repeats
// the event, and what was done already is answered from the store.
func (h Handler) invokeTrigger(ctx context.Context, e event) ([]byte, error) {
	bodies, err := h.announced(e)
	if err != nil {
		return nil, functionError(h.problem(ctx, err, ""))
	}
	answers := make([]json.RawMessage, 0, len(bodies))
	for _, body := range bodies {
		answer, err := h.callRoute(ctx, body)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return json.Marshal(map[string]any{"answers": answers})
}

// callRoute calls the trigger's route. The error is a functionError.
func (h Handler) callRoute(ctx context.Context, body []byte) ([]byte, error) {
	return h.answerCall(ctx, call{url: &url.URL{Path: h.Trigger.Path}, body: body})
}

// announced returns a body for each object that the event announces.
func (h Handler) announced(e event) ([][]byte, *fault.Error) {
	var paths []string
	var err *fault.Error
	if e.has(recordsMember) {
		paths, err = notified(e)
	} else {
		paths, err = e.created()
	}
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, 0, len(paths))
	for _, path := range paths {
		body := maps.Clone(h.Trigger.Body)
		if body == nil {
			body = map[string]json.RawMessage{}
		}
		if path != "" {
			body["data_path"], _ = json.Marshal(path) // a string always has a form
		}
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "The function's settings for triggers are not JSON.")
		}
		bodies = append(bodies, raw)
	}
	return bodies, nil
}

// notified returns the addresses of the objects that an S3 notification
// reports as created. Their keys are written as in a form (S3 User Guide,
// "Event message structure").
func notified(e event) ([]string, *fault.Error) {
	var s3 events.S3Event
	if json.Unmarshal(e.raw(), &s3) != nil {
		return nil, wrongMember(recordsMember, "Input should be the records of an S3 notification")
	}
	var paths []string
	for _, r := range s3.Records {
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil || r.S3.Bucket.Name == "" || key == "" {
			return nil, wrongMember(recordsMember, "Input should name a bucket and a key in each record")
		}
		if strings.HasPrefix(strings.TrimPrefix(r.EventName, "s3:"), "ObjectCreated") {
			paths = append(paths, "s3://"+r.S3.Bucket.Name+"/"+key)
		}
	}
	return paths, nil
}

// created returns the address of the object that an event of EventBridge
// reports as created; "" for an event of a schedule.
func (e event) created() ([]string, *fault.Error) {
	var kind, source string
	_ = json.Unmarshal(e[detailType], &kind) // they are strings: announces looked
	_ = json.Unmarshal(e["source"], &source)
	var detail struct {
		Bucket struct{ Name string }
		Object struct{ Key string }
	}
	switch {
	case source == "aws.scheduler", source == "aws.events" && kind == "Scheduled Event":
		return []string{""}, nil
	case source != "aws.s3" || kind != "Object Created":
		return nil, unsupported(e)
	case json.Unmarshal(e["detail"], &detail) != nil || detail.Bucket.Name == "" || detail.Object.Key == "":
		return nil, wrongMember("detail", "Input should name the bucket and the object's key")
	}
	return []string{"s3://" + detail.Bucket.Name + "/" + detail.Object.Key}, nil
}

// invokeQueue works through a batch of SQS messages and answers which of them
// failed, so that only those come again (Lambda Developer Guide, "Implementing
// partial batch responses").
func (h Handler) invokeQueue(ctx context.Context, e event) ([]byte, error) {
	var batch events.SQSEvent
	if json.Unmarshal(e.raw(), &batch) != nil {
		return nil, functionError(h.problem(ctx, wrongMember(recordsMember, "Input should be the messages of an SQS queue"), ""))
	}
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, m := range batch.Records {
		if err := h.message(ctx, m.Body); err != nil {
			h.log().ErrorContext(ctx, "a queue's message failed", "messageId", m.MessageId, "error", err)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
		}
	}
	return json.Marshal(answer)
}

// message carries out one message: an announcement of data, perhaps wrapped by
// SNS, a direct event, or the route's own body.
func (h Handler) message(ctx context.Context, text string) error {
	e, err := open([]byte(text))
	if err != nil {
		return functionError(h.problem(ctx, err, ""))
	}
	var inner string
	switch {
	case e.isString("TopicArn") && json.Unmarshal(e["Message"], &inner) == nil:
		return h.message(ctx, inner)
	case e.isString("Event") && e.isString("Bucket") && !e.has(recordsMember):
		return nil // s3:TestEvent, which S3 sends when a notification is set up
	case e.announces():
		_, err := h.invokeTrigger(ctx, e)
		return err
	case e.shape() == direct:
		_, err := h.invokeDirect(ctx, e)
		return err
	}
	_, failure := h.callRoute(ctx, bytes.TrimSpace([]byte(text)))
	return failure
}

// raw returns the event as one JSON object again.
func (e event) raw() []byte {
	raw, _ := json.Marshal(e) // its members were JSON
	return raw
}
