package processed

import (
	"context"
	"math"
	"slices"

	"retrain/internal/dataset"
)

// Times returns the times of a side's rows in ascending order, eight bytes a row;
// nil unless the split goes by time. It reads no other column, and so the side's
// digest is verified by whoever reads the rows themselves.
func (d *Data) Times(ctx context.Context, side dataset.Side) ([]float64, error) {
	if d.TimeColumn == "" {
		return nil, nil
	}
	file, err := dataset.OpenParquetParts(ctx, d.files.parts(), d.options)
	if err != nil {
		return nil, explained(err)
	}
	times := make([]float64, 0, d.sideOf(side).Rows)
	err = file.Read(ctx, side, []string{d.TimeColumn}, func(b *dataset.Batch) error {
		times = append(times, b.Columns[0].Numbers...)
		return nil
	})
	if err != nil {
		return nil, explained(err)
	}
	slices.Sort(times)
	if len(times) > 0 && math.IsNaN(times[0]) { // NaN sorts first
		return nil, altered(nil)
	}
	return times, nil
}

// LatestFrom returns from which time on the latest share of the rows lies, given
// their times in ascending order: the smallest time such that at most the share
// of the rows lies at or after it, or, if the last moment holds more, that one.
// Rows of one time stay together. It panics if there are no times.
func LatestFrom(times []float64, share float64) float64 {
	first := len(times) - int(math.Floor(share*float64(len(times))))
	if first >= len(times) {
		return times[len(times)-1]
	}
	t := times[first]
	if first == 0 || times[first-1] < t {
		return t
	}
	// The moment at the cut straddles it: the next later one is the first.
	next, _ := slices.BinarySearch(times, math.Nextafter(t, math.Inf(1)))
	if next == len(times) {
		return t
	}
	return times[next]
}

// checkTime refuses times that are no stored column of numbers or times.
func (d *Data) checkTime() error {
	if d.TimeColumn == "" {
		return nil
	}
	at := d.file.Schema().Index(d.TimeColumn)
	if at < 0 || !slices.Contains(d.Digested, d.TimeColumn) {
		return altered(nil)
	}
	if kind := d.file.Schema().Columns[at].Kind; !kind.Numeric() && kind != dataset.Time {
		return altered(nil)
	}
	return nil
}
