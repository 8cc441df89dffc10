package approval_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"retrain/internal/approval"
	"retrain/internal/fault"
)

// stepFunctions is a server that answers every request the same way, in the
// service's protocol (AWS JSON 1.0), and keeps the last request.
type stepFunctions struct {
	status int
	kind   string // of the error
	target string
	body   map[string]string
}

func (s *stepFunctions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.target = r.Header.Get("X-Amz-Target")
	raw, _ := io.ReadAll(r.Body)
	s.body = nil
	_ = json.Unmarshal(raw, &s.body) // a body that is none shows in the comparison
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(s.status)
	if s.kind != "" {
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": s.kind, "message": "secret"})
		return
	}
	_, _ = io.WriteString(w, "{}")
}

func stepAt(t *testing.T, s *stepFunctions) *approval.Step {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &approval.Step{Load: func(context.Context) (aws.Config, error) {
		return aws.Config{
			Region: "eu-central-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		}, nil
	}}
}

func TestTheAnswerIsPassedOn(t *testing.T) {
	for _, approved := range []bool{true, false} {
		server := &stepFunctions{status: http.StatusOK}
		res, err := stepAt(t, server).Run(t.Context(), approval.Request{TaskToken: "token", Approved: &approved, By: "me", Reason: "it is fine"})
		if err != nil || res.Status != "success" || res.Approved != approved {
			t.Fatalf("%+v, %v", res, err)
		}
		if server.target != "AWSStepFunctions.SendTaskSuccess" || server.body["taskToken"] != "token" {
			t.Errorf("asked for %s with %v", server.target, server.body)
		}
		var output map[string]any
		if err := json.Unmarshal([]byte(server.body["output"]), &output); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"approved": approved, "by": "me", "reason": "it is fine"}
		if diff := cmp.Diff(want, output); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	yes := true
	for _, test := range []struct {
		server *stepFunctions
		want   fault.Kind
	}{
		{&stepFunctions{status: 400, kind: "InvalidToken"}, fault.DataNotFound},
		{&stepFunctions{status: 400, kind: "TaskDoesNotExist"}, fault.DataNotFound},
		{&stepFunctions{status: 400, kind: "TaskTimedOut"}, fault.RunConflict},
		{&stepFunctions{status: 400, kind: "AccessDeniedException"}, fault.AccessDenied},
		{&stepFunctions{status: 500, kind: "InternalFailure"}, fault.Transient},
	} {
		_, err := stepAt(t, test.server).Run(t.Context(), approval.Request{TaskToken: "token", Approved: &yes})
		if !fault.Is(err, test.want) {
			t.Errorf("%s: %v", test.server.kind, err)
		}
	}
}

func TestRequestsThatSayNothingAreRefused(t *testing.T) {
	_, err := new(approval.Step).Run(t.Context(), approval.Request{})
	if !fault.Is(err, fault.InvalidRequest) || len(fault.From(err).Fields) != 2 {
		t.Errorf("%v", err)
	}
}
