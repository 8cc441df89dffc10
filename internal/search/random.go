package search

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/settings"
)

// dimension is a parameter and where its values come from: a list, or a range.
type dimension struct {
	name         string
	list         []any
	min, max     float64
	log, integer bool
}

// readRandom takes an object of lists and ranges.
func (r *request) readRandom(v any) (string, string) {
	object, ok := v.(map[string]any)
	if !ok {
		return "Input should be an object: a parameter's name and its list or range of values", "dict_type"
	}
	r.random = []dimension{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := []any{"random", name}
		if !r.searchable(name, at) {
			continue
		}
		d := dimension{name: name}
		switch of := object[name].(type) {
		case []any:
			if d.list = of; len(of) == 0 {
				r.refuse("There is no value to try", "too_short", at...)
			}
		case map[string]any:
			r.readRange(&d, of, at)
		default:
			r.refuse("Input should be a list of values, or an object with 'min' and 'max'", "value_error", at...)
		}
		r.random = append(r.random, d)
	}
	return "", ""
}

// readRange takes {"min": …, "max": …}, with "log" or "int" or both.
func (r *request) readRange(d *dimension, of map[string]any, at []any) {
	d.min, d.max = math.NaN(), math.NaN()
	loc := append([]any{"body", "model_params", Key}, at...)
	err := settings.Read(of, []settings.Field{
		{Name: "min", Value: settings.Number{To: &d.min}},
		{Name: "max", Value: settings.Number{To: &d.max}},
		{Name: "log", Value: settings.Bool{To: &d.log}},
		{Name: "int", Value: settings.Bool{To: &d.integer}},
	}, loc...)
	settings.Collect(r.bad, err)
	whole := d.min == math.Trunc(d.min) && d.max == math.Trunc(d.max) && math.Abs(d.min) < 1<<53 && math.Abs(d.max) < 1<<53
	switch {
	case fault.Is(err, fault.InvalidRequest):
	case math.IsNaN(d.min) || math.IsNaN(d.max):
		r.refuse("A range needs 'min' and 'max'", "missing", at...)
	case d.min > d.max:
		r.refuse("min should not be greater than max", "value_error", at...)
	case d.log && d.min <= 0:
		r.refuse("A range with 'log' should begin above 0", "value_error", at...)
	case d.integer && !whole:
		r.refuse("The ends of a range with 'int' should be whole numbers", "value_error", at...)
	}
}

// tries bounds how often a draw that occurred before is drawn anew.
const tries = 20

// draw returns as many different combinations as are asked for, or as there are
// to be had. Lists alone that have no more combinations than are asked for are a
// grid.
func (r *request) draw() []map[string]any {
	if lists := r.lists(); lists != nil {
		return combinations(lists)
	}
	rng := rand.New(rand.NewPCG(uint64(r.seed), 0))
	var all []map[string]any
	seen := map[string]bool{}
	for range tries * r.draws {
		if len(all) == r.draws || len(r.random) == 0 {
			break
		}
		one := map[string]any{}
		for i := range r.random {
			one[r.random[i].name] = r.random[i].draw(rng)
		}
		if text := identity(one); !seen[text] {
			seen[text] = true
			all = append(all, one)
		}
	}
	return all
}

// lists returns the dimensions as a grid, nil if it is none or too large.
func (r *request) lists() map[string][]any {
	grid, combined := map[string][]any{}, 1
	for i := range r.random {
		if combined *= len(r.random[i].list); combined == 0 || combined > r.draws {
			return nil
		}
		grid[r.random[i].name] = r.random[i].list
	}
	return grid
}

// draw returns a value. Numbers have four significant digits, which is as fine
// as parameters are of use, and the same on every architecture.
func (d *dimension) draw(rng *rand.Rand) any {
	if d.list != nil {
		return d.list[rng.IntN(len(d.list))]
	}
	u := rng.Float64()
	low, high := d.min, d.max
	if d.log {
		low, high = model.Log(low), model.Log(high)
	} else if d.integer {
		return min(d.max, math.Floor(low+float64(u*(high-low+1))))
	}
	x := low + float64(u*(high-low))
	if d.log {
		x = model.Exp(x)
	}
	if d.integer {
		x = math.Round(x)
	} else {
		x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	}
	return min(max(x, d.min), d.max)
}
