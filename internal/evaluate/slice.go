package evaluate

import (
	"context"
	"errors"
	"fmt"

	"retrain/internal/dataset"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// compareSlices compares the models on the rows of each value of the gate's slice
// columns, in the primary metric. A column that the holdout does not have, or
// none of whose values has enough rows, fails: what was asked to be watched was
// not.
func (j *job) compareSlices(ctx context.Context, v *verdict) error {
	for _, s := range j.gate.Slices {
		index, names, err := j.data.Groups(ctx, dataset.Holdout, s.Column)
		var unfit *processed.IncompatibleError
		if errors.As(err, &unfit) {
			v.add(Reason{Rule: "slice", Metric: v.primary, Required: fmt.Sprintf("a drop of at most %g where %s", s.MaxDrop, unfit.Error())})
			continue
		}
		if err != nil {
			return err
		}
		v.slice(s, v.pick(index), names)
	}
	return nil
}

// pick returns what a list by holdout rows says of the rows that are compared.
func (c *compared) pick(index []int32) []int32 {
	if c.kept == nil {
		return index
	}
	var some []int32
	for i, value := range index {
		if c.kept[i] {
			some = append(some, value)
		}
	}
	return some
}

// sliced is how the rows of one value of a slice's column came out.
type sliced struct {
	Slice
	value  string
	rows   int
	reason Reason
}

func (v *verdict) slice(s Slice, index []int32, names []string) {
	rows := make([][]int, len(names))
	for i, group := range index {
		rows[group] = append(rows[group], i)
	}
	compared := 0
	for group, name := range names {
		if len(rows[group]) >= s.MinRows {
			compared++
			r := v.sliceReason(s, name, rows[group])
			v.add(r)
			v.slices = append(v.slices, sliced{s, name, len(rows[group]), r})
		}
	}
	if compared == 0 {
		v.add(Reason{Rule: "slice", Metric: v.primary, Required: fmt.Sprintf("a value of %s with at least %d rows", s.Column, s.MinRows)})
	}
}

func (v *verdict) sliceReason(s Slice, name string, rows []int) Reason {
	r := Reason{Rule: "slice", Metric: v.primary,
		Required: fmt.Sprintf("a drop of at most %g where %s is %q (%d rows)", s.MaxDrop, s.Column, name, len(rows))}
	mine, defined := v.scoreRows(v.challenger, rows).Values[v.primary]
	theirs, comparable := v.scoreRows(*v.champion, rows).Values[v.primary]
	if !defined || !comparable {
		r.Required += "; undefined there"
		r.Passed = !comparable
		return r
	}
	difference := mine - theirs
	r.Challenger, r.Champion, r.Difference = &mine, &theirs, &difference
	r.Passed = dropsAtMost(s.MaxDrop, v.primary, mine, theirs)
	return r
}

// scoreRows scores one model's answers to some of the rows.
func (c *compared) scoreRows(answers metric.Answers, rows []int) metric.Scores {
	if c.task == model.Regression {
		y, p := make([]float64, len(rows)), make([]float64, len(rows))
		for i, r := range rows {
			y[i], p[i] = c.values[r], answers.P[r]
		}
		return metric.Regression(y, p, c.objective)
	}
	y, some := make([]int32, len(rows)), metric.Answers{P: make([]float64, 0, len(rows)*c.classes)}
	for i, r := range rows {
		y[i] = c.labels[r]
		some.P = append(some.P, answers.P[r*c.classes:(r+1)*c.classes]...)
		if answers.Labels != nil {
			some.Labels = append(some.Labels, answers.Labels[r])
		}
	}
	return metric.Classification(y, some, c.classes)
}
