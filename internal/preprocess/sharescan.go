package preprocess

import (
	"context"
	"math"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/fault"
)

// scanned is what Scan stores of a share.
type scanned struct {
	Statistics *dataset.Statistics
	Firsts     firstRejects
}

// merged is what Reduce stores: all that choose decides by.
type merged struct {
	Schema *dataset.Schema
	Tally  *dataset.Tally
	Firsts firstRejects
}

// asked is what a scan beyond the first is asked for: to read shares as is known
// now; or, if nothing is, since their columns are decided, for the times of rows.
type asked struct{ Again *dataset.Again }

// scannedTimes is what such a scan stores of a share.
type scannedTimes struct {
	Values []byte  // each time's bits
	Counts []int64 // how often each of them is there
}

// maxRounds is how many scans of all shares there can be until the columns are
// known: one that learns that the sample was wrong about how numbers are written,
// and one that learns which columns are text.
const maxRounds = 3

// Scan reads shares for what their columns are.
func (s *Step) Scan(ctx context.Context, req SharesRequest) (SharesResult, error) {
	round := max(req.Round, 1)
	return s.eachShare(ctx, req, func(j *job, share int, part dataset.Part) (int64, error) {
		rows, err := j.scanShare(ctx, round, share, part)
		return rows, j.report(ctx, scanResult(round, share), err)
	})
}

// eachShare resumes the run and does the same to each share that is named.
func (s *Step) eachShare(ctx context.Context, req SharesRequest, do func(j *job, share int, part dataset.Part) (int64, error)) (SharesResult, error) {
	start := s.Now()
	j, p, err := s.resume(ctx, req.RunID)
	if err != nil {
		return SharesResult{}, err
	}
	res := SharesResult{Status: "success", RunID: req.RunID, ModelName: j.req.ModelName, Shares: []int{}, Warnings: []string{}}
	for _, item := range req.Items {
		part, err := p.share(item)
		if err != nil {
			return SharesResult{}, err
		}
		rows, err := do(j, item.Share, part)
		if err != nil {
			return SharesResult{}, err
		}
		res.Shares, res.Rows = append(res.Shares, item.Share), res.Rows+rows
	}
	res.DurationMS = s.Now().Sub(start).Milliseconds()
	return res, nil
}

func (j *job) scanShare(ctx context.Context, round, share int, part dataset.Part) (rows int64, err error) {
	name := scanResult(round, share)
	if done, err := j.has(ctx, name); err != nil || done {
		return 0, err
	}
	ask, err := j.asked(ctx, round)
	if err != nil {
		return 0, err
	}
	options := j.options
	options.Part = part
	if round > 1 && ask.Again == nil {
		return j.scanTimes(ctx, name, options)
	}
	var found scanned
	options.OnReject = func(r dataset.Reject) error {
		found.Firsts.add(r)
		return nil
	}
	if found.Statistics, err = dataset.ScanPart(ctx, j.open, options, ask.Again); err != nil {
		return 0, err
	}
	return found.Statistics.Tally.Read, j.keep(ctx, name, found)
}

func (j *job) asked(ctx context.Context, round int) (ask asked, err error) {
	if round > 1 {
		err = j.load(ctx, roundResult(round), &ask)
	}
	return ask, err
}

// scanTimes finds the times of a share's rows.
func (j *job) scanTimes(ctx context.Context, name string, options dataset.Options) (rows int64, err error) {
	if err := j.decideColumns(ctx); err != nil {
		return 0, err
	}
	times, err := j.readTimes(ctx, options)
	if err != nil {
		return 0, err
	}
	slices.Sort(times)
	var found scannedTimes
	for i, x := range times {
		if i > 0 && x == times[i-1] {
			found.Counts[len(found.Counts)-1]++
			continue
		}
		found.Values, found.Counts = appendNumbers(found.Values, math.Float64bits(x)), append(found.Counts, 1)
	}
	return int64(len(times)), j.keep(ctx, name, found)
}

