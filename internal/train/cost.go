package train

import "retrain/internal/model"

// Cost tells what training with such parameters takes of memory and work, before
// the data is known as a whole: resident bytes for each row, and for each cell
// of a feature, and the work relative to that of preprocessing the same rows.
// Parameters that are not valid cost nothing. A search trains its candidates in turn
// (those on small tables side by side) and then with the best parameters: it takes the memory of the largest, and the
// work of all and once more that of the largest.
//
// Boosting keeps a byte a cell, its bin, and for each row what the loss needs
// of each output; the rest, and what the collector leaves, is measured. Its work
// is reading the data again, binning, the baselines and scoring, about twice
// that of preprocessing, and a fiftieth of it for each tree of an output. The
// linear learners keep the numbers themselves, in four bytes. With auto it is
// boosting's, which may win, and the contest's, which is bounded.
func Cost(params map[string]any, task string, classes int) (perRow, perCell, work float64) {
	recipe, outputs := &model.Recipe{Task: model.Task(task)}, 1
	if recipe.Task == model.Multiclass {
		outputs = max(1, classes)
	}
	several, err := parseSearch(params, recipe)
	if err != nil {
		return 0, 0, 0
	}
	if several == nil {
		p, err := ParseParams(params, recipe)
		if err != nil {
			return 0, 0, 0
		}
		return p.cost(outputs)
	}
	longest := 0.0
	for _, p := range several.params {
		if p == nil {
			continue
		}
		row, cell, w := p.cost(outputs)
		perRow, perCell, longest = max(perRow, row), max(perCell, cell), max(longest, w)
		work += w
	}
	return perRow, perCell, work + longest
}

// cost is Cost for one training of so many raw scores.
func (p *Params) cost(outputs int) (perRow, perCell, work float64) {
	if p.Algorithm != GradientBoosting && p.Algorithm != Auto {
		return 12, 4, 1.1
	}
	trees := float64(outputs * p.Boosting.MaxIter)
	return 16 + 8*float64(outputs), 1.3, 1.9 + 0.018*trees
}
