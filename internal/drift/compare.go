package drift

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"retrain/internal/metric"
	"retrain/internal/model"
)

// counter counts values in a column's bins: those of the edges or labels, then
// the other categories, then the missing values. Numbers have no others.
type counter struct {
	number bool
	edges  []float64
	bins   []int // by category code
	counts []int64
	empty  int // the code of the missing category; -1 if there is none
}

func newCounter(c *Column, categories []string) *counter {
	n := &counter{number: c.Kind == model.Number, edges: c.Edges, empty: -1}
	if n.number {
		n.counts = make([]int64, len(c.Edges)+2)
		return n
	}
	n.counts = make([]int64, len(c.Labels)+2)
	for k, name := range categories {
		at := slices.Index(c.Labels, name)
		if at < 0 {
			at = len(c.Labels)
		}
		if name == "" {
			n.empty = k
		}
		n.bins = append(n.bins, at)
	}
	return n
}

func (n *counter) add(v float64) {
	last := len(n.counts) - 1
	switch {
	case math.IsNaN(v) || !n.number && n.empty >= 0 && int(v) == n.empty:
		n.counts[last]++
	case n.number:
		n.counts[sort.SearchFloat64s(n.edges, v)]++
	case v >= 0 && int(v) < len(n.bins):
		n.counts[n.bins[int(v)]]++
	default: // a category that the recipe does not have
		n.counts[last-1]++
	}
}

// The levels of a drift.
const (
	Stable = "stable"
	Some   = "some"
	Strong = "strong"
	// Of columns that cannot be compared: the data has no longer such a column,
	// or one of another kind, or one that the champion did not have.
	Missing = "missing"
	Retyped = "retyped"
	New     = "new"
)

// From these indices on a shift is large enough to matter (the usual marks of
// credit scoring; Siddiqi, Credit Risk Scorecards, 2006), if it is more than
// noise.
const (
	someShift   = 0.1
	strongShift = 0.25
)

// falseAlarms is how often data of the same population raises an alarm in any
// of its columns.
const falseAlarms = 0.01

// Result is how one column has moved.
type Result struct {
	Column string  `json:"column"`
	Level  string  `json:"level" enum:"stable,some,strong,missing,retyped,new"`
	PSI    float64 `json:"psi" doc:"Population stability index over the champion's own bins; 0 where the column cannot be compared"`
	Floor  float64 `json:"noise_floor" doc:"What the index of unchanged data of these sizes hardly ever exceeds"`
	Target bool    `json:"target,omitempty"`
}

// Alarm reports whether a reader should know.
func (r Result) Alarm() bool { return r.Level != Stable }

// Counts counts new data in a profile's bins.
type Counts struct {
	profile  *Profile
	columns  []int // of the profile, by the recipe's feature; the target's last
	counters []*counter
}

// NewCounts prepares to count rows that are encoded for a recipe: the
// champion's own, or what the new data can serve of it.
func NewCounts(p *Profile, recipe *model.Recipe) *Counts {
	c := &Counts{profile: p}
	features, target := p.Columns[:len(p.Columns)-1], len(p.Columns)-1
	for i := range recipe.Features {
		f := &recipe.Features[i]
		at := slices.IndexFunc(features, func(c Column) bool { return c.Name == f.Name && c.Kind == f.Kind })
		c.follow(at, f.Categories)
	}
	kind := model.Category
	if recipe.Task == model.Regression {
		kind = model.Number
	}
	if p.Columns[target].Name != recipe.Target || p.Columns[target].Kind != kind {
		target = -1
	}
	c.follow(target, recipe.Classes)
	return c
}

// follow adds a counter for a column of the profile; -1 is none.
func (c *Counts) follow(at int, categories []string) {
	c.columns = append(c.columns, at)
	if at < 0 {
		c.counters = append(c.counters, nil)
		return
	}
	c.counters = append(c.counters, newCounter(&c.profile.Columns[at], categories))
}

// Add counts rows: x is row-major, a column a feature, and y their targets.
func (c *Counts) Add(x, y []float64) {
	wide := len(c.counters) - 1
	for f, n := range c.counters {
		for i := range y {
			switch {
			case n == nil:
			case f == wide:
				n.add(y[i])
			default:
				n.add(x[i*wide+f])
			}
		}
	}
}

// Compare returns how far each counted column has moved, the farthest first.
func (c *Counts) Compare() []Result {
	results := []Result{}
	for f, n := range c.counters {
		if n == nil {
			continue
		}
		before := &c.profile.Columns[c.columns[f]]
		s := metric.Stability(before.Counts, n.counts, falseAlarms/float64(len(c.counters)))
		r := Result{Column: before.Name, Level: Stable, PSI: s.PSI, Floor: s.Floor, Target: f == len(c.counters)-1}
		switch {
		case s.PSI <= s.Floor:
		case s.PSI >= strongShift:
			r.Level = Strong
		case s.PSI >= someShift:
			r.Level = Some
		}
		results = append(results, r)
	}
	slices.SortStableFunc(results, func(a, b Result) int { return cmp.Compare(b.PSI, a.PSI) })
	return results
}
