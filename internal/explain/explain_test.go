package explain

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

var ctx = context.Background()

// anyRows returns rows for a model, with targets that it may or may not know.
func anyRows(rng *rand.Rand, m *model.Model, n int) *Rows {
	rows := &Rows{X: modeltest.Rows(rng, &m.Recipe, n).Encode(&m.Recipe)}
	for range n {
		if m.Task == model.Regression {
			rows.Y = append(rows.Y, rng.NormFloat64())
		} else {
			rows.Y = append(rows.Y, float64(rng.IntN(len(m.Classes)+1)-1))
		}
	}
	return rows
}

func anyModel(rng *rand.Rand) *model.Model {
	task := []model.Task{model.Binary, model.Multiclass, model.Regression}[rng.IntN(3)]
	if rng.IntN(2) == 0 {
		return modeltest.Linear(rng, task)
	}
	return modeltest.Trees(rng, task, 6, 8)
}

// predict answers rows one by one.
func predict(m *model.Model, x []float64) []float64 {
	var all []float64
	for wide := len(m.Features); len(x) > 0; x = x[wide:] {
		row := make([]float64, m.Outputs())
		m.Predict(row, x[:wide])
		all = append(all, row...)
	}
	return all
}

func naiveScore(m *model.Model, name string, y, answers []float64) (float64, bool) {
	scores := metric.Scores{}
	if m.Task == model.Regression {
		scores = metric.Regression(y, answers, metric.Objective{})
	} else {
		var truth, labels []int32
		for i, c := range y {
			truth, labels = append(truth, int32(c)), append(labels, int32(m.Label(answers[i*len(m.Classes):][:len(m.Classes)])))
		}
		scores = metric.Classification(truth, metric.Answers{P: answers, Labels: labels}, len(m.Classes))
	}
	score, defined := scores.Values[name]
	return score, defined
}

// naiveDrops shuffles all features of a column in a copy of the rows.
func naiveDrops(m *model.Model, rows *Rows, name, column string) (drops []float64) {
	before, _ := naiveScore(m, name, rows.Y, predict(m, rows.X))
	wide := len(m.Features)
	for r := range repeats {
		x := slices.Clone(rows.X)
		order := rand.New(rand.NewPCG(uint64(r), 0)).Perm(len(rows.Y))
		for j := range m.Features {
			for i, from := range order {
				if m.Features[j].Source() == column {
					x[i*wide+j] = rows.X[from*wide+j]
				}
			}
		}
		after, defined := naiveScore(m, name, rows.Y, predict(m, x))
		if !defined {
			return nil
		}
		if metric.HigherIsBetter(name) {
			drops = append(drops, before-after)
		} else {
			drops = append(drops, after-before)
		}
	}
	return drops
}

func TestPermuteAgainstItsTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	checked := 0
	for range 40 {
		m := anyModel(rng)
		rows := anyRows(rng, m, 60)
		names := metric.Known(m.Task)
		name := names[rng.IntN(len(names))]
		got, err := Permute(ctx, m, rows, name, metric.Objective{})
		if err != nil {
			t.Fatal(err)
		}
		if _, defined := naiveScore(m, name, rows.Y, predict(m, rows.X)); !defined {
			if got != nil {
				t.Errorf("%s is undefined, and there are importances", name)
			}
			continue
		}
		for _, c := range got.Columns {
			drops := naiveDrops(m, rows, name, c.Column)
			mean := 0.0
			for _, d := range drops {
				mean += d / repeats
			}
			if math.Abs(mean-c.Mean) > 1e-12*max(1, math.Abs(mean)) {
				t.Errorf("%s without %q drops by %g; want %g", name, c.Column, c.Mean, mean)
			}
			checked++
		}
		if !slices.IsSortedFunc(got.Columns, func(a, b Importance) int { return cmp.Compare(b.Mean, a.Mean) }) {
			t.Errorf("not the largest first: %v", got.Columns)
		}
	}
	if checked < 60 {
		t.Errorf("%d columns were checked", checked)
	}
}

