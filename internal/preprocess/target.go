package preprocess

import (
	"context"
	"fmt"
	"strings"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/onnx"
)

// prior is what the champion says about the data: the target and task that it
// was trained for.
type prior struct {
	Target string
	Task   model.Task
}

// priorOf reads the champion's recipe; nil if there is none. A champion that
// cannot be read is no reason to refuse new data: evaluate says what is wrong
// with it.
func (s *Step) priorOf(ctx context.Context, name string) (*prior, error) {
	champion, _, err := s.Models.Champion(ctx, name)
	if err != nil || champion == nil {
		return nil, err
	}
	p, err := s.readPrior(ctx, name, champion.Digest)
	if fault.Is(err, fault.InvalidData) || fault.Is(err, fault.DataNotFound) {
		return nil, nil
	}
	return p, err
}

func (s *Step) readPrior(ctx context.Context, name, digest string) (*prior, error) {
	loaded, err := s.Models.Load(ctx, name, digest)
	if err != nil {
		return nil, err
	}
	m, err := onnx.Decode(loaded.Model)
	if err != nil {
		return nil, err
	}
	return &prior{m.Target, m.Task}, nil
}

// usualTargets are the names that a target has when nobody names it.
var usualTargets = []string{"target", "label", "y"}

// findTarget chooses the target: the request's, else the champion's, else a
// column that is called like one.
func (j *job) findTarget() error {
	if j.req.Target != "" {
		if j.target = j.schema.Index(j.req.Target); j.target < 0 {
			return j.noSuchColumn("target", j.req.Target)
		}
		return nil
	}
	names := usualTargets
	if j.prior != nil {
		names = append([]string{j.prior.Target}, names...)
	}
	for _, name := range names {
		if j.target = j.schema.Index(name); j.target >= 0 {
			j.req.Target = name
			return nil
		}
	}
	return fault.New(fault.InvalidRequest, "No target was given, and no column is called target, label or y. The columns are: %s.", j.columnList()).
		At("Field required: name the column to predict", "missing", "body", "target")
}

func (j *job) noSuchColumn(field, name string) error {
	msg := "The data has no such column"
	if near := fault.Nearest(name, j.schema.Names()); near != "" {
		msg += fmt.Sprintf("; did you mean '%s'?", near)
	}
	return fault.New(fault.InvalidData, "The data has no column of the name that %s gives. The columns are: %s.", field, j.columnList()).
		At(msg, "missing_column", append([]any{"body"}, toAny(strings.Split(field, "."))...)...)
}

// columnList names up to 50 columns.
func (j *job) columnList() string {
	names := j.schema.Names()
	more := ""
	if len(names) > 50 {
		more = fmt.Sprintf(" and %d more", len(names)-50)
		names = names[:50]
	}
	return strings.Join(names, ", ") + more
}

// A numeric target with few distinct whole values is taken for classes.
const (
	maxGuessedClasses = 20
	minRowsAClass     = 10
	maxClasses        = 1000
)

// findTask decides what kind of prediction the target asks for.
func (j *job) findTask() error {
	c := &j.schema.Columns[j.target]
	switch c.Kind {
	case dataset.Empty:
		return j.badTarget("has no values")
	case dataset.Time:
		return j.badTarget("holds dates or times, which cannot be predicted")
	}
	if c.Distinct < 2 {
		return j.badTarget("is constant: there is nothing to learn")
	}
	task := model.Task(j.req.Task)
	if task == "" || task == "auto" {
		task = j.guessTask(c)
	}
	j.req.Task = string(task)
	if task == model.Regression && !c.Kind.Numeric() {
		reason := "holds text, which regression cannot predict"
		if why := j.almostNumbers(c); why != "" {
			reason += ", though " + why
		}
		return j.badTarget(reason)
	}
	if task == model.Binary && c.Distinct > 2 {
		return j.badTarget("has more than 2 distinct values, which a binary task cannot have")
	}
	if task != model.Regression {
		return j.checkClasses(c)
	}
	return nil
}

// checkClasses refuses a target whose classes do not recur, and says so where
// there are few rows for each.
func (j *job) checkClasses(c *dataset.Column) error {
	present := j.schema.Rows - c.Missing
	reason := ""
	switch {
	case c.Distinct > maxClasses:
		reason = fmt.Sprintf("has more than %d distinct values, too many for classes", maxClasses)
	case unique(c, present):
		reason = fmt.Sprintf("has %d distinct values in %d rows, too many for classes", c.Distinct, present)
	}
	if why := j.almostNumbers(c); reason != "" && why != "" {
		reason += ", though " + why
	}
	if reason != "" {
		return j.badTarget(reason)
	}
	if c.Distinct > maxGuessedClasses && present < int64(minRowsAClass*c.Distinct) {
		j.warn(fmt.Sprintf("the target has %d classes in %d rows, fewer than %d rows for each", c.Distinct, present, minRowsAClass))
	}
	return nil
}

func (j *job) guessTask(c *dataset.Column) model.Task {
	switch {
	case c.Distinct == 2:
		return model.Binary
	case c.Kind == dataset.Text:
		return model.Multiclass
	case j.prior != nil && j.prior.Target == c.Name && j.prior.Task != model.Binary:
		return j.prior.Task
	case c.Kind == dataset.Integer && c.Distinct <= maxGuessedClasses && j.schema.Rows >= int64(minRowsAClass*c.Distinct):
		j.warn(fmt.Sprintf("the target has %d distinct whole numbers and was taken for classes; pass \"task\":\"regression\" if it is a quantity", c.Distinct))
		return model.Multiclass
	}
	return model.Regression
}

func (j *job) badTarget(reason string) error {
	return fault.New(fault.InvalidData, "The target column %s.", reason).
		At("The target column "+reason, "target_error", "body", "target")
}
