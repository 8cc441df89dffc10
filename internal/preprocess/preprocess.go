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
	"errors"
	"io"
	"time"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
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
	Now         func() time.Time
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
	if err := job.read(ctx); err != nil {
		return Result{}, err
	}
	result, err := job.save(ctx)
	if err != nil {
		return Result{}, job.out.abort(err)
	}
	return s.finish(result, start), nil
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
	source      processed.Source
	open        dataset.Opener
	fingerprint string

	options  dataset.Options
	schema   *dataset.Schema
	tally    *dataset.Tally
	prior    *prior
	target   int // index of the target's column
	columns  []Column
	warnings []string
	times    []float64 // of the time column's dictionary, if it is text

	fit   *fit
	sides [2]sideTally
	out   *output
}

func (j *job) warn(text string) { j.warnings = append(j.warnings, text) }

// plan checks the request and finds the data, without reading it.
func (s *Step) plan(ctx context.Context, req Request) (*job, error) {
	split, dialect, err := s.check(&req)
	if err != nil {
		return nil, err
	}
	j := &job{Step: s, req: req, split: split, dialect: dialect, options: dataset.Options{Dialect: dialect}}
	if err := j.locate(ctx); err != nil {
		return nil, err
	}
	if j.prior, err = s.priorOf(ctx, req.ModelName); err != nil {
		return nil, err
	}
	return j, j.identify()
}

// locate resolves the data path and pins the object's tag, so that data which
// changes under way is an error and not a mixture.
func (j *job) locate(ctx context.Context) error {
	root, key, err := j.Data.Resolve(j.req.DataPath)
	if err != nil {
		return fault.Locate(err, "body", "data_path")
	}
	info, err := root.Stat(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return fault.Wrap(fault.DataNotFound, err, "There is no data at data_path.").
			At("No such object, bucket or file", "not_found", "body", "data_path")
	}
	if err != nil {
		return fault.Locate(err, "body", "data_path")
	}
	j.source = processed.Source{URI: root.URI(key), ETag: info.ETag, Size: info.Size}
	j.open = func(ctx context.Context) (io.ReadCloser, error) { return openObject(ctx, root, info) }
	return nil
}

// object is the data as dataset reads it: a stream, and, for the formats that
// need it, any part of it.
type object struct {
	io.ReadCloser
	*blob.ReaderAt
}

// Close closes both ways of reading.
func (o object) Close() error {
	return errors.Join(o.ReadCloser.Close(), o.ReaderAt.Close())
}

func openObject(ctx context.Context, root blob.Root, info blob.Info) (io.ReadCloser, error) {
	stream, _, err := root.Open(ctx, info.Key, blob.Span{ETag: info.ETag})
	if err != nil {
		return nil, explainChange(err)
	}
	parts, err := blob.NewReaderAt(ctx, root, info, blob.Window{})
	if err != nil {
		return nil, errors.Join(explainChange(err), stream.Close())
	}
	return object{stream, parts}, nil
}

// explainChange says what it means that pinned data is gone or another.
func explainChange(err error) error {
	if errors.Is(err, blob.ErrChanged) || errors.Is(err, blob.ErrNotFound) {
		return fault.Wrap(fault.InvalidData, err, "The data at data_path changed while it was being read.")
	}
	return err
}
