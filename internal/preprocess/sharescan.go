package preprocess

import (
	"context"

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

// maxRounds is how many scans of all shares there can be: one that learns that
// the sample was wrong about how numbers are written, and one that learns which
// columns are text.
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
	var again *dataset.Again
	if round > 1 {
		if err := j.load(ctx, roundResult(round), &again); err != nil {
			return 0, err
		}
	}
	var found scanned
	options := j.options
	options.Part = part
	options.OnReject = func(r dataset.Reject) error {
		found.Firsts.add(r)
		return nil
	}
	if found.Statistics, err = dataset.ScanPart(ctx, j.open, options, again); err != nil {
		return 0, err
	}
	return found.Statistics.Tally.Read, j.keep(ctx, name, found)
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
	again, err := j.reduce(ctx, round, len(p.Shares))
	if err != nil {
		return Plan{}, err
	}
	if again != nil {
		round, status = round+1, "scan_again"
		if err := j.keep(ctx, roundResult(round), again); err != nil {
			return Plan{}, err
		}
	}
	answer := s.planned(p, status, round)
	answer.DurationMS = s.Now().Sub(start).Milliseconds()
	return answer, nil
}

func (j *job) reduce(ctx context.Context, round, shares int) (*dataset.Again, error) {
	firsts := make([]firstRejects, shares)
	schema, tally, again, err := dataset.Merge(shares, func(share int) (*dataset.Statistics, error) {
		var found scanned
		if err := j.load(ctx, scanResult(round, share), &found); err != nil {
			return nil, j.reported(ctx, shares, func(share int) string { return scanResult(round, share) }, err)
		}
		firsts[share] = found.Firsts
		return found.Statistics, nil
	}, j.options)
	if again != nil && round >= maxRounds {
		err = fault.New(fault.Internal, "The shares do not agree on how they are read.")
	}
	if err != nil || again != nil {
		return again, err
	}
	m := merged{Schema: schema, Tally: tally}
	for _, some := range firsts {
		m.Firsts.addAll(some)
	}
	if err := j.choose(ctx, schema, tally, m.Firsts); err != nil {
		return nil, err
	}
	return nil, j.keep(ctx, mergedResult, m)
}

// decide takes up what Reduce has decided.
func (j *job) decide(ctx context.Context) error {
	var m merged
	if err := j.load(ctx, mergedResult, &m); err != nil {
		return err
	}
	return j.choose(ctx, m.Schema, m.Tally, m.Firsts)
}
