package model_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

// sound returns a small sound model with both kinds of features and splits.
func sound(trees bool) *model.Model {
	m := &model.Model{Recipe: model.Recipe{
		Target: "y", Task: model.Multiclass, Classes: []string{"-1", "2", "10"}, IntLabels: true,
		Features: []model.Feature{
			{Name: "age", Kind: model.Number, Fill: 40, Mean: 41, Scale: 12},
			{Name: "colour", Kind: model.Category, Categories: []string{"", "blue", "red"}},
		},
	}, Meta: map[string]string{"key": "value"}}
	if !trees {
		m.Linear = &model.Linear{Intercept: make([]float64, 3)}
		for range 3 {
			m.Linear.Coef = append(m.Linear.Coef, make([]float64, 4))
		}
		return m
	}
	m.Trees = &model.Trees{Base: make([]float64, 3), Trees: []model.Tree{{
		Nodes: []model.Node{
			{Feature: 0, Left: 1, Right: 2, Set: -1, Threshold: 30},
			{Feature: -1, Set: -1, Value: 1},
			{Feature: 1, Left: 3, Right: 4, Set: 0},
			{Feature: -1, Set: -1, Value: 2},
			{Feature: -1, Set: -1, Value: 3},
		},
		Sets: [][]int32{{0, 2}},
	}}}
	return m
}

