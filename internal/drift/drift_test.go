package drift

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// recipe has numbers that are spread in different ways, and categories.
var recipe = model.Recipe{
	Target: "y", Task: model.Binary, Classes: []string{"no", "yes"},
	Features: []model.Feature{
		{Name: "normal", Kind: model.Number}, {Name: "heavy", Kind: model.Number}, {Name: "holes", Kind: model.Number}, {Name: "flag", Kind: model.Number},
		{Name: "colour", Kind: model.Category, Categories: []string{"", "blue", "green", "red"}}, {Name: "code", Kind: model.Category, Categories: codes()},
	},
}

func codes() []string {
	var all []string
	for i := range 60 {
		all = append(all, string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return all
}

// draw draws rows of one population.
func draw(rng *rand.Rand, rows int) (x, y []float64) {
	for range rows {
		holes := rng.NormFloat64()
		if rng.IntN(5) == 0 {
			holes = math.NaN()
		}
		flag, class := 0.0, 0.0
		if rng.IntN(20) > 0 {
			flag = 1
		}
		if rng.IntN(50) == 0 {
			class = 1
		}
		x = append(x, rng.NormFloat64(), math.Exp(2*rng.NormFloat64()), holes, flag, float64(rng.IntN(4)), math.Floor(60*rng.Float64()*rng.Float64()))
		y = append(y, class)
	}
	return x, y
}

func profileOf(x, y []float64) *Profile {
	s := NewSampler(&recipe, int64(len(y)))
	s.Add(x, y)
	return s.Profile()
}

func compare(p *Profile, x, y []float64) map[string]Result {
	c := NewCounts(p, &recipe)
	c.Add(x, y)
	found := map[string]Result{}
	for _, r := range c.Compare() {
		found[r.Column] = r
	}
	return found
}

// Data of the same population raises no alarm, however few rows it has: of 300
// comparisons of seven columns each, one in a hundred may.
func TestTheSamePopulationRaisesNoAlarm(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	alarms, over, trials := 0, 0, 0
	for _, size := range []struct{ before, now, trials int }{{4000, 500, 100}, {500, 500, 100}, {400, 30, 100}} {
		for range size.trials {
			trials++
			p := profileOf(draw(rng, size.before))
			x, y := draw(rng, size.now)
			for _, r := range compare(p, x, y) {
				if r.Alarm() {
					alarms++
				}
				if r.PSI > r.Floor {
					over++
				}
			}
		}
	}
	if alarms > 3 || over > 3*3 {
		t.Errorf("%d alarms and %d columns over their noise in %d comparisons", alarms, over, trials)
	}
}

func TestWhatHasMovedIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	x, y := draw(rng, 4000)
	p := profileOf(x, y)
	for _, c := range []struct {
		column string
		change func(row []float64, y *float64)
		level  string
	}{
		{"normal", func(row []float64, _ *float64) { row[0] += 0.4 }, Some},
		{"normal", func(row []float64, _ *float64) { row[0] += 2 }, Strong},
		{"heavy", func(row []float64, _ *float64) { row[1] *= 20 }, Strong},
		{"holes", func(row []float64, _ *float64) {
			if rng.IntN(2) == 0 {
				row[2] = math.NaN()
			}
		}, Strong},
		{"flag", func(row []float64, _ *float64) {
			if rng.IntN(4) == 0 {
				row[3] = 0
			}
		}, Strong},
		{"colour", func(row []float64, _ *float64) { row[4] = max(row[4], 1) }, Strong},
		{"code", func(row []float64, _ *float64) {
			if rng.IntN(3) == 0 {
				row[5] = model.Unseen
			}
		}, Strong},
		{"y", func(_ []float64, y *float64) {
			if rng.IntN(3) == 0 {
				*y = 1
			}
		}, Strong},
	} {
		x, y := draw(rng, 1000)
		for i := range y {
			c.change(x[6*i:6*i+6], &y[i])
		}
		for name, r := range compare(p, x, y) {
			want := Stable
			if name == c.column {
				want = c.level
			}
			if r.Level != want || r.Target != (name == "y") {
				t.Errorf("after a change of %s: %+v, want %s", c.column, r, want)
			}
		}
	}
}

// A profile depends on the rows, and not on how they come.
func TestAProfileDoesNotDependOnBatches(t *testing.T) {
	x, y := draw(rand.New(rand.NewPCG(4, 6)), 50_000)
	whole := profileOf(x, y)
	parts := NewSampler(&recipe, int64(len(y)))
	for i := 0; i < len(y); i += 777 {
		end := min(i+777, len(y))
		parts.Add(x[6*i:6*end], y[i:end])
	}
	if diff := cmp.Diff(whole, parts.Profile()); diff != "" {
		t.Error(diff)
	}
	if whole.Rows != maxSample {
		t.Errorf("%d rows of 50,000 are counted", whole.Rows)
	}
	for _, c := range whole.Columns {
		rows := int64(0)
		for _, n := range c.Counts {
			rows += n
		}
		if rows != whole.Rows {
			t.Errorf("%s counts %d rows", c.Name, rows)
		}
	}
}

// A column that is of another kind now, and a target of another task, are not
// compared with what they were.
func TestOtherColumnsOfTheSameNameAreNotCompared(t *testing.T) {
	x, y := draw(rand.New(rand.NewPCG(4, 7)), 300)
	p := profileOf(x, y)
	other := model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{{Name: "colour", Kind: model.Number}, {Name: "normal", Kind: model.Number}, {Name: "z", Kind: model.Number}}}
	c := NewCounts(p, &other)
	c.Add([]float64{1, 0, 5}, []float64{3})
	if found := c.Compare(); len(found) != 1 || found[0].Column != "normal" {
		t.Errorf("compared: %+v", found)
	}
}

func TestStoredProfiles(t *testing.T) {
	x, y := draw(rand.New(rand.NewPCG(4, 8)), 300)
	p := profileOf(x, y)
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(text)
	if diff := cmp.Diff(p, back); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range []string{"", "{}", `{"format":2,"columns":[{"counts":[0,0]}]}`, `{"format":1,"columns":[{"kind":"number","edges":[2,1],"counts":[0,0,0,0]}]}`, `{"format":1,"columns":[{"kind":"category","counts":[1]}]}`} {
		if _, err := Decode([]byte(bad)); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestColumnsWithoutValues(t *testing.T) {
	r := model.Recipe{Target: "y", Task: model.Regression, Features: []model.Feature{{Name: "a", Kind: model.Number}}}
	s := NewSampler(&r, 3)
	s.Add([]float64{math.NaN(), math.NaN(), math.NaN()}, []float64{1, 1, 1})
	c := NewCounts(s.Profile(), &r)
	c.Add([]float64{1, 2, 3}, []float64{1, 1, 1})
	for _, found := range c.Compare() {
		if math.IsNaN(found.PSI) || found.Alarm() && found.Column == "y" {
			t.Errorf("%+v", found)
		}
	}
}
