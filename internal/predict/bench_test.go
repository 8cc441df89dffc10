package predict

import (
	"math/rand/v2"
	"testing"

	"retrain/internal/model"
	"retrain/internal/model/modeltest"
)

// bench returns a predictor of 100 trees of 31 leaves, and records.
func bench(b *testing.B, n int) (*lake, []map[string]any) {
	rng := rand.New(rand.NewPCG(1, 1))
	m := modeltest.Trees(rng, model.Binary, 100, 31)
	l := newLake(b)
	l.crown("m", m, nil)
	return l, recordsOf(modeltest.Rows(rng, &m.Recipe, n), &m.Recipe, n)
}

func run(b *testing.B, n int) {
	l, records := bench(b, n)
	l.Now = nil // the real clock costs what it costs
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Run(b.Context(), Request{ModelName: "m", Records: records}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRow is the latency of a request of one row, without HTTP and JSON.
func BenchmarkRow(b *testing.B) { run(b, 1) }

// BenchmarkRows10000 is the throughput of the largest request.
func BenchmarkRows10000(b *testing.B) { run(b, 10_000) }

// BenchmarkRowParallel is BenchmarkRow on all processors at once.
func BenchmarkRowParallel(b *testing.B) {
	l, records := bench(b, 1)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := l.Run(b.Context(), Request{ModelName: "m", Records: records}); err != nil {
				b.Error(err)
			}
		}
	})
}
