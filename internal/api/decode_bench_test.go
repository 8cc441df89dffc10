package api

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"retrain/internal/predict"
)

// BenchmarkDecodeRecords reads a body of 1,000 records of 25 values.
func BenchmarkDecodeRecords(b *testing.B) {
	records := make([]map[string]any, 1000)
	for i := range records {
		records[i] = map[string]any{}
		for j := range 20 {
			records[i][fmt.Sprintf("n%d", j)] = float64(i*j) / 7
		}
		for j := range 5 {
			records[i][fmt.Sprintf("c%d", j)] = fmt.Sprintf("v%d", i%8)
		}
	}
	text, err := json.Marshal(map[string]any{"records": records})
	if err != nil {
		b.Fatal(err)
	}
	registry := huma.NewMapRegistry("#/", schemaName)
	schema := requestSchema[predict.Request](registry)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decode[predict.Request](registry, schema, text); err != nil {
			b.Fatal(err)
		}
	}
}
