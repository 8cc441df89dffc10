package preprocess

import (
	"bufio"
	"context"
	"errors"
	"io"

	"retrain/internal/blob"
	"retrain/internal/processed"
)

// Seal merges what the shares have fitted, and writes the recipe and the answer
// of the run, which are those of Run.
func (s *Step) Seal(ctx context.Context, req RunRequest) (Result, error) {
	start := s.Now()
	j, p, err := s.resume(ctx, req.RunID)
	if err != nil {
		return Result{}, err
	}
	if earlier, err := j.earlier(ctx); err != nil || earlier != nil {
		return s.finish(earlier, start), err
	}
	if err := j.decide(ctx); err != nil {
		return Result{}, err
	}
	if err := j.gather(ctx, len(p.Shares)); err != nil {
		return Result{}, err
	}
	result, err := j.save(ctx)
	if err != nil {
		return Result{}, err
	}
	return s.finish(result, start), nil
}

// gather merges what the shares have written, in their order.
func (j *job) gather(ctx context.Context, shares int) error {
	j.beginTallies()
	j.out = &output{job: j, ctx: ctx}
	var firsts firstRejects
	for share := range shares {
		var w written
		if err := j.load(ctx, writeResult(share), &w); err != nil {
			return j.reported(ctx, shares, writeResult, err)
		}
		if err := j.takeShare(ctx, share, &w); err != nil {
			return err
		}
		firsts.addAll(w.Firsts)
	}
	return j.finishRows(firsts)
}

func (j *job) takeShare(ctx context.Context, share int, w *written) error {
	j.parts = append(j.parts, w.Part)
	j.fit.merge(w.Fit)
	for side := range j.sides {
		j.sides[side].merge(w.Sides[side].tally(), j.schema.Columns[j.target].Dict)
		if err := j.digestRows(ctx, share, side); err != nil {
			return err
		}
	}
	j.sentinels.sample.merge(w.Sentinels.sample(j.sentinels.sample.columns))
	j.sentinels.twins.merge(w.Sentinels.twins())
	j.out.rejected += w.Rejected
	if w.Listed {
		j.out.parts = append(j.out.parts, shareNames(share).rejects)
		j.out.rejectedURI = j.Store.URI(processed.Path(j.req.RunID, rejectsFile))
	}
	return nil
}

// digestRows passes the hashes of a share's rows to the digest of their side.
func (j *job) digestRows(ctx context.Context, share, side int) error {
	rows, _, err := j.Store.Open(ctx, processed.Path(j.req.RunID, rowsName(share, side)), blob.Span{})
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = io.Copy(j.sides[side].digest.(*processed.Digest), rows)
	return err
}

// join writes the list of rejected rows from those of the shares, with one
// header.
func (o *output) join() error {
	if len(o.parts) == 0 {
		return nil
	}
	to := o.job.upload(o.ctx, rejectsFile)
	for i, name := range o.parts {
		if err := o.appendList(to, name, i > 0); err != nil {
			return to.finish(err)
		}
	}
	return to.finish(nil)
}

func (o *output) appendList(to io.Writer, name string, headless bool) error {
	list, _, err := o.job.Store.Open(o.ctx, processed.Path(o.job.req.RunID, name), blob.Span{})
	if err != nil {
		return err
	}
	defer list.Close()
	rows := bufio.NewReader(list)
	if headless {
		if _, err := rows.ReadSlice('\n'); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	_, err = io.Copy(to, rows)
	return err
}
