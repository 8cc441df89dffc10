package evaluate_test

import (
	"strings"
	"testing"
)

// What preprocess suspects travels with the run to the gate, which warns or
// blocks.
func TestSuspectedLeaksAtTheGate(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(yesNo()), "\n")
	for i, line := range lines {
		lines[i] = line[strings.LastIndex(line, ",")+1:] + "," + line
	}
	lines[0] = strings.Replace(lines[0], "y", "leak", 1)
	for setting, passed := range map[string]bool{"warn": true, "block": false} {
		r := newRing()
		run := r.process(t, "run-1", strings.Join(lines, "\n"), nil)
		r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
		v := r.evaluate(t, r.add(t, run, believing(run.recipe, "right90")), bare("on_suspected_leak", setting))
		found := 0
		for _, reason := range v.Reasons {
			if reason.Rule == "suspected_leak" && strings.Contains(reason.Required, `"leak"`) && reason.Passed == passed {
				found++
			}
		}
		if found != 1 || v.ShouldUpdate != passed {
			t.Errorf("%s: %s with %v", setting, v.Decision, v.Reasons)
		}
	}
}
