package linear

import (
	"context"
	"fmt"
	"testing"

	"retrain/internal/model"
)

func BenchmarkFit(b *testing.B) {
	for _, c := range []struct {
		task                   model.Task
		rows, numbers, classes int
	}{
		{model.Binary, 100_000, 25, 2},
		{model.Multiclass, 100_000, 25, 5},
		{model.Regression, 100_000, 25, 0},
	} {
		b.Run(fmt.Sprintf("%s/%dx%d", c.task, c.rows, c.numbers), func(b *testing.B) {
			recipe, x, y := made(c.task, c.rows, c.numbers, c.classes)
			for b.Loop() {
				data := NewData(recipe, c.rows)
				data.Append(x, y, nil)
				if _, err := Fit(context.Background(), data, Defaults()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
