package processed

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/metric"
	"retrain/internal/model"
)

// linearOf returns a linear model of the recipe whose weights grow by the
// position.
func linearOf(r model.Recipe) *model.Model {
	m := &model.Model{Recipe: r, Linear: &model.Linear{}}
	for k := range m.Width() {
		row := make([]float64, r.Inputs())
		for i := range row {
			row[i] = 0.01 * float64(i+k*k-3)
		}
		m.Linear.Coef = append(m.Linear.Coef, row)
		m.Linear.Intercept = append(m.Linear.Intercept, 0.1*float64(k))
	}
	return m
}

func TestScorePredictsEveryRowInOrder(t *testing.T) {
	text := people(203)
	for _, recipe := range []model.Recipe{
		plainRecipe(),
		{Target: "label", Task: model.Binary, Classes: []string{"no", "yes"}, Features: features()},
		{Target: "price", Task: model.Regression, Features: features()},
	} {
		m := linearOf(recipe)
		column := map[string]int{"label": labelColumn, "price": priceColumn}[recipe.Target]
		for _, batchRows := range []int{7, 0} {
			s, err := write(t, text, recipe).open(t, batchRows).Score(ctx, m, dataset.Holdout)
			if err != nil {
				t.Fatal(err)
			}
			var p, y []float64
			for i, row := range text.rows(t) {
				if everyFifth(i) == dataset.Holdout {
					x, target := naive(row, &recipe, column)
					out := make([]float64, m.Outputs())
					m.Predict(out, x)
					p, y = append(p, out...), append(y, target)
				}
			}
			if !slices.Equal(p, s.P) || !slices.Equal(y, s.Y) || s.Rows != len(y) {
				t.Errorf("%s, batches of %d: %d rows are scored, %d wanted, or differently", recipe.Task, batchRows, s.Rows, len(y))
			}
			if diff := cmp.Diff(scoresOf(recipe.Task, y, p), s.Scores()); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func scoresOf(task model.Task, y, p []float64) metric.Scores {
	if task == model.Regression {
		return metric.Regression(y, p, metric.Objective{})
	}
	var labels []int32
	for _, class := range y {
		labels = append(labels, int32(class))
	}
	return metric.Classification(labels, metric.Answers{P: p}, len(p)/len(y))
}

func TestAsMovesAnswersToAnotherListOfClasses(t *testing.T) {
	s := &Scored{Recipe: &model.Recipe{Task: model.Multiclass, Classes: []string{"b", "c", "e"}}, Rows: 2, P: []float64{.1, .2, .7, .3, .4, .3}}
	got := s.As(&model.Recipe{Task: model.Multiclass, Classes: []string{"a", "b", "c", "d", "e"}})
	if want := []float64{0, .1, .2, 0, .7, 0, .3, .4, 0, .3}; !slices.Equal(got.P, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = s.As(&model.Recipe{Task: model.Multiclass, Classes: []string{"e", "c", "b"}})
	if want := []float64{.7, .2, .1, .3, .4, .3}; !slices.Equal(got.P, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := s.As(s.Recipe); &got.P[0] != &s.P[0] {
		t.Error("answers over the same classes were copied")
	}
}

// A model's threshold decides its labels, among other classes too.
func TestAnswersFollowTheThreshold(t *testing.T) {
	s := &Scored{Recipe: &model.Recipe{Task: model.Binary, Classes: []string{"b", "c"}}, Threshold: .3, Rows: 4,
		Y: []float64{1, 1, 0, 0}, P: []float64{.4, .6, .6, .4, .7, .3, .9, .1}}
	if got, want := s.Answers().Labels, []int32{1, 1, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("labels %v, want %v", got, want)
	}
	if got, want := s.As(&model.Recipe{Task: model.Binary, Classes: []string{"a", "b", "c"}}).Labels, []int32{2, 2, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("labels %v among three classes, want %v", got, want)
	}
	if got := s.Keep([]bool{false, true, true, false}).Answers().Labels; !slices.Equal(got, []int32{1, 0}) {
		t.Errorf("labels %v of the kept rows", got)
	}
	if got := s.Scores().Values[metric.Accuracy]; got != 1 {
		t.Errorf("accuracy %v", got)
	}
}

// The model that always answers the classes' shares has those raw scores.
func TestLogPriors(t *testing.T) {
	shares := func(logs []float64) []float64 {
		sum, out := 0.0, make([]float64, len(logs))
		for i, l := range logs {
			out[i] = math.Exp(l)
			sum += out[i]
		}
		for i := range out {
			out[i] /= sum
		}
		return out
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }
	if got := shares(LogPriors(model.Multiclass, []int64{1, 2, 5})); !near(got[0], .125) || !near(got[1], .25) || !near(got[2], .625) {
		t.Errorf("shares %v", got)
	}
	if got := LogPriors(model.Binary, []int64{1, 3}); len(got) != 1 || !near(got[0], math.Log(3)) {
		t.Errorf("log odds %v", got)
	}
	if got := LogPriors(model.Binary, []int64{4, 0}); !near(got[0], math.Log(0.5/4)) {
		t.Errorf("log odds of a class without rows: %v", got)
	}
}

func TestGroupsTellTheValuesOfAColumn(t *testing.T) {
	text := people(203)
	d := write(t, text, plainRecipe()).open(t, 7)
	for name, column := range map[string]int{"colour": colourColumn, "code": codeColumn, "label": labelColumn, "price": priceColumn, "unused": 3} {
		index, names, err := d.Groups(ctx, dataset.Holdout, name)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, at := range index {
			got = append(got, names[at])
		}
		for i, row := range text.rows(t) {
			if everyFifth(i) == dataset.Holdout {
				want = append(want, row[column])
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(names))); len(sorted) != len(names) {
			t.Errorf("%s: a name is there twice: %q", name, names)
		}
	}
}

func TestGroupsHaveALimit(t *testing.T) {
	values := func(n int) table {
		var b strings.Builder
		b.WriteString("x,g,y\n")
		for i := range 5 * n {
			fmt.Fprintf(&b, "%d,%d,%d\n", i%7, i/5, i%2)
		}
		return table(b.String())
	}
	recipe := model.Recipe{Target: "y", Task: model.Binary, Classes: []string{"0", "1"}, Features: []model.Feature{number("x")}}
	if _, names, err := write(t, values(MaxGroups), recipe).open(t, 0).Groups(ctx, dataset.Holdout, "g"); err != nil || len(names) != MaxGroups {
		t.Errorf("%d names: %v", len(names), err)
	}
	d := write(t, values(MaxGroups+1), recipe).open(t, 0)
	for _, column := range []string{"g", "nothing"} {
		_, _, err := d.Groups(ctx, dataset.Holdout, column)
		var unfit *IncompatibleError
		if !errors.As(err, &unfit) || unfit.Column != column {
			t.Errorf("%s: %v", column, err)
		}
	}
}

func TestDigest(t *testing.T) {
	// printf '\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\x80' | sha256sum
	const want = "338a6398f47bdae0195a4ed982712cb2f6034fd40bf85be42df500adfef5b6bb"
	d := NewDigest()
	d.Add(1)
	if one := d.String(); one == want {
		t.Error("a part has the digest of the whole")
	}
	d.Add(1<<63 | 2)
	if got := d.String(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	whole, parts := NewDigest(), NewDigest()
	var all []uint64
	for i := range uint64(3000) {
		all = append(all, i*i)
		parts.Add(i * i)
	}
	whole.Add(all...)
	if whole.String() != parts.String() {
		t.Error("the digest depends on how the rows were cut")
	}
}

func TestRunIDs(t *testing.T) {
	for _, id := range []string{"a", "0", "2026-11-22.nightly_1", strings.Repeat("x", 128)} {
		if err := CheckRunID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b", "-a", "_a", "a b", "ä", "a\n", strings.Repeat("x", 129)} {
		if f := fault.From(CheckRunID(id)); f == nil || f.Kind != fault.InvalidRequest || fmt.Sprint(f.Fields[0].Loc) != "[body run_id]" {
			t.Errorf("%q: %v", id, f)
		}
	}
}
