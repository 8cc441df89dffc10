package preprocess

import (
	"math"
	"time"

	"retrain/internal/fault"
)

// sampleBytes is how much text, or Parquet data, a dry run looks at. Two passes
// over it, with what is read ahead, read 6 MiB; the keys of JSON Lines take more,
// and all stays below 10 MiB.
const sampleBytes = 2<<20 - 1

// Estimate is what a dry run expects of the data and of the whole retraining.
type Estimate struct {
	Rows     int64   `json:"rows" doc:"Exact if the dry run has read everything, and of one Parquet file; else from the bytes that the sample's rows take"`
	Bytes    int64   `json:"bytes" doc:"Of all files, as they are stored"`
	MemoryMB float64 `json:"memory_mb" doc:"Peak of resident memory, in 2^20 bytes"`
	Seconds  float64 `json:"seconds" doc:"Of the four steps, on this machine as busy as it is; without early stopping"`
}

// What a retraining takes besides its learner. They were measured as peaks of
// resident memory and seconds of whole retrainings of 250,000 and of 1,000,000
// rows, of 5 and of 25 columns.
const (
	// baseMemory is what the program needs for any data: buffers, pages,
	// dictionaries and what the collector has not collected.
	baseMemory = 60 << 20
	// scoringWork is /evaluate's share of the work, relative to /preprocess.
	scoringWork = 0.5
)

// estimate projects the sample, whose second pass took so long, to all of the
// data: in the first one, the columns' dictionaries and sets of values are empty
// yet, and a row costs several times what later rows will cost. Rows are
// taken for as long as the sample's, and compressed as well.
//
// Seconds are those of the sample's rows times all rows, which is /preprocess;
// the other steps are known as multiples of it (see Cost), so that nothing here
// depends on the machine. What storage takes to answer counts as often as the
// data has samples, so that for remote data the estimate is a bound.
func (j *job) estimate(took time.Duration) *Estimate {
	e := &Estimate{Rows: j.tally.Read}
	for _, s := range j.sources {
		e.Bytes += s.Size
	}
	share := 1.0
	if j.tally.Sampled {
		share = max(1, float64(e.Bytes)/float64(max(j.tally.Bytes, 1)))
		e.Rows = int64(math.Round(float64(j.tally.Read) * share))
	}
	features := 0
	for _, c := range j.columns {
		if c.Role == roleFeature {
			features++
		}
	}
	perRow, perCell, work := j.Cost(j.req.ModelParams, j.req.Task, len(j.sides[0].classes))
	bytesPerRow := perRow + float64(perCell*float64(features))
	e.MemoryMB = math.Round((baseMemory + float64(bytesPerRow*float64(e.Rows))) / (1 << 20))
	seconds := took.Seconds() * share * (1 + work + scoringWork)
	e.Seconds = math.Round(seconds*100) / 100
	return e
}

// inSample says of an error about data that only a sample of it is known.
func (j *job) inSample(err error) error {
	f := fault.From(err)
	if j.tally == nil || !j.tally.Sampled || f.Kind != fault.InvalidData {
		return err
	}
	told := fault.Wrap(f.Kind, err, "%s That is so in the first %d rows, and a dry run reads no more.", f.Detail, j.tally.Read)
	told.Fields = f.Fields
	return told
}
