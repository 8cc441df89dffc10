package search

import (
	"maps"
	"slices"
)

// readGrid takes an object of lists, or a list of such objects.
func (r *request) readGrid(v any) (string, string) {
	switch grid := v.(type) {
	case map[string]any:
		r.grid = append(r.grid, r.readLists(grid, "grid"))
	case []any:
		for i, one := range grid {
			object, ok := one.(map[string]any)
			if !ok {
				r.refuse("Input should be an object: a parameter's name and its values", "dict_type", "grid", i)
				continue
			}
			r.grid = append(r.grid, r.readLists(object, "grid", i))
		}
	default:
		return "Input should be an object (a parameter's name and its values), or a list of such objects", "dict_type"
	}
	return "", ""
}

func (r *request) readLists(object map[string]any, loc ...any) map[string][]any {
	lists := map[string][]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := append(slices.Clone(loc), name)
		values, ok := object[name].([]any)
		switch {
		case !r.searchable(name, at):
		case !ok:
			r.refuse("Input should be a list of values", "list_type", at...)
		case len(values) == 0:
			r.refuse("There is no value to try", "too_short", at...)
		default:
			lists[name] = distinct(values)
		}
	}
	return lists
}

// distinct returns the values without repetitions.
func distinct(values []any) []any {
	var kept []any
	seen := map[string]bool{}
	for _, v := range values {
		if text := identity(v); !seen[text] {
			seen[text] = true
			kept = append(kept, v)
		}
	}
	return kept
}

// searchable refuses names that every candidate has to share.
func (r *request) searchable(name string, at []any) bool {
	switch name {
	case Key, "target":
		r.refuse("This cannot be searched", "value_error", at...)
		return false
	}
	return true
}

// combinations returns every combination of the values, the last name varying
// fastest. Of far more than a search may have it returns some, which are too many
// still.
func combinations(lists map[string][]any) []map[string]any {
	const enough = 100 * MaxCandidates
	all := []map[string]any{{}}
	if len(lists) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		var longer []map[string]any
		for _, prefix := range all {
			for _, v := range lists[name] {
				one := maps.Clone(prefix)
				one[name] = v
				if longer = append(longer, one); len(longer) > enough {
					return longer
				}
			}
		}
		all = longer
	}
	return all
}
