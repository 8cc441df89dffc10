package train

import (
	"context"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/processed"
)

// cut says from which time on rows of the training side judge what was learned
// from those before. Where the holdout is the latest rows, whatever judges within
// the training side has to be later as well, or the choice favours what only
// interpolates (Tashman, Out-of-sample tests of forecasting accuracy, 2000).
type cut struct {
	at     float64
	byTime bool // else chance decides
}

// latest returns the cut before the latest share of the rows, given their times
// in ascending order. If more than half of the rows are of the last moment,
// and that is more than was asked for, their times do not tell who may judge.
func latest(times []float64, share float64) cut {
	if len(times) == 0 {
		return cut{}
	}
	at := processed.LatestFrom(times, share)
	before, _ := slices.BinarySearch(times, at)
	if float64(len(times)-before) > max(share, 0.5)*float64(len(times)) {
		return cut{}
	}
	return cut{at, true}
}

// findCuts finds who judges, if that goes by time. It is the same in each call of
// a training: it depends on the data and the request alone.
func (j *job) findCuts(ctx context.Context) error {
	if p := j.params; j.req.ValidateOn == 0 && !p.Boosting.EarlyStopping && !p.Decision.judges() {
		return nil
	}
	times, err := j.data.Times(ctx, dataset.Train)
	if err != nil || times == nil {
		return err
	}
	if j.req.ValidateOn > 0 {
		if j.judging = latest(times, j.req.ValidateOn); j.judging.byTime {
			learning, _ := slices.BinarySearch(times, j.judging.at)
			times = times[:learning]
		}
	}
	j.validating = latest(times, j.params.Boosting.ValidationFraction)
	if !j.validating.byTime {
		j.warn("most rows of the training side have the same time: chance decides which of them judge the others")
	}
	return nil
}
