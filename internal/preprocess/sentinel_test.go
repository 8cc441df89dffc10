package preprocess_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/preprocess"
)

// planted makes a table of n rows with honest columns, the target y of the task
// and one more column, which is made from a row's number, its target and noise.
func planted(n int, task string, suspect func(i int, y float64, rng *rand.Rand) string) string {
	rng := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("a,strong,colour,suspect,y\n")
	for i := range n {
		a, noise := rng.NormFloat64(), rng.NormFloat64()
		y := a + 0.2*noise // one column tells nearly all, honestly
		switch task {
		case "binary":
			y = math.Round(min(max(y+0.5, 0), 1))
		case "multiclass":
			y = math.Round(min(max(y+1, 0), 2))
		}
		fmt.Fprintf(&b, "%.3f,%.4f,%s,%s,%v\n", rng.NormFloat64(), a, []string{"red", "green", "blue"}[rng.IntN(3)], suspect(i, y, rng), y)
	}
	return b.String()
}

// leaks returns the kinds of the suspected leaks by column.
func leaks(r preprocess.Result) map[string]string {
	found := map[string]string{}
	for _, leak := range r.Leaks {
		found[leak.Column] = leak.Kind
	}
	return found
}

func TestPlantedLeaks(t *testing.T) {
	type value = func(i int, y float64, rng *rand.Rand) string
	noise := func(y, share float64, rng *rand.Rand) float64 {
		if rng.Float64() < share {
			return 1 - y
		}
		return y
	}
	for _, c := range []struct {
		name, task, kind string
		suspect          value
	}{
		{"nothing", "binary", "", func(_ int, _ float64, rng *rand.Rand) string { return fmt.Sprint(rng.IntN(9)) }},
		{"nothing", "multiclass", "", func(_ int, _ float64, rng *rand.Rand) string { return fmt.Sprint(rng.IntN(9)) }},
		{"nothing", "regression", "", func(_ int, _ float64, rng *rand.Rand) string { return fmt.Sprint(rng.IntN(9)) }},
		{"the target in words", "binary", "copy", func(_ int, y float64, _ *rand.Rand) string { return []string{"stayed", "left"}[int(y)] }},
		{"the target in words", "multiclass", "copy", func(_ int, y float64, _ *rand.Rand) string { return []string{"p", "q", "r"}[int(y)] }},
		{"the target in another unit", "regression", "copy", func(_ int, y float64, _ *rand.Rand) string { return fmt.Sprint(32 + 1.8*y) }},
		{"an amount that is paid afterwards", "binary", "predicts_alone", func(_ int, y float64, rng *rand.Rand) string { return fmt.Sprintf("%.2f", y*(5+rng.ExpFloat64())) }},
		{"what only one class leaves empty", "binary", "predicts_alone", func(_ int, y float64, rng *rand.Rand) string {
			if y == 0 {
				return ""
			}
			return fmt.Sprint(rng.IntN(100))
		}},
		{"a code of the class", "multiclass", "predicts_alone", func(_ int, y float64, rng *rand.Rand) string { return fmt.Sprintf("%v-%d", y, rng.IntN(5)) }},
		{"a rounded target", "regression", "predicts_alone", func(_ int, y float64, _ *rand.Rand) string { return fmt.Sprintf("%.1f", 10*math.Exp(y)) }},
		{"right in 97 of 100 rows", "binary", "", func(_ int, y float64, rng *rand.Rand) string { return fmt.Sprint(noise(y, 0.03, rng)) }},
		{"strong noise", "regression", "", func(_ int, y float64, rng *rand.Rand) string { return fmt.Sprintf("%.3f", y+0.3*rng.NormFloat64()) }},
		{"half an identifier", "binary", "identifier", func(_ int, _ float64, rng *rand.Rand) string { return fmt.Sprintf("k%d", rng.IntN(1400)) }},
	} {
		b := newBench()
		b.put(t, planted(2000, c.task, c.suspect))
		req := request()
		req.Task = c.task
		r := b.run(t, req)
		want := map[string]string{}
		if c.kind != "" {
			want["suspect"] = c.kind
		}
		if diff := cmp.Diff(want, leaks(r)); diff != "" {
			t.Errorf("%s, %s: %+v\n%s", c.name, c.task, r.Leaks, diff)
		}
		if named := strings.Contains(strings.Join(r.Warnings, "\n"), `column "suspect"`); named != (c.kind != "") {
			t.Errorf("%s, %s: the warnings are %q", c.name, c.task, r.Warnings)
		}
		if stored := b.open(t, r).Leaks; len(stored) != len(r.Leaks) {
			t.Errorf("%s: the run's document has %v", c.name, stored)
		}
	}
}