// A column that the model does not use is not listed, and one that it has in
// parts is listed once.
func TestColumnsOfAModel(t *testing.T) {
	m := &model.Model{Recipe: model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{
		{Name: "a", Kind: model.Number, Scale: 1},
		{Name: "at", Kind: model.Number, Scale: 1, Column: "when", Part: model.Epoch},
		{Name: "hour", Kind: model.Number, Scale: 1, Column: "when", Part: model.Hour},
		{Name: "idle", Kind: model.Number, Scale: 1},
	}}, Linear: &model.Linear{Coef: [][]float64{{1, 0.5, 1, 0}}, Intercept: []float64{0}}}
	want := []string{"when 0.6", "a 0.4"}
	var got []string
	for _, s := range Shares(m) {
		text, _ := json.Marshal(math.Round(100*s.Share) / 100)
		got = append(got, s.Column+" "+string(text))
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A shuffled column of standard deviation s and weight w is off by w·s·√2 on
// average, where everything else is right.
func TestTheDropOfALinearModel(t *testing.T) {
	m := &model.Model{Recipe: model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{
		{Name: "a", Kind: model.Number, Scale: 1}, {Name: "b", Kind: model.Number, Scale: 1},
	}}, Linear: &model.Linear{Coef: [][]float64{{3, -1}}, Intercept: []float64{7}}}
	rng := rand.New(rand.NewPCG(5, 6))
	rows := &Rows{}
	for range 4000 {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		rows.X, rows.Y = append(rows.X, a, b), append(rows.Y, 3*a-b+7)
	}
	got, err := Permute(ctx, m, rows, metric.RMSE, metric.Objective{})
	if err != nil || got.Rows != 4000 || len(got.Columns) != 2 {
		t.Fatalf("%+v: %v", got, err)
	}
	for k, want := range []float64{3 * math.Sqrt2, math.Sqrt2} {
		if c := got.Columns[k]; math.Abs(c.Mean/want-1) > 0.03 || c.SD > 0.05*want {
			t.Errorf("%+v; want %g", c, want)
		}
	}
}

// golden is what scikit-learn says of a tree.
type golden struct {
	X          [][]float64
	Y          []float64
	Feature    []int32
	Threshold  []float64
	Left       []int32
	Right      []int32
	Value      []float64
	Means      []float64 `json:"importances_mean"`
	Deviations []float64 `json:"importances_std"`
	Grid       []float64
	Average    []float64
}

