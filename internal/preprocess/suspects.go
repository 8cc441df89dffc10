package preprocess

import (
	"fmt"
	"math"

	"retrain/internal/dataset"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// How well a column may predict the target alone, by sample.scoreAlone, before
// it is suspected. Honest features stay below, strong ones as well.
var tooGood = map[model.Task]float64{
	model.Binary:     0.99, // an area under the ROC curve of 0.995
	model.Multiclass: 0.98,
	model.Regression: 0.99,
}

// Shares from which on rows that are alike are worth a word.
const (
	manyTwins     = 0.01
	manyConflicts = 0.01
	minConflicts  = 10 // rows
)

// roomForAll is how many bits the columns' distinct values must have beyond
// those that number the rows, for rows that are alike to be no chance.
const roomForAll = 10

// suspect asks the sentinels, once it is known which columns are features.
func (j *job) suspect() {
	j.suspects = []processed.Leak{}
	y := j.sentinels.sample.column(j.target)
	for i := range j.columns {
		if j.columns[i].Role == roleFeature {
			j.suspectColumn(i, y)
		}
	}
	j.suspectTwins()
	j.findConflicts()
	for _, leak := range j.suspects {
		j.warn(leak.Detail)
	}
}

func (j *job) suspectColumn(i int, y []float64) {
	c, task, sample := &j.schema.Columns[i], model.Task(j.req.Task), &j.sentinels.sample
	leak := processed.Leak{Column: c.Name}
	x := sample.column(i)
	leak.Score = math.Round(1e4*sample.scoreAlone(x, y, c.Kind == dataset.Text, task)) / 1e4
	switch {
	case leak.Score >= tooGood[task] && oneToOne(x, y):
		leak.Kind, leak.Detail = processed.LeakCopy, fmt.Sprintf("column %q is a copy of the target: each of its values goes with one of the target's", c.Name)
	case leak.Score >= tooGood[task]:
		leak.Kind, leak.Detail = processed.LeakPredicts, fmt.Sprintf("column %q predicts the target almost perfectly by itself (%s): is it known before the target is?", c.Name, scoreText(task, leak.Score))
	case identifying(c, j.schema.Rows):
		leak.Kind, leak.Detail = processed.LeakIdentifier, fmt.Sprintf("column %q has %d different texts in %d rows, like an identifier: a model can learn rows by heart from it", c.Name, c.Distinct, j.schema.Rows)
	default:
		return
	}
	j.suspects = append(j.suspects, leak)
}

// identifying reports whether a text column has a value of its own for every
// second row; where nearly every one is different it has been dropped already.
func identifying(c *dataset.Column, rows int64) bool {
	present := rows - c.Missing
	return c.Kind == dataset.Text && present >= minSupport && 2*int64(c.Distinct) >= present
}

// scoreText writes a score under its usual name.
func scoreText(task model.Task, score float64) string {
	switch task {
	case model.Binary:
		return fmt.Sprintf("area under the ROC curve %.4g", (score+1)/2)
	case model.Multiclass:
		return fmt.Sprintf("%.4g of the majority's errors avoided", score)
	}
	return fmt.Sprintf("R² of the ranks %.4g", score)
}

// suspectTwins looks for holdout rows that stand on the training side, too. The
// default split keeps rows alike together; one by group or time does not, nor
// does any that an identifier tells apart. Where the columns leave little room
// for different rows, that is no wonder.
func (j *job) suspectTwins() {
	t := &j.sentinels.twins
	both := t.acrossSplit()
	share := float64(both) / float64(max(1, t.rows[1]))
	room := 0.0
	for i := range j.columns {
		if j.columns[i].Role == roleFeature {
			room += math.Log2(float64(max(1, j.schema.Columns[i].Distinct)))
		}
	}
	if share < manyTwins || both < minConflicts || room < math.Log2(float64(max(1, j.schema.Rows)))+roomForAll {
		return
	}
	j.suspects = append(j.suspects, processed.Leak{Kind: processed.LeakDuplicates, Score: math.Round(1e4*share) / 1e4, Detail: fmt.Sprintf(
		"%.3g %% of the holdout rows are on the training side, too, alike in all columns that describe them: remove duplicates, or split by the group_column that they have in common", 100*share)})
}

// findConflicts counts rows that are alike in what describes them, and have
// different labels.
func (j *job) findConflicts() {
	if model.Task(j.req.Task) == model.Regression {
		return
	}
	t := &j.sentinels.twins
	var rows, right int64
	for _, g := range t.groups() {
		right += g.most
		if g.targets > 1 {
			rows += g.rows
		}
	}
	if rows == 0 {
		return
	}
	all := float64(t.rows[0] + t.rows[1])
	c := &processed.Conflicts{
		Rows:         int64(math.Ldexp(float64(rows), t.shift)),
		Fraction:     math.Round(1e6*float64(rows)/all) / 1e6,
		BestAccuracy: math.Round(1e6*float64(right)/all) / 1e6,
	}
	j.conflicts = c
	if rows >= minConflicts && c.Fraction >= manyConflicts {
		j.warn(fmt.Sprintf("%.3g %% of the rows are alike in all columns that describe them with rows of another label: no model can be right in more than %.4g %%",
			100*c.Fraction, 100*c.BestAccuracy))
	}
}
