package preprocess_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
)

type bench struct {
	*preprocess.Step
	data *blob.Memory
}

func newBench() *bench {
	data := blob.NewMemory()
	store := blob.Root{Bucket: blob.NewMemory(), Base: "s3://store"}
	accept := func(map[string]any, string) error { return nil }
	return &bench{data: data, Step: &preprocess.Step{
		Store: store, Data: blob.Roots{{Bucket: data, Base: "s3://data"}}, Models: &modelstore.Store{Root: store},
		Engine: "test", CheckParams: accept, CheckGate: accept, Now: time.Now,
		Cost: func(map[string]any, string, int) (perRow, perCell, work float64) { return 24, 1.3, 3.5 },
	}}
}

func (b *bench) put(t *testing.T, text string) {
	t.Helper()
	if _, err := b.data.Put(context.Background(), "d.csv", []byte(text), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
}

func request() preprocess.Request {
	return preprocess.Request{DataPath: "s3://data/d.csv", ModelParams: map[string]any{}, Target: "y"}
}

func (b *bench) run(t *testing.T, req preprocess.Request) preprocess.Result {
	t.Helper()
	r, err := b.Run(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) open(t *testing.T, r preprocess.Result) *processed.Data {
	t.Helper()
	d, err := processed.Open(context.Background(), b.Store, r.ProcessedDataPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// table makes a CSV of n rows with a number, a category with missing values,
// and a binary target.
func table(n int) string {
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	b.WriteString("x,colour,y\n")
	for range n {
		colour := []string{"red", "green", "blue", ""}[rng.IntN(4)]
		fmt.Fprintf(&b, "%.3f,%s,%s\n", rng.NormFloat64(), colour, []string{"no", "yes"}[rng.IntN(2)])
	}
	return b.String()
}

func TestRunWritesBothSidesAndTheRecipe(t *testing.T) {
	b := newBench()
	b.put(t, table(1000))
	r := b.run(t, request())
	if r.Status != "success" || r.Task != "binary" || r.Rows.Read != 1000 || r.Rows.Train+r.Rows.Test != 1000 || r.Rows.Test < 150 || r.Rows.Test > 250 {
		t.Fatalf("result %+v", r)
	}
	d := b.open(t, r)
	if diff := cmp.Diff([]string{"no", "yes"}, d.Recipe.Classes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"", "blue", "green", "red"}, d.Recipe.Features[1].Categories); diff != "" {
		t.Error(diff)
	}
	for side, want := range map[dataset.Side]int64{dataset.Train: r.Rows.Train, dataset.Holdout: r.Rows.Test} {
		rows := int64(0)
		err := d.Each(context.Background(), side, &d.Recipe, func(block *processed.Block) error {
			rows += int64(block.Rows)
			return nil
		})
		if err != nil || rows != want {
			t.Errorf("side %v: %d rows, want %d: %v", side, rows, want, err)
		}
	}
}

// rowsOf returns the rows of a side as text, sorted.
func rowsOf(t *testing.T, d *processed.Data, side dataset.Side) []string {
	t.Helper()
	var rows []string
	err := d.Each(context.Background(), side, &d.Recipe, func(b *processed.Block) error {
		wide := len(d.Recipe.Features)
		for i := range b.Rows {
			rows = append(rows, fmt.Sprint(b.X[i*wide:(i+1)*wide], b.Y[i]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

func TestARowKeepsItsSideWhenDataIsAddedOrReordered(t *testing.T) {
	small, large := newBench(), newBench()
	text := table(400)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	small.put(t, text)
	reversed := slices.Clone(lines[1:])
	slices.Reverse(reversed)
	more := strings.Split(strings.TrimSpace(table(700)), "\n")[401:]
	large.put(t, lines[0]+"\n"+strings.Join(append(more, reversed...), "\n")+"\n")

	before := small.open(t, small.run(t, request()))
	after := large.open(t, large.run(t, request()))
	held := rowsOf(t, before, dataset.Holdout)
	for _, row := range rowsOf(t, after, dataset.Train) {
		if _, found := slices.BinarySearch(held, row); found {
			t.Fatalf("a row of the holdout came to be trained on: %s", row)
		}
	}
}

func TestRowsAlikeInAllFeaturesShareASide(t *testing.T) {
	b := newBench()
	var text strings.Builder
	text.WriteString("x,z,y\n")
	for i := range 300 {
		fmt.Fprintf(&text, "%d,%d.5,no\n%d.0,%d.50,yes\n", i, i%3, i, i%3)
	}
	b.put(t, text.String())
	d := b.open(t, b.run(t, request()))
	train := rowsOf(t, d, dataset.Train)
	for _, row := range rowsOf(t, d, dataset.Holdout) {
		features := row[:strings.Index(row, "]")]
		if slices.ContainsFunc(train, func(other string) bool { return strings.HasPrefix(other, features+"]") }) {
			t.Fatalf("rows alike in all features are on both sides: %s", row)
		}
	}
}

// TestTheRecipeSeesOnlyTheTrainingSide changes values of the holdout, by way of
// a group column that keeps rows on their sides, and expects the same recipe.
func TestTheRecipeSeesOnlyTheTrainingSide(t *testing.T) {
	build := func(inHoldout func(group int) bool, scale float64) string {
		rng := rand.New(rand.NewPCG(3, 3))
		var text strings.Builder
		text.WriteString("g,x,c,y\n")
		for i := range 600 {
			group, x, c := i/3, rng.NormFloat64(), []string{"a", "b"}[rng.IntN(2)]
			if inHoldout(group) {
				x, c = x*scale, "only here"
			}
			fmt.Fprintf(&text, "group %d,%g,%s,%d\n", group, x, c, rng.IntN(2))
		}
		return text.String()
	}
	req := request()
	req.Split = map[string]any{"group_column": "g"}
	first := newBench()
	first.put(t, build(func(int) bool { return false }, 1))
	d := first.open(t, first.run(t, req))
	index, names, err := d.Groups(context.Background(), dataset.Holdout, "y")
	if err != nil || len(index) == 0 || len(names) != 2 {
		t.Fatalf("groups %v %v %v", len(index), names, err)
	}
	held := map[int]bool{}
	for group := range 200 {
		held[group] = heldOut(t, first, req, group)
	}
	second := newBench()
	second.put(t, build(func(group int) bool { return held[group] }, 1000))
	if diff := cmp.Diff(d.Recipe, second.open(t, second.run(t, req)).Recipe); diff != "" {
		t.Errorf("the holdout has changed the recipe: %s", diff)
	}
}

// heldOut finds a group's side by processing data of its rows and of 40 others.
func heldOut(t *testing.T, b *bench, req preprocess.Request, group int) bool {
	t.Helper()
	probe := newBench()
	var text strings.Builder
	text.WriteString("g,x,c,y\n")
	for i := range 40 {
		fmt.Fprintf(&text, "other %d,%d,a,%d\n", i, i*i, i%2)
	}
	for i := range 7 {
		fmt.Fprintf(&text, "group %d,0.5,b,%d\n", group, i%2)
	}
	without := newBench()
	without.put(t, text.String()[:strings.Index(text.String(), fmt.Sprintf("group %d,", group))])
	probe.put(t, text.String())
	return probe.run(t, req).Rows.Test-without.run(t, req).Rows.Test == 7
}

func TestColumnsThatCannotBeLearnedFromAreDroppedAndSaidSo(t *testing.T) {
	b := newBench()
	var text strings.Builder
	text.WriteString("id,customer,constant,empty,x,y\n")
	for i := range 200 {
		fmt.Fprintf(&text, "%d,customer %d,same,,%d,%d\n", i+1000, i, i%17, i%2)
	}
	b.put(t, text.String())
	r := b.run(t, request())
	got := map[string]string{}
	for _, c := range r.Columns {
		got[c.Name] = c.Role + ": " + c.Reason
	}
	want := map[string]string{
		"id": "dropped: it numbers the rows", "customer": "dropped: nearly every text in it is different, like an identifier",
		"constant": "dropped: it is constant", "empty": "dropped: it has no values", "x": "feature: ", "y": "target: ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(r.Warnings) < 4 {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// Many different numbers are no reason to drop a column, unless it is called
// like an identifier.
func TestNumbersThatAreAllDifferentAreLearnedFrom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var text strings.Builder
	text.WriteString("price,units,customer_id,y\n")
	for i := range dataset.CountedNumbers + 2000 {
		fmt.Fprintf(&text, "%v,%d,%d,%d\n", rng.NormFloat64(), rng.IntN(1e9), rng.IntN(1e9), i%2)
	}
	b := newBench()
	b.put(t, text.String())
	got := map[string]string{}
	for _, c := range b.run(t, request()).Columns {
		got[c.Name] = c.Role + ": " + c.Reason
	}
	want := map[string]string{
		"price": "feature: ", "units": "feature: ", "customer_id": "dropped: it looks like an identifier", "y": "target: ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRejectedRowsAreWrittenWithLineAndReason(t *testing.T) {
	b := newBench()
	lines := strings.Split(strings.TrimSpace(table(500)), "\n")
	lines[10] = "1.5,red"
	lines[20] = "2.5,blue,no,extra"
	lines[30] = "3.5,green,"
	b.put(t, strings.Join(lines, "\n")+"\n")
	r := b.run(t, request())
	if r.Rows.Rejected != 3 || r.Rows.Used != 497 {
		t.Errorf("rows %+v", r.Rows)
	}
	body, _, err := b.Store.Open(context.Background(), strings.TrimPrefix(r.RejectedPath, "s3://store/"), blob.Span{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	want := "line,column,reason\n11,,too few cells\n21,,too many cells\n31,y,the target is missing\n"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}

// Repaired rows and skipped lines are listed, but only what is lost counts
// against max_bad_row_fraction.
func TestRepairedRowsAreNotBadRows(t *testing.T) {
	b := newBench()
	lines := strings.Split(strings.TrimSpace(table(100)), "\n")
	for i := 50; i < 90; i++ {
		lines[i] += ","
	}
	lines[20] = lines[0] + "\n" + lines[20]
	b.put(t, strings.Join(lines, "\n")+"\n")
	r := b.run(t, request())
	want := preprocess.Rows{Read: 100, Used: 100, Repaired: 40, Skipped: 1, Train: r.Rows.Train, Test: r.Rows.Test}
	if diff := cmp.Diff(want, r.Rows); diff != "" || r.RejectedPath == "" {
		t.Errorf("listed at %q: %s", r.RejectedPath, diff)
	}
}

func TestTooManyBadRowsAreAnErrorThatNamesThem(t *testing.T) {
	b := newBench()
	lines := strings.Split(strings.TrimSpace(table(100)), "\n")
	lines[10], lines[20] = "1.5,red", "2.5"
	b.put(t, strings.Join(lines, "\n"))
	_, err := b.Run(context.Background(), request())
	f := fault.From(err)
	if f == nil || f.Kind != fault.InvalidData || len(f.Fields) != 2 || fmt.Sprint(f.Fields[0].Loc) != "[data line 11]" {
		t.Fatalf("got %v", f)
	}
	for info, err := range b.Store.List(context.Background(), "runs/") {
		t.Errorf("left in the store: %s %v", info.Key, err)
	}
	req := request()
	half := 0.5
	req.MaxBadRowFraction = &half
	if r := b.run(t, req); r.Rows.Rejected != 2 {
		t.Errorf("rows %+v", r.Rows)
	}
}

func TestTasksAreFoundFromTheTarget(t *testing.T) {
	column := func(value func(i int) string) string {
		var b strings.Builder
		b.WriteString("x,y\n")
		for i := range 400 {
			fmt.Fprintf(&b, "%d.5,%s\n", (i*37)%101, value(i))
		}
		return b.String()
	}
	for _, c := range []struct {
		name, task string
		value      func(i int) string
		classes    []string
	}{
		{"two texts", "binary", func(i int) string { return []string{"yes", "no"}[i%2] }, []string{"no", "yes"}},
		{"zero and one", "binary", func(i int) string { return fmt.Sprint(i % 2) }, []string{"0", "1"}},
		{"booleans", "binary", func(i int) string { return []string{"True", "False"}[i%2] }, []string{"False", "True"}},
		{"ten and two", "binary", func(i int) string { return []string{"10", "2"}[i%2] }, []string{"2", "10"}},
		{"three texts", "multiclass", func(i int) string { return string(rune('a' + i%3)) }, []string{"a", "b", "c"}},
		{"few whole numbers", "multiclass", func(i int) string { return fmt.Sprint(i % 5) }, []string{"0", "1", "2", "3", "4"}},
		{"many whole numbers", "regression", func(i int) string { return fmt.Sprint(i % 50) }, nil},
		{"fractions", "regression", func(i int) string { return fmt.Sprint(float64(i%7) / 4) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench()
			b.put(t, column(c.value))
			r := b.run(t, request())
			if r.Task != c.task || !slices.Equal(r.Classes, c.classes) {
				t.Errorf("task %s with classes %q, want %s with %q", r.Task, r.Classes, c.task, c.classes)
			}
		})
	}
}

func TestDataThatCannotBeUsedIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		change     func(*preprocess.Request)
		kind       fault.Kind
		says       string
	}{
		{"no such file", "", func(r *preprocess.Request) { r.DataPath = "s3://data/other.csv" }, fault.DataNotFound, "no data"},
		{"outside the roots", "", func(r *preprocess.Request) { r.DataPath = "s3://elsewhere/d.csv" }, fault.AccessDenied, ""},
		{"metadata service", "", func(r *preprocess.Request) { r.DataPath = "http://169.254.169.254/latest/meta-data" }, fault.InvalidRequest, ""},
		{"empty", "", nil, fault.InvalidData, ""},
		{"header only", "x,y\n", nil, fault.InvalidData, "no rows"},
		{"no target", table(50), func(r *preprocess.Request) { r.Target = "z" }, fault.InvalidData, "x, colour, y"},
		{"target misspelt", table(50), func(r *preprocess.Request) { r.Target = "color" }, fault.InvalidData, "colour"},
		{"nobody names it", strings.ReplaceAll(table(50), ",y\n", ",z\n"), func(r *preprocess.Request) { r.Target = "" }, fault.InvalidRequest, "x, colour, z"},
		{"constant target", "x,y\n1,a\n2,a\n3,a\n", nil, fault.InvalidData, "constant"},
		{"target without values", "x,y\n1,\n2,\n3,\n", nil, fault.InvalidData, "no values"},
		{"nothing to learn from", "x,y\n1,a\n1,b\n1,a\n", nil, fault.InvalidData, "No column"},
		{"text for regression", table(50), func(r *preprocess.Request) { r.Task = "regression" }, fault.InvalidData, "text"},
		{"three classes for binary", "x,y\n1,a\n2,b\n3,c\n", func(r *preprocess.Request) { r.Task = "binary" }, fault.InvalidData, "2 distinct"},
		{"unknown task", table(50), func(r *preprocess.Request) { r.Task = "clustering" }, fault.InvalidRequest, "task"},
		{"two targets", table(50), func(r *preprocess.Request) { r.ModelParams = map[string]any{"target": "x"} }, fault.InvalidRequest, "differ"},
		{"unknown group", table(50), func(r *preprocess.Request) { r.Split = map[string]any{"group_column": "colours"} }, fault.InvalidData, "colour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench()
			b.put(t, c.text)
			req := request()
			if c.change != nil {
				c.change(&req)
			}
			_, err := b.Run(context.Background(), req)
			f := fault.From(err)
			if f == nil || f.Kind != c.kind || !strings.Contains(fmt.Sprint(f.Detail, f.Fields), c.says) {
				t.Errorf("got %v, want %v that says %q", f, c.kind, c.says)
			}
			for info := range b.Store.List(context.Background(), "") {
				t.Errorf("left in the store: %s", info.Key)
			}
		})
	}
}

func TestTheSameRunAgainIsAnsweredFromTheStore(t *testing.T) {
	b := newBench()
	b.put(t, table(300))
	first := b.run(t, request())
	again := b.run(t, request())
	if !again.Cached || first.Cached {
		t.Errorf("cached: %v, then %v", first.Cached, again.Cached)
	}
	again.Cached, again.DurationMS, first.DurationMS = false, 0, 0
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	req := request()
	req.RunID = first.RunID
	req.Split = map[string]any{"test_fraction": 0.4}
	if _, err := b.Run(context.Background(), req); !fault.Is(err, fault.RunConflict) {
		t.Errorf("the same run_id with another split: %v", err)
	}
}

// Whoever deletes the data of a run, and keeps the answer, gets it back by
// asking again.
func TestDataThatWasDeletedIsWrittenAgain(t *testing.T) {
	b := newBench()
	b.put(t, table(300))
	first := b.run(t, request())
	if err := b.Store.Delete(context.Background(), processed.Path(first.RunID, processed.DataFile)); err != nil {
		t.Fatal(err)
	}
	again := b.run(t, request())
	if again.Cached {
		t.Error("answered from the store")
	}
	if d := b.open(t, again); d.Train.Rows != first.Rows.Train {
		t.Errorf("%d rows, %d before", d.Train.Rows, first.Rows.Train)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	b := newBench()
	b.put(t, table(300))
	req := request()
	req.DryRun = true
	if r := b.run(t, req); r.ProcessedDataPath != "" || r.Rows.Train == 0 || r.Estimate.Rows != 300 {
		t.Errorf("result %+v", r)
	}
	for info := range b.Store.List(context.Background(), "") {
		t.Errorf("a dry run wrote %s", info.Key)
	}
}

// changing replaces an object before one of the times that it is read from its
// start to its end.
type changing struct {
	blob.Bucket
	at, opened int
}

func (c *changing) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	if span.Length == 0 {
		c.opened++
	}
	if c.opened == c.at {
		if _, err := c.Put(ctx, key, []byte(table(301)), blob.Condition{}); err != nil {
			return nil, blob.Info{}, err
		}
	}
	return c.Bucket.Open(ctx, key, span)
}

// A split by time reads the data more than once.
func TestDataThatChangesUnderWayIsAnError(t *testing.T) {
	for at := 1; ; at++ {
		b := newBench()
		b.put(t, table(300))
		bucket := &changing{Bucket: b.data, at: at}
		b.Data[0].Bucket = bucket
		req := request()
		req.Split = map[string]any{"time_column": "x"}
		_, err := b.Run(context.Background(), req)
		if at > bucket.opened {
			if at != 4 || err != nil {
				t.Errorf("read %d times: %v", bucket.opened, err)
			}
			return
		}
		if !fault.Is(err, fault.InvalidData) || !strings.Contains(fault.From(err).Detail, "changed") {
			t.Errorf("changed before reading %d: got %v", at, err)
		}
	}
}

func TestATimeSplitHoldsOutTheLatest(t *testing.T) {
	b := newBench()
	var text bytes.Buffer
	text.WriteString("day,x,y\n")
	for i := range 300 {
		fmt.Fprintf(&text, "2026-%02d-%02d,%d,%d\n", 1+i%10, 1+i/10%28, i*7%101, i%2)
	}
	b.put(t, text.String())
	req := request()
	req.Split = map[string]any{"time_column": "day", "test_fraction": 0.2}
	r := b.run(t, req)
	d := b.open(t, r)
	_, held, err := d.Groups(context.Background(), dataset.Holdout, "day")
	if err != nil {
		t.Fatal(err)
	}
	_, trained, err := d.Groups(context.Background(), dataset.Train, "day")
	if err == nil && slices.Min(held) <= slices.Max(trained) {
		t.Errorf("held out from %s on, trained up to %s", slices.Min(held), slices.Max(trained))
	}
	if r.Rows.Test == 0 || r.Rows.Test > 60 || d.TimeColumn != "day" {
		t.Errorf("rows %+v, split by %q", r.Rows, d.TimeColumn)
	}
}
