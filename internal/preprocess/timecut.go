package preprocess

import (
	"context"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/processed"
)

// findTimeCut reads the time column and finds the moment from which on rows are
// holdout (processed.LatestFrom). It costs eight bytes a row.
func (j *job) findTimeCut(ctx context.Context, s *sides) error {
	if j.split.TimeColumn == "" {
		return nil
	}
	i := j.schema.Index(j.split.TimeColumn)
	if err := j.checkTimes(&j.schema.Columns[i]); err != nil {
		return err
	}
	var times []float64
	_, err := dataset.Read(ctx, j.open, j.schema, j.options, func(b *dataset.Batch) error {
		for r := range b.Rows {
			if !missing(&b.Columns[i], r) && !missing(&b.Columns[j.target], r) && !j.weightless(b, r) {
				times = append(times, b.Columns[i].Numbers[r])
			}
		}
		return nil
	})
	if err != nil || len(times) == 0 {
		return err
	}
	slices.Sort(times)
	s.byTime, s.cut = true, processed.LatestFrom(times, j.split.TestFraction)
	j.warn("split.time_column lets rows that trained an earlier champion judge a later challenger; keep the data files apart in time")
	return nil
}

// checkTimes refuses a column whose rows have no order in time.
func (j *job) checkTimes(c *dataset.Column) error {
	if c.Kind.Numeric() || c.Kind == dataset.Time {
		return nil
	}
	return j.badTime("holds neither numbers nor times of one form like 2006-01-02 or 2006-01-02T15:04:05Z")
}

func (j *job) badTime(reason string) error {
	return fault.New(fault.InvalidData, "The time column %s.", reason).
		At("The column "+reason, "time_error", "body", "split", "time_column")
}
