package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/model"
)

// plainBootstrap is the naive twin of every bootstrap here: it draws rows and
// scores both models on them from scratch.
func plainBootstrap(rows, resamples int, rng *rand.Rand, score func(rows []int) float64) (low, high float64) {
	values := make([]float64, resamples)
	drawn := make([]int, rows)
	for r := range values {
		for i := range drawn {
			drawn[i] = rng.IntN(rows)
		}
		values[r] = score(drawn)
	}
	slices.Sort(values)
	return values[resamples/40], values[resamples-1-resamples/40]
}

// nearly says whether two bootstrap intervals agree up to the noise of either:
// a tenth of their length.
func nearly(t *testing.T, name string, c Comparison, low, high float64) {
	t.Helper()
	if slack := 0.1 * (high - low); math.Abs(c.Low-low) > slack || math.Abs(c.High-high) > slack {
		t.Errorf("%s: interval [%.5f, %.5f], drawing rows gives [%.5f, %.5f]", name, c.Low, c.High, low, high)
	}
}

func TestIntervalsAgreeWithDrawingRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, resamples = 600, 2000
	for _, classes := range []int{2, 3} {
		y, a, b := twoModels(rng, rows, classes, 0.6, 0.9)
		for _, name := range Known(classTask(classes)) {
			c := compareClasses(name, y, a, b, classes, Options{Resamples: resamples, Seed: 3})
			ys, as, bs := make([]int32, rows), make([]float64, rows*classes), make([]float64, rows*classes)
			low, high := plainBootstrap(rows, resamples, rng, func(drawn []int) float64 {
				for i, r := range drawn {
					ys[i] = y[r]
					copy(as[i*classes:(i+1)*classes], a[r*classes:])
					copy(bs[i*classes:(i+1)*classes], b[r*classes:])
				}
				score := func(p []float64) float64 {
					return classMetric(name, ys, p, classes, countLabels(ys, Answers{P: p}, classes)).v
				}
				return score(as) - score(bs)
			})
			nearly(t, name, c, low, high)
		}
	}
	y, a, b := twoRegressors(rng, rows, 0.6, 0.9)
	o := Objective{Quantile: 0.8}
	for _, name := range o.Metrics() {
		c := compareValues(name, y, a, b, Options{Resamples: resamples, Seed: 3, Objective: o})
		ys, as, bs := make([]float64, rows), make([]float64, rows), make([]float64, rows)
		low, high := plainBootstrap(rows, resamples, rng, func(drawn []int) float64 {
			for i, r := range drawn {
				ys[i], as[i], bs[i] = y[r], a[r], b[r]
			}
			return valueMetric(name, ys, as, o).v - valueMetric(name, ys, bs, o).v
		})
		nearly(t, name, c, low, high)
	}
}

// With more rows than blocks, the interval has the length that theory gives it.
func TestBlocksOfRows(t *testing.T) {
	const rows = 3*maxBlocks + 1000
	y, a, b := twoRegressors(rand.New(rand.NewPCG(5, 5)), rows, 1, 1.1)
	gaps := absoluteErrors(y, a)
	for i, e := range absoluteErrors(y, b) {
		gaps[i] -= e
	}
	centre, ss := mean(gaps).v, 0.0
	for _, g := range gaps {
		ss += (g - centre) * (g - centre)
	}
	want := 2 * 1.96 * math.Sqrt(ss) / rows
	c := compareValues(MAE, y, a, b, Options{Resamples: 4000})
	if got := c.High - c.Low; math.Abs(got-want) > 0.05*want {
		t.Errorf("length %.6f, want %.6f", got, want)
	}
}

// Of two equally good models, the one called challenger must not be found
// superior more often than promised: the lower end of a 95 % interval lies
// above 0 in 2.5 % of all trials at best, and 5 % is the most that is allowed.
// And the interval must hold the true difference, but for 5 % of the trials and
// three standard deviations of that number.
func TestCoverage(t *testing.T) {
	const trials, rows = 240, 400
	o := Options{Resamples: 400}
	for _, noise := range []float64{0.7, 0.9} { // the champion's; the challenger's is 0.7
		rng := rand.New(rand.NewPCG(11, 1))
		y, a, b := twoModels(rng, 200_000, 2, 0.7, noise)
		for _, name := range Known(model.Binary) {
			truth := 0.0
			if noise != 0.7 {
				truth = compareClasses(name, y, a, b, 2, Options{Resamples: 100}).Difference
			}
			above, outside := 0, 0
			for i := range trials {
				at := i * rows
				c := compareClasses(name, y[at:at+rows], a[2*at:2*(at+rows)], b[2*at:2*(at+rows)], 2, o)
				if c.Low > truth {
					above++
				}
				if c.Low > truth || c.High < truth {
					outside++
				}
			}
			t.Logf("noise %.1f %s: %d above, %d outside of %d", noise, name, above, outside, trials)
			if above > trials*5/100 || outside > trials*9/100 {
				t.Errorf("%s (true difference %.4f): the interval lies above it %d times and misses it %d times in %d",
					name, truth, above, outside, trials)
			}
		}
	}
}

