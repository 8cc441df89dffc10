package metric

import (
	"math/rand/v2"
	"testing"

	"retrain/internal/model"
)

// BenchmarkCompare takes each metric on a holdout of 200,000 rows.
func BenchmarkCompare(b *testing.B) {
	const rows = 200_000
	for _, classes := range []int{2, 5} {
		y, p, q := twoModels(rand.New(rand.NewPCG(1, 1)), rows, classes, 0.5, 0.5)
		task := classTask(classes)
		b.Run(string(task), func(b *testing.B) {
			for _, name := range Known(task) {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						compareClasses(name, y, p, q, classes, Options{})
					}
				})
			}
			b.Run("intervals", func(b *testing.B) {
				for b.Loop() {
					classIntervals(y, p, classes, Options{})
				}
			})
		})
	}
	y, p, q := twoRegressors(rand.New(rand.NewPCG(1, 1)), rows, 0.5, 0.5)
	for _, name := range Known(model.Regression) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				compareValues(name, y, p, q, Options{})
			}
		})
	}
}
