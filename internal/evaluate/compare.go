package evaluate

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// compared holds both models' answers to the same rows, over the same classes.
type compared struct {
	task       model.Task
	objective  metric.Objective // of the challenger
	classes    int
	names      []string        // of the classes
	labels     []int32         // of a classification, over the union of classes
	values     []float64       // of a regression
	challenger metric.Answers  // or P is the predicted values
	champion   *metric.Answers // nil if there is none to compare with
	// mine and theirs are scored over the union; alone is the challenger's
	// score over its own classes, as /train answered it. They differ only if
	// the champion knows labels that the challenger has never met: a mean over
	// classes then has more of them.
	mine, theirs, alone metric.Scores
	topShare            float64 // of the most frequent class
	// kept marks the rows of the holdout that are compared, which all of the
	// above but alone are of; nil if all are.
	kept []bool
}

// align brings both models' answers to the union of their classes: a label
// that only one of them knows is still a label. theirs may be nil. Rows that
// are not kept count for the challenger's own score only.
func align(mine, theirs *processed.Scored, kept []bool) *compared {
	c := &compared{task: mine.Recipe.Task, objective: mine.Objective, alone: mine.Scores(), kept: kept}
	c.mine = c.alone
	if kept != nil {
		mine, theirs = mine.Keep(kept), theirs.Keep(kept)
		c.mine = mine.Scores()
	}
	if c.task == model.Regression {
		c.values, c.challenger = mine.Y, mine.Answers()
		if theirs != nil {
			c.champion, c.theirs = answersOf(theirs, theirs.Recipe), theirs.Scores()
		}
		return c
	}
	c.classes, c.names, c.labels, c.challenger = len(mine.Recipe.Classes), mine.Recipe.Classes, mine.Labels(), mine.Answers()
	if theirs != nil {
		c.unite(mine, theirs)
	}
	c.topShare = shareOfTop(c.labels, c.classes)
	return c
}

// unite scores two classifications over the union of their classes.
func (c *compared) unite(mine, theirs *processed.Scored) {
	union := &model.Recipe{Task: c.task, Classes: unionOf(mine.Recipe, theirs.Recipe)}
	c.classes, c.names = len(union.Classes), union.Classes
	c.challenger, c.champion = mine.As(union), answersOf(theirs, union)
	c.labels = translate(mine, union)
	for i, label := range translate(theirs, union) {
		c.labels[i] = max(c.labels[i], label)
	}
	c.mine = metric.Classification(c.labels, c.challenger, c.classes)
	c.theirs = metric.Classification(c.labels, *c.champion, c.classes)
}

func answersOf(s *processed.Scored, recipe *model.Recipe) *metric.Answers {
	a := s.As(recipe)
	return &a
}

// unionOf lists the classes of both, ordered as a recipe orders them.
func unionOf(a, b *model.Recipe) []string {
	union := slices.Clone(a.Classes)
	for _, label := range b.Classes {
		if a.Class(label) < 0 {
			union = append(union, label)
		}
	}
	if !a.IntLabels || !b.IntLabels {
		slices.Sort(union)
		return union
	}
	value := func(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }
	slices.SortFunc(union, func(x, y string) int { return cmp.Compare(value(x), value(y)) })
	return union
}

// translate returns the rows' labels as indices of another recipe's classes.
func translate(s *processed.Scored, to *model.Recipe) []int32 {
	index := make([]int32, len(s.Recipe.Classes))
	for k, label := range s.Recipe.Classes {
		index[k] = int32(to.Class(label))
	}
	labels := s.Labels()
	for i, label := range labels {
		if label >= 0 {
			labels[i] = index[label]
		}
	}
	return labels
}

// shareOfTop is the most frequent class's share of the rows. Rows whose class
// the model does not know may be of many classes, and count for none.
func shareOfTop(labels []int32, classes int) float64 {
	counts := make([]int, max(1, classes))
	for _, label := range labels {
		if label >= 0 {
			counts[label]++
		}
	}
	return float64(slices.Max(counts)) / float64(max(1, len(labels)))
}

// compareAll compares both models in every metric of the task, in the order in
// which metrics are shown.
func (c *compared) compareAll(ctx context.Context, confidence float64) (all []metric.Comparison, err error) {
	for _, name := range c.metrics() {
		in, err := c.in(ctx, name, confidence)
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

// metrics lists what the models are compared in, in the order in which it is
// shown.
func (c *compared) metrics() []string {
	if c.task == model.Regression {
		return c.objective.Metrics()
	}
	return metric.Known(c.task)
}

// in compares both models in one metric.
func (c *compared) in(ctx context.Context, name string, confidence float64) (metric.Comparison, error) {
	o := metric.Options{Confidence: confidence, Objective: c.objective}
	if c.task == model.Regression {
		return metric.CompareRegression(ctx, name, c.values, c.challenger.P, c.champion.P, o)
	}
	return metric.CompareClassification(ctx, name, c.labels, c.challenger, *c.champion, c.classes, o)
}

// intervals returns the intervals of the challenger's own scores.
func (c *compared) intervals(ctx context.Context, confidence float64) (map[string]metric.Interval, error) {
	o := metric.Options{Confidence: confidence, Objective: c.objective}
	if c.task == model.Regression {
		return metric.RegressionIntervals(ctx, c.values, c.challenger.P, o)
	}
	return metric.ClassificationIntervals(ctx, c.labels, c.challenger, c.classes, o)
}

// rows is the number of rows that are compared.
func (c *compared) rows() int { return max(len(c.labels), len(c.values)) }

// rarest is the number of rows of the rarest class that occurs; all rows, for
// a regression.
func (c *compared) rarest() int {
	counts := map[int32]int{}
	for _, label := range c.labels {
		counts[label]++
	}
	least := c.rows()
	for _, n := range counts {
		least = min(least, n)
	}
	return least
}
