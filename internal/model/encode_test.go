package model_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/model"
)

func TestCodesOfCategories(t *testing.T) {
	f := model.Feature{Kind: model.Category, Categories: []string{"", "blue", "red"}}
	got := f.Codes([]string{"red", "", "green", "Red", "blue"})
	if diff := cmp.Diff([]int{2, 0, model.Unseen, model.Unseen, 1}, got); diff != "" {
		t.Error(diff)
	}
	f.Categories = f.Categories[1:]
	if got := f.Code(""); got != model.Unseen {
		t.Errorf("missing, never seen in training: code %d", got)
	}
}

func TestEncodeWritesColumns(t *testing.T) {
	colour := model.Feature{Kind: model.Category, Categories: []string{"", "blue", "red"}}
	age := model.Feature{Kind: model.Number}
	x := make([]float64, 8)
	colour.EncodeStrings(x, 2, 0, []int32{1, -1, 0, 2}, []string{"green", "red", "blue"})
	age.EncodeNumbers(x, 2, 1, []float64{30, math.NaN(), 50, -1})
	want := []float64{2, 30, 0, math.NaN(), model.Unseen, 50, 1, -1}
	if diff := cmp.Diff(want, x, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if age.MissingValue() == age.MissingValue() || colour.MissingValue() != 0 {
		t.Errorf("missing values are %v and %v", age.MissingValue(), colour.MissingValue())
	}
}

func TestClassFindsLabels(t *testing.T) {
	r := model.Recipe{Classes: []string{"no", "yes"}}
	if r.Class("yes") != 1 || r.Class("no") != 0 || r.Class("maybe") != -1 {
		t.Error("labels were not found in their places")
	}
}

func TestImportance(t *testing.T) {
	m := sound(true)
	nodes := m.Trees.Trees[0].Nodes
	if diff := cmp.Diff([]float64{0, 0}, m.Importance()); diff != "" {
		t.Error("without gain: ", diff)
	}
	nodes[0].Gain, nodes[2].Gain = 1, 3
	if diff := cmp.Diff([]float64{0.25, 0.75}, m.Importance()); diff != "" {
		t.Error(diff)
	}
}
