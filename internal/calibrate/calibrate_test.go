package calibrate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

func golden(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// scikit-learn minimizes the same loss until it hardly changes, so its line is
// near ours, and its loss is not below.
func TestPlattFitsWhatScikitLearnFits(t *testing.T) {
	var cases []struct {
		Name         string
		Raw          []float64
		Labels       []int
		Weights      []float64
		Slope, Shift float64
	}
	golden(t, "platt.json", &cases)
	for _, c := range cases {
		s := &sample{z: c.Raw, weights: c.Weights}
		for _, y := range c.Labels {
			s.hit = append(s.hit, y == 1)
		}
		l := platt(s)
		if math.Abs(l.Slope-c.Slope) > 1e-4*math.Abs(c.Slope) || math.Abs(l.Shift-c.Shift) > 1e-4*(1+math.Abs(c.Shift)) {
			t.Errorf("%s: %+v, scikit-learn has %v and %v", c.Name, l, c.Slope, c.Shift)
		}
	}
}

func TestPlattWithoutAnythingToFit(t *testing.T) {
	for name, raw := range map[string][]float64{
		"one row of each class":   {-1, 1},
		"all scores are the same": {2, 2},
		"huge scores":             {-1e9, 1e9},
	} {
		l := platt(&sample{z: raw, hit: []bool{false, true}, weights: []float64{1, 1}})
		if math.IsNaN(l.Slope) || math.IsNaN(l.Shift) || l.Slope < 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

type curveCases struct {
	One []struct {
		Name           string
		Z, Weights, At []float64
		Hits           []bool
		Knots          int
		Want           []float64
		Least          float64
	}
	Several []struct {
		Method string
		Raw    [][]float64
		Labels []int32
		Want   [][]float64
	}
}

// But for the distance that is kept from 0 and 1, it is scikit-learn's curve.
func TestIsotonicFitsWhatScikitLearnFits(t *testing.T) {
	var cases curveCases
	golden(t, "curves.json", &cases)
	for _, c := range cases.One {
		curve := isotonic(&sample{z: c.Z, hit: c.Hits, weights: c.Weights})
		if len(curve.X) != c.Knots {
			t.Errorf("%s: %d knots, scikit-learn has %d", c.Name, len(curve.X), c.Knots)
		}
		for i, z := range c.At {
			want := min(max(c.Want[i], c.Least), 1-c.Least)
			// The distance from 0 and 1 moves an end of the first and of the last slope.
			if got := curve.At(z); math.Abs(got-want) > 1e-12 && !besideEnd(curve, z) {
				t.Errorf("%s: %v at %v, scikit-learn has %v", c.Name, got, z, want)
			}
		}
	}
}

// besideEnd reports whether a place lies on a slope up from the lowest height, or
// to the highest.
func besideEnd(c model.Curve, z float64) bool {
	i, _ := slices.BinarySearch(c.X, z)
	if i == 0 || i == len(c.X) {
		return false
	}
	return c.Y[i-1] < c.Y[i] && (c.Y[i-1] == c.Y[0] || c.Y[i] == c.Y[len(c.Y)-1])
}

// Three classes, each against the rest, are what CalibratedClassifierCV makes of
// the same log odds.
func TestSeveralClassesAreScikitLearns(t *testing.T) {
	var cases curveCases
	golden(t, "curves.json", &cases)
	for _, c := range cases.Several {
		m := &model.Model{Recipe: model.Recipe{Task: model.Multiclass, Classes: []string{"a", "b", "c"}}}
		part := &Part{Raw: slices.Concat(c.Raw...), Labels: c.Labels}
		if done, warning := Apply(m, c.Method, part); !done {
			t.Fatal(warning)
		}
		tolerance := 1e-12
		if c.Method == Sigmoid {
			tolerance = 1e-4 // where its search ends
		}
		for i, raw := range c.Raw {
			got := make([]float64, 3)
			m.Probabilities(got, raw)
			if c.Method == Isotonic {
				onGrid(m, got, raw)
			}
			for k := range got {
				if math.Abs(got[k]-c.Want[i][k]) > tolerance {
					t.Fatalf("%s, row %d: %v, scikit-learn has %v", c.Method, i, got, c.Want[i])
				}
			}
		}
	}
}

// onGrid is the model's calibration of log odds that were rounded first.
func onGrid(m *model.Model, p, raw []float64) {
	m.LogOdds(p, raw)
	sum := 0.0
	for k, z := range p {
		p[k] = m.Calibration.Curves[k].At(math.Round(z*grid) / grid)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}

// Naive: of all joint ways to cut the sorted rows into pools whose shares ascend,
// the one with the least squared error.
func TestIsotonicHasTheLeastSquaredError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "rows")
		s := &sample{z: make([]float64, n), hit: make([]bool, n), weights: make([]float64, n)}
		for i := range n {
			s.z[i] = float64(i)
			s.hit[i] = rapid.Bool().Draw(t, "hit")
			s.weights[i] = float64(rapid.IntRange(1, 3).Draw(t, "weight"))
		}
		best := math.Inf(1)
		for cuts := range 1 << (n - 1) {
			if e, ascends := cutError(s, cuts); ascends {
				best = min(best, e)
			}
		}
		got := 0.0
		for _, p := range poolViolators(places(s)) {
			got += p.hits * (p.weight - p.hits) / p.weight
		}
		if math.Abs(got-best) > 1e-9 {
			t.Errorf("squared error %v, the least is %v", got, best)
		}
	})
}

