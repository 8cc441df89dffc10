package gbdt

import (
	"math"
	"testing"

	"retrain/internal/model"
)

// BenchmarkGradients derives the log loss for rows that are in the cache.
func BenchmarkGradients(b *testing.B) {
	tab := mixed(model.Binary, 8192, 3)
	p := Defaults()
	workers := newPool(1)
	defer workers.close()
	t := newTrainer(tab.data(p, 8192), &p, workers)
	for i := range t.scores[0] {
		t.scores[0][i] = math.Sin(float64(i)) * 3
	}
	pairs := t.grower.pairs[:8192]
	for b.Loop() {
		for at := 0; at < len(pairs); at += blockRows {
			t.derive(pairs[at:at+blockRows], 0, at)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8192, "ns/row")
}
