package api

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"retrain/internal/fault"
)

// maxNamed is how many unknown fields are named one by one.
const maxNamed = 20

// known holds the names of all top-level fields that any step takes or
// answers. A state machine sends each step what the last one answered, so none
// of them is worth a warning.
type known map[string]bool

// add takes up the JSON names of the fields of v, a struct.
func (k known) add(v any) {
	t := reflect.TypeOf(v)
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			k[name] = true
		}
	}
}

// warn returns a warning for each field of the body that nobody knows, with
// the nearest name among own, the fields that this step takes.
func (k known) warn(body map[string]any, own []string) []string {
	var warnings []string
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if k[name] {
			continue
		}
		text := fmt.Sprintf("The field %s is unknown and was ignored.", show(name))
		if near := fault.Nearest(name, own); near != "" {
			text = fmt.Sprintf("The field %s is unknown and was ignored; did you mean '%s'?", show(name), near)
		}
		warnings = append(warnings, text)
	}
	if n := len(warnings) - maxNamed; n > 0 {
		warnings = append(warnings[:maxNamed], fmt.Sprintf("%d further fields are unknown and were ignored.", n))
	}
	return warnings
}

// show quotes a field's name for a message: short, and without control
// characters.
func show(name string) string {
	const most = 64
	runes := []rune(name)
	if len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	quoted := strconv.Quote(name)
	return "'" + strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`) + "'"
}
