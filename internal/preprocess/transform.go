package preprocess

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
)

// read finds what the columns are, decides what becomes of them, and writes the
// processed data: in one pass over the source, or, if the first rows do not tell
// what the columns are, in two. A split by time takes two, since where it cuts
// is known only in the end.
func (j *job) read(ctx context.Context) error {
	if j.split.TimeColumn == "" {
		if whole, err := j.readOnce(ctx); whole || err != nil {
			return err
		}
		return j.transform(ctx)
	}
	if err := j.scan(ctx); err != nil {
		return err
	}
	return j.transform(ctx)
}

// firstRejects keeps the first rows that were refused, to name them.
type firstRejects []dataset.Reject

func (f *firstRejects) add(r dataset.Reject) {
	if len(*f) < 10 && r.Rejected() {
		*f = append(*f, r)
	}
}

func (f *firstRejects) addAll(next firstRejects) {
	for _, r := range next {
		f.add(r)
	}
}

// scan reads the source once: types, counts, dictionaries, and what is wrong
// with it. Then it decides.
func (j *job) scan(ctx context.Context) error {
	var firsts firstRejects
	options := j.options
	options.OnReject = func(r dataset.Reject) error {
		firsts.add(r)
		return nil
	}
	schema, tally, err := dataset.Scan(ctx, j.open, options)
	if err != nil {
		return err
	}
	return j.choose(ctx, schema, tally, firsts)
}

// readOnce reads the source and writes the processed data in the same pass. If
// the columns turn out to be others than the first rows tell, it reports false:
// what was written is gone, and what the columns are is known and decided.
func (j *job) readOnce(ctx context.Context) (whole bool, err error) {
	var w *rowWriter
	var firsts firstRejects
	options := j.options
	options.OnReject = func(r dataset.Reject) error {
		firsts.add(r)
		return w.out.reject(r)
	}
	begin := func(guess *dataset.Schema) (hashes [][]string, err error) {
		j.schema = guess
		if err := j.findRoles(); err != nil {
			return nil, err
		}
		w, hashes, err = j.beginRows(ctx)
		return hashes, err
	}
	each := func(b *dataset.Batch) error { return w.batch(b) }
	schema, tally, whole, err := dataset.ReadOnce(ctx, j.open, options, dataset.Once{Begin: begin, Each: each})
	if err == nil {
		err = j.choose(ctx, schema, tally, firsts)
	}
	if err == nil && whole {
		return true, j.finishRows(w.firsts)
	}
	if w != nil {
		_ = w.out.abort(cmp.Or(err, errAnotherPass))
	}
	return false, err
}

// checkRejects refuses data of which too large a share cannot be used.
func (j *job) checkRejects(rejected int64, firsts firstRejects) error {
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
		if r.File != "" {
			loc = []any{"data", r.File, "line " + strconv.FormatInt(r.Line, 10)}
		}
		if r.Column != "" {
			loc = append(loc, r.Column)
		}
		err.At(r.Reason, "bad_row", loc...)
	}
	return err
}

// findRoles finds the target and the weights, and checks that the data has the columns that are
// named. It looks at nothing but names; only a boolean target it makes text,
// so that its labels are as the data spells them.
func (j *job) findRoles() error {
	if err := j.findTarget(); err != nil {
		return err
	}
	if c := &j.schema.Columns[j.target]; c.Kind == dataset.Boolean {
		c.Kind, c.Distinct = dataset.Text, len(c.Dict)
	}
	if err := j.findWeight(); err != nil {
		return err
	}
	return j.findSplitColumns()
}

// errAnotherPass ends what a first pass has written.
var errAnotherPass = errors.New("the columns are others than they seemed to be")