// cutError is the squared error of the rows cut behind those that bits say, and
// whether the pools' shares ascend.
func cutError(s *sample, cuts int) (sum float64, ascends bool) {
	last, pooled := -1.0, pool{}
	for i := range s.z {
		pooled.weight += s.weights[i]
		if s.hit[i] {
			pooled.hits += s.weights[i]
		}
		if i == len(s.z)-1 || cuts>>i&1 == 1 {
			if pooled.share() < last {
				return 0, false
			}
			sum += pooled.hits * (pooled.weight - pooled.hits) / pooled.weight
			last, pooled = pooled.share(), pool{}
		}
	}
	return sum, true
}

// Whatever the rows are, a curve is one that a model may have, the same for any
// order of the rows, and one of weight 2 is two rows.
func TestCurvesAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-3, 3), rapid.Float64()), 2, 60).Draw(t, "z")
		s, twice := &sample{}, &sample{}
		for _, v := range z {
			hit, w := rapid.Bool().Draw(t, "hit"), rapid.IntRange(0, 2).Draw(t, "weight")
			s.z, s.hit, s.weights = append(s.z, v), append(s.hit, hit), append(s.weights, float64(w))
			for range w {
				twice.z, twice.hit, twice.weights = append(twice.z, v), append(twice.hit, hit), append(twice.weights, 1)
			}
		}
		got, want := isotonic(s), isotonic(twice)
		if !slices.Equal(got.X, want.X) || !slices.Equal(got.Y, want.Y) {
			t.Fatalf("%v with weights, %v with repeated rows", got, want)
		}
		if len(got.X) == 0 {
			return
		}
		m := modeltest.Linear(rand.New(rand.NewPCG(1, 1)), model.Binary)
		m.Calibration = &model.Calibration{Curves: []model.Curve{got}}
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// Many rows have more pools than a curve has knots for.
func TestManyPoolsAreJoined(t *testing.T) {
	s := &sample{}
	for i := range 400 { // pools of 800 rows whose shares ascend
		for range i {
			s.z, s.hit = append(s.z, float64(i)), append(s.hit, true)
		}
		for range 400 - i {
			s.z, s.hit = append(s.z, float64(i)), append(s.hit, false)
		}
	}
	s.weights = slices.Repeat([]float64{1}, len(s.z))
	c := isotonic(s)
	if len(c.X) > model.MaxKnots || len(c.X) < model.MaxKnots/2 {
		t.Errorf("%d knots", len(c.X))
	}
	for i := range 400 {
		if got, want := c.At(float64(i)), float64(i)/400; math.Abs(got-want) > 0.01 {
			t.Errorf("at %d: %v, want about %v", i, got, want)
		}
	}
}

