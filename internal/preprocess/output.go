package preprocess

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"retrain/internal/dataset"
	"retrain/internal/processed"
)

// rejectsFile is the name of a run's list of unusable rows.
const rejectsFile = "rejected.csv"

// names are those of a run's objects that are written row by row.
type names struct {
	data, rejects string
	digest        bool // of the data is wanted
}

// output streams a run's processed data and rejects to the store. With a dry
// run it only counts.
type output struct {
	job         *job
	ctx         context.Context
	data        *upload
	parquet     *dataset.Writer
	rejects     *upload
	rejectsCSV  *dataset.RejectWriter
	rejected    int64
	rejectedURI string
	parts       []string // the lists of the shares, in their order, where there is nothing else to write
}

func (j *job) openOutput(ctx context.Context) (*output, error) {
	o := &output{job: j, ctx: ctx}
	if j.req.DryRun {
		return o, nil
	}
	o.data = j.upload(ctx, j.names.data)
	if j.names.digest {
		o.data.digest = sha256.New()
	}
	var err error
	o.parquet, err = dataset.NewWriter(o.data, j.schema, j.storedNames(), map[string]string{"retrain.run_id": j.req.RunID, "retrain.target": j.req.Target})
	if err != nil {
		return nil, o.abort(err)
	}
	return o, nil
}

// write stores rows of a batch on their side.
func (o *output) write(side dataset.Side, b *dataset.Batch, rows []int) error {
	if o.parquet == nil || len(rows) == 0 {
		return nil
	}
	return o.parquet.WriteRows(side, b, rows)
}

// reject writes a line and what is wrong with it; the file is begun by the
// first one. Rows that were repaired, and lines that are no rows, are listed
// too, but do not count as bad.
func (o *output) reject(r dataset.Reject) error {
	if r.Rejected() {
		o.rejected++
	}
	if o.job.req.DryRun {
		return nil
	}
	if o.rejects == nil {
		o.rejects = o.job.upload(o.ctx, o.job.names.rejects)
		o.rejectsCSV = dataset.NewRejectWriter(o.rejects)
		o.rejectedURI = o.job.Store.URI(processed.Path(o.job.req.RunID, o.job.names.rejects))
	}
	return o.rejectsCSV.Write(r)
}

// finish ends both files; they are in the store when it returns nil.
func (o *output) finish() error {
	if o.parquet == nil {
		return o.join()
	}
	if o.rejects != nil {
		if err := errors.Join(o.rejectsCSV.Flush(), o.rejects.finish(nil)); err != nil {
			return err
		}
	}
	if err := o.parquet.Close(); err != nil {
		return err
	}
	return o.data.finish(nil)
}

// abort ends both uploads so that nothing of them appears, and returns why. It
// changes nothing about an upload that has ended.
func (o *output) abort(why error) error {
	if o == nil {
		return why
	}
	if o.rejects != nil {
		_ = o.rejects.finish(why) // the upload answers what it was given
	}
	if o.data != nil {
		_ = o.data.finish(why)
	}
	return why
}

// upload is a store object that is written like a file.
type upload struct {
	*io.PipeWriter
	counted
	done chan error
}

// Write appends to the object.
func (u *upload) Write(p []byte) (int, error) {
	u.add(p)
	return u.PipeWriter.Write(p)
}

func (j *job) upload(ctx context.Context, name string) *upload {
	r, w := io.Pipe()
	u := &upload{PipeWriter: w, done: make(chan error, 1)}
	go func() {
		_, err := j.Store.Upload(ctx, processed.Path(j.req.RunID, name), r)
		r.CloseWithError(errOr(err, io.ErrClosedPipe))
		u.done <- err
		close(u.done)
	}()
	return u
}

// finish ends the object, with an error if it shall not appear, and waits.
func (u *upload) finish(why error) error {
	u.CloseWithError(why)
	return <-u.done
}

func errOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