func TestCheckAcceptsSoundModels(t *testing.T) {
	for _, trees := range []bool{true, false} {
		if err := sound(trees).Check(); err != nil {
			t.Error(err)
		}
	}
	each(t, func(t *testing.T, _ *rand.Rand, m *model.Model) {
		if err := m.Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestCheckRefusesBrokenRecipes(t *testing.T) {
	nan := math.NaN()
	for name, harm := range map[string]func(m *model.Model){
		"unknown task":                func(m *model.Model) { m.Task = "ranking" },
		"one class":                   func(m *model.Model) { m.Classes = m.Classes[:1] },
		"binary with three classes":   func(m *model.Model) { m.Task = model.Binary },
		"regression with classes":     func(m *model.Model) { m.Task = model.Regression },
		"integer labels out of order": func(m *model.Model) { m.Classes = []string{"-1", "10", "2"} },
		"an integer label twice":      func(m *model.Model) { m.Classes = []string{"1", "2", "2"} },
		"an integer label with zeros": func(m *model.Model) { m.Classes = []string{"1", "2", "03"} },
		"an integer label in words":   func(m *model.Model) { m.Classes = []string{"1", "2", "three"} },
		"text labels out of order":    func(m *model.Model) { m.IntLabels = false; m.Classes = []string{"2", "10", "30"} },
		"a label that is not UTF-8":   func(m *model.Model) { m.IntLabels = false; m.Classes = []string{"a", "b", "\xff"} },
		"a target that is not UTF-8":  func(m *model.Model) { m.Target = "\xff" },
		"no features":                 func(m *model.Model) { m.Features = nil },
		"a feature without a name":    func(m *model.Model) { m.Features[0].Name = "" },
		"a name that is not UTF-8":    func(m *model.Model) { m.Features[0].Name = "\xc3" },
		"two features of one name":    func(m *model.Model) { m.Features[0].Name = "colour" },
		"the target as a feature":     func(m *model.Model) { m.Features[0].Name = "y" },
		"an unknown kind":             func(m *model.Model) { m.Features[0].Kind = "date" },
		"a number with categories":    func(m *model.Model) { m.Features[0].Categories = []string{"a"} },
		"a category without any":      func(m *model.Model) { m.Features[1].Categories = nil },
		"categories out of order":     func(m *model.Model) { m.Features[1].Categories = []string{"red", "blue", ""} },
		"a category twice":            func(m *model.Model) { m.Features[1].Categories = []string{"", "red", "red"} },
		"a category not UTF-8":        func(m *model.Model) { m.Features[1].Categories = []string{"", "a", "\x80"} },
		"a mean that is not finite":   func(m *model.Model) { m.Features[0].Mean = math.Inf(1) },
		"a fill that is not finite":   func(m *model.Model) { m.Features[0].Fill = nan },
		"a scale that is not finite":  func(m *model.Model) { m.Features[0].Scale = nan },
		"an empty key in Meta":        func(m *model.Model) { m.Meta[""] = "x" },
		"Meta that is not UTF-8":      func(m *model.Model) { m.Meta["x"] = "\xff" },
		"both trees and weights":      func(m *model.Model) { m.Linear = &model.Linear{} },
		"neither trees nor weights":   func(m *model.Model) { m.Trees = nil },
	} {
		mustRefuse(t, name, sound(true), harm)
	}
}

func TestCheckRefusesBrokenTrees(t *testing.T) {
	nan := math.NaN()
	node := func(m *model.Model, i int) *model.Node { return &m.Trees.Trees[0].Nodes[i] }
	for name, harm := range map[string]func(m *model.Model){
		"a base for each class but one":  func(m *model.Model) { m.Trees.Base = m.Trees.Base[:2] },
		"a base that is not finite":      func(m *model.Model) { m.Trees.Base[1] = nan },
		"a tree without nodes":           func(m *model.Model) { m.Trees.Trees[0].Nodes = nil },
		"a child before its parent":      func(m *model.Model) { node(m, 2).Left = 0 },
		"a node that is its own child":   func(m *model.Model) { node(m, 0).Left = 0 },
		"a child twice":                  func(m *model.Model) { node(m, 0).Right = 1 },
		"a child of two nodes":           func(m *model.Model) { node(m, 2).Left = 2 },
		"a child behind the end":         func(m *model.Model) { node(m, 2).Right = 5 },
		"a negative child":               func(m *model.Model) { node(m, 2).Right = -4 },
		"a node without a parent":        func(m *model.Model) { n := node(m, 2); *n = model.Node{Feature: -1} },
		"an unknown feature":             func(m *model.Model) { node(m, 0).Feature = 2 },
		"a threshold that is NaN":        func(m *model.Model) { node(m, 0).Threshold = nan },
		"a threshold that is infinite":   func(m *model.Model) { node(m, 0).Threshold = math.Inf(1) },
		"a gain that is NaN":             func(m *model.Model) { node(m, 0).Gain = nan },
		"a negative count":               func(m *model.Model) { node(m, 0).Count = -1 },
		"a negative count of a leaf":     func(m *model.Model) { node(m, 1).Count = -1 },
		"a leaf that is not finite":      func(m *model.Model) { node(m, 1).Value = math.Inf(-1) },
		"a number split by a set":        func(m *model.Model) { node(m, 0).Set = 0 },
		"a category without a set":       func(m *model.Model) { node(m, 2).Set = -1 },
		"a set behind the end":           func(m *model.Model) { node(m, 2).Set = 1 },
		"an empty set":                   func(m *model.Model) { m.Trees.Trees[0].Sets[0] = nil },
		"a set out of order":             func(m *model.Model) { m.Trees.Trees[0].Sets[0] = []int32{2, 0} },
		"a code twice":                   func(m *model.Model) { m.Trees.Trees[0].Sets[0] = []int32{1, 1} },
		"a code behind the categories":   func(m *model.Model) { m.Trees.Trees[0].Sets[0] = []int32{0, 3} },
		"the code of unseen ones":        func(m *model.Model) { m.Trees.Trees[0].Sets[0] = []int32{-1, 0} },
		"a chain that is too deep":       func(m *model.Model) { m.Trees.Trees[0] = chain(model.MaxDepth + 1) },
		"leaves whose sum can overflow":  func(m *model.Model) { overflow(m, math.MaxFloat64) },
		"leaves whose sum can underflow": func(m *model.Model) { overflow(m, -math.MaxFloat64) },
	} {
		mustRefuse(t, name, sound(true), harm)
	}
	mustRefuse(t, "logarithms of classes", sound(true), func(m *model.Model) { m.Trees.Log = true })
	count := modeltest.LogTrees(rand.New(rand.NewPCG(1, 2)), 3, 4)
	if err := count.Check(); err != nil {
		t.Errorf("logarithms of a count: %v", err)
	}
	mustRefuse(t, "a logarithm of more than the largest number", count, func(m *model.Model) { m.Trees.Base[0] = 720 })
	m := sound(true)
	m.Trees.Trees[0] = chain(model.MaxDepth)
	if err := m.Check(); err != nil {
		t.Errorf("a chain of the greatest depth: %v", err)
	}
}

func TestCheckRefusesBrokenWeights(t *testing.T) {
	for name, harm := range map[string]func(m *model.Model){
		"an intercept too few":           func(m *model.Model) { m.Linear.Intercept = m.Linear.Intercept[:2] },
		"an intercept that is NaN":       func(m *model.Model) { m.Linear.Intercept[0] = math.NaN() },
		"a row too few":                  func(m *model.Model) { m.Linear.Coef = m.Linear.Coef[:2] },
		"a weight too few":               func(m *model.Model) { m.Linear.Coef[1] = m.Linear.Coef[1][:3] },
		"a weight that is infinite":      func(m *model.Model) { m.Linear.Coef[1][3] = math.Inf(1) },
		"a number with a scale of zero":  func(m *model.Model) { m.Features[0].Scale = 0 },
		"weights for another recipe":     func(m *model.Model) { m.Features[1].Categories = []string{"red"} },
		"weights for a binary task only": func(m *model.Model) { m.Task, m.Classes = model.Binary, []string{"0", "1"} },
	} {
		mustRefuse(t, name, sound(false), harm)
	}
}

// mustRefuse harms a sound model and wants Check to say so, as this package.
func mustRefuse(t *testing.T, name string, m *model.Model, harm func(*model.Model)) {
	t.Run(name, func(t *testing.T) {
		harm(m)
		if err := m.Check(); err == nil || !strings.HasPrefix(err.Error(), "model: ") {
			t.Errorf("Check = %v, want a complaint", err)
		}
	})
}

// chain returns a tree whose splits all lie on one path.
func chain(depth int) model.Tree {
	var t model.Tree
	for i := range int32(depth) {
		t.Nodes = append(t.Nodes,
			model.Node{Feature: 0, Set: -1, Left: 2*i + 1, Right: 2*i + 2, Threshold: float64(-i)},
			model.Node{Feature: -1, Set: -1, Value: 1})
	}
	last := len(t.Nodes)
	t.Nodes = append(t.Nodes, model.Node{Feature: -1, Set: -1})
	for i := range depth {
		t.Nodes[2*i].Right = int32(min(2*i+2, last))
	}
	return t
}

// overflow gives trees 0 and 3, which add to the same raw score, huge leaves.
func overflow(m *model.Model, leaf float64) {
	stump := model.Tree{Nodes: []model.Node{{Feature: -1, Set: -1, Value: leaf}}}
	m.Trees.Trees = []model.Tree{stump, {Nodes: []model.Node{{Feature: -1}}}, {Nodes: []model.Node{{Feature: -1}}}, stump}
}

// TestCheckRefusesBrokenColumns changes the features that a column of times has.
func TestCheckRefusesBrokenColumns(t *testing.T) {
	part := func(column string, p model.Part) model.Feature {
		return model.Feature{Name: column + "." + string(p), Kind: model.Number, Column: column, Part: p, Scale: 1}
	}
	recipe := func(features ...model.Feature) *model.Recipe {
		return &model.Recipe{Target: "y", Task: model.Regression, Features: features}
	}
	number := model.Feature{Name: "n", Kind: model.Number, Scale: 1}
	flag := model.Feature{Name: "f", Kind: model.Number, Part: model.Flag, Scale: 1}
	for _, r := range []*model.Recipe{
		recipe(part("at", model.Epoch), part("at", model.Hour), number, flag),
		recipe(part("at", model.Month), part("to", model.Month)),
	} {
		if err := r.Check(); err != nil {
			t.Errorf("%v: %v", r.Features, err)
		}
	}
	broken := map[string]*model.Recipe{
		"twice":          recipe(part("at", model.Epoch), part("at", model.Epoch)),
		"out of order":   recipe(part("at", model.Hour), part("at", model.Epoch)),
		"apart":          recipe(part("at", model.Epoch), number, part("at", model.Hour)),
		"unknown":        recipe(part("at", "century")),
		"of the target":  recipe(part("y", model.Year)),
		"flag elsewhere": recipe(part("at", model.Flag)),
		"whole of":       recipe(model.Feature{Name: "a", Column: "b", Kind: model.Number, Scale: 1}),
		"no column":      recipe(model.Feature{Name: "a", Part: model.Year, Kind: model.Number, Scale: 1}),
		"text":           recipe(model.Feature{Name: "a", Column: "b", Part: model.Year, Kind: model.Category, Categories: []string{""}}),
		"flag of text":   recipe(model.Feature{Name: "a", Part: model.Flag, Kind: model.Category, Categories: []string{""}}),
		"column's name":  recipe(part("at", model.Year), model.Feature{Name: "at.year_", Kind: model.Number, Column: "n", Part: model.Hour, Scale: 1}, model.Feature{Name: "at.year", Kind: model.Number, Scale: 1}),
		"taken":          recipe(model.Feature{Name: "n", Kind: model.Number, Column: "at", Part: model.Hour, Scale: 1}, part("n", model.Year)),
		"not UTF-8":      recipe(model.Feature{Name: "a", Kind: model.Number, Column: "\xff", Part: model.Hour, Scale: 1}),
	}
	for name, r := range broken {
		if r.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
