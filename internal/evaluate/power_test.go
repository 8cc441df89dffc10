package evaluate_test

import (
	"fmt"
	"strings"
	"testing"
)

// warned reports whether some warning holds a text.
func warned(warnings []string, text string) bool {
	return strings.Contains(strings.Join(warnings, "\n"), text)
}

// A lead of one point on 400 rows may be chance; how many rows would tell is
// said in words and as a number. A clear lead and a lag have no such number.
func TestALeadThatMayBeChance(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", yesNo(), nil)
	r.crown(t, r.add(t, run, believing(run.recipe, "right80")))
	for _, c := range []struct {
		column, policy string
		passed, needs  bool
	}{{"right81", "superior", false, true}, {"right81", "better", true, true}, {"right90", "superior", true, false}, {"right70", "superior", false, false}} {
		v := r.evaluate(t, r.add(t, run, believing(run.recipe, c.column)), bare("policy", c.policy))
		needed := v.Reasons[0].RowsNeeded
		if v.Reasons[0].Passed != c.passed || (needed != nil) != c.needs {
			t.Errorf("%s, %s: %+v", c.column, c.policy, v.Reasons[0])
		}
		if c.needs && (*needed < 400 || *needed > 2000 || !warned(v.Warnings, fmt.Sprintf("about %d would show", *needed))) {
			t.Errorf("%s, %s: %d rows are needed; %q", c.column, c.policy, *needed, v.Warnings)
		}
		if !c.needs && len(v.Warnings) > 0 {
			t.Errorf("%s, %s: %q", c.column, c.policy, v.Warnings)
		}
	}
}

// tiny is a table whose holdout has thirty rows, two of them of the rarer
// class; "known" is the target, "wrong" in one row of the holdout is not.
func tiny() string {
	var b strings.Builder
	b.WriteString("day,known,wrong,noise,y\n")
	for i := range 150 {
		y := 0
		if i%15 == 7 {
			y = 1
		}
		wrong := y
		if i == 127 {
			wrong = 0
		}
		fmt.Fprintf(&b, "%d,%d,%d,%d,%s\n", i, y, wrong, i%7, []string{"no", "yes"}[y])
	}
	return b.String()
}

func TestATinyHoldout(t *testing.T) {
	r := newRing()
	run := r.process(t, "run-1", tiny(), nil)
	first := r.evaluate(t, r.add(t, run, believing(run.recipe, "wrong")), bare())
	if !warned(first.Warnings, "the holdout has only 30 rows, 2 of them of the rarest class: its scores are rough") || len(first.MetricsCI) == 0 {
		t.Errorf("bootstrap: %q, intervals %v", first.Warnings, first.MetricsCI)
	}
	r.crown(t, r.add(t, run, believing(run.recipe, "wrong")))
	ahead := r.evaluate(t, r.add(t, run, believing(run.recipe, "known")), bare("primary", "accuracy"))
	if ahead.ShouldUpdate || ahead.Reasons[0].RowsNeeded == nil || !warned(ahead.Warnings, "may be chance: the holdout has 30 rows") {
		t.Errorf("one right answer more of thirty: %s, %q", rules(ahead), ahead.Warnings)
	}
	behind := r.evaluate(t, r.add(t, run, believing(run.recipe, "noise")), bare("primary", "accuracy"))
	if behind.ShouldUpdate || !warned(behind.Warnings, "it can show differences in accuracy of about") {
		t.Errorf("behind: %s, %q", rules(behind), behind.Warnings)
	}
}
