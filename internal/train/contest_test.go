package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"retrain/internal/gbdt"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// A contest's parts are made of whole groups of about as many rows, and the
// learning side of each has every class.
func TestContestDealsWholeGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 42))
	for _, groups := range []int{1, 2, 3, 7, 200} {
		for _, whole := range []bool{true, false} {
			c := &contest{recipe: &model.Recipe{Task: model.Binary, Classes: []string{"no", "yes"}}, whole: whole}
			for range 2000 {
				g := rng.Uint64N(uint64(groups))
				class := 0.0
				if g == 0 && rng.IntN(2) == 0 { // the first group has one class to itself
					class = 1
				}
				c.groups, c.y = append(c.groups, g), append(c.y, class)
			}
			c.divide(0.1)
			partOf := map[uint64]int{}
			sizes := make([]int, c.judging)
			for i, g := range c.groups {
				if part, seen := partOf[g]; seen && part != c.parts[i] {
					t.Fatalf("%d groups: one is in parts %d and %d", groups, part, c.parts[i])
				}
				if partOf[g] = c.parts[i]; g == 0 && c.parts[i] >= 0 && c.parts[i] < c.judging {
					t.Fatalf("%d groups: a part has a class to itself, and judges", groups)
				}
				if part := c.parts[i]; part >= 0 && part < c.judging {
					sizes[part]++
				}
			}
			if groups == 200 && whole && (c.judging != folds-1 || slices.Min(sizes) < 380 || slices.Max(sizes) > 420) {
				t.Errorf("the parts have %v rows", sizes)
			}
			if groups == 1 && c.judging != 0 {
				t.Errorf("a single group judges itself in %d parts", c.judging)
			}
		}
	}
}

// A contest's parts follow one another in time, each moment as a whole, and what
// a part judges was learned from all rows before it and has every class.
func TestContestRollsForward(t *testing.T) {
	rng := rand.New(rand.NewPCG(43, 44))
	for _, moments := range []int{1, 2, 3, 30, 100_000} {
		for _, whole := range []bool{true, false} {
			c := &contest{recipe: &model.Recipe{Task: model.Binary, Classes: []string{"no", "yes"}}, whole: whole}
			for range 2000 {
				at := rng.IntN(moments)
				class := float64(rng.IntN(2))
				if at*20 < moments*13 { // at first there is one class only
					class = 0
				}
				c.times, c.y = append(c.times, float64(at)), append(c.y, class)
			}
			c.divide(0.2)
			want := map[int]int{2: 0, 3: 0, 30: 3, 100_000: 3}[moments]
			if !whole {
				want = min(want, 1)
			}
			if c.forward != (want > 0) || c.forward && c.judging != want {
				t.Errorf("%d moments, whole %v: %d parts judge, want %d", moments, whole, c.judging, want)
			}
			if c.forward {
				checkForward(t, c)
			}
		}
	}
}

func checkForward(t *testing.T, c *contest) {
	t.Helper()
	for part := range c.judging {
		latest, first, judging := math.Inf(-1), math.Inf(1), 0
		var has [2]bool
		for i, of := range c.parts {
			if of == part {
				first, judging = min(first, c.times[i]), judging+1
			}
			if c.learns(of, part) {
				latest, has[int(c.y[i])] = max(latest, c.times[i]), true
			}
		}
		for i, of := range c.parts {
			if c.learns(of, part) != (c.times[i] < first) {
				t.Fatalf("part %d begins at %v; a row of %v is not where it is to be", part, first, c.times[i])
			}
		}
		if latest >= first || has != [2]bool{true, true} || judging < 120 || judging > 500 {
			t.Errorf("part %d: %d rows from %v on judge what was learned up to %v, of classes %v", part, judging, first, latest, has)
		}
	}
}

// What calibrates a model and chooses its threshold are whole groups.
func TestValidationPartIsOfWholeGroups(t *testing.T) {
	p := gbdt.Defaults()
	p.ValidationFraction = 0.3
	v := &validation{params: &p, width: 1}
	b := &processed.Block{Rows: 900}
	for i := range b.Rows {
		g := i % 30
		b.X, b.Y, b.Groups = append(b.X, float64(g)), append(b.Y, 0), append(b.Groups, uint64(g)<<40)
	}
	judging, _, _ := v.rows(b, true)
	judging = slices.Clone(judging)
	learning, _, _ := v.rows(b, false)
	if len(judging) == 0 || len(judging)+len(learning) != b.Rows {
		t.Fatalf("%d rows judge, and %d do not", len(judging), len(learning))
	}
	for _, g := range learning {
		if slices.Contains(judging, g) {
			t.Fatalf("group %g is on both sides", g)
		}
	}
}

