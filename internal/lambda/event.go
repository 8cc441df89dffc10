package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"retrain/internal/fault"
)

// shape says who sent an event, and so how it is read and answered.
type shape uint8

const (
	other     shape = iota
	direct          // {"path": ..., "body": ...} from Step Functions or a caller of Invoke
	restV1          // API Gateway REST, and HTTP API with payload format 1.0
	httpV2          // API Gateway HTTP API with payload format 2.0, and Function URL
	albSingle       // load balancer, one value a header
	albMulti        // load balancer, target group with multi-value headers
	data            // S3 or EventBridge announce data, or a schedule that it is time
	queue           // messages of an SQS queue
)

// event is the top level of a payload: each member's name and its raw value.
type event map[string]json.RawMessage

// open splits a payload into its members. The values are copies: the runtime
// uses the payload's memory again for the next event.
func open(payload []byte) (event, *fault.Error) {
	dec := json.NewDecoder(bytes.NewReader(payload))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return nil, notAnObject()
	}
	members := event{}
	for dec.More() {
		token, err := dec.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return nil, notAnObject()
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, notAnObject()
		}
		if _, twice := members[name]; twice {
			return nil, fault.New(fault.InvalidRequest, "The event has a member twice.").
				At("Duplicate member", "duplicate_key", "event", name)
		}
		members[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, notAnObject()
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, notAnObject()
	}
	return members, nil
}

// shape tells the event's sender by what only that sender writes. Events for an
// authorizer or of a WebSocket look like HTTP requests and are none.
func (e event) shape() shape {
	sender := e.object("requestContext")
	switch {
	case sender == nil && e.isString("path"):
		return direct
	case sender == nil && e.announces():
		return data
	case sender == nil && e.sentBy() == "aws:sqs":
		return queue
	case sender == nil:
		return other
	case e.has("methodArn"), e.has("routeArn"), sender.has("connectionId"):
		return other
	case sender.object("http") != nil:
		return httpV2
	case sender.object("elb") != nil && e.object("multiValueHeaders") != nil:
		return albMulti
	case sender.object("elb") != nil:
		return albSingle
	case e.isString("httpMethod") && e.isString("path"):
		return restV1
	}
	return other
}

// object returns a member's members, or nil when the member is no object.
func (e event) object(name string) event {
	var inner event
	if json.Unmarshal(e[name], &inner) != nil {
		return nil
	}
	return inner
}

// has reports whether a member is there and not null.
func (e event) has(name string) bool {
	value, ok := e[name]
	return ok && !bytes.Equal(value, []byte("null"))
}

func (e event) isString(name string) bool {
	return len(e[name]) > 0 && e[name][0] == '"'
}

// example is an event that would have worked, for the callers whose event does not.
const example = `{"path":"/preprocess","body":{"data_path":"s3://bucket/data.csv","model_params":{}}}`

func notAnObject() *fault.Error {
	return fault.New(fault.UnsupportedEvent, "The event is not one JSON object.").
		At("Send an event such as "+example, "unsupported_event", "event")
}

// unsupported names the keys of an event that nobody here answers; never its values.
func unsupported(e event) *fault.Error {
	const maxKeys, maxKey = 16, 48
	keys := make([]string, 0, len(e))
	for k := range e {
		keys = append(keys, strings.ToValidUTF8(k[:min(len(k), maxKey)], ""))
	}
	slices.Sort(keys)
	seen := "it has no keys"
	if n := len(keys); n > maxKeys {
		seen = "among its keys are " + strings.Join(keys[:maxKeys], ", ")
	} else if n > 0 {
		seen = "its keys are " + strings.Join(keys, ", ")
	}
	return fault.New(fault.UnsupportedEvent,
		"The event is no HTTP request, no direct invocation with a string 'path', and no announcement of data: %s.", seen).
		At("Send an event such as "+example, "unsupported_event", "event")
}