// boastful returns a model whose raw scores are thrice what they should be, and n
// rows with their true labels.
func boastful(rng *rand.Rand, task model.Task, n int) (*model.Model, *Part, []float64) {
	m := &model.Model{
		Recipe: model.Recipe{Target: "y", Task: task, Classes: []string{"a", "b"}},
		Linear: &model.Linear{Coef: [][]float64{{3}}, Intercept: []float64{1}},
	}
	if task == model.Multiclass {
		m.Classes = append(m.Classes, "c")
		m.Linear = &model.Linear{Coef: [][]float64{{3, 0, 0}, {0, 3, 0}, {0, 0, 3}}, Intercept: []float64{1, 0, -1}}
	}
	for j := range m.Width() {
		m.Features = append(m.Features, model.Feature{Name: fmt.Sprintf("x%d", j), Kind: model.Number, Scale: 1})
	}
	x := make([]float64, n*m.Width())
	for i := range x {
		x[i] = 1.5 * rng.NormFloat64()
	}
	part := &Part{Raw: make([]float64, len(x)), Labels: make([]int32, n)}
	m.Raw(part.Raw, x)
	truth := &model.Model{Recipe: m.Recipe, Linear: m.Linear}
	p, scores := make([]float64, n*len(m.Classes)), slices.Clone(x)
	truth.Probabilities(p, scores)
	for i := range part.Labels {
		u, row := rng.Float64(), p[i*len(m.Classes):(i+1)*len(m.Classes)]
		for k := 0; k < len(row)-1 && u >= row[k]; k++ {
			u -= row[k]
			part.Labels[i]++
		}
	}
	return m, part, x
}

func logLoss(m *model.Model, x []float64, labels []int32) float64 {
	p, sum := make([]float64, len(labels)*len(m.Classes)), 0.0
	m.Predict(p, x)
	for i, k := range labels {
		sum -= math.Log(max(p[i*len(m.Classes)+int(k)], 1e-15))
	}
	return sum / float64(len(labels))
}

// Fresh rows have a lower loss, nearly that of the truth; and a model with trees
// or weights of one raw score keeps its form under a sigmoid.
func TestCalibrationLowersTheLossOfFreshRows(t *testing.T) {
	for _, task := range []model.Task{model.Binary, model.Multiclass} {
		for _, method := range []string{Sigmoid, Isotonic} {
			rng := rand.New(rand.NewPCG(3, 4))
			m, part, _ := boastful(rng, task, 3000)
			_, judged, x := boastful(rng, task, 5000)
			before := logLoss(m, x, judged.Labels)
			done, warning := Apply(m, method, part)
			if !done || warning != "" || m.Check() != nil {
				t.Fatalf("%s, %s: %q %v", task, method, warning, m.Check())
			}
			if (task == model.Binary && method == Sigmoid) != (m.Calibration == nil) {
				t.Errorf("%s, %s: calibration %v", task, method, m.Calibration)
			}
			truth := &model.Model{Recipe: m.Recipe, Linear: &model.Linear{}}
			for k := range m.Width() {
				row := make([]float64, m.Width())
				row[k] = 1
				truth.Linear.Coef, truth.Linear.Intercept = append(truth.Linear.Coef, row), append(truth.Linear.Intercept, 0)
			}
			after, least := logLoss(m, x, judged.Labels), logLoss(truth, x, judged.Labels)
			if after > before-0.1 || after > least+0.02 {
				t.Errorf("%s, %s: log loss %v became %v, the truth has %v", task, method, before, after, least)
			}
		}
	}
}