// Four wins and no loss happen to equal models one time in sixteen, five and
// none one time in thirty-two: the former must not count as superior.
func TestFewDisagreements(t *testing.T) {
	const rows = 1000
	for _, c := range []struct {
		wins, losses int
		superior     bool
	}{{1, 0, false}, {3, 0, false}, {4, 0, false}, {6, 0, true}, {6, 1, false}, {9, 1, true}} {
		y := make([]int32, rows)
		right, wrong := []float64{0.9, 0.1}, []float64{0.1, 0.9}
		var a, b []float64
		for i := range rows {
			switch {
			case i < c.wins:
				a, b = append(a, right...), append(b, wrong...)
			case i < c.wins+c.losses:
				a, b = append(a, wrong...), append(b, right...)
			default:
				a, b = append(a, right...), append(b, right...)
			}
		}
		got := compareClasses(Accuracy, y, a, b, 2, Options{})
		if got.Low > 0 != c.superior {
			t.Errorf("%d wins, %d losses: interval [%v, %v]", c.wins, c.losses, got.Low, got.High)
		}
	}
}

func TestEqualPredictionsDoNotDiffer(t *testing.T) {
	y, a, _ := twoModels(rand.New(rand.NewPCG(1, 9)), 300, 3, 0.5, 0.5)
	for _, name := range Known(model.Multiclass) {
		c := compareClasses(name, y, a, a, 3, Options{})
		if c.Undefined != "" || c.Difference != 0 || c.Low != 0 || c.High != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestComparisonsRepeat(t *testing.T) {
	y, a, b := twoModels(rand.New(rand.NewPCG(1, 9)), 300, 2, 0.5, 0.6)
	for _, name := range Known(model.Binary) {
		first := compareClasses(name, y, a, b, 2, Options{Seed: 4})
		if again := compareClasses(name, y, a, b, 2, Options{Seed: 4}); again != first {
			t.Errorf("%s: %+v, then %+v", name, first, again)
		}
	}
	four := compareClasses(LogLoss, y, a, b, 2, Options{Seed: 4})
	if five := compareClasses(LogLoss, y, a, b, 2, Options{Seed: 5}); four == five {
		t.Error("the seed does not matter")
	}
}

func TestGainPointsUpwards(t *testing.T) {
	c := Comparison{Metric: RMSE, Difference: -2, Low: -3, High: 1}
	if d, low, high := c.Gain(); d != 2 || low != -1 || high != 3 {
		t.Errorf("a smaller error gains %v [%v, %v]", d, low, high)
	}
	c.Metric = R2
	if d, low, high := c.Gain(); d != -2 || low != -3 || high != 1 {
		t.Errorf("a smaller R² gains %v [%v, %v]", d, low, high)
	}
}

// Whatever is compared, the numbers are finite, the interval is in order, and
// an undefined comparison says why.
func TestComparisonsAreAlwaysSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.IntRange(2, 4).Draw(t, "classes")
		rows := rapid.IntRange(0, 12).Draw(t, "rows")
		y := make([]int32, rows)
		var models [2][]float64
		for i := range y {
			y[i] = int32(rapid.IntRange(-1, classes-1).Draw(t, "y"))
			for m := range models {
				p := make([]float64, classes)
				p[rapid.IntRange(0, classes-1).Draw(t, "label")] = 0.5
				p[rapid.IntRange(0, classes-1).Draw(t, "second")] += 0.5
				models[m] = append(models[m], p...)
			}
		}
		for _, name := range Known(classTask(classes)) {
			c := compareClasses(name, y, models[0], models[1], classes, Options{Resamples: 100})
			checkSound(t, c)
		}
		for name, i := range classIntervals(y, models[0], classes, Options{Resamples: 100}) {
			if !finite(i.Low) || !finite(i.High) || i.Low > i.High {
				t.Fatalf("%s: interval %+v", name, i)
			}
		}
	})
}

func checkSound(t *rapid.T, c Comparison) {
	if c.Undefined != "" {
		return
	}
	for _, v := range []float64{c.Challenger, c.Champion, c.Difference, c.Low, c.High} {
		if !finite(v) {
			t.Fatalf("not finite: %+v", c)
		}
	}
	if c.Low > c.High || c.Method == "" {
		t.Fatalf("not an interval: %+v", c)
	}
}
