package linear

import (
	"fmt"
	"math"
	"math/rand/v2"

	"retrain/internal/model"
)

// made is a table that a linear model explains in part: so many numbers, which
// are not quite standardized, and a categorical column for each width. Some
// values are missing, some categories unseen.
func made(task model.Task, rows, numbers, classes int, widths ...int) (recipe *model.Recipe, x, y []float64) {
	rng := rand.New(rand.NewPCG(7, uint64(rows)))
	recipe = &model.Recipe{Task: task}
	for j := range numbers {
		recipe.Features = append(recipe.Features, model.Feature{
			Name: fmt.Sprint("n", j), Kind: model.Number, Fill: 0.1, Mean: 0.2, Scale: 1.1})
	}
	for c, width := range widths {
		recipe.Features = append(recipe.Features, category(fmt.Sprint("c", c), width))
	}
	for k := range classes {
		recipe.Classes = append(recipe.Classes, fmt.Sprint(k))
	}
	coef := make([][]float64, max(1, classes))
	for k := range coef {
		for range numbers + len(widths) {
			coef[k] = append(coef[k], rng.NormFloat64()/2)
		}
	}
	for range rows {
		row := make([]float64, numbers, numbers+len(widths))
		for j := range row {
			row[j] = math.Round(rng.NormFloat64()*256) / 256 // the same everywhere
		}
		for _, width := range widths {
			row = append(row, float64(rng.IntN(width+1)-1))
		}
		y = append(y, answer(rng, task, coef, row))
		if numbers > 0 && rng.IntN(20) == 0 {
			row[rng.IntN(numbers)] = math.NaN()
		}
		x = append(x, row...)
	}
	return recipe, x, y
}

// answer draws a row's value, or its class: the largest of the scores with
// Gumbel noise, which makes it multinomial.
func answer(rng *rand.Rand, task model.Task, coef [][]float64, row []float64) float64 {
	best, class := math.Inf(-1), 0
	for k := range coef {
		z := -math.Log(rng.ExpFloat64())
		for j, v := range row {
			if v == math.Trunc(v) { // a category: some are good, some bad
				v = float64(int(v)%3) - 1
			}
			z += coef[k][j] * v
		}
		if z > best {
			best, class = z, k
		}
	}
	if task == model.Regression {
		return math.Round(best*256) / 256
	}
	return float64(class)
}

// dataOf returns the rows as data, appended in pieces of the given size.
func dataOf(recipe *model.Recipe, x, y, w []float64, piece int) *Data {
	d, features := NewData(recipe, len(y)), len(recipe.Features)
	for at := 0; at < len(y); at += piece {
		end := min(at+piece, len(y))
		var weights []float64
		if w != nil {
			weights = w[at:end]
		}
		d.Append(x[at*features:end*features], y[at:end], weights)
	}
	return d
}
