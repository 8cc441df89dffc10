package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"retrain/internal/dataset"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
	"retrain/internal/rowset"
)

// A row's side of the split follows from its values, so that a champion does
// not normally know a row of a later holdout. It may where the split is another
// one now (another share, another column, a time that has moved on): then it
// has an advantage on rows that it was trained on, and those are left out.
//
// A row that both models were trained on an equal of favours neither of them,
// and stays: where few columns with few values leave many rows equal, the
// holdout is full of such rows.

// minUnseen is how many rows a comparison without the seen ones needs at least.
const minUnseen = 30

// seen is what the champion knows of the holdout.
type seen struct {
	rows   int64 // an estimate
	of     int64 // rows of the holdout
	kept   []bool
	left   int64  // rows that are kept; if too few, all are and tooFew is set
	tooFew bool   // not enough rows are left for a comparison of their own
	why    string // it cannot be told, or ""
}

// findSeen looks the holdout's rows up among those that the models were
// trained on.
func (j *job) findSeen(ctx context.Context) (seen, error) {
	s := seen{of: j.data.Holdout.Rows, left: j.data.Holdout.Rows}
	if j.champion.Digest == j.challenger.digest {
		return s, nil
	}
	theirs, err := j.trainedRows(ctx, j.rival)
	if err != nil {
		return s, err
	}
	mine, err := j.trainedRows(ctx, &j.challenger)
	if err != nil {
		return s, err
	}
	if theirs == nil {
		s.why = "the champion's version does not say which rows it was trained on"
		return s, nil
	}
	if mine == nil {
		mine = rowset.NewBuilder().Build(theirs.Columns())
	}
	l := lookup{theirs: theirs, mine: mine}
	err = j.data.RowHashes(ctx, dataset.Holdout, [][]string{theirs.Columns(), mine.Columns()}, l.add)
	var unfit *processed.IncompatibleError
	if errors.As(err, &unfit) {
		s.why = unfit.Error() + ", by which the champion's training rows are told"
		j.warnings = append(j.warnings, "it is not known whether the champion was trained on rows of the holdout: "+s.why)
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.weigh(&l)
	j.warnOfSeen(&s)
	return s, nil
}

// trainedRows returns the rows that a model was trained on; nil for a version
// that does not carry them, or no longer as they were written.
func (j *job) trainedRows(ctx context.Context, c *contender) (*rowset.Set, error) {
	file, err := j.attachment(ctx, c, modelstore.TrainedRows)
	var rows *rowset.Set
	if err == nil {
		rows, err = rowset.Decode(file)
	}
	if isLost(err) {
		return nil, nil
	}
	return rows, err
}

// lookup looks rows up in both models' sets.
type lookup struct {
	theirs, mine *rowset.Set
	unseen       []bool  // by row: it is certain that not the champion alone was trained on it
	known, hits  float64 // rows that the sets can tell of, and those that the champion alone has
}

func (l *lookup) add(hashes [][]uint64) {
	for i, h := range hashes[0] {
		in, known := l.theirs.Has(h)
		own, also := l.mine.Has(hashes[1][i])
		known = known && also
		hit := known && in && !own
		if known {
			l.known++
		}
		if hit {
			l.hits++
		}
		l.unseen = append(l.unseen, known && !hit)
	}
}

// weigh takes the false alarms off. Hits that may all be such leave everything
// as it is: their number is Poisson's, and four standard deviations above what
// is expected, and two, are rarer than one evaluation in ten thousand.
func (s *seen) weigh(l *lookup) {
	expected := float64(l.known * rowset.FalsePositives)
	if l.hits <= expected+4*math.Sqrt(expected)+2 {
		return
	}
	share := min(1, (l.hits-expected)/(1-rowset.FalsePositives)/l.known)
	s.rows = int64(math.Round(share * float64(s.of)))
	if s.left = int64(l.known - l.hits); s.left < minUnseen {
		s.left, s.tooFew = s.of, true
		return
	}
	s.kept = l.unseen
}

func (s *seen) fraction() float64 { return float64(s.rows) / float64(max(1, s.of)) }

func (s *seen) share() string { return fmt.Sprintf("%.3g %%", 100*s.fraction()) }

// warnOfSeen says what was left out.
func (j *job) warnOfSeen(s *seen) {
	switch {
	case s.tooFew:
		j.warnings = append(j.warnings, fmt.Sprintf(
			"the champion was trained on about %d of the %d rows of the holdout (%s): too few are left to compare the models on", s.rows, s.of, s.share()))
	case s.rows > 0:
		j.warnings = append(j.warnings, fmt.Sprintf(
			"the champion was trained on about %d of the %d rows of the holdout (%s): the models are compared on %d others", s.rows, s.of, s.share(), s.left))
	}
}

// reason is the rule on what the champion has seen; nil if it has seen nothing.
func (s *seen) reason(most float64) *Reason {
	if s.rows == 0 {
		return nil
	}
	return &Reason{
		Rule: "holdout_seen",
		Required: fmt.Sprintf("at most %.3g %% of the holdout seen by the champion, and at least %d rows that are not; it has seen %s, about %d of %d rows",
			100*most, minUnseen, s.share(), s.rows, s.of),
		Passed: !s.tooFew && s.fraction() <= most,
	}
}

// tell describes it.
func (s *seen) tell(v *verdict) *Seen {
	told := &Seen{Rows: s.rows, Fraction: s.fraction(), ComparedRows: s.left, Unknown: s.why}
	if s.kept != nil {
		told.Metrics = v.mine.Metrics()
	}
	return told
}
