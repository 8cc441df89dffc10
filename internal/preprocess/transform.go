package preprocess

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// scan reads the source once: types, counts, dictionaries, and what is wrong
// with it.
func (j *job) scan(ctx context.Context) error {
	var firsts []dataset.Reject
	options := j.options
	options.OnReject = func(r dataset.Reject) error {
		if len(firsts) < 10 && r.Rejected() {
			firsts = append(firsts, r)
		}
		return nil
	}
	var err error
	if j.schema, j.tally, err = dataset.Scan(ctx, j.open, options); err != nil {
		return err
	}
	j.source.SHA256 = j.tally.SHA256
	return j.checkRejects(j.tally.Rejected, firsts)
}

// checkRejects refuses data of which too large a share cannot be used.
func (j *job) checkRejects(rejected int64, firsts []dataset.Reject) error {
	limit := defaultBadRows
	if j.req.MaxBadRowFraction != nil {
		limit = *j.req.MaxBadRowFraction
	}
	if float64(rejected) <= limit*float64(j.tally.Read) {
		return nil
	}
	err := fault.New(fault.InvalidData, "%d of %d rows cannot be used, more than max_bad_row_fraction (%g) allows.", rejected, j.tally.Read, limit)
	for _, r := range firsts {
		loc := []any{"data", "line " + strconv.FormatInt(r.Line, 10)}
		if r.Column != "" {
			loc = append(loc, r.Column)
		}
		err.At(r.Reason, "bad_row", loc...)
	}
	return err
}

// choose decides on target, task and columns.
func (j *job) choose(ctx context.Context) error {
	if err := j.findTarget(); err != nil {
		return err
	}
	if err := j.findSplitColumns(); err != nil {
		return err
	}
	if err := j.findTask(); err != nil {
		return err
	}
	if err := j.CheckParams(j.req.ModelParams, j.req.Task); err != nil {
		return err
	}
	if err := j.CheckGate(j.req.Gate, j.req.Task); err != nil {
		return err
	}
	j.describe()
	if !slices.ContainsFunc(j.columns, func(c Column) bool { return c.Role == roleFeature }) {
		return errNoFeatures()
	}
	return ctx.Err()
}

func errNoFeatures() error {
	return fault.New(fault.InvalidData, "No column is left to learn from: every one but the target was dropped.")
}

// findSplitColumns checks that the data has the columns that split names.
func (j *job) findSplitColumns() error {
	if name := j.split.GroupColumn; name != "" && j.schema.Index(name) < 0 {
		return j.noSuchColumn("split.group_column", name)
	}
	if name := j.split.TimeColumn; name != "" && j.schema.Index(name) < 0 {
		return j.noSuchColumn("split.time_column", name)
	}
	return nil
}

// sideTally counts one side of the split and digests its rows.
type sideTally struct {
	rows    int64
	digest  *processed.Digest
	classes map[string]int64
	target  moments
}

// transform reads the source a second time: splits the rows, fits the recipe
// on the training side, and streams the processed data and the rejects to the
// store, where they appear only when save finishes them.
func (j *job) transform(ctx context.Context) error {
	split := newSides(j.req.ModelName, j.split)
	if err := j.findTimeCut(ctx, split); err != nil {
		return err
	}
	j.fit = newFit(j.schema)
	for i := range j.sides {
		j.sides[i] = sideTally{digest: processed.NewDigest(), classes: map[string]int64{}}
	}
	out, err := j.openOutput(ctx)
	if err != nil {
		return err
	}
	w := &rowWriter{job: j, split: split, out: out}
	options := j.options
	options.Hashes = [][]string{j.hashedColumns(), j.storedNames()}
	options.OnReject = out.reject
	if _, err = dataset.Read(ctx, j.open, j.schema, options, w.batch); err != nil {
		return out.abort(err)
	}
	j.out, j.rejected, j.rejectedPath = out, out.rejected, out.rejectedURI
	if err := j.checkSides(w.firsts); err != nil {
		return out.abort(err)
	}
	return nil
}

// hashedColumns are those that decide a row's side: the group, or all but the
// target.
func (j *job) hashedColumns() []string {
	if j.split.GroupColumn != "" {
		return []string{j.split.GroupColumn}
	}
	names := j.schema.Names()
	return slices.Delete(names, j.target, j.target+1)
}

