// Package statemachine holds the state machines' definitions, and the tests that
// hold them against the service: their error names against fault's table, their paths
// against the steps, their transitions against each other. How they run is proven in
// test/asl, on an engine.
package statemachine

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
)

type definition struct {
	StartAt        string
	TimeoutSeconds int
	States         map[string]state
}

type state struct {
	Type           string
	Resource       string
	Next           string
	Default        string
	TimeoutSeconds int
	Parameters     struct {
		FunctionName string
		Payload      map[string]any
		Settings     map[string]any `json:"settings"`
	}
	ResultSelector json.RawMessage
	ResultPath     string
	Retry          []retrier
	Catch          []catcher
	Choices        []choice
	ErrorPath      string
	CausePath      string
	End            bool
	ItemsPath      string
	MaxConcurrency string `json:"MaxConcurrencyPath"`
	ItemProcessor  *definition
}

type retrier struct {
	ErrorEquals     []string
	IntervalSeconds int
	BackoffRate     float64
	MaxAttempts     *int
	MaxDelaySeconds int
	JitterStrategy  string
}

type catcher struct {
	ErrorEquals []string
	ResultPath  string
	Next        string
}

type choice struct {
	Next          string
	Variable      string
	And           []choice
	IsPresent     *bool
	BooleanEquals *bool
}

// tasks are the four steps in order, and the one inside of the Map, with the path
// that each calls and what it sends there.
var tasks = []struct{ state, path, body, next string }{
	{"PreprocessData", "/preprocess", "$.request", "SearchWanted"},
	{"TrainCandidate", "/train", "States.JsonMerge($.last.Payload, $.settings.train, false)", "CandidateComplete"},
	{"TrainModel", "/train", "States.JsonMerge($.last.Payload, $.settings.train, false)", "TrainingComplete"},
	{"EvaluateModel", "/evaluate", "$.last.Payload", "ShouldUpdateModel"},
	{"UpdateModel", "/update-model", "$.last.Payload", "EventWanted"},
}

const invokeFunction = "arn:aws:states:::lambda:invoke"

func load(t *testing.T, name string) definition {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var d definition
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatalf("%s is no plain JSON: %v", name, err)
	}
	return d
}

// all returns the states with those inside of a Map, whose names must differ
// from the others.
func (d definition) all() map[string]state {
	states := maps.Clone(d.States)
	for _, s := range d.States {
		if s.ItemProcessor != nil {
			maps.Copy(states, s.ItemProcessor.all())
		}
	}
	return states
}

func TestTasksCallTheSteps(t *testing.T) {
	states := load(t, "definition.asl.json").all()
	for _, task := range tasks {
		s := states[task.state]
		if s.Type != "Task" || s.Resource != invokeFunction || s.Next != task.next {
			t.Errorf("%s is a %s of %s, followed by %s", task.state, s.Type, s.Resource, s.Next)
		}
		if diff := cmp.Diff(map[string]any{"path": task.path, "body.$": task.body}, s.Parameters.Payload); diff != "" {
			t.Errorf("%s: payload (-want +got):\n%s", task.state, diff)
		}
		if s.Parameters.FunctionName != "${FunctionArn}" {
			t.Errorf("%s calls %q", task.state, s.Parameters.FunctionName)
		}
		if s.TimeoutSeconds <= 900 || s.TimeoutSeconds > 1000 {
			t.Errorf("%s times out after %d s: it should outlast the function's longest timeout a little", task.state, s.TimeoutSeconds)
		}
	}
	calls := 0
	for name, s := range states {
		if s.Resource == invokeFunction {
			calls++
		}
		if s.Type == "Task" && s.TimeoutSeconds == 0 {
			t.Errorf("%s may last for ever", name)
		}
	}
	if calls != len(tasks) {
		t.Errorf("%d states call the function, want %d", calls, len(tasks))
	}
}

// A training that does not fit one invocation is continued.
func TestTrainingsAreAskedForCheckpoints(t *testing.T) {
	settings := load(t, "definition.asl.json").States["Prepare"].Parameters.Settings
	if diff := cmp.Diff(map[string]any{"on_deadline": "checkpoint"}, settings["train"]); diff != "" {
		t.Errorf("what /train is sent besides (-want +got):\n%s", diff)
	}
}

