package train

import (
	"maps"
	"math"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/settings"
)

// limit is a count where null, 0 and LightGBM's -1 mean no limit.
type limit struct{ to *int }

func (l limit) Set(v any) (string, string) {
	if v == nil || v == -1.0 {
		*l.to = 0
		return "", ""
	}
	return settings.Integer{To: l.to}.Set(v)
}

func (l limit) Get() any {
	if *l.to == 0 {
		return nil
	}
	return *l.to
}

// seed is a whole number from 0 to 2^53; null is 0.
type seed struct{ to *uint64 }

func (s seed) Set(v any) (string, string) {
	x, ok := v.(float64)
	if v != nil && (!ok || x != math.Trunc(x) || x < 0 || x > 1<<53) {
		return "Input should be a valid integer, not negative", "int_type"
	}
	*s.to = uint64(x)
	return "", ""
}

func (s seed) Get() any { return *s.to }

// classWeight is null, "balanced", or an object of a class's label and its
// weight; a class that is not in it has the weight 1. Before the classes are
// known, only its form is checked.
type classWeight struct {
	balanced *bool
	weights  *[]float64 // by class
	recipe   *model.Recipe
	given    any
}

func (c *classWeight) Set(v any) (string, string) {
	*c.balanced, *c.weights, c.given = v == "balanced", nil, v
	if v != nil && c.recipe.Task == model.Regression {
		return "Classes have no weight in a regression", "value_error"
	}
	each, isObject := v.(map[string]any)
	if v != nil && v != "balanced" && !isObject {
		return "Input should be 'balanced', null, or an object: a class and its weight", "enum"
	}
	for _, label := range slices.Sorted(maps.Keys(each)) {
		if msg := c.weigh(label, each[label]); msg != "" {
			return msg, "value_error"
		}
	}
	return "", ""
}

// weigh sets one class's weight, or returns what is wrong with it.
func (c *classWeight) weigh(label string, v any) string {
	weight, ok := v.(float64)
	if !ok || !(weight > 0) || math.IsInf(weight, 0) {
		return "Input should be a number greater than 0 for each class"
	}
	if c.recipe.Classes == nil {
		return ""
	}
	at := c.recipe.Class(label)
	if at < 0 {
		return "Input should name classes of the target only" + suggest(label, c.recipe.Classes)
	}
	if *c.weights == nil {
		*c.weights = slices.Repeat([]float64{1}, len(c.recipe.Classes))
	}
	(*c.weights)[at] = weight
	return ""
}

func (c *classWeight) Get() any { return c.given }

// monotonic is an object of a feature's name and -1, 0 or 1. Before the
// features are known, only its form is checked.
type monotonic struct {
	to     *[]int8 // by feature
	recipe *model.Recipe
	given  map[string]any
}

func (m *monotonic) Set(v any) (string, string) {
	given, ok := v.(map[string]any)
	if v != nil && !ok {
		return "Input should be an object: a column's name and -1, 0 or 1", "dict_type"
	}
	m.given, *m.to = given, nil
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if msg := m.constrain(name, given[name]); msg != "" {
			return msg, "value_error"
		}
	}
	return "", ""
}

// constrain sets one feature's constraint, or returns what is wrong with it.
func (m *monotonic) constrain(name string, v any) string {
	x, ok := v.(float64)
	features := m.recipe.Features
	at := slices.IndexFunc(features, func(f model.Feature) bool { return f.Name == name })
	switch {
	case !ok || x != -1 && x != 0 && x != 1:
		return "Input should be -1, 0 or 1 for each column"
	case x != 0 && m.recipe.Task == model.Multiclass:
		return "Constraints are not possible with more than two classes"
	case features == nil:
		return ""
	case at < 0:
		return "Input should name features only" + suggest(name, featureNames(features))
	case x != 0 && features[at].Kind != model.Number:
		return "A constraint is only possible on a feature that is a number"
	}
	if *m.to == nil {
		*m.to = make([]int8, len(features))
	}
	(*m.to)[at] = int8(x)
	return ""
}

func (m *monotonic) Get() any {
	if m.given == nil {
		return nil
	}
	return m.given
}

func featureNames(features []model.Feature) []string {
	names := make([]string, len(features))
	for i := range features {
		names[i] = features[i].Name
	}
	return names
}

// suggest returns the end of a message about an unknown name.
func suggest(name string, known []string) string {
	if near := fault.Nearest(name, known); near != "" {
		return "; did you mean '" + near + "'?"
	}
	return ""
}
