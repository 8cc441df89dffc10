package preprocess

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/processed"
)

// What Run does in one call can be divided among many: the files of the data are
// put into shares, each of which is scanned and later written by a call of its
// own, in any order and as often as calls are repeated.
//
//	Plan    finds and pins the files, and puts them into shares
//	Scan    reads shares for what their columns are      one call for some shares
//	Reduce  merges that, and decides what Run decides; or asks for another scan
//	Write   writes shares' parts of the processed data   one call for some shares
//	Seal    merges what was fitted, and writes recipe and answer
//
// What they tell one another lies in the run's folder. Run id, recipe, digests,
// rejected rows and answer are those of Run over the same files.

// defaultShareBytes is how much data is put into a share, if files allow.
const defaultShareBytes = 64 << 20

// PlanRequest is the body of POST /preprocess/plan.
type PlanRequest struct {
	Request
	ShareBytes int64 `json:"share_bytes,omitempty" minimum:"1" doc:"From how many bytes on a share is full; default 67108864. A file is never divided"`
}

// Plan is how a run is divided, and what is to be done next.
type Plan struct {
	Status     string      `json:"status" enum:"planned,scan_again,reduced" doc:"planned and scan_again ask for a scan of all shares, reduced for their writing"`
	RunID      string      `json:"run_id"`
	ModelName  string      `json:"model_name"`
	Round      int         `json:"round" doc:"Which scan is asked for, from 1"`
	Shares     int         `json:"shares"`
	Files      int         `json:"files"`
	Bytes      int64       `json:"bytes" doc:"Of all files, as they are stored"`
	Items      ObjectPlace `json:"items" doc:"A JSON array with an entry for each share, for the ItemReader of a distributed map"`
	Results    ObjectPlace `json:"results" doc:"A prefix in the run's folder, for the ResultWriter of a distributed map"`
	Warnings   []string    `json:"warnings"`
	DurationMS int64       `json:"duration_ms"`
}

// ObjectPlace says where an object, or what has a prefix, lies.
type ObjectPlace struct {
	URI    string `json:"uri"`
	Bucket string `json:"bucket" doc:"Empty where the store is a folder"`
	Key    string `json:"key"`
}

// ShareItem is an entry of Plan.Items.
type ShareItem struct {
	Share int   `json:"share" minimum:"0" doc:"Its number, from 0"`
	Files int   `json:"files,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`
}

// SharesRequest is the body of POST /preprocess/scan and /preprocess/write.
type SharesRequest struct {
	RunID string      `json:"run_id"`
	Round int         `json:"round,omitempty" minimum:"1" doc:"Of a scan; default 1"`
	Items []ShareItem `json:"items" doc:"Which shares: entries of the plan's items"`
}

// SharesResult is their answer.
type SharesResult struct {
	Status     string   `json:"status"`
	RunID      string   `json:"run_id"`
	ModelName  string   `json:"model_name"`
	Shares     []int    `json:"shares"`
	Rows       int64    `json:"rows" doc:"Read in this call; 0 for shares that were done before"`
	Warnings   []string `json:"warnings"`
	DurationMS int64    `json:"duration_ms"`
}

// RunRequest is the body of POST /preprocess/reduce and /preprocess/seal.
type RunRequest struct {
	RunID string `json:"run_id"`
	Round int    `json:"round,omitempty" minimum:"1" doc:"Of the scan that was made; default 1"`
}

// plan is what Plan stores.
type plan struct {
	Fingerprint string
	Request     Request
	Prior       *prior
	Files       []plannedFile
	Shares      []dataset.Part
}

// plannedFile is a file of the data, pinned.
type plannedFile struct {
	URI, Name, ETag string
	Size            int64
}

// Names of what the calls tell one another, as results of the run.
const (
	planResult   = "shares/plan"
	itemsFile    = "shares/items.json"
	resultsDir   = "shares/results/"
	mergedResult = "shares/merged"
	cutResult    = "shares/cut"
)

func roundResult(round int) string       { return fmt.Sprintf("shares/round-%d", round) }
func scanResult(round, share int) string { return fmt.Sprintf("shares/scan-%d-%05d", round, share) }
func writeResult(share int) string       { return fmt.Sprintf("shares/write-%05d", share) }

// Plan checks the request, pins the data's files and puts them into shares.
func (s *Step) Plan(ctx context.Context, req PlanRequest) (Plan, error) {
	start := s.Now()
	if err := checkDivisible(&req); err != nil {
		return Plan{}, err
	}
	j, err := s.plan(ctx, req.Request)
	if err != nil {
		return Plan{}, err
	}
	p := &plan{Fingerprint: j.fingerprint, Request: j.req, Prior: j.prior, Files: j.planned}
	p.divide(req.ShareBytes)
	if err := processed.Claim(ctx, s.Store, j.req.RunID, j.fingerprint); err != nil {
		return Plan{}, err
	}
	if err := processed.SaveResult(ctx, s.Store, j.req.RunID, planResult, j.fingerprint, p); err != nil {
		return Plan{}, err
	}
	// A plan of the same run stands as it was first made.
	if p, err = s.planOf(ctx, j.req.RunID); err != nil {
		return Plan{}, err
	}
	items, err := json.Marshal(p.items())
	if err != nil {
		return Plan{}, err
	}
	if _, err := s.Store.Put(ctx, processed.Path(j.req.RunID, itemsFile), items, blob.Condition{}); err != nil {
		return Plan{}, err
	}
	answer := s.planned(p, "planned", 1)
	answer.DurationMS = s.Now().Sub(start).Milliseconds()
	return answer, nil
}