// Reduce merges what was scanned, and decides what becomes of the columns; or it
// says what all shares are to be scanned again with.
func (s *Step) Reduce(ctx context.Context, req RunRequest) (Plan, error) {
	start := s.Now()
	j, p, err := s.resume(ctx, req.RunID)
	if err != nil {
		return Plan{}, err
	}
	round, status := max(req.Round, 1), "reduced"
	ask, err := j.reduce(ctx, round, len(p.Shares))
	if err != nil {
		return Plan{}, err
	}
	if ask != nil {
		round, status = round+1, "scan_again"
		if err := j.keep(ctx, roundResult(round), ask); err != nil {
			return Plan{}, err
		}
	}
	answer := s.planned(p, status, round)
	answer.DurationMS = s.Now().Sub(start).Milliseconds()
	return answer, nil
}

// reduce returns what another scan is asked for, or nil when all is decided.
func (j *job) reduce(ctx context.Context, round, shares int) (*asked, error) {
	ask, err := j.asked(ctx, round)
	if err != nil {
		return nil, err
	}
	if round > 1 && ask.Again == nil {
		return nil, j.reduceTimes(ctx, round, shares)
	}
	firsts := make([]firstRejects, shares)
	schema, tally, again, err := dataset.Merge(shares, func(share int) (*dataset.Statistics, error) {
		var found scanned
		if err := j.loadScan(ctx, round, share, shares, &found); err != nil {
			return nil, err
		}
		firsts[share] = found.Firsts
		return found.Statistics, nil
	}, j.options)
	if again != nil && round >= maxRounds {
		err = fault.New(fault.Internal, "The shares do not agree on how they are read.")
	}
	if err != nil {
		return nil, err
	}
	if again != nil {
		return &asked{again}, nil
	}
	m := merged{Schema: schema, Tally: tally}
	for _, some := range firsts {
		m.Firsts.addAll(some)
	}
	if err := j.choose(ctx, schema, tally, m.Firsts); err != nil {
		return nil, err
	}
	if err := j.keep(ctx, mergedResult, m); err != nil || j.split.TimeColumn == "" {
		return nil, err
	}
	return &asked{}, j.checkTimes(&schema.Columns[schema.Index(j.split.TimeColumn)])
}

// loadScan reads what a scan stored of a share, or why there is nothing.
func (j *job) loadScan(ctx context.Context, round, share, shares int, to any) error {
	if err := j.load(ctx, scanResult(round, share), to); err != nil {
		return j.reported(ctx, shares, func(share int) string { return scanResult(round, share) }, err)
	}
	return nil
}

// reduceTimes finds the cut among the times of all shares. It costs eight bytes a
// row, as it does in one call.
func (j *job) reduceTimes(ctx context.Context, round, shares int) error {
	var times []float64
	for share := range shares {
		var found scannedTimes
		if err := j.loadScan(ctx, round, share, shares, &found); err != nil {
			return err
		}
		for i, bits := range numbersOf(found.Values) {
			times = append(times, slices.Repeat([]float64{math.Float64frombits(bits)}, int(found.Counts[i]))...)
		}
	}
	slices.Sort(times)
	return j.keep(ctx, cutResult, j.timeCut(times))
}

// decide takes up what Reduce has decided.
func (j *job) decide(ctx context.Context) error {
	if err := j.decideColumns(ctx); err != nil || j.split.TimeColumn == "" {
		return err
	}
	var cut timeCut
	if err := j.load(ctx, cutResult, &cut); err != nil {
		return err
	}
	j.cutAt(cut)
	return nil
}

// decideColumns decides as Reduce has of the columns.
func (j *job) decideColumns(ctx context.Context) error {
	var m merged
	if err := j.load(ctx, mergedResult, &m); err != nil {
		return err
	}
	return j.choose(ctx, m.Schema, m.Tally, m.Firsts)
}