func readGolden(t *testing.T) (g golden, m *model.Model, rows *Rows) {
	t.Helper()
	text, err := os.ReadFile("testdata/sklearn.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	m = &model.Model{Recipe: model.Recipe{Target: "y", Task: model.Regression}, Trees: &model.Trees{Base: []float64{0}}}
	for _, name := range []string{"a", "b", "c"} {
		m.Features = append(m.Features, model.Feature{Name: name, Kind: model.Number, Scale: 1})
	}
	var nodes []model.Node
	for i := range g.Feature {
		n := model.Node{Feature: max(-1, g.Feature[i]), Left: g.Left[i], Right: g.Right[i], Set: -1, Threshold: g.Threshold[i], Gain: 1}
		if n.Feature < 0 {
			n = model.Node{Feature: -1, Set: -1, Value: g.Value[i]}
		}
		nodes = append(nodes, n)
	}
	m.Trees.Trees = []model.Tree{{Nodes: nodes}}
	return g, m, &Rows{X: slices.Concat(g.X...), Y: g.Y}
}

// The shuffles are others than scikit-learn's: the mean of five lies within
// five of its own standard errors.
func TestPermuteAgainstScikitLearn(t *testing.T) {
	g, m, rows := readGolden(t)
	got, err := Permute(ctx, m, rows, metric.MAE, metric.Objective{})
	if err != nil || len(got.Columns) < 2 {
		t.Fatalf("%+v: %v", got, err)
	}
	for _, c := range got.Columns {
		j := int(c.Column[0] - 'a')
		if noise := 5 * g.Deviations[j] / math.Sqrt(repeats); math.Abs(c.Mean-g.Means[j]) > noise || c.SD > 3*g.Deviations[j] {
			t.Errorf("%+v; scikit-learn has %g ± %g", c, g.Means[j], g.Deviations[j])
		}
	}
}

func TestDependAgainstScikitLearn(t *testing.T) {
	g, m, rows := readGolden(t)
	wide := len(m.Features)
	for k, x := range g.Grid { // a row of the grid's value, whose mean is asked for
		rows.X[k*wide] = x
	}
	// scikit-learn's mean is over the rows as they were, whose first columns do
	// not matter here.
	d := &depender{model: m, rows: rows, some: rows, feature: 0, outputs: []int{0}}
	for k, want := range g.Average {
		if got := d.mean(k)[0]; math.Abs(got-want) > 1e-12 {
			t.Errorf("at %g the mean is %g; want %g", g.Grid[k], got, want)
		}
	}
}

func TestDependAgainstItsTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	checked := 0
	for range 40 {
		m := anyModel(rng)
		rows := anyRows(rng, m, 80)
		c := m.Columns()[rng.IntN(len(m.Columns()))]
		told, err := Depend(ctx, m, rows, c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if told == nil {
			continue
		}
		at := c.First
		for told.Part != "" && told.Part != string(m.Features[at].Part) {
			at++
		}
		checked += checkMeans(t, m, rows, &m.Features[at], at, told)
	}
	if checked < 50 {
		t.Errorf("%d points were checked", checked)
	}
}

// checkMeans sets the column to each value in turn, in all rows.
func checkMeans(t *testing.T, m *model.Model, rows *Rows, f *model.Feature, at int, told *Dependence) int {
	t.Helper()
	for _, p := range told.Points {
		x, wide := slices.Clone(rows.X), len(m.Features)
		for i := range rows.Y {
			if f.Kind == model.Category {
				x[i*wide+at] = float64(f.Code(p.Label))
			} else {
				x[i*wide+at] = *p.Value
			}
		}
		answers := predict(m, x)
		for out, got := range p.Mean {
			k := 0
			if m.Task != model.Regression {
				k = m.Class(told.Outputs[out])
			}
			want := 0.0
			for i := range rows.Y {
				want += answers[i*m.Outputs()+k] / float64(len(rows.Y))
			}
			if math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
				t.Errorf("%s at %v: mean %g; want %g", told.Column, p, got, want)
			}
		}
	}
	return len(told.Points)
}

// Grids have values that occur, in order; of a time, the part that counts.
func TestGrids(t *testing.T) {
	m := &model.Model{Recipe: model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{
		{Name: "x", Kind: model.Number, Scale: 1},
		{Name: "c", Kind: model.Category, Categories: []string{"", "a", "b"}},
		{Name: "flag", Kind: model.Number, Part: model.Flag, Scale: 1},
		{Name: "at", Kind: model.Number, Scale: 1, Column: "when", Part: model.Epoch},
		{Name: "year", Kind: model.Number, Scale: 1, Column: "when", Part: model.Year},
	}}, Linear: &model.Linear{Coef: [][]float64{{1, 0, 1, 2, 10, 2, 1}}, Intercept: []float64{0}}}
	rows := &Rows{}
	for i := range 1000 {
		at := float64(i) * 86400 * 30
		x := float64(i)
		if i%10 == 0 {
			x = math.NaN()
		}
		rows.X = append(rows.X, x, []float64{model.Unseen, 0, 1, 1, 2}[i%5], float64(i%2), at, model.Year.Of(at))
		rows.Y = append(rows.Y, 0)
	}
	depend := func(column string) *Dependence {
		d, err := Depend(ctx, m, rows, column)
		if err != nil || d == nil {
			t.Fatalf("%s: %v, %v", column, d, err)
		}
		return d
	}
	if x := depend("x"); len(x.Points) != gridPoints || *x.Points[0].Value != 21 || *x.Points[19].Value != 979 {
		t.Errorf("%+v", x.Points)
	}
	var labels []string
	for _, p := range slices.Concat(depend("c").Points, depend("flag").Points) {
		labels = append(labels, p.Label)
	}
	if diff := gocmp.Diff([]string{"a", "", "b", "false", "true"}, labels); diff != "" {
		t.Error(diff)
	}
	if when := depend("when"); when.Part != "epoch" || when.Kind != "time" || when.Points[0].Label != "1971-08-24T00:00:00Z" {
		t.Errorf("%+v", when)
	}
	m.Linear.Coef[0][5] = 0
	if when := depend("when"); when.Part != "year" || when.Kind != "number" || *when.Points[19].Value != 2050 {
		t.Errorf("%+v", when)
	}
	if d, err := Depend(ctx, m, rows, "no such column"); d != nil || err != nil {
		t.Error(d, err)
	}
	m.Linear.Intercept[0] = math.MaxFloat64 // no mean of such answers can be told
	if d, err := Depend(ctx, m, rows, "x"); d != nil || err != nil {
		t.Error(d, err)
	}
	one := &Rows{X: rows.X[:5], Y: rows.Y[:1]}
	if d, err := Depend(ctx, m, one, "c"); d != nil || err != nil {
		t.Error(d, err)
	}
}