// checkDivisible refuses what cannot be done in shares.
func checkDivisible(req *PlanRequest) error {
	bad := fault.New(fault.InvalidRequest, "The request cannot be carried out in shares.")
	if req.DryRun {
		bad.At("Not in shares; ask /preprocess", "value_error", "body", "dry_run")
	}
	if req.ShareBytes < 0 {
		bad.At("Input should be at least 1", "range", "body", "share_bytes")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// divide puts files that follow one another into shares.
func (p *plan) divide(shareBytes int64) {
	if shareBytes == 0 {
		shareBytes = defaultShareBytes
	}
	from, bytes := 0, int64(0)
	for i, f := range p.Files {
		if bytes += f.Size; bytes >= shareBytes || i == len(p.Files)-1 {
			p.Shares = append(p.Shares, dataset.Part{From: from, To: i + 1})
			from, bytes = i+1, 0
		}
	}
}

func (p *plan) items() []ShareItem {
	items := make([]ShareItem, len(p.Shares))
	for i, share := range p.Shares {
		items[i] = ShareItem{Share: i, Files: share.To - share.From}
		for _, f := range p.Files[share.From:share.To] {
			items[i].Bytes += f.Size
		}
	}
	return items
}

func (s *Step) planned(p *plan, status string, round int) Plan {
	answer := Plan{
		Status: status, RunID: p.Request.RunID, ModelName: p.Request.ModelName, Round: round, Shares: len(p.Shares), Files: len(p.Files),
		Items: s.place(p.Request.RunID, itemsFile), Results: s.place(p.Request.RunID, resultsDir), Warnings: []string{},
	}
	for _, f := range p.Files {
		answer.Bytes += f.Size
	}
	return answer
}

// place tells the bucket and key of one of a run's objects. A path that ends in
// a slash is a prefix.
func (s *Step) place(runID, name string) ObjectPlace {
	key := processed.Path(runID, name)
	if strings.HasSuffix(name, "/") {
		key += "/"
	}
	at := ObjectPlace{URI: s.Store.URI(key), Key: key}
	if rest, isS3 := strings.CutPrefix(at.URI, "s3://"); isS3 {
		at.Bucket, at.Key, _ = strings.Cut(rest, "/")
	}
	return at
}

// planOf reads a run's plan.
func (s *Step) planOf(ctx context.Context, runID string) (*plan, error) {
	if err := processed.CheckRunID(runID); err != nil {
		return nil, err
	}
	p := new(plan)
	found, err := processed.ShowResult(ctx, s.Store, runID, planResult, p)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.DataNotFound, "There is no plan of this run.").
			At("Call /preprocess/plan first", "not_found", "body", "run_id")
	}
	return p, nil
}

// resume takes a run up again as Plan has left it.
func (s *Step) resume(ctx context.Context, runID string) (*job, *plan, error) {
	p, err := s.planOf(ctx, runID)
	if err != nil {
		return nil, nil, err
	}
	req := p.Request
	split, dialect, err := s.check(&req)
	if err != nil {
		return nil, nil, err
	}
	j := s.newJob(req, split, dialect)
	j.prior = p.Prior
	if err := j.pin(p.Files); err != nil {
		return nil, nil, err
	}
	if err := j.identify(); err != nil {
		return nil, nil, err
	}
	if j.fingerprint != p.Fingerprint {
		return nil, nil, fault.New(fault.RunConflict, "Another version of this program made the plan of this run.").
			At("Plan the run again, under another run_id", "run_conflict", "body", "run_id")
	}
	return j, p, nil
}

// share returns the part that an item names.
func (p *plan) share(item ShareItem) (dataset.Part, error) {
	if item.Share < 0 || item.Share >= len(p.Shares) {
		return dataset.Part{}, fault.New(fault.InvalidRequest, "The run has %d shares, and none of the number that was asked for.", len(p.Shares)).
			At("No such share", "value_error", "body", "items")
	}
	return p.Shares[item.Share], nil
}

// load reads what an earlier call of the run has stored.
func (j *job) load(ctx context.Context, name string, to any) error {
	found, err := processed.LoadResult(ctx, j.Store, j.req.RunID, name, j.fingerprint, to)
	if err == nil && !found {
		return fault.New(fault.DataNotFound, "An earlier call of this run is missing: there is no %s.", name).
			At("Not all shares have been done", "not_found", "body", "run_id")
	}
	return err
}

// keep stores what later calls of the run need. What was stored first stands.
func (j *job) keep(ctx context.Context, name string, what any) error {
	return processed.SaveResult(ctx, j.Store, j.req.RunID, name, j.fingerprint, what)
}

// has reports whether keep has stored it before.
func (j *job) has(ctx context.Context, name string) (bool, error) {
	return processed.HasResult(ctx, j.Store, j.req.RunID, name)
}
