package linear

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"retrain/internal/model"
)

// made is a table of standard normal numbers that a linear model explains in
// part.
func made(task model.Task, rows, numbers, classes int) (recipe *model.Recipe, x, y []float64) {
	rng := rand.New(rand.NewPCG(7, 7))
	recipe = &model.Recipe{Task: task}
	for j := range numbers {
		recipe.Features = append(recipe.Features, model.Feature{Name: fmt.Sprint("n", j), Kind: model.Number, Scale: 1})
	}
	for k := range classes {
		recipe.Classes = append(recipe.Classes, fmt.Sprint(k))
	}
	coef := make([][]float64, max(1, classes))
	for k := range coef {
		for range numbers {
			coef[k] = append(coef[k], rng.NormFloat64()/2)
		}
	}
	for range rows {
		row := make([]float64, numbers)
		for j := range row {
			row[j] = rng.NormFloat64()
		}
		x = append(x, row...)
		best, label := math.Inf(-1), 0
		for k := range coef {
			// Gumbel noise makes the largest score's index multinomial.
			if z := dot(coef[k], row) - math.Log(rng.ExpFloat64()); z > best {
				best, label = z, k
			}
		}
		if task == model.Regression {
			y = append(y, best)
		} else {
			y = append(y, float64(label))
		}
	}
	return recipe, x, y
}

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