// A shuffle scores every row with every tree, so of a large model fewer rows are
// shuffled.
func TestLargeModelsAreShuffledWithFewerRows(t *testing.T) {
	trees := func(n int) *model.Model { return &model.Model{Trees: &model.Trees{Trees: make([]model.Tree, n)}} }
	wide := &model.Model{Recipe: model.Recipe{Features: make([]model.Feature, 200)}, Linear: &model.Linear{}}
	for _, c := range []struct {
		m             *model.Model
		columns, want int
	}{
		{trees(100), 10, 10_000},
		{trees(100), 50, 2_000},
		{trees(1000), 20, 500},
		{trees(100_000), 50, 500}, // the fewest that tell anything
		{trees(1), 1, 10_000_000},
		{trees(0), 0, 50_000_000},
		{wide, 50, 1_000},
	} {
		if got := affordable(c.m, c.columns); got != c.want {
			t.Errorf("%+v with %d columns: %d rows, want %d", c.m, c.columns, got, c.want)
		}
	}
}

// The classes whose probabilities are told are the most frequent ones, in their
// own order; rows of unknown classes count for none.
func TestOutputsThatAreShown(t *testing.T) {
	m := &model.Model{Recipe: model.Recipe{Task: model.Multiclass, Classes: []string{"a", "b", "c", "d", "e", "f"}}}
	d := &depender{model: m, rows: &Rows{Y: []float64{0, 5, 5, 2, 2, 2, 3, -1, -1, -1, -1, 3, 3, 4}}}
	if diff := gocmp.Diff([]int{0, 2, 3, 5}, d.shownOutputs()); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameNumbersOnAnyNumberOfProcessors(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	m := modeltest.Trees(rng, model.Binary, 20, 8)
	rows := anyRows(rng, m, 1500)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := Permute(ctx, m, rows, metric.LogLoss, metric.Objective{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(4)
	four, err := Permute(ctx, m, rows, metric.LogLoss, metric.Objective{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(one, four); diff != "" {
		t.Error(diff)
	}
}

func TestAContextThatEndsEndsTheWork(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	m := modeltest.Trees(rng, model.Regression, 20, 8)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Permute(ended, m, anyRows(rng, m, 100), metric.RMSE, metric.Objective{}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// A sample is the same for any batches, has the announced rows' order, and a
// limit in rows and in numbers.
func TestSamples(t *testing.T) {
	take := func(features, rows, batch int) *Rows {
		s := NewSampler(features, int64(rows))
		for from := 0; from < rows; from += batch {
			var x, y []float64
			for i := from; i < min(from+batch, rows); i++ {
				x, y = append(x, slices.Repeat([]float64{float64(i)}, features)...), append(y, float64(i))
			}
			s.Add(x, y)
		}
		return s.Rows()
	}
	if diff := gocmp.Diff(take(2, 50_000, 1), take(2, 50_000, 777)); diff != "" {
		t.Error("the batches matter")
	}
	for _, c := range []struct{ features, rows, want int }{{2, 10, 10}, {2, 50_000, maxRows}, {1000, 8000, maxCells / 1000}, {5000, 1500, 1000}} {
		got := take(c.features, c.rows, 500)
		if len(got.Y) != c.want || len(got.X) != c.want*c.features || !slices.IsSorted(got.Y) {
			t.Errorf("%d rows of %d features: %d are kept; want %d", c.rows, c.features, len(got.Y), c.want)
		}
		if few := got.some(7); len(few.Y) != 7 || len(few.X) != 7*c.features || few.X[0] != few.Y[0] {
			t.Errorf("7 of them are %d and %d", len(few.Y), len(few.X))
		}
	}
}
