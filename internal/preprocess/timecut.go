package preprocess

import (
	"context"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/processed"
)

// timeCut is where a split by time cuts.
type timeCut struct {
	ByTime bool    // false: the hash decides
	At     float64 // times at or after it are holdout
}

// findTimeCut reads the time column and finds the moment from which on rows are
// holdout. It costs eight bytes a row.
func (j *job) findTimeCut(ctx context.Context) error {
	if j.split.TimeColumn == "" {
		return nil
	}
	times, err := j.readTimes(ctx, j.options)
	if err != nil {
		return err
	}
	slices.Sort(times)
	j.cutAt(j.timeCut(times))
	return nil
}

// readTimes returns the times of the rows that can be used.
func (j *job) readTimes(ctx context.Context, options dataset.Options) (times []float64, err error) {
	i := j.schema.Index(j.split.TimeColumn)
	if err := j.checkTimes(&j.schema.Columns[i]); err != nil {
		return nil, err
	}
	_, err = dataset.Read(ctx, j.open, j.schema, options, func(b *dataset.Batch) error {
		for r := range b.Rows {
			if !missing(&b.Columns[i], r) && !missing(&b.Columns[j.target], r) && !j.weightless(b, r) {
				times = append(times, b.Columns[i].Numbers[r])
			}
		}
		return nil
	})
	return times, err
}

// timeCut finds the cut among times in ascending order (processed.LatestFrom).
func (j *job) timeCut(times []float64) timeCut {
	if len(times) == 0 {
		return timeCut{}
	}
	return timeCut{true, processed.LatestFrom(times, j.split.TestFraction)}
}

func (j *job) cutAt(c timeCut) {
	j.cut = c
	if c.ByTime {
		j.warn("split.time_column lets rows that trained an earlier champion judge a later challenger; keep the data files apart in time")
	}
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