// The part's raw scores stay what the model says, and models that share trees
// with it stay as they are.
func TestASigmoidIsFoldedIntoTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		m := modeltest.Trees(rng, model.Binary, 5, 8)
		if rng.IntN(2) == 0 {
			m = modeltest.Linear(rng, model.Binary)
		}
		before := *m
		x := modeltest.Rows(rng, &m.Recipe, 40).Encode(&m.Recipe)
		part := &Part{Raw: make([]float64, 40), Labels: make([]int32, 40)}
		m.Raw(part.Raw, x)
		old := slices.Clone(part.Raw)
		for i, raw := range part.Raw {
			if rng.Float64() < model.Sigmoid(raw) {
				part.Labels[i] = 1
			}
		}
		done, _ := Apply(m, Sigmoid, part)
		now := make([]float64, 40)
		m.Raw(now, x)
		for i := range now {
			if math.Abs(now[i]-part.Raw[i]) > 1e-9*(1+math.Abs(now[i])) {
				t.Fatalf("row %d: the model says %v, the part %v", i, now[i], part.Raw[i])
			}
		}
		before.Raw(now, x)
		if !slices.Equal(now, old) || !done && !slices.Equal(part.Raw, old) {
			t.Error("the model that was calibrated has changed, too")
		}
	})
}

// Weights that sum to 1 are no reason to shy away from 0 and 1, and large ones
// none to come too close.
func TestTheScaleOfWeightsDoesNotMatter(t *testing.T) {
	for _, task := range []model.Task{model.Binary, model.Multiclass} {
		for _, method := range []string{Sigmoid, Isotonic} {
			var want []float64
			for _, exponent := range []int{0, -40, 60, 100} {
				rng := rand.New(rand.NewPCG(5, 6))
				m, part, x := boastful(rng, task, 400)
				for range part.Labels {
					part.Weights = append(part.Weights, math.Ldexp(1+rng.Float64(), exponent))
				}
				if done, warning := Apply(m, method, part); !done || m.Check() != nil {
					t.Fatalf("%s, %s, weights times 2^%d: %q %v", task, method, exponent, warning, m.Check())
				}
				got := make([]float64, len(part.Labels)*len(m.Classes))
				m.Predict(got, x)
				if want == nil {
					want = got
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s, weights times 2^%d: other probabilities", task, method, exponent)
				}
			}
		}
	}
}

// Equal weights are none.
func TestWeightsAreScaledToRows(t *testing.T) {
	if got := inRows([]float64{3, 3, 3, 3}, 4); !slices.Equal(got, inRows(nil, 4)) {
		t.Errorf("equal weights became %v", got)
	}
	if got := inRows([]float64{2, 2, 1, 1}, 4); math.Abs(got[0]+got[1]+got[2]+got[3]-3.6) > 1e-12 {
		t.Errorf("weights of 2, 2, 1 and 1 became %v, which is not 36/10 rows", got)
	}
}

func TestCalibrationThatHasNoEffect(t *testing.T) {
	for name, c := range map[string]struct {
		harm    func(p *Part, width int)
		warning string
	}{
		"no rows":           {func(p *Part, _ int) { *p = Part{} }, "too few rows"},
		"a class less":      {func(p *Part, _ int) { clear(p.Labels) }, "too few rows"},
		"worse than chance": {opposite, "no better than chance"},
		"the same of all":   {func(p *Part, _ int) { clear(p.Raw) }, "no better than chance"},
	} {
		for _, task := range []model.Task{model.Binary, model.Multiclass} {
			for _, method := range []string{Sigmoid, Isotonic} {
				m, part, _ := boastful(rand.New(rand.NewPCG(3, 4)), task, 300)
				c.harm(part, m.Width())
				linear := m.Linear
				done, warning := Apply(m, method, part)
				if done || !strings.Contains(warning, c.warning) || m.Calibration != nil || m.Linear != linear {
					t.Errorf("%s, %s, %s: %v, %q", name, task, method, done, warning)
				}
			}
		}
	}
	m, part, _ := boastful(rand.New(rand.NewPCG(3, 4)), model.Binary, 300)
	if done, warning := Apply(m, Isotonic, part); !done || !strings.Contains(warning, "300 rows only") {
		t.Errorf("%v, %q", done, warning)
	}
}

// opposite gives each row the lowest score of the class that it is of.
func opposite(p *Part, width int) {
	clear(p.Raw)
	for i, label := range p.Labels {
		if width == 1 {
			p.Raw[i] = -float64(label)
		} else {
			p.Raw[i*width+int(label)] = -1
		}
	}
}
