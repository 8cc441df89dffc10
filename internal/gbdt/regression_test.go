package gbdt

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// counts returns a table whose target is a count that depends on two features.
func counts(rows int) *table {
	rng := rand.New(rand.NewPCG(8, 8))
	t := &table{features: numbers(3), task: model.Regression, outputs: 1}
	for range rows {
		x := []float64{rng.Float64(), rng.Float64(), rng.Float64()}
		n, p := 0.0, rng.Float64()
		mean := math.Exp(2*x[0] - x[1])
		for q := math.Exp(-mean); p > q && n < 50; q *= mean / n {
			p -= q
			n++
		}
		t.x, t.y = append(t.x, x...), append(t.y, n)
	}
	return t
}

// The gradients are those of the loss, by finite differences.
func TestGradientsAreThoseOfTheLoss(t *testing.T) {
	tab := counts(200)
	for name, p := range map[string]Params{
		SquaredError: {Loss: SquaredError}, AbsoluteError: {Loss: AbsoluteError}, Poisson: {Loss: Poisson}, Quantile: {Loss: Quantile, Quantile: 0.8},
	} {
		q := Defaults()
		q.Loss, q.Quantile = p.Loss, max(0.5, p.Quantile)
		d := tab.data(q, 1000)
		scores := [][]float64{make([]float64, d.rows)}
		for i := range scores[0] {
			scores[0][i] = 0.3 + float64(i%7)/10 // never a target
		}
		l := newObjective(d, &q, scores, nil)
		pairs := make([]pair, 100)
		l.derive(pairs, 0, 20)
		for i, pair := range pairs {
			const h = 1e-6
			at := &scores[0][20+i]
			*at += h
			up := l.loss(20 + i)
			*at -= 2 * h
			down := l.loss(20 + i)
			*at += h
			if got, want := pair.rawGradient()*l.unit(), (up-down)/(2*h); math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
				t.Fatalf("%s: the gradient of row %d is %v, want %v", name, 20+i, got, want)
			}
			if pair.rawHessian() <= 0 {
				t.Fatalf("%s: the hessian of row %d is %v", name, 20+i, pair.rawHessian())
			}
		}
	}
}

// No other value has a lower loss than the quantile, and the order of the rows
// changes no bit.
func TestQuantileHasTheLowestLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.Float64Range(0.01, 0.99).Draw(t, "q")
		n := rapid.IntRange(1, 30).Draw(t, "n")
		rows := make([]residual, n)
		for i := range rows {
			rows[i] = residual{float64(rapid.IntRange(-5, 5).Draw(t, "value")), rapid.Float64Range(0.1, 3).Draw(t, "weight")}
		}
		loss := func(at float64) (sum float64) {
			for _, r := range rows {
				e := r.value - at
				sum += r.weight * max(q*e, (q-1)*e)
			}
			return sum
		}
		got := quantile(rows, q)
		for at := -6.0; at <= 6; at += 0.5 {
			if loss(at) < loss(got)-1e-9 {
				t.Fatalf("at %v the loss is %v, at the quantile %v it is %v", at, loss(at), got, loss(got))
			}
		}
		rand.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if again := quantile(rows, q); again != got {
			t.Fatalf("in another order it is %v, not %v", again, got)
		}
	})
	if got := quantile([]residual{{4, 1}, {1, 1}, {2, 1}, {3, 1}}, 0.5); got != 2.5 {
		t.Errorf("the median of four is %v", got)
	}
}

// One tree with a learning rate of 1: each leaf predicts the quantile of its rows.
func TestLeavesHoldTheQuantileOfTheirRows(t *testing.T) {
	tab := mixed(model.Regression, 2000, 3)
	for _, q := range []float64{0.1, 0.5, 0.9} {
		p := Defaults()
		p.Loss, p.Quantile, p.MaxIter, p.LearningRate = Quantile, q, 1, 1
		trees := tab.train(t, p).Trees
		predicted := tab.predict(trees)
		below, rows := map[float64]float64{}, map[float64]float64{}
		for i, y := range tab.y {
			rows[predicted[i]]++
			if y <= predicted[i] {
				below[predicted[i]]++
			}
		}
		if len(rows) < 20 {
			t.Fatalf("the tree has %d leaves", len(rows))
		}
		for v, n := range rows {
			if share := below[v] / n; math.Abs(share-q) > 1.01/n {
				t.Errorf("in a leaf of %v rows the share %v is below the quantile %v", n, share, q)
			}
		}
	}
}

// Each loss leads to the model that is best by it.
func TestEachLossIsLowestForItsOwnModel(t *testing.T) {
	tab := counts(4000)
	rng := rand.New(rand.NewPCG(9, 9))
	for i := range tab.y { // skewed, so that mean and median differ
		tab.y[i] = math.Exp(2*tab.x[3*i] - tab.x[3*i+1] + rng.NormFloat64())
	}
	losses := map[string]func(y, p float64) float64{
		SquaredError:  func(y, p float64) float64 { return (y - p) * (y - p) },
		AbsoluteError: func(y, p float64) float64 { return math.Abs(y - p) },
		Quantile:      func(y, p float64) float64 { return max(0.9*(y-p), -0.1*(y-p)) },
	}
	predicted := map[string][]float64{}
	for name := range losses {
		p := Defaults()
		p.Loss, p.Quantile, p.MaxIter = name, 0.9, 40
		predicted[name] = tab.predict(tab.train(t, p).Trees)
	}
	mean := func(of string, by func(y, p float64) float64) (sum float64) {
		for i, y := range tab.y {
			sum += by(y, predicted[of][i]) / float64(len(tab.y))
		}
		return sum
	}
	for name, loss := range losses {
		for other := range losses {
			if mean(other, loss) < mean(name, loss) {
				t.Errorf("the model for %s has a lower %s than its own: %v, %v", other, name, mean(other, loss), mean(name, loss))
			}
		}
	}
}

func TestCountsArePredicted(t *testing.T) {
	tab := counts(4000)
	p := Defaults()
	p.Loss, p.EarlyStopping = Poisson, true
	r := tab.train(t, p)
	sum, deviation := 0.0, 0.0
	for i, got := range tab.predict(r.Trees) {
		mean := math.Exp(2*tab.x[3*i] - tab.x[3*i+1])
		if got <= 0 {
			t.Fatalf("row %d: %v", i, got)
		}
		sum += got - tab.y[i]
		deviation += math.Abs(got-mean) / mean
	}
	if n := float64(tab.rows()); math.Abs(sum)/n > 0.05 || deviation/n > 0.2 {
		t.Errorf("predictions are %.3f too high in the mean, and %.3f off", sum/n, deviation/n)
	}
}

func TestLossesThatDoNotFit(t *testing.T) {
	negative, nothing := counts(100), counts(100)
	negative.y[7] = -1
	clear(nothing.y)
	for _, c := range []struct {
		name string
		tab  *table
		loss string
		kind fault.Kind
	}{
		{"a negative count", negative, Poisson, fault.InvalidData},
		{"no count above 0", nothing, Poisson, fault.InvalidData},
		{"classes", mixed(model.Binary, 100, 1), AbsoluteError, fault.InvalidRequest},
		{"values", counts(100), LogLoss, fault.InvalidRequest},
		{"nothing known", counts(100), "huber", fault.InvalidRequest},
	} {
		p := Defaults()
		p.Loss = c.loss
		if _, err := Train(t.Context(), c.tab.data(p, 100), p, Options{}); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