// rowWriter splits each batch and passes it on.
type rowWriter struct {
	job    *job
	split  *sides
	out    *output
	rows   [2][]int // of the batch at hand: training side, holdout
	firsts []dataset.Reject
}

func (w *rowWriter) batch(b *dataset.Batch) error {
	j := w.job
	w.rows[0], w.rows[1] = w.rows[0][:0], w.rows[1][:0]
	for r := range b.Rows {
		if reason, column := w.unusable(b, r); reason != "" {
			if err := w.rejectRow(b, r, column, reason); err != nil {
				return err
			}
			continue
		}
		side := 0
		if w.holdout(b, r) {
			side = 1
		}
		w.rows[side] = append(w.rows[side], r)
		j.sides[side].digest.Add(b.Hashes[1][r])
	}
	for i := range b.Columns {
		j.fit.add(i, &b.Columns[i], w.rows[0])
	}
	for side, rows := range w.rows {
		j.sides[side].add(&b.Columns[j.target], rows, model.Task(j.req.Task))
		if err := w.out.write(sideNames[side], b, rows); err != nil {
			return err
		}
	}
	return nil
}

var sideNames = [2]dataset.Side{dataset.Train, dataset.Holdout}

// unusable says why a row that could be read cannot be used.
func (w *rowWriter) unusable(b *dataset.Batch, r int) (reason, column string) {
	j := w.job
	if missing(&b.Columns[j.target], r) {
		return "the target is missing", j.req.Target
	}
	if w.split.byTime && missing(&b.Columns[j.schema.Index(j.split.TimeColumn)], r) {
		return "the time is missing", j.split.TimeColumn
	}
	return "", ""
}

func missing(v *dataset.Values, r int) bool {
	if v.Kind == dataset.Text {
		return v.Codes[r] == dataset.MissingCode
	}
	return v.Kind == dataset.Empty || v.Numbers[r] != v.Numbers[r]
}

func (w *rowWriter) rejectRow(b *dataset.Batch, r int, column, reason string) error {
	reject := dataset.Reject{Column: column, Reason: reason}
	if b.Lines != nil {
		reject.Line = b.Lines[r]
	}
	if len(w.firsts) < 10 {
		w.firsts = append(w.firsts, reject)
	}
	return w.out.reject(reject)
}

func (w *rowWriter) holdout(b *dataset.Batch, r int) bool {
	if !w.split.byTime {
		return w.split.holdout(b.Hashes[0][r])
	}
	i := w.job.schema.Index(w.job.split.TimeColumn)
	return w.job.timeOf(&b.Columns[i], r) >= w.split.cut
}

func (s *sideTally) add(target *dataset.Values, rows []int, task model.Task) {
	s.rows += int64(len(rows))
	for _, r := range rows {
		if task == model.Regression {
			s.target.add(target.Numbers[r])
		} else if label, ok := labelOf(target, r); ok {
			s.classes[label]++
		}
	}
}

// checkSides refuses a split that cannot be trained or judged on.
func (j *job) checkSides(firsts []dataset.Reject) error {
	if err := j.checkRejects(j.rejected, firsts); err != nil {
		return err
	}
	train, holdout := &j.sides[0], &j.sides[1]
	switch {
	case train.rows == 0:
		return fault.New(fault.InvalidData, "No row is left to train on: the split put all %d usable rows into the holdout.", holdout.rows)
	case holdout.rows == 0:
		return fault.New(fault.InvalidData, "No row is left to judge the model on: the split put all %d usable rows into the training side.", train.rows)
	case j.req.Task == string(model.Regression) && train.target.constant():
		return j.badTarget("is constant on the training side: there is nothing to learn")
	case j.req.Task != string(model.Regression) && len(train.classes) < 2:
		return j.badTarget("has one class only on the training side: there is nothing to learn")
	}
	for _, label := range sortedKeys(holdout.classes) {
		if train.classes[label] == 0 {
			j.warn("a class of the holdout does not occur on the training side; its rows count as wrong")
			break
		}
	}
	if holdout.rows < 100 {
		j.warn(fmt.Sprintf("the holdout has only %d rows; the comparison will be uncertain", holdout.rows))
	}
	return nil
}