// choose decides on target, task and columns, now that it is known what they
// are.
func (j *job) choose(ctx context.Context, schema *dataset.Schema, tally *dataset.Tally, firsts firstRejects) error {
	j.schema, j.tally = schema, tally
	j.digested(tally)
	j.explainDialect()
	if err := j.checkRejects(tally.Rejected, firsts); err != nil {
		return err
	}
	if err := j.findRoles(); err != nil {
		return err
	}
	if err := j.findTask(); err != nil {
		return err
	}
	if err := j.checkWeightKind(); err != nil {
		return err
	}
	if err := j.CheckParams(j.req.ModelParams, j.req.Task); err != nil {
		return err
	}
	if err := j.CheckGate(j.req.Gate, j.req.Task); err != nil {
		return err
	}
	j.describe()
	j.explainTexts()
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

// transform reads the source a second time: splits the rows, fits the recipe
// on the training side, and streams the processed data and the rejects to the
// store, where they appear only when save finishes them.
func (j *job) transform(ctx context.Context) error {
	if err := j.findTimeCut(ctx); err != nil {
		return err
	}
	w, hashes, err := j.beginRows(ctx)
	if err != nil {
		return err
	}
	options := j.options
	options.Hashes, options.OnReject = hashes, w.out.reject
	if _, err = dataset.Read(ctx, j.open, j.schema, options, w.batch); err != nil {
		return w.out.abort(err)
	}
	return j.finishRows(w.firsts)
}

// beginRows opens the output, and returns what is to be done with the rows, and
// the hashes that it takes.
func (j *job) beginRows(ctx context.Context) (*rowWriter, [][]string, error) {
	hashes := j.beginTallies()
	var err error
	if j.out, err = j.openOutput(ctx); err != nil {
		return nil, nil, err
	}
	return &rowWriter{job: j, split: newSides(j.req.ModelName, j.split, j.cut), out: j.out}, hashes, nil
}

// beginTallies empties what is counted and fitted over the rows.
func (j *job) beginTallies() (hashes [][]string) {
	j.fit = newFit(len(j.schema.Columns))
	for i := range j.sides {
		j.sides[i] = newSideTally()
	}
	hashes = [][]string{j.hashedColumns(), j.storedNames()}
	describing := 0
	if names := j.describingColumns(); !slices.Equal(names, hashes[0]) {
		describing, hashes = len(hashes), append(hashes, names)
	}
	j.sentinels = newSentinels(len(j.schema.Columns), j.target, describing)
	return hashes
}

// finishRows checks what came of the rows.
func (j *job) finishRows(firsts firstRejects) error {
	for i := range j.sides {
		j.sides[i].finish(model.Task(j.req.Task))
	}
	if err := j.checkSides(firsts); err != nil {
		return j.out.abort(err)
	}
	return nil
}

// hashedColumns are those that decide a row's side: the group, or all but the
// target and the weights, which may be others tomorrow.
func (j *job) hashedColumns() []string {
	if j.split.GroupColumn != "" {
		return []string{j.split.GroupColumn}
	}
	var names []string
	for i, name := range j.schema.Names() {
		if i != j.target && i != j.weight {
			names = append(names, name)
		}
	}
	return names
}

// rowWriter splits each batch and passes it on.
type rowWriter struct {
	job    *job
	split  *sides
	out    *output
	rows   [2][]int // of the batch at hand: training side, holdout
	firsts firstRejects
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
		if j.weightless(b, r) {
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
	j.sentinels.add(b, w.rows)
	for side, rows := range w.rows {
		j.sides[side].add(&b.Columns[j.target], rows)
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
	if w.split.ByTime && missing(&b.Columns[j.schema.Index(j.split.TimeColumn)], r) {
		return "the time is missing", j.split.TimeColumn
	}
	if j.weight >= 0 {
		return unusableWeight(&b.Columns[j.weight], r), j.req.SampleWeight
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
	reject := dataset.Reject{Column: column, Reason: reason, File: b.File}
	if b.Lines != nil {
		reject.Line = b.Lines[r]
	}
	w.firsts.add(reject)
	return w.out.reject(reject)
}

func (w *rowWriter) holdout(b *dataset.Batch, r int) bool {
	if !w.split.ByTime {
		return w.split.holdout(b.Hashes[0][r])
	}
	i := w.job.schema.Index(w.job.split.TimeColumn)
	return b.Columns[i].Numbers[r] >= w.split.At
}

// checkSides refuses a split that cannot be trained or judged on.
func (j *job) checkSides(firsts firstRejects) error {
	if err := j.checkRejects(j.out.rejected, firsts); err != nil {
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