// Standard errors are those of the definition: every two rows of a group may go
// together, and no others.
func TestStandardErrorsOfGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(45, 46))
	for _, count := range []int{2, 3, 20, 300} {
		values, weights, groups := make([]float64, 300), make([]float64, 300), make([]uint64, 300)
		total := 0.0
		for i := range values {
			values[i], weights[i], groups[i] = rng.NormFloat64(), 0.5+rng.Float64(), uint64(i*7%count)<<50
			total += weights[i]
		}
		mean, got := meanAndError(values, weights, groups)
		want := 0.0
		for i := range values {
			for k := range values {
				if groups[i] == groups[k] {
					want += weights[i] * (values[i] - mean) * weights[k] * (values[k] - mean)
				}
			}
		}
		want = math.Sqrt(want*float64(count)/float64(count-1)) / total
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("%d groups: %v, want %v", count, got, want)
		}
		_, rowwise := meanAndError(values, weights, nil)
		_, single := meanAndError(values, weights, make([]uint64, 300))
		if single != rowwise || count == 300 && math.Abs(got-rowwise) > 1e-12 {
			t.Errorf("%v of one group, %v of groups of one row, %v without groups", single, got, rowwise)
		}
	}
}

// Where rows of a group go together, means scatter as the standard errors say.
func TestStandardErrorsTellHowMeansScatter(t *testing.T) {
	const draws, count, size = 400, 40, 10
	rng := rand.New(rand.NewPCG(47, 48))
	means, errors := make([]float64, draws), 0.0
	groups, weights := make([]uint64, count*size), slices.Repeat([]float64{1}, count*size)
	for i := range groups {
		groups[i] = uint64(i / size)
	}
	for draw := range means {
		values, effect := make([]float64, count*size), 0.0
		for i := range values {
			if i%size == 0 {
				effect = rng.NormFloat64()
			}
			values[i] = effect + rng.NormFloat64()
		}
		mean, standardError := meanAndError(values, weights, groups)
		means[draw], errors = mean, errors+standardError/draws
	}
	center, ofCenter := meanAndError(means, slices.Repeat([]float64{1}, draws), nil)
	scatter := ofCenter * math.Sqrt(draws)
	if math.Abs(errors/scatter-1) > 0.1 || math.Abs(center) > 4*ofCenter {
		t.Errorf("the standard errors are %v in the mean, and the means scatter by %v around %v", errors, scatter, center)
	}
}

// The latest rows judge, unless most rows are of the last moment.
func TestLatest(t *testing.T) {
	for _, c := range []struct {
		times []float64
		share float64
		want  cut
	}{
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.2, cut{9, true}},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 9, 9, 9}, 0.2, cut{9, true}},
		{[]float64{1, 1, 1, 1, 1, 9, 9, 9, 9, 9}, 0.2, cut{9, true}},
		{[]float64{1, 1, 1, 1, 9, 9, 9, 9, 9, 9}, 0.2, cut{}},
		{[]float64{1, 1, 1, 1, 9, 9, 9, 9, 9, 9}, 0.7, cut{9, true}},
		{[]float64{9, 9}, 0.2, cut{}},
		{[]float64{8, 9}, 0.2, cut{9, true}},
		{nil, 0.2, cut{}},
	} {
		if got := latest(c.times, c.share); got != c.want {
			t.Errorf("%v, %v: %+v, want %+v", c.times, c.share, got, c.want)
		}
	}
}

// A sample has the groups of its rows.
func TestSampleKeepsGroups(t *testing.T) {
	const rows = 1000
	for _, wanted := range []int{rows, 300} {
		s, groups := newSampler(rows, wanted, 1, 3), []uint64(nil)
		var picked []float64
		for from := 0; from < rows; from += 125 {
			x, of := make([]float64, 125), make([]uint64, 125)
			for i := range x {
				x[i], of[i] = float64(from+i), uint64(from+i)
			}
			x, _, _ = s.pick(x, x, nil)
			picked, groups = append(picked, x...), appendPicked(&s, groups, of)
		}
		if len(picked) < wanted*8/10 || len(picked) != len(groups) {
			t.Fatalf("%d rows and %d groups of %d", len(picked), len(groups), rows)
		}
		for i, x := range picked {
			if uint64(x) != groups[i] {
				t.Fatalf("row %g has the group of row %d", x, groups[i])
			}
		}
	}
}
