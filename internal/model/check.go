package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Check reports what keeps a model from being scored and stored, or nil. It
// does not trust the model in anything: a model that passes can be scored on
// any row that is encoded as Predict takes it without a panic or an endless walk,
// and every category's code in it is in range. The error names positions, never contents.
func (m *Model) Check() error {
	if err := m.Recipe.Check(); err != nil {
		return err
	}
	for key, value := range m.Meta {
		if key == "" || !utf8.ValidString(key) || !utf8.ValidString(value) {
			return errors.New("model: a key of Meta is empty, or an entry is not UTF-8")
		}
	}
	if err := m.checkDecision(); err != nil {
		return err
	}
	switch {
	case (m.Trees == nil) == (m.Linear == nil):
		return errors.New("model: exactly one of Trees and Linear must be set")
	case m.Trees != nil:
		return m.Trees.check(&m.Recipe, m.Width())
	}
	return m.Linear.check(&m.Recipe, m.Width())
}

// Check reports what is wrong with a recipe, or nil.
func (r *Recipe) Check() error {
	if !utf8.ValidString(r.Target) {
		return errors.New("model: the target's name is not UTF-8")
	}
	if err := r.checkClasses(); err != nil {
		return err
	}
	if len(r.Features) == 0 {
		return errors.New("model: a model needs at least one feature")
	}
	seen := make(map[string]bool, len(r.Features))
	for j := range r.Features {
		f := &r.Features[j]
		if f.Name == r.Target || seen[f.Name] {
			return fmt.Errorf("model: feature %d has the name of the target or of another feature", j)
		}
		seen[f.Name] = true
		if err := f.check(); err != nil {
			return fmt.Errorf("model: feature %d %w", j, err)
		}
	}
	return r.checkColumns()
}

func (r *Recipe) checkClasses() error {
	n := len(r.Classes)
	switch {
	case r.Task == Regression && n == 0 && !r.IntLabels:
		return nil
	case r.Task == Binary && n == 2, r.Task == Multiclass && n >= 2:
	default:
		return fmt.Errorf("model: the task is unknown or cannot have %d classes", n)
	}
	if r.IntLabels {
		return checkIntegers(r.Classes)
	}
	return checkSorted("classes", r.Classes)
}

// checkIntegers wants integers in ascending order, each in its shortest form.
func checkIntegers(labels []string) error {
	last := int64(0)
	for k, s := range labels {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || strconv.FormatInt(v, 10) != s {
			return fmt.Errorf("model: class %d is not an integer in its shortest form", k)
		}
		if k > 0 && v <= last {
			return fmt.Errorf("model: class %d is not above the one before", k)
		}
		last = v
	}
	return nil
}

// checkSorted wants UTF-8 texts in strictly ascending order of their bytes.
func checkSorted(what string, texts []string) error {
	for k, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("model: %s: entry %d is not UTF-8", what, k)
		}
		if k > 0 && s <= texts[k-1] {
			return fmt.Errorf("model: %s: entry %d is not above the one before", what, k)
		}
	}
	return nil
}

func (f *Feature) check() error {
	if f.Name == "" || !utf8.ValidString(f.Name) {
		return errors.New("has no name, or one that is not UTF-8")
	}
	if !finite(f.Fill, f.Mean, f.Scale) {
		return errors.New("has a statistic that is not finite")
	}
	if !utf8.ValidString(f.Column) {
		return errors.New("has a column whose name is not UTF-8")
	}
	if f.Slashes != "" && (!f.Part.OfTime() || f.Slashes != DayFirst && f.Slashes != MonthFirst) {
		return errors.New("has an order of day and month that does not exist, or is no time")
	}
	if err := f.checkPart(); err != nil {
		return err
	}
	switch f.Kind {
	case Number:
		if len(f.Categories) > 0 {
			return errors.New("is a number with categories")
		}
	case Category:
		if len(f.Categories) == 0 || len(f.Categories) > math.MaxInt32 {
			return errors.New("has no categories, or too many")
		}
		return checkSorted("categories", f.Categories)
	default:
		return errors.New("is of an unknown kind")
	}
	return nil
}

// check wants a weight for each input and raw score, and statistics that the
// numbers can be standardized with.
func (l *Linear) check(r *Recipe, width int) error {
	if len(l.Intercept) != width || len(l.Coef) != width {
		return fmt.Errorf("model: %d intercepts and %d rows of weights for %d raw scores", len(l.Intercept), len(l.Coef), width)
	}
	if !finite(l.Intercept...) {
		return errors.New("model: an intercept is not finite")
	}
	inputs := r.Inputs()
	for k, row := range l.Coef {
		if len(row) != inputs || !finite(row...) {
			return fmt.Errorf("model: row %d of the weights is not %d finite numbers", k, inputs)
		}
	}
	for j := range r.Features {
		if f := &r.Features[j]; f.Kind == Number && f.Scale == 0 {
			return fmt.Errorf("model: feature %d has a scale of 0", j)
		}
	}
	return nil
}

func finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}
