package metric

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"retrain/internal/model"
)

// reference is testdata/reference.json, which testdata/reference.py writes.
type reference struct {
	Classification []struct {
		Name        string
		Classes     int
		Y           []int32
		P           []float64
		Want        map[string]*float64
		Other       []float64
		AUCVariance *float64 `json:"auc_variance"`
	}
	Regression []struct {
		Name      string
		Y         []float64
		Predicted []float64
		Want      map[string]*float64
	}
	Objectives []struct {
		Name      string
		Quantile  float64
		Poisson   bool
		Y         []float64
		Predicted []float64
		Want      *float64
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// closeTo allows the rounding of some ten operations.
func closeTo(got, want, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

func checkScores(t *testing.T, got Scores, want map[string]*float64) {
	t.Helper()
	metrics := got.Metrics()
	if len(metrics) != len(want) {
		t.Errorf("got the metrics %v, want %d of them", metrics, len(want))
	}
	for name, w := range want {
		g := metrics[name]
		switch {
		case (g == nil) != (w == nil):
			t.Errorf("%s: defined %v, scikit-learn %v", name, g != nil, w != nil)
		case w == nil && got.Undefined[name] == "":
			t.Errorf("%s: no reason why it is undefined", name)
		case w != nil && !closeTo(*g, *w, 1e-12):
			t.Errorf("%s = %v, scikit-learn says %v", name, *g, *w)
		}
	}
}

func TestScoresAreThoseOfScikitLearn(t *testing.T) {
	r := readReference(t)
	for _, c := range r.Classification {
		t.Run(c.Name, func(t *testing.T) { checkScores(t, Classification(c.Y, Answers{P: c.P}, c.Classes), c.Want) })
	}
	for _, c := range r.Regression {
		t.Run(c.Name, func(t *testing.T) { checkScores(t, Regression(c.Y, c.Predicted, Objective{}), c.Want) })
	}
}

// The metrics that an objective adds, alone and among the others.
func TestObjectivesAreThoseOfScikitLearn(t *testing.T) {
	for _, c := range readReference(t).Objectives {
		t.Run(c.Name, func(t *testing.T) {
			o := Objective{Quantile: c.Quantile, Poisson: c.Poisson}
			want := Regression(c.Y, c.Predicted, Objective{}).Metrics()
			want[o.Own()] = c.Want
			got := Regression(c.Y, c.Predicted, o)
			checkScores(t, got, want)
			one, undefined := RegressionScore(o.Own(), c.Y, c.Predicted, o)
			if undefined != got.Undefined[o.Own()] || undefined == "" && one != got.Values[o.Own()] {
				t.Errorf("alone it is %v, %q", one, undefined)
			}
		})
	}
}

// The scores are stored with a model, so they have to be the same bits on every
// architecture.
func TestScoresHaveTheSameBitsEverywhere(t *testing.T) {
	r, sum := readReference(t), uint64(0)
	hash := func(s Scores, task model.Task) {
		for _, name := range Known(task) {
			sum = sum*31 + math.Float64bits(s.Values[name])
		}
	}
	for _, c := range r.Classification {
		hash(Classification(c.Y, Answers{P: c.P}, c.Classes), classTask(c.Classes))
	}
	for _, c := range r.Regression {
		hash(Regression(c.Y, c.Predicted, Objective{}), model.Regression)
	}
	const want = 0x58bcc9659212bfbe
	if sum != want {
		t.Errorf("the scores hash to %#x, want %#x", sum, uint64(want))
	}
}

// The variance from ranks is the one from all pairs of rows.
func TestDeLongVariance(t *testing.T) {
	cases := 0
	for _, c := range readReference(t).Classification {
		if c.AUCVariance == nil {
			continue
		}
		cases++
		_, shares := aucShares(c.Y, c.P, 2)
		_, others := aucShares(c.Y, c.Other, 2)
		for i, s := range others {
			shares[i] -= s
		}
		if got, _ := stratified(c.Y, 2, shares); !closeTo(got, *c.AUCVariance, 1e-14) {
			t.Errorf("%s: variance %v, want %v", c.Name, got, *c.AUCVariance)
		}
	}
	if cases < 5 {
		t.Errorf("only %d cases have a variance", cases)
	}
}
