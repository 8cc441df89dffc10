package evaluate

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/model"
	"retrain/internal/processed"
)

func TestTheUnionOfClassesIsOrderedAsARecipeIs(t *testing.T) {
	recipe := func(ints bool, classes ...string) *model.Recipe {
		return &model.Recipe{Task: model.Multiclass, Classes: classes, IntLabels: ints}
	}
	for _, c := range []struct {
		a, b *model.Recipe
		want []string
	}{
		{recipe(false, "a", "c"), recipe(false, "b", "c", "d"), []string{"a", "b", "c", "d"}},
		{recipe(false, "a", "c"), recipe(false, "a", "c"), []string{"a", "c"}},
		{recipe(true, "2", "10"), recipe(true, "-1", "9", "10"), []string{"-1", "2", "9", "10"}},
		{recipe(true, "2", "10"), recipe(false, "10", "9"), []string{"10", "2", "9"}},
	} {
		before := slices.Clone(c.a.Classes)
		if diff := cmp.Diff(c.want, unionOf(c.a, c.b)); diff != "" || !slices.Equal(before, c.a.Classes) {
			t.Errorf("%q and %q: %s", c.a.Classes, c.b.Classes, diff)
		}
	}
}

// Each knows a class that the other does not, and one row is of neither.
func TestBothModelsAreAlignedOverTheUnion(t *testing.T) {
	mine := &processed.Scored{
		Recipe: &model.Recipe{Task: model.Multiclass, Classes: []string{"b", "c"}}, Rows: 4,
		Y: []float64{0, 1, -1, -1}, P: []float64{.9, .1, .2, .8, .3, .7, .6, .4},
	}
	theirs := &processed.Scored{
		Recipe: &model.Recipe{Task: model.Multiclass, Classes: []string{"a", "b"}}, Rows: 4,
		Y: []float64{1, -1, 0, -1}, P: []float64{.5, .5, .1, .9, .8, .2, .4, .6},
	}
	c := align(mine, theirs, nil)
	if want := []int32{1, 2, 0, -1}; !slices.Equal(c.labels, want) || c.classes != 3 { // over a, b, c
		t.Errorf("labels %v of %d classes", c.labels, c.classes)
	}
	if want := []float64{0, .9, .1, 0, .2, .8, 0, .3, .7, 0, .6, .4}; !slices.Equal(c.challenger.P, want) {
		t.Errorf("the challenger's answers %v", c.challenger)
	}
	if want := []float64{.5, .5, 0, .1, .9, 0, .8, .2, 0, .4, .6, 0}; !slices.Equal(c.champion.P, want) {
		t.Errorf("the champion's answers %v", c.champion)
	}
	if c.mine.Values["accuracy"] != 0.5 || c.theirs.Values["accuracy"] != 0.25 || c.alone.Values["accuracy"] != 0.5 || c.topShare != 0.25 {
		t.Errorf("accuracies %v and %v, top share %v", c.mine.Values, c.theirs.Values, c.topShare)
	}
	// By itself the challenger sees three classes, of which one is unknown; beside
	// the champion there are four.
	if f1, alone := c.mine.Values["f1_score"], c.alone.Values["f1_score"]; !(f1 < alone) {
		t.Errorf("F1 is %v over the union, and %v over its own classes", f1, alone)
	}
}

func TestFiguresAreForReaders(t *testing.T) {
	for x, want := range map[float64]string{0.741514: "0.7415", 1: "1", -0.05: "-0.05", 9876.5: "9876", 107177.12: "107177", -1234567.8: "-1234568", 1e-7: "1e-07"} {
		if got := figure(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	for _, c := range []struct{ metric, gain, want string }{{"accuracy", "0.05", "+0.05"}, {"rmse", "0.05", "-0.05"}, {"rmse", "-0.05", "+0.05"}, {"rmse", "0", "0"}} {
		gain, err := strconv.ParseFloat(c.gain, 64)
		if got := signed(c.metric, gain); err != nil || got != c.want {
			t.Errorf("a gain of %s in %s is written %s, want %s", c.gain, c.metric, got, c.want)
		}
	}
}

// Rows whose class nobody knows are not of one class, however many they are.
func TestUnknownClassesAreNotTheTopClass(t *testing.T) {
	if share := shareOfTop([]int32{-1, -1, -1, 0, 1}, 2); share != 0.2 {
		t.Errorf("the top class has a share of %v, want 0.2", share)
	}
}
