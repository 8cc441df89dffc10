package explain

import (
	"math/rand/v2"
	"testing"

	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

// BenchmarkPermute does as much as is ever done for a model of trees.
func BenchmarkPermute(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := modeltest.Trees(rng, model.Binary, 200, 31)
	rows := anyRows(rng, m, maxRows)
	for b.Loop() {
		if _, err := Permute(ctx, m, rows, metric.ROCAUC, metric.Objective{}); err != nil {
			b.Fatal(err)
		}
	}
}
