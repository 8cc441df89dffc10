package metric

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The area under the curve is the score, and thinning hardly changes it.
func TestTheAreasUnderTheCurves(t *testing.T) {
	for _, c := range []struct {
		rows int
		off  float64
	}{{60, 1e-12}, {20_000, 2e-3}} {
		for _, classes := range []int{2, 3} {
			y, p, _ := twoModels(rand.New(rand.NewPCG(3, 4)), c.rows, classes, 0.6, 0.9)
			roc := ROC(y, p, classes, classes-1)
			area := 0.0
			for i := 1; i < len(roc); i++ {
				area += (roc[i].X - roc[i-1].X) * (roc[i].Y + roc[i-1].Y) / 2
			}
			if want := classAUC(rank(y, p, classes, classes-1)).v; math.Abs(area-want) > c.off {
				t.Errorf("%d rows, %d classes: ROC has the area %v, want %v", c.rows, classes, area, want)
			}
			checkCurve(t, roc)
			if classes > 2 {
				continue
			}
			pr := PrecisionRecall(y, p, 2, 1)
			area = pr[0].X * pr[0].Y
			for i := 1; i < len(pr); i++ {
				area += (pr[i].X - pr[i-1].X) * pr[i].Y
			}
			if want := averagePrecision(y, p).v; math.Abs(area-want) > 3*c.off {
				t.Errorf("%d rows: precision and recall have the area %v, want %v", c.rows, area, want)
			}
			checkCurve(t, pr)
		}
	}
}

// checkCurve checks that a curve has few points, goes to the right and ends
// where it should.
func checkCurve(t *testing.T, curve []Point) {
	t.Helper()
	if len(curve) > maxPoints || curve[len(curve)-1].X != 1 {
		t.Errorf("%d points to %v", len(curve), curve[len(curve)-1])
	}
	if !slices.IsSortedFunc(curve, func(a, b Point) int { return cmp.Compare(a.X, b.X) }) {
		t.Error("the curve goes back")
	}
}

func TestCurvesThatAreNotDefined(t *testing.T) {
	p := []float64{0.2, 0.8, 0.6, 0.4}
	nan := []float64{math.NaN(), 0.8, 0.6, 0.4}
	for _, curve := range [][]Point{
		ROC([]int32{1, 1}, p, 2, 1), ROC([]int32{0, -1}, p, 2, 1), ROC(nil, nil, 2, 1), ROC([]int32{0, 1}, nan, 2, 1),
		PrecisionRecall([]int32{0, 0}, p, 2, 1), PrecisionRecall(nil, nil, 2, 1),
	} {
		if curve != nil {
			t.Errorf("got %v", curve)
		}
	}
	if Calibrate([]int32{0, 1}, nan, 2, 10) != nil || Calibrate(nil, nil, 2, 10) != nil {
		t.Error("predictions that are none are calibrated")
	}
}

func TestCalibration(t *testing.T) {
	// Ten rows in two groups: four with 0.1, none of them true; six with 0.9,
	// five of them true. The groups of equal scores are not torn apart.
	var y []int32
	var p []float64
	for i := range 10 {
		score, truth := 0.1, int32(0)
		if i >= 4 {
			score = 0.9
		}
		if i >= 5 {
			truth = 1
		}
		y, p = append(y, truth), append(p, 1-score, score)
	}
	got := Calibrate(y, p, 2, 5)
	if len(got) != 2 || got[0].Rows != 4 || got[0].Observed != 0 || got[1].Observed != 5.0/6 || math.Abs(got[1].Expected-0.9) > 1e-12 {
		t.Errorf("got %+v", got)
	}
	// statsmodels.stats.proportion.proportion_confint(5, 6, method='wilson')
	if i := got[1].Interval; math.Abs(i.Low-0.43649) > 1e-5 || math.Abs(i.High-0.96995) > 1e-5 {
		t.Errorf("Wilson's interval of 5 in 6 is %+v", i)
	}
	y, p, _ = twoModels(rand.New(rand.NewPCG(3, 4)), 1000, 4, 0.6, 0.9)
	rows, hits := 0, 0.0
	all := Calibrate(y, p, 4, 10)
	for _, c := range all {
		rows += c.Rows
		hits += c.Observed * float64(c.Rows)
	}
	if want := Classification(y, Answers{P: p}, 4).Values[Accuracy]; len(all) != 10 || rows != 1000 || math.Abs(hits/1000-want) > 1e-12 {
		t.Errorf("%d groups of %d rows, %v right, want %v", len(all), rows, hits/1000, want)
	}
}

func TestConfusion(t *testing.T) {
	y, p, _ := twoModels(rand.New(rand.NewPCG(3, 4)), 500, 3, 0.6, 0.9)
	y[0], y[1] = -1, -1
	table, counts := Confusion(y, Answers{P: p}, 3), countLabels(y, Answers{P: p}, 3)
	for k, row := range table {
		actual := int64(0)
		for _, n := range row {
			actual += n
		}
		if actual != counts.actual[k] || k < 3 && row[k] != counts.right[k] {
			t.Errorf("class %d: %v", k, row)
		}
	}
}