// The real data sets of the examples raise no alarm.
func TestNoFalseAlarm(t *testing.T) {
	for file, target := range map[string]string{"churn.csv": "churn", "california_housing.csv.gz": "median_house_value", "shuttle.csv.gz": "Class"} {
		b := newBench()
		b.put(t, example(t, file))
		req := request()
		req.Target = target
		r := b.run(t, req)
		if len(r.Leaks) != 0 || len(r.Warnings) != 0 || r.Conflicts != nil && r.Conflicts.Fraction > 0.01 {
			t.Errorf("%s: %+v, %+v, %q", file, r.Leaks, r.Conflicts, r.Warnings)
		}
	}
}

// example returns a data set of the examples.
func example(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var text io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if text, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	all, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// A few huge values are not all that a score is made of, and a small table says
// nothing.
func TestTooLittleToSuspect(t *testing.T) {
	copied := func(_ int, y float64, _ *rand.Rand) string { return fmt.Sprint(y) }
	b := newBench()
	b.put(t, planted(150, "binary", copied))
	if r := b.run(t, request()); len(r.Leaks) != 0 {
		t.Errorf("of 150 rows: %+v", r.Leaks)
	}
	b.put(t, planted(2000, "regression", func(i int, y float64, rng *rand.Rand) string {
		if i%100 == 0 {
			return fmt.Sprint(1e9 * y)
		}
		return fmt.Sprint(rng.NormFloat64())
	}))
	if r := b.run(t, request()); len(r.Leaks) != 0 {
		t.Errorf("with a few huge values: %+v", r.Leaks)
	}
}

// Rows that are repeated under other names stand on both sides of the split,
// unless they are split by what they have in common.
func TestRowsOnBothSides(t *testing.T) {
	var text strings.Builder
	rng := rand.New(rand.NewPCG(5, 6))
	text.WriteString("id,person,x,z,y\n")
	for person := range 400 {
		x, z := rng.NormFloat64(), rng.NormFloat64()
		for visit := range 5 {
			fmt.Fprintf(&text, "v%d,%d,%v,%v,%d\n", 5*person+visit, person*person+7, x, z, person%2)
		}
	}
	for _, c := range []struct {
		split map[string]any
		found bool
	}{{nil, true}, {map[string]any{"group_column": "person"}, false}} {
		b := newBench()
		b.put(t, text.String())
		req := request()
		req.Split = c.split
		r := b.run(t, req)
		if found := leaks(r)[""] == "duplicated_rows"; found != c.found || len(r.Leaks) != len(leaks(r)) {
			t.Errorf("%v: %+v", c.split, r.Leaks)
		}
	}
}

func TestLabelConflicts(t *testing.T) {
	var text strings.Builder
	rng := rand.New(rand.NewPCG(7, 8))
	text.WriteString("id,x,z,y\n")
	for i := range 1000 {
		x, z, y := rng.NormFloat64(), rng.IntN(9), rng.IntN(2)
		fmt.Fprintf(&text, "r%d,%v,%d,%d\n", i, x, z, y)
		if i < 50 { // once more as it is and twice with another label
			fmt.Fprintf(&text, "s%d,%v,%d,%d\nt%d,%v,%d,%d\nu%d,%v,%d,%d\n", i, x, z, y, i, x, z, 1-y, i, x, z, 1-y)
		}
	}
	b := newBench()
	b.put(t, text.String())
	r := b.run(t, request())
	c := r.Conflicts
	if c == nil || c.Rows != 200 || math.Abs(c.Fraction-200./1150) > 1e-6 || math.Abs(c.BestAccuracy-1050./1150) > 1e-6 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "of another label") {
		t.Errorf("the warnings are %q", r.Warnings)
	}
	b.put(t, planted(1000, "binary", func(int, float64, *rand.Rand) string { return "" }))
	if r := b.run(t, request()); r.Conflicts != nil {
		t.Errorf("rows that are all different: %+v", r.Conflicts)
	}
}