// A message that cannot be sent does not change how a retraining ends.
func TestOtherServicesDecideNothing(t *testing.T) {
	d := load(t, "definition.asl.json")
	for name, s := range d.States {
		if s.Type != "Task" || s.Resource == invokeFunction || name == "AskApproval" {
			continue
		}
		if len(s.Catch) != 1 || s.Catch[0].ErrorEquals[0] != "States.ALL" || s.Catch[0].ResultPath != "$.unsent" || s.ResultPath != "" {
			t.Errorf("%s: %+v, result in %q", name, s.Catch, s.ResultPath)
		}
	}
}

// Each kind of error is retried just when the same request may succeed later,
// and by one retrier only. No wildcard retries what nobody thought of.
func TestRetriesFollowTheErrorTable(t *testing.T) {
	kinds := map[string]fault.Kind{}
	for _, k := range fault.Kinds() {
		kinds[k.Code()] = k
	}
	for _, task := range tasks {
		retriers := map[string]int{}
		for _, r := range load(t, "definition.asl.json").all()[task.state].Retry {
			if r.MaxAttempts == nil || *r.MaxAttempts < 1 || *r.MaxAttempts > 8 {
				t.Errorf("%s: %v: MaxAttempts is missing or out of bounds", task.state, r.ErrorEquals)
			}
			for _, name := range r.ErrorEquals {
				retriers[name]++
				_, known := kinds[name]
				if strings.HasPrefix(name, "Retrain.") && !known || name == "States.ALL" || name == "States.TaskFailed" {
					t.Errorf("%s retries %s", task.state, name)
				}
			}
		}
		for code, kind := range kinds {
			want := 0
			if kind.Retryable() {
				want = 1
			}
			if retriers[code] != want {
				t.Errorf("%s: %s is named by %d retriers, want %d", task.state, code, retriers[code], want)
			}
		}
	}
}

// The platform's passing errors are waited out, the same way in each task.
func TestRetryLadder(t *testing.T) {
	d := load(t, "definition.asl.json")
	want := []retrier{
		{[]string{
			"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
			"Lambda.ClientExecutionTimeoutException", "Lambda.TooManyRequestsException", "Retrain.Transient",
		}, 2, 2, new(6), 60, "FULL"},
		{[]string{"Retrain.Throttled"}, 10, 2, new(8), 120, "FULL"},
		{[]string{"Lambda.CodeArtifactUserPendingException"}, 5, 2, new(5), 60, ""},
		{[]string{"Sandbox.Timedout", "States.Timeout", "Runtime.ExitError", "Lambda.Unknown"}, 1, 0, new(1), 0, ""},
		{[]string{"Retrain.DeadlineExceeded"}, 1, 0, new(2), 0, ""},
	}
	for _, task := range tasks {
		if diff := cmp.Diff(want, d.all()[task.state].Retry); diff != "" {
			t.Errorf("%s (-want +got):\n%s", task.state, diff)
		}
	}
}

// What no retry mends ends in RetrainingFailed, with error and cause; a champion
// that moved goes back to the evaluation.
func TestFailuresAreCaught(t *testing.T) {
	d := load(t, "definition.asl.json")
	all := catcher{[]string{"States.ALL"}, "$.error", "ReportFailure"}
	for _, task := range tasks {
		want := []catcher{all}
		switch task.state {
		case "TrainCandidate": // is one of several, and its failure is listed
			want = []catcher{{[]string{"States.ALL"}, "$.error", "CandidateFailed"}}
		case "UpdateModel":
			want = []catcher{{[]string{fault.ChampionChanged.Code()}, "$.error", "CountEvaluation"}, all}
		}
		if diff := cmp.Diff(want, d.all()[task.state].Catch); diff != "" {
			t.Errorf("%s (-want +got):\n%s", task.state, diff)
		}
	}
	failed := d.States["RetrainingFailed"]
	if failed.Type != "Fail" || failed.ErrorPath != "$.error.Error" || failed.CausePath != "$.error.Cause" {
		t.Errorf("RetrainingFailed is %+v", failed)
	}
	for _, k := range fault.Kinds() {
		if (k.Info().Advice == fault.EvaluateAgain) != (k == fault.ChampionChanged) {
			t.Errorf("%v: the definition goes back to the evaluation for ChampionChanged only", k)
		}
	}
}

