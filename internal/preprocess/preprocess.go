// Package preprocess turns raw data into clean typed columns and the recipe
// that cleaned them.
//
// It reads the source in batches, and once, if the first rows tell the types of
// the columns: it finds what cannot be learned from, splits rows, fits the
// recipe on the training side, and writes the processed data. If a later cell
// widens a type, it reads the source again. It knows nothing of learners, scores or champions,
// except for the target that the champion was trained for.
package preprocess

import (
	"context"
	"fmt"
	"time"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
)

// Step is the preprocess step. All fields are required but Now.
type Step struct {
	Store  blob.Root         // where runs are written
	Data   blob.Roots        // where data may be read from
	Models *modelstore.Store // whose champion names the default target
	Engine string            // version of this program, part of a run's identity
	// CheckParams and CheckGate refuse what a later step would refuse, before
	// any work is done.
	CheckParams func(params map[string]any, task string) error
	CheckGate   func(gate map[string]any, task string) error
	// Cost tells what the learner will take: resident bytes for each row and each
	// cell of a feature, and its work relative to that of this step. Only a dry
	// run asks.
	Cost func(params map[string]any, task string, classes int) (perRow, perCell, work float64)
	Now  func() time.Time
}

// Run validates the request, reads the data and writes the processed data.
func (s *Step) Run(ctx context.Context, req Request) (Result, error) {
	start := s.Now()
	job, err := s.plan(ctx, req)
	if err != nil {
		return Result{}, err
	}
	if earlier, err := job.earlier(ctx); err != nil || earlier != nil {
		return s.finish(earlier, start), err
	}
	if req.DryRun {
		result, err := job.dryRun(ctx)
		return s.finish(result, start), err
	}
	if err := job.read(ctx); err != nil {
		return Result{}, err
	}
	result, err := job.save(ctx)
	if err != nil {
		return Result{}, job.out.abort(err)
	}
	return s.finish(result, start), nil
}

// dryRun does with the beginning of the data what a run does with all of it, but
// writes nothing.
func (j *job) dryRun(ctx context.Context) (*Result, error) {
	if err := j.scan(ctx); err != nil {
		return nil, j.inSample(err)
	}
	start := j.Now()
	if err := j.transform(ctx); err != nil {
		return nil, j.inSample(err)
	}
	took := j.Now().Sub(start)
	if j.tally.Sampled {
		j.warn(fmt.Sprintf("a dry run reads the beginning of the data; what is said of rows and columns is that of %d rows", j.tally.Read))
	}
	result, err := j.save(ctx)
	if err != nil {
		return nil, j.inSample(err)
	}
	result.Estimate = j.estimate(took)
	return result, nil
}

func (s *Step) finish(r *Result, start time.Time) Result {
	if r == nil {
		return Result{}
	}
	r.DurationMS = s.Now().Sub(start).Milliseconds()
	return *r
}

// job is one run of the step: what it was asked for, and what it found so far.
type job struct {
	*Step
	req         Request
	split       Split
	dialect     dataset.Dialect // as far as it is given
	sources     []processed.Source
	planned     []plannedFile // the same, as they are found again
	open        dataset.Opener
	fingerprint string
	names       names

	options  dataset.Options
	schema   *dataset.Schema
	tally    *dataset.Tally
	prior    *prior
	target   int // index of the target's column
	weight   int // index of the weights' column; -1 if there is none
	columns  []Column
	warnings []string
	cut      timeCut

	fit       *fit
	sides     [2]sideTally
	out       *output
	parts     []processed.Part // of the processed data, if it is in several
	sentinels *sentinels
	suspects  []processed.Leak
	conflicts *processed.Conflicts
}

func (j *job) warn(text string) { j.warnings = append(j.warnings, text) }

// plan checks the request and finds the data, without reading it.
func (s *Step) plan(ctx context.Context, req Request) (*job, error) {
	split, dialect, err := s.check(&req)
	if err != nil {
		return nil, err
	}
	j := s.newJob(req, split, dialect)
	if err := j.locate(ctx); err != nil {
		return nil, err
	}
	if j.prior, err = s.priorOf(ctx, req.ModelName); err != nil {
		return nil, err
	}
	return j, j.identify()
}

// newJob returns a job whose data is not found yet.
func (s *Step) newJob(req Request, split Split, dialect dataset.Dialect) *job {
	j := &job{Step: s, req: req, split: split, dialect: dialect, names: names{data: processed.DataFile, rejects: rejectsFile}}
	j.options.Dialect = dialect
	if req.DryRun {
		j.options.Sample = sampleBytes
	}
	return j
}
