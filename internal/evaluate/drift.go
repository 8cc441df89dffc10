package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"retrain/internal/dataset"
	"retrain/internal/drift"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
)

// maxDrift bounds the columns that an answer lists: those that moved farthest.
const maxDrift = 100

// drifted is how the new data differs from what the champion was trained on.
type drifted struct {
	columns []drift.Result
	unknown string // why it cannot be told, or ""
}

// findDrift counts both sides of the new data in the bins of the champion's
// training side. Both, since the question is whether the data is another one
// now: a hash splits it into sides that are alike, and all rows together show
// more than a fifth of them.
func (j *job) findDrift(ctx context.Context) (d drifted, err error) {
	if j.champion == nil {
		return d, nil
	}
	profile, err := j.profileOf(ctx, j.rival)
	if err != nil {
		return d, err
	}
	if profile == nil {
		d.unknown = "the champion's version does not say how its training data was spread"
		return d, nil
	}
	recipe := askedOf(&j.rival.model.Recipe, &j.challenger.model.Recipe)
	counts, unfit, err := j.count(ctx, profile, recipe)
	if err != nil {
		return d, err
	}
	d.columns = append(unfit, newColumns(&j.rival.model.Recipe, &j.challenger.model.Recipe)...)
	d.columns = append(d.columns, counts.Compare()...)
	j.warnOfDrift(d.columns)
	d.columns = d.columns[:min(len(d.columns), maxDrift)]
	return d, nil
}

// profileOf reads what a version remembers of its training data; nil if it
// does not carry that, or not as it was written.
func (j *job) profileOf(ctx context.Context, c *contender) (*drift.Profile, error) {
	if c == nil {
		return nil, nil
	}
	file, err := j.attachment(ctx, c, modelstore.DataProfile)
	var p *drift.Profile
	if err == nil {
		p, err = drift.Decode(file)
	}
	if isLost(err) {
		return nil, nil
	}
	return p, err
}

// askedOf returns the champion's recipe. If it predicts something else than the
// challenger, that is left out, and its features are still compared.
func askedOf(champion, challenger *model.Recipe) model.Recipe {
	recipe := *champion
	recipe.Features = slices.Clone(champion.Features)
	if champion.Target != challenger.Target || champion.Task != challenger.Task {
		recipe.Target, recipe.Task, recipe.Classes, recipe.IntLabels = challenger.Target, challenger.Task, challenger.Classes, challenger.IntLabels
	}
	return recipe
}

// count counts the new data. Columns that the data cannot serve, which may show
// only in the middle, are put aside with the reason, and the counting begun
// again without them.
func (j *job) count(ctx context.Context, p *drift.Profile, recipe model.Recipe) (*drift.Counts, []drift.Result, error) {
	unfit := []drift.Result{}
	for {
		counts := drift.NewCounts(p, &recipe)
		err := j.countAll(ctx, counts, &recipe)
		var missing *processed.IncompatibleError
		if !errors.As(err, &missing) {
			return counts, unfit, err
		}
		at := slices.IndexFunc(recipe.Features, func(f model.Feature) bool { return f.Name == missing.Column })
		if at < 0 {
			return nil, nil, err // the challenger's own target, which the data has
		}
		recipe.Features = slices.Delete(recipe.Features, at, at+1)
		level := drift.Missing
		if j.data.Has(missing.Column) {
			level = drift.Retyped
		}
		unfit = append(unfit, drift.Result{Column: missing.Column, Level: level})
	}
}

func (j *job) countAll(ctx context.Context, counts *drift.Counts, recipe *model.Recipe) error {
	for _, side := range []dataset.Side{dataset.Train, dataset.Holdout} {
		err := j.data.Each(ctx, side, recipe, func(b *processed.Block) error {
			counts.Add(b.X, b.Y)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// newColumns lists what the challenger learns from and the champion did not.
func newColumns(champion, challenger *model.Recipe) []drift.Result {
	var results []drift.Result
	for i := range challenger.Features {
		name := challenger.Features[i].Name
		if !slices.ContainsFunc(champion.Features, func(f model.Feature) bool { return f.Name == name }) {
			results = append(results, drift.Result{Column: name, Level: drift.New})
		}
	}
	return results
}

// warnOfDrift names the columns of each alarm, up to five of a kind.
func (j *job) warnOfDrift(columns []drift.Result) {
	for _, level := range []struct{ name, says string }{
		{drift.Missing, "gone since the champion was trained: %s"},
		{drift.Retyped, "of another kind than when the champion was trained: %s"},
		{drift.New, "new since the champion was trained: %s"},
		{drift.Strong, "spread very differently from the champion's training data: %s"},
		{drift.Some, "spread differently from the champion's training data: %s"},
	} {
		var names []string
		for _, c := range columns {
			if c.Level == level.name {
				names = append(names, fmt.Sprintf("%q", c.Column))
			}
		}
		if more := len(names) - 5; more > 0 {
			names = append(names[:5], fmt.Sprintf("%d more", more))
		}
		if len(names) > 0 {
			j.warnings = append(j.warnings, fmt.Sprintf("columns "+level.says, strings.Join(names, ", ")))
		}
	}
}
