package metric

import (
	"math/rand/v2"

	"retrain/internal/model"
)

// twoModels simulates rows of so many classes and two models that see the
// truth through noise of the given sizes: the larger, the worse. Part of the
// noise is common to both, as it is for models trained on the same data.
func twoModels(rng *rand.Rand, rows, classes int, noiseA, noiseB float64) (y []int32, a, b []float64) {
	for range rows {
		c := rng.IntN(classes)
		y = append(y, int32(c))
		common := make([]float64, classes)
		for k := range common {
			common[k] = rng.NormFloat64()
		}
		a = append(a, noisy(rng, c, common, noiseA)...)
		b = append(b, noisy(rng, c, common, noiseB)...)
	}
	return y, a, b
}

func noisy(rng *rand.Rand, class int, common []float64, noise float64) []float64 {
	p, sum := make([]float64, len(common)), 0.0
	for k := range p {
		z := common[k] + noise*rng.NormFloat64()
		if k == class {
			z += 1.5
		}
		p[k] = model.Exp(z)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}

// twoRegressors does the same for values.
func twoRegressors(rng *rand.Rand, rows int, noiseA, noiseB float64) (y, a, b []float64) {
	for range rows {
		v, common := 10*rng.NormFloat64(), rng.NormFloat64()
		y = append(y, v)
		a = append(a, v+common+noiseA*rng.NormFloat64())
		b = append(b, v+common+noiseB*rng.NormFloat64())
	}
	return y, a, b
}
