package statemachine

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// distributedMap is a map state whose children AWS runs as executions of their own.
type distributedMap struct {
	Type                  string
	ItemReader            json.RawMessage
	ToleratedFailureCount *int
	MaxConcurrency        int
	ItemProcessor         struct {
		ProcessorConfig map[string]string
		StartAt         string
		States          map[string]struct {
			Type, Resource string
			Parameters     struct {
				FunctionName string
				Payload      struct {
					Path string            `json:"path"`
					Body map[string]string `json:"body"`
				}
			}
			TimeoutSeconds int
			Retry          []retrier
			End            bool
		}
	}
	Catch []catcher
	Next  string
}

// Each phase calls its route, is retried like every task, and hands its failures on.
func TestDistributedTasks(t *testing.T) {
	d := load(t, "distributed.asl.json")
	ladder := load(t, "definition.asl.json").States["TrainModel"].Retry
	for _, task := range []struct{ state, path, body, next string }{
		{"PlanShares", "/preprocess/plan", "$.request", "ScanShares"},
		{"ReduceShares", "/preprocess/reduce", "$.last.Payload", "ColumnsKnown"},
		{"SealRun", "/preprocess/seal", "$.last.Payload", "TrainAndUpdate"},
	} {
		s := d.States[task.state]
		if s.Resource != invokeFunction || s.Next != task.next || s.TimeoutSeconds <= 900 {
			t.Errorf("%s is %s, followed by %s, for at most %d s", task.state, s.Resource, s.Next, s.TimeoutSeconds)
		}
		want := map[string]any{"path": task.path, "body.$": task.body}
		catch := []catcher{{[]string{"States.ALL"}, "$.error", "ReportFailure"}}
		if diff := cmp.Diff(want, s.Parameters.Payload) + cmp.Diff(ladder, s.Retry) + cmp.Diff(catch, s.Catch); diff != "" {
			t.Errorf("%s (-want +got):\n%s", task.state, diff)
		}
	}
}

// A map tolerates no share that failed. The state behind it says why: it is told by
// the share, and the map knows only that there is one.
func TestDistributedMaps(t *testing.T) {
	raw, err := os.ReadFile("distributed.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct{ States map[string]distributedMap }
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	ladder := load(t, "definition.asl.json").States["TrainModel"].Retry
	for name, path := range map[string]string{"ScanShares": "/preprocess/scan", "WriteShares": "/preprocess/write"} {
		m := d.States[name]
		if m.Type != "Map" || m.ItemProcessor.ProcessorConfig["Mode"] != "DISTRIBUTED" || m.ToleratedFailureCount == nil || *m.ToleratedFailureCount != 0 {
			t.Errorf("%s is %+v", name, m)
		}
		if diff := cmp.Diff([]catcher{{[]string{"States.ALL"}, "$.map", m.Next}}, m.Catch); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		task := m.ItemProcessor.States[m.ItemProcessor.StartAt]
		body := map[string]string{"run_id.$": "$.BatchInput.run_id", "round.$": "$.BatchInput.round", "items.$": "$.Items"}
		if diff := cmp.Diff(ladder, task.Retry) + cmp.Diff(body, task.Parameters.Payload.Body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if task.Resource != invokeFunction || task.Parameters.Payload.Path != path || task.TimeoutSeconds <= 900 || !task.End || len(m.ItemProcessor.States) != 1 {
			t.Errorf("%s has the task %+v", name, task)
		}
	}
}

// What is preprocessed in shares goes on where what is preprocessed in one call does.
func TestPreprocessedIsTaken(t *testing.T) {
	d := load(t, "definition.asl.json")
	if taken := d.States["TakePreprocessed"]; taken.Next != d.States["PreprocessData"].Next || taken.ResultPath != "$.last" {
		t.Errorf("TakePreprocessed is %+v", taken)
	}
	ours := load(t, "distributed.asl.json")
	for _, name := range []string{"ReportFailure", "AnnounceFailure", "RetrainingFailed"} {
		if diff := cmp.Diff(d.States[name], ours.States[name]); diff != "" {
			t.Errorf("%s (-definition +distributed):\n%s", name, diff)
		}
	}
}
