// Package modeltest makes random models, and random rows for them, for the
// tests of the rooms that score, store and read models.
//
// What is made passes Model.Check and is as awkward as that allows: names that
// collide with anything, missing and unseen values, values that lie exactly on
// thresholds, trees of a single leaf. The same source of randomness makes the
// same model.
package modeltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"retrain/internal/model"
)

// names are what columns may be called, among them the names that an encoder
// would like to use itself.
var names = []string{
	"age", "income", "label", "probabilities", "prediction", "scores", "label_", "features", "a b\tc",
	`quo"te\`, "naïve ☃", "年齢", "<&>", "retrain.recipe", "code_0", "Age", "0", "coefficients", "base", "classes",
}

// texts are what categories may be.
var texts = []string{"red", "green", "blue", "Red", " red", "naïve", "雪", `a"b`, "<x>", "1", "1.0", "nan", "None", "\t", "ünïcode", "z"}

// Recipe returns a recipe of up to eight columns: numbers, booleans, times and
// categories.
func Recipe(rng *rand.Rand, task model.Task) model.Recipe {
	r := model.Recipe{Target: "target", Task: task}
	for _, at := range rng.Perm(len(names))[:1+rng.IntN(8)] {
		r.Features = append(r.Features, features(rng, names[at])...)
	}
	switch task {
	case model.Binary:
		r.Classes, r.IntLabels = classes(rng, 2)
	case model.Multiclass:
		r.Classes, r.IntLabels = classes(rng, 2+rng.IntN(5))
	}
	return r
}

// features returns the features of a column.
func features(rng *rand.Rand, name string) []model.Feature {
	switch rng.IntN(8) {
	case 0:
		f := number64(rng, name)
		f.Part = model.Flag
		return []model.Feature{f}
	case 1, 2:
		return parts(rng, name)
	}
	return []model.Feature{feature(rng, name)}
}

// parts returns some features of a column of times, in order.
func parts(rng *rand.Rand, name string) []model.Feature {
	var list []model.Feature
	slashes := []string{"", model.DayFirst, model.MonthFirst}[rng.IntN(3)]
	for _, at := range slices.Sorted(slices.Values(rng.Perm(len(model.TimeParts))[:1+rng.IntN(len(model.TimeParts))])) {
		f := number64(rng, name+"."+string(model.TimeParts[at]))
		f.Column, f.Part, f.Slashes = name, model.TimeParts[at], slashes
		f.Fill, f.Mean = f.Part.Of(moment(rng)), f.Part.Of(moment(rng))
		if f.Scale = 10; f.Part == model.Epoch {
			f.Scale = 1e9
		}
		list = append(list, f)
	}
	return list
}

// moment draws a time, in seconds since 1970, of the years 1 to 9999: most of
// them of our days, and some at midnight or a new year.
func moment(rng *rand.Rand) float64 {
	const day, first, end = 24 * 3600, -62_135_596_800, 253_402_300_800
	switch rng.IntN(4) {
	case 0:
		return float64(first + rng.Int64N(end-first))
	case 1:
		return float64(day * (rng.IntN(40_000) - 20_000))
	case 2:
		return float64(rng.Int64N(4e9)-2e9) - 1e-6
	}
	return float64(rng.Int64N(4e15)-2e15) / 1e6
}

func number64(rng *rand.Rand, name string) model.Feature {
	return model.Feature{Name: name, Kind: model.Number, Fill: rng.NormFloat64(), Mean: rng.NormFloat64(), Scale: 0.1 + rng.Float64()}
}

func feature(rng *rand.Rand, name string) model.Feature {
	if rng.IntN(2) == 0 {
		return number64(rng, name)
	}
	f := model.Feature{Name: name, Kind: model.Category}
	for _, at := range rng.Perm(len(texts))[:1+rng.IntN(len(texts))] {
		f.Categories = append(f.Categories, texts[at])
	}
	if rng.IntN(2) == 0 {
		f.Categories = append(f.Categories, "")
	}
	if rng.IntN(4) == 0 {
		for i := range 100 {
			f.Categories = append(f.Categories, fmt.Sprintf("city %d", i))
		}
	}
	slices.Sort(f.Categories)
	return f
}

func classes(rng *rand.Rand, n int) (labels []string, integers bool) {
	if rng.IntN(2) == 0 {
		for k := range n {
			labels = append(labels, strconv.Itoa(7*k-9))
		}
		return labels, true
	}
	for k := range n {
		labels = append(labels, fmt.Sprintf("class %c ☃", 'a'+k))
	}
	return labels, false
}

// Linear returns a linear model.
func Linear(rng *rand.Rand, task model.Task) *model.Model {
	m := &model.Model{Recipe: Recipe(rng, task), Linear: &model.Linear{}, Meta: meta(rng)}
	for range m.Width() {
		m.Linear.Intercept = append(m.Linear.Intercept, rng.NormFloat64())
		row := make([]float64, m.Inputs())
		for i := range row {
			row[i] = rng.NormFloat64()
		}
		m.Linear.Coef = append(m.Linear.Coef, row)
	}
	return m
}

// Trees returns a model of count trees with up to leaves leaves each. Its nodes
// lie in preorder, and every set belongs to one node.
func Trees(rng *rand.Rand, task model.Task, count, leaves int) *model.Model {
	m := &model.Model{Recipe: Recipe(rng, task), Trees: &model.Trees{}, Meta: meta(rng)}
	for range m.Width() {
		m.Trees.Base = append(m.Trees.Base, rng.NormFloat64())
	}
	for range count {
		m.Trees.Trees = append(m.Trees.Trees, Tree(rng, &m.Recipe, 1+rng.IntN(leaves)))
	}
	return m
}

// LogTrees is Trees for a regression whose raw score is the logarithm of what it
// predicts.
func LogTrees(rng *rand.Rand, count, leaves int) *model.Model {
	m := Trees(rng, model.Regression, count, leaves)
	m.Trees.Log = true
	return m
}

// Calibrate gives a model of classes a calibration, and one of two classes a
// threshold half of the time.
func Calibrate(rng *rand.Rand, m *model.Model) *model.Model {
	m.Calibration = &model.Calibration{}
	lines := m.Task == model.Multiclass && rng.IntN(2) == 0
	for range m.Width() {
		if lines {
			m.Calibration.Lines = append(m.Calibration.Lines, model.Line{Slope: 0.1 + rng.ExpFloat64(), Shift: rng.NormFloat64()})
		} else {
			m.Calibration.Curves = append(m.Calibration.Curves, curve(rng))
		}
	}
	if m.Task == model.Binary && rng.IntN(2) == 0 {
		m.Threshold = 0.01 + 0.98*rng.Float64()
		if ys := m.Calibration.Curves[0].Y; rng.IntN(2) == 0 {
			m.Threshold = ys[rng.IntN(len(ys))] // some rows lie on it
		}
	}
	return m
}

// curve returns a curve with level stretches, and with knots some of which lie
// close to each other and some beyond all log odds.
func curve(rng *rand.Rand) model.Curve {
	var c model.Curve
	knots := 2 + rng.IntN(40)
	if rng.IntN(8) == 0 {
		knots = model.MaxKnots
	}
	x, y := -4*rng.Float64(), 1e-6+0.1*rng.Float64()
	for range knots {
		c.X, c.Y = append(c.X, x), append(c.Y, y)
		x += (1 + math.Floor(8192*rng.ExpFloat64()/float64(knots))) / 1024
		if rng.IntN(2) == 0 {
			y += (1 - y) * rng.Float64() * 4 / float64(knots+4)
		}
	}
	return c
}

// Tree returns a tree with the given number of leaves.
func Tree(rng *rand.Rand, r *model.Recipe, leaves int) model.Tree {
	var t model.Tree
	grow(rng, &t, r.Features, leaves)
	return t
}

// grow appends a subtree in preorder and returns the number of its rows.
func grow(rng *rand.Rand, t *model.Tree, features []model.Feature, leaves int) int64 {
	at := len(t.Nodes)
	if leaves == 1 {
		rows := 1 + rng.Int64N(1000)
		t.Nodes = append(t.Nodes, model.Node{Feature: -1, Set: -1, Value: 0.2 * rng.NormFloat64(), Count: rows})
		return rows
	}
	n := model.Node{Feature: int32(rng.IntN(len(features))), Set: -1, Gain: rng.ExpFloat64()}
	if f := &features[n.Feature]; f.Kind == model.Number {
		n.Threshold, n.MissingLeft = number(rng), rng.IntN(2) == 0
		if f.Part.OfTime() {
			n.Threshold = f.Part.Of(moment(rng))
		}
	} else {
		n.Set = int32(len(t.Sets))
		t.Sets = append(t.Sets, set(rng, len(f.Categories)))
	}
	t.Nodes = append(t.Nodes, n)
	left := 1 + rng.IntN(leaves-1)
	n.Left = int32(len(t.Nodes))
	n.Count = grow(rng, t, features, left)
	n.Right = int32(len(t.Nodes))
	n.Count += grow(rng, t, features, leaves-left)
	t.Nodes[at] = n
	return n.Count
}

// set returns a set of codes that is not empty.
func set(rng *rand.Rand, categories int) []int32 {
	codes := []int32{int32(rng.IntN(categories))}
	for code := range int32(categories) {
		if code != codes[0] && rng.IntN(2) == 0 {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

func meta(rng *rand.Rand) map[string]string {
	if rng.IntN(4) == 0 {
		return nil
	}
	return map[string]string{"engine_version": "test", "champion": "", "params": `{"max_iter":100}`, "ünïcode": "☃"}
}

// number draws from a coarse grid, so that values and thresholds coincide.
func number(rng *rand.Rand) float64 { return math.Round(rng.NormFloat64()*10) / 10 }

// Table holds raw rows: Numbers or Texts of each feature's column, the other
// being nil. The features of a column have the same numbers.
type Table struct {
	Rows    int
	Numbers [][]float64 // NaN is missing
	Texts   [][]string  // "" is missing
}

// Rows returns raw rows for a recipe, with missing and unseen values.
func Rows(rng *rand.Rand, r *model.Recipe, rows int) Table {
	t := Table{Rows: rows}
	for _, c := range r.Columns() {
		var numbers []float64
		var texts []string
		f := &r.Features[c.First]
		for range rows {
			if f.Kind == model.Number {
				numbers = append(numbers, rowNumber(rng, f.Part))
			} else {
				texts = append(texts, rowText(rng, f.Categories))
			}
		}
		for range c.Count {
			t.Numbers, t.Texts = append(t.Numbers, numbers), append(t.Texts, texts)
		}
	}
	return t
}

func rowNumber(rng *rand.Rand, part model.Part) float64 {
	switch at := rng.IntN(20); {
	case at < 2:
		return math.NaN()
	case part.OfTime():
		return moment(rng)
	case part == model.Flag:
		return float64(at % 2)
	case at == 2:
		return 0
	case at == 3:
		return 1e6 * rng.NormFloat64()
	}
	return number(rng)
}

func rowText(rng *rand.Rand, known []string) string {
	switch rng.IntN(8) {
	case 0:
		return ""
	case 1:
		return "never seen"
	case 2:
		return texts[rng.IntN(len(texts))]
	}
	return known[rng.IntN(len(known))]
}

// Encode returns the rows as Model.Predict takes them.
func (t Table) Encode(r *model.Recipe) []float64 {
	stride := len(r.Features)
	x := make([]float64, t.Rows*stride)
	for j := range r.Features {
		for i := range t.Rows {
			if r.Features[j].Kind == model.Number {
				x[i*stride+j] = r.Features[j].Part.Of(t.Numbers[j][i])
			} else {
				x[i*stride+j] = float64(r.Features[j].Code(t.Texts[j][i]))
			}
		}
	}
	return x
}
