// Command gate_simulation shows how often the gate promotes a model whose true quality
// is known: an equal one, one that is a point better, and one that is a point
// worse. It uses the comparison and the rule of /evaluate, simulated answers of
// two models, and a fixed seed, and prints a table for bench/README.md.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"retrain/internal/evaluate"
	"retrain/internal/metric"
	"retrain/internal/model"
)

// setting is a kind of data and models: draw simulates the answers of a
// challenger that is so many points better to so many rows.
type setting struct {
	name string
	// resamples of the bootstrap; 0 for the default.
	resamples int
	draw      func(rng *rand.Rand, rows int, points float64, o metric.Options) metric.Comparison
}

var settings = []setting{
	{"accuracy, 0.80", 0, labels},
	{"ROC AUC, 0.80", 0, func(rng *rand.Rand, rows int, points float64, _ metric.Options) metric.Comparison {
		return scores(rng, rows, points, 0.5)
	}},
	{"ROC AUC, 0.80, 2 % positive", 0, func(rng *rand.Rand, rows int, points float64, _ metric.Options) metric.Comparison {
		return scores(rng, rows, points, 0.02)
	}},
	{"RMSE, a point is 1 %", 500, values},
}

// policies are the gate's, with a margin of a point for the one that needs one.
var policies = []map[string]any{
	{"policy": "superior"}, {"policy": "non_inferior", "min_absolute_change": 0.01}, {"policy": "better"},
}

func main() {
	fmt.Print("| metric of the champion | holdout | challenger | superior | non_inferior by a point | better |\n|---|---|---|---|---|---|\n")
	for _, s := range settings {
		for _, size := range []struct{ rows, trials int }{{1000, 2000}, {10_000, 1000}} {
			for _, points := range []float64{0, 1, -1} {
				shares := s.promoted(size.rows, size.trials, points, metric.Options{Resamples: s.resamples})
				fmt.Printf("| %s | %d | %s | %.1f %% | %.1f %% | %.1f %% |\n", s.name, size.rows, named(points), 100*shares[0], 100*shares[1], 100*shares[2])
			}
		}
	}
}

func named(points float64) string {
	if points == 0 {
		return "equal"
	}
	return fmt.Sprintf("%+g point", points)
}

// promoted returns the share of the trials in which each policy promotes.
func (s setting) promoted(rows, trials int, points float64, o metric.Options) []float64 {
	var gates []evaluate.Gate
	for _, given := range policies {
		gate, err := evaluate.ParseGate(given, "")
		if err != nil {
			panic(err)
		}
		gates = append(gates, gate)
	}
	shares := make([]float64, len(gates))
	rng := rand.New(rand.NewPCG(2026, uint64(rows)))
	for range trials {
		c := s.draw(rng, rows, points, o)
		for g := range gates {
			if passed, _ := gates[g].Passes(c); passed && c.Undefined == "" {
				shares[g] += 1 / float64(trials)
			}
		}
	}
	return shares
}

// labels simulates two classifiers that disagree in a tenth of the rows, as two
// models of the same data do; the champion is right in 80 % of all.
func labels(rng *rand.Rand, rows int, points float64, o metric.Options) metric.Comparison {
	right, wrong := []float64{0.2, 0.8}, []float64{0.8, 0.2}
	wins := 0.05 + points/200
	y := make([]int32, rows)
	var challenger, champion []float64
	for i := range y {
		y[i] = 1
		a, b := right, right
		switch u := rng.Float64(); {
		case u < wins:
			b = wrong
		case u < 0.1:
			a = wrong
		case u < 0.25+points/200:
			a, b = wrong, wrong
		}
		challenger, champion = append(challenger, a...), append(champion, b...)
	}
	c, err := metric.CompareClassification(context.Background(), metric.Accuracy, y, metric.Answers{P: challenger}, metric.Answers{P: champion}, 2, o)
	return sure(c, err)
}

// scores simulates two classifiers whose scores are normal, 0.9 correlated, and
// apart for the two classes by what the area asks for (Φ⁻¹(AUC)·√2).
func scores(rng *rand.Rand, rows int, points, positive float64) metric.Comparison {
	apart := func(auc float64) float64 { return 1.4142135623730951 * distuv.UnitNormal.Quantile(auc) }
	y := make([]int32, rows)
	var challenger, champion []float64
	for i := range y {
		if rng.Float64() < positive {
			y[i] = 1
		}
		common := 0.9486832980505138 * rng.NormFloat64()
		for m, auc := range []float64{0.8 + points/100, 0.8} {
			p := model.Sigmoid(common + 0.31622776601683794*rng.NormFloat64() + float64(y[i])*apart(auc))
			if m == 0 {
				challenger = append(challenger, 1-p, p)
			} else {
				champion = append(champion, 1-p, p)
			}
		}
	}
	c, err := metric.CompareClassification(context.Background(), metric.ROCAUC, y, metric.Answers{P: challenger}, metric.Answers{P: champion}, 2, metric.Options{})
	return sure(c, err)
}

// values simulates two regressions whose errors are normal and 0.9 correlated;
// the champion's have a standard deviation of 1.
func values(rng *rand.Rand, rows int, points float64, o metric.Options) metric.Comparison {
	y, challenger, champion := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	for i := range y {
		common := 0.9486832980505138 * rng.NormFloat64()
		challenger[i] = (1 - points/100) * (common + 0.31622776601683794*rng.NormFloat64())
		champion[i] = common + 0.31622776601683794*rng.NormFloat64()
	}
	c, err := metric.CompareRegression(context.Background(), metric.RMSE, y, challenger, champion, o)
	return sure(c, err)
}

func sure(c metric.Comparison, err error) metric.Comparison {
	if err != nil {
		panic(err)
	}
	return c
}