// Labels that are given count, and not those of the largest probabilities: in
// scores, their intervals, comparisons and the confusion matrix.
func TestLabelsThatAreGiven(t *testing.T) {
	y, p, _ := twoModels(rand.New(rand.NewPCG(3, 4)), 300, 2, 0.6, 0.9)
	tilted, labels := make([]float64, 0, len(p)), make([]int32, len(y)) // the largest probabilities of the one are the labels of the other
	for i := range y {
		q := p[2*i+1]
		if q > 0.25 {
			labels[i] = 1
		}
		odds := q / (1 - q) * 3
		tilted = append(tilted, 1/(1+odds), odds/(1+odds))
	}
	given := Answers{P: p, Labels: labels}
	got, plain, want := Classification(y, given, 2), Classification(y, Answers{P: p}, 2), Classification(y, Answers{P: tilted}, 2)
	for _, name := range Known(classTask(2)) {
		switch name {
		case ROCAUC, AveragePrecision, LogLoss, Brier:
			if got.Values[name] != plain.Values[name] {
				t.Errorf("%s: %v, want %v", name, got.Values[name], plain.Values[name])
			}
			continue
		}
		if got.Values[name] != want.Values[name] || got.Values[name] == plain.Values[name] {
			t.Errorf("%s: %v, want %v", name, got.Values[name], want.Values[name])
		}
		a := done(CompareClassification(t.Context(), name, y, given, Answers{P: p}, 2, Options{}))
		b := done(CompareClassification(t.Context(), name, y, Answers{P: tilted}, Answers{P: p}, 2, Options{}))
		if a != b {
			t.Errorf("%s: %+v, want %+v", name, a, b)
		}
	}
	if a, b := Confusion(y, given, 2), Confusion(y, Answers{P: tilted}, 2); a[1][1] != b[1][1] || a[0][0] != b[0][0] {
		t.Errorf("confusion %v, want %v", a, b)
	}
}

func TestErrorsAndGrid(t *testing.T) {
	y, a, b := twoRegressors(rand.New(rand.NewPCG(5, 5)), 1000, 1, 2)
	all := Errors(y, 20, a, b)
	for m, h := range all {
		n := h.Below + h.Above
		for _, count := range h.Counts {
			n += count
		}
		if n != 1000 || h.Low != all[0].Low || h.Below+h.Above > 40 {
			t.Errorf("model %d: %d rows in %+v", m, n, h)
		}
	}
	g := Against(y, a, 10)
	n := g.Outside
	for _, row := range g.Counts {
		for _, count := range row {
			n += count
		}
	}
	if n != 1000 || g.Outside > 100 {
		t.Errorf("%d rows, %d outside", n, g.Outside)
	}
	if h := Errors([]float64{1, 2}, 4, []float64{1, 2}); h[0].Counts[2] != 2 || h[0].Low != -0.5 {
		t.Errorf("no errors at all: %+v", h)
	}
	if Errors(nil, 4, nil) != nil || Against(nil, nil, 4) != nil || Against([]float64{1}, []float64{math.Inf(1)}, 4) != nil || Errors([]float64{-1e308}, 4, []float64{1e308}) != nil {
		t.Error("something is shown of nothing")
	}
}

// The number of rows that is called needed gives the power that is promised:
// of trials with so many rows, about four in five see the difference.
func TestRowsNeeded(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	y, a, b := twoModels(rng, 4000, 2, 0.6, 0.75)
	c := compareClasses(Accuracy, y, a, b, 2, Options{})
	rows := int(c.RowsNeeded(0))
	seen, trials := 0, 120
	for range trials {
		// Rows drawn from the same 4,000, whose difference is the true one.
		ys, as, bs := make([]int32, rows), make([]float64, 0, 2*rows), make([]float64, 0, 2*rows)
		for i := range rows {
			r := rng.IntN(len(y))
			ys[i], as, bs = y[r], append(as, a[2*r:2*r+2]...), append(bs, b[2*r:2*r+2]...)
		}
		if compareClasses(Accuracy, ys, as, bs, 2, Options{Resamples: 400}).Low > 0 {
			seen++
		}
	}
	if share := float64(seen) / float64(trials); share < 0.7 || share > 0.9 {
		t.Errorf("%d rows are called needed, and %.2f of the trials see the difference", rows, share)
	}
	certain := Comparison{Metric: Accuracy, Confidence: 0.95, Rows: 10, Difference: 0.1, Low: 0.1, High: 0.1}
	if got := certain.RowsNeeded(0); got != 0 {
		t.Errorf("an interval without width asks for %d rows", got)
	}
	if c.RowsNeeded(1) != 0 || (Comparison{Undefined: "no", Difference: 1}).RowsNeeded(0) != 0 || (Comparison{Metric: Accuracy, Confidence: 0.95}).RowsNeeded(0) != 0 {
		t.Error("rows are needed for what none can show")
	}
	// At that number of rows, the gain is just what is visible.
	if gain, _, _ := c.Gain(); math.Abs(c.Visible()*math.Sqrt(float64(c.Rows)/float64(rows))/gain-1) > 0.01 {
		t.Errorf("visible: %v", c.Visible())
	}
}
