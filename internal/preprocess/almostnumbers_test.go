package preprocess_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"retrain/internal/fault"
)

// A few marks among numbers make a column text. That is said with what to do,
// whatever the decimal sign; not of codes, nor of what was declared to be text.
func TestColumnsThatAreAlmostNumbersAreNamed(t *testing.T) {
	cells := func(decimal, odd string, every int) string {
		var b strings.Builder
		b.WriteString("x;z;y\n")
		for i := range 200 {
			x := fmt.Sprintf("%d%s%d", i%40, decimal, i%4)
			if i%every == 0 {
				x = odd
			}
			fmt.Fprintf(&b, "%s;%d%s5;%d\n", x, i%23, decimal, i%2)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, text string
		read       map[string]any
		says       bool
	}{
		{"a mark", cells(".", "not measured", 50), nil, true},
		{"a mark, decimal comma", cells(",", "not measured", 50), nil, true},
		{"numbers alone", cells(".", "7.5", 50), nil, false},
		{"a mark that is known", cells(".", "not measured", 50), map[string]any{"na_values": []any{"not measured"}}, false},
		{"declared", cells(".", "not measured", 50), map[string]any{"dtypes": map[string]any{"x": "category"}}, false},
		{"codes", strings.ReplaceAll(cells(".", "1.5", 50), "1.", "A1."), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench()
			b.put(t, c.text)
			req := request()
			req.Read = c.read
			warnings := strings.Join(b.run(t, req).Warnings, "\n")
			if strings.Contains(warnings, `column "x" is text, though all but 1 of its`) != c.says {
				t.Errorf("the column is named: %v, want %v: %s", !c.says, c.says, warnings)
			}
		})
	}
}

// A target that nothing recurs in is no set of classes, and few rows for each
// class are worth a word.
func TestClassesHaveToRecur(t *testing.T) {
	column := func(value func(i int) string) string {
		var b strings.Builder
		b.WriteString("x,y\n")
		for i := range 200 {
			fmt.Fprintf(&b, "%d.5,%s\n", (i*37)%101, value(i))
		}
		return b.String()
	}
	for _, c := range []struct {
		name, task, refused string
		warned              bool
		value               func(i int) string
	}{
		{"texts", "", "200 distinct values in 200 rows, too many for classes", false, func(i int) string { return fmt.Sprintf("c%d", i) }},
		{"numbers with a mark", "", `all but 2 of its 200 different texts are numbers`, false, func(i int) string { return strings.Replace(fmt.Sprintf("%d.25", i), "99.25", "?!", 1) }},
		{"numbers with a mark, to regress", "regression", `all but 2 of its 200 different texts are numbers`, false, func(i int) string { return strings.Replace(fmt.Sprintf("%d.25", i), "99.25", "?!", 1) }},
		{"numbers as classes", "multiclass", "200 distinct values in 200 rows", false, func(i int) string { return fmt.Sprintf("%d.25", i) }},
		{"few rows each", "", "", true, func(i int) string { return fmt.Sprintf("c%d", i%50) }},
		{"enough rows each", "", "", false, func(i int) string { return fmt.Sprintf("c%d", i%20) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench()
			b.put(t, column(c.value))
			req := request()
			req.Task = c.task
			r, err := b.Run(context.Background(), req)
			f := fault.From(err)
			if (f != nil) != (c.refused != "") || f != nil && (f.Kind != fault.InvalidData || !strings.Contains(f.Detail, c.refused)) {
				t.Fatalf("got %v, want an error that says %q", err, c.refused)
			}
			if few := slices.Contains(r.Warnings, "the target has 50 classes in 200 rows, fewer than 10 rows for each"); few != c.warned {
				t.Errorf("warnings %q, want a word about few rows: %v", r.Warnings, c.warned)
			}
		})
	}
}