// A choice on a path that is not there ends an execution beyond any Catch.
func TestVerdictIsTestedBeforeItIsRead(t *testing.T) {
	d := load(t, "definition.asl.json")
	s := d.States["ShouldUpdateModel"]
	if len(s.Choices) != 2 || s.Default != "VerdictMissing" {
		t.Fatalf("%d choices, default %q", len(s.Choices), s.Default)
	}
	for i, next := range []string{"ApprovalRequired", "ReportKept"} {
		c := s.Choices[i]
		if c.Next != next || len(c.And) != 3 || c.And[0].IsPresent == nil || !*c.And[0].IsPresent ||
			c.And[2].BooleanEquals == nil || *c.And[2].BooleanEquals != (i == 0) {
			t.Errorf("choice %d is %+v", i, c)
		}
	}
	for _, end := range []string{"ModelPromoted", "ModelKept", "ModelRejected"} {
		if d.States[end].Type != "Succeed" {
			t.Errorf("%s is no success of its own", end)
		}
	}
}

// A search trains what /preprocess answered, and hands on what became of it: not
// the scores, which are read from the store.
func TestCandidatesAreTrainedBesideEachOther(t *testing.T) {
	d := load(t, "definition.asl.json")
	s := d.States["TrainCandidates"]
	if s.Type != "Map" || s.ItemsPath != "$.last.Payload.candidates" || s.ResultPath != s.ItemsPath || s.Next != "TrainModel" ||
		s.MaxConcurrency != "$.last.Payload.max_concurrency" {
		t.Errorf("TrainCandidates is %+v", s)
	}
	for _, end := range []string{"CandidateTrained", "CandidateFailed", "CandidateTooLong"} {
		if inside := s.ItemProcessor.States[end]; !inside.End || inside.Type != "Pass" {
			t.Errorf("%s is %+v", end, inside)
		}
	}
	if want := len(d.States) + len(s.ItemProcessor.States); len(d.all()) != want {
		t.Errorf("%d names of %d states", len(d.all()), want)
	}
}

// Every state is reached, and every transition leads to a state.
func TestTransitions(t *testing.T) {
	whole := load(t, "definition.asl.json")
	for name, d := range map[string]definition{
		"definition.asl.json": whole, "TrainCandidates": *whole.States["TrainCandidates"].ItemProcessor,
		"distributed.asl.json":    load(t, "distributed.asl.json"),
		"testdata/plain.asl.json": load(t, "testdata/plain.asl.json"),
	} {
		seen := map[string]bool{}
		var visit func(string)
		visit = func(at string) {
			s, ok := d.States[at]
			if !ok {
				t.Fatalf("%s: there is no state %q", name, at)
			}
			if seen[at] {
				return
			}
			seen[at] = true
			for _, next := range s.leadsTo() {
				visit(next)
			}
		}
		visit(d.StartAt)
		for _, at := range slices.Sorted(maps.Keys(d.States)) {
			if !seen[at] {
				t.Errorf("%s: %s is never reached", name, at)
			}
		}
	}
}

func (s state) leadsTo() []string {
	var to []string
	for _, next := range []string{s.Next, s.Default} {
		if next != "" {
			to = append(to, next)
		}
	}
	for _, c := range s.Catch {
		to = append(to, c.Next)
	}
	for _, c := range s.Choices {
		to = append(to, c.Next)
	}
	return to
}

// The fixture keeps the shape that users already have: nothing of ours in it.
func TestPlainDefinitionIsPlain(t *testing.T) {
	d := load(t, "testdata/plain.asl.json")
	if countType(d, "Task") != 4 || countType(d, "Choice") != 1 || countType(d, "Succeed") != 1 || len(d.States) != 6 {
		t.Errorf("%d states", len(d.States))
	}
	var retries []string
	for name, s := range d.States {
		if len(s.Catch) > 0 || s.ResultPath != "" || s.ResultSelector != nil {
			t.Errorf("%s has what plain definitions lack", name)
		}
		for _, r := range s.Retry {
			retries = append(retries, r.ErrorEquals...)
		}
	}
	if diff := cmp.Diff([]string{"States.TaskFailed"}, retries); diff != "" {
		t.Errorf("retries (-want +got):\n%s", diff)
	}
}

func countType(d definition, kind string) int {
	n := 0
	for _, s := range d.States {
		if s.Type == kind {
			n++
		}
	}
	return n
}
