package explain

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"retrain/internal/model"
)

// How much of a dependence is told, and of how many rows it is the mean.
const (
	dependRows   = 1000
	gridPoints   = 20
	maxLabels    = 8
	maxOutputs   = 4
	maxLabelText = 120
	tail         = 0.02 // of the rows, at either end of a grid
)

// Dependence is what a model answers on average when every row gets the same
// value of a column, and keeps its others (partial dependence: Friedman, Greedy
// function approximation, Annals of Statistics 29, 2001, section 8.2). Of a
// column that the model has in parts, it is the one with the largest part in
// the model that changes: from one moment to the next, all parts of a time
// change, and none could be told from another.
type Dependence struct {
	Column string `json:"column"`
	Part   string `json:"part,omitempty" doc:"Of a time of which the model has several parts: the one that changes"`
	Kind   string `json:"kind" enum:"number,boolean,time,category"`
	// Outputs names the classes whose probabilities are meant: class 1 of two,
	// else the most frequent ones; nil for a regression.
	Outputs []string `json:"outputs,omitempty" doc:"The classes whose probabilities the means are of: class 1 of two, else the most frequent ones; absent for a regression"`
	Points  []Point  `json:"points" doc:"Numbers and times ascending, from the 2nd to the 98th percentile; the most frequent categories first, 8 at most"`
}

// Point is a value of the column, and the mean answer to it.
type Point struct {
	Value *float64  `json:"value,omitempty" doc:"Of a number, a boolean or a time (in seconds since 1970); absent for a category"`
	Label string    `json:"label" doc:"Of a boolean, a time or a category; a missing one is empty"`
	Mean  []float64 `json:"mean" doc:"For each of outputs, or the mean prediction"`
}

// Depend tells how the model's answers depend on a column. It is nil if the
// rows have fewer than two values of it with a mean answer that is finite, or if
// the model has no such column.
// The only error is that of a context which ended.
func Depend(ctx context.Context, m *model.Model, rows *Rows, column string) (*Dependence, error) {
	at := slices.IndexFunc(m.Columns(), func(c model.Column) bool { return c.Name == column })
	if at < 0 {
		return nil, nil
	}
	d := &depender{model: m, rows: rows, some: rows.some(dependRows), feature: largest(m, m.Columns()[at])}
	d.outputs = d.shownOutputs()
	sources := d.sources()
	if len(sources) < 2 {
		return nil, nil
	}
	f := &m.Features[d.feature]
	told := &Dependence{Column: column, Kind: kindOf(f)}
	if m.Columns()[at].Count > 1 {
		told.Part = string(f.Part)
	}
	for _, k := range d.outputs {
		if m.Task != model.Regression {
			told.Outputs = append(told.Outputs, short(m.Classes[k]))
		}
	}
	for _, row := range sources {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p := Point{Value: d.value(f, row), Label: short(labelOf(f, d.cell(row))), Mean: d.mean(row)}
		if !slices.ContainsFunc(p.Mean, func(x float64) bool { return !finite(x) }) {
			told.Points = append(told.Points, p)
		}
	}
	if len(told.Points) < 2 {
		return nil, nil
	}
	return told, nil
}

// largest returns the feature of a column that has the largest part in the
// model.
func largest(m *model.Model, c model.Column) int {
	shares, at := m.Importance(), c.First
	for j := c.First; j < c.First+c.Count; j++ {
		if shares[j] > shares[at] {
			at = j
		}
	}
	return at
}

// depender gives rows the values that other rows have.
type depender struct {
	model   *model.Model
	rows    *Rows // that the values are from
	some    *Rows // that get the values
	feature int
	outputs []int
}

// cell is a row's value.
func (d *depender) cell(row int) float64 {
	return d.rows.X[row*len(d.model.Features)+d.feature]
}

// sources returns rows that have the values to be asked about.
func (d *depender) sources() []int {
	if d.model.Features[d.feature].Kind == model.Category {
		return d.frequent()
	}
	return d.quantiles()
}

// frequent returns a row of each of the most frequent categories.
func (d *depender) frequent() []int {
	first, count := map[float64]int{}, map[float64]int{}
	for row := range d.rows.Y {
		code := d.cell(row)
		if count[code]++; count[code] == 1 && code != model.Unseen {
			first[code] = row
		}
	}
	var all []int
	for _, row := range first {
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b int) int {
		return cmp.Or(cmp.Compare(count[d.cell(b)], count[d.cell(a)]), cmp.Compare(d.cell(a), d.cell(b)))
	})
	return all[:min(len(all), maxLabels)]
}

// quantiles returns rows at equal distances in the order of their values, each
// value once; all values, if they are few.
func (d *depender) quantiles() []int {
	var all []int
	for row := range d.rows.Y {
		if finite(d.cell(row)) {
			all = append(all, row)
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(d.cell(a), d.cell(b)) })
	same := func(a, b int) bool { return d.cell(a) == d.cell(b) }
	if each := slices.CompactFunc(slices.Clone(all), same); len(each) <= gridPoints {
		return each
	}
	grid := make([]int, gridPoints)
	for i := range grid {
		at := tail + float64((1-2*tail)*float64(i))/(gridPoints-1)
		grid[i] = all[int(math.Round(at*float64(len(all)-1)))]
	}
	return slices.CompactFunc(grid, same)
}

// mean is the mean answer to all rows with the value of one row.
func (d *depender) mean(row int) []float64 {
	wide, outputs := len(d.model.Features), d.model.Outputs()
	x := slices.Clone(d.some.X)
	for i := range d.some.Y {
		x[i*wide+d.feature] = d.cell(row)
	}
	answers := make([]float64, len(d.some.Y)*outputs)
	d.model.Predict(answers, x)
	means := make([]float64, len(d.outputs))
	for at, k := range d.outputs {
		for i := range d.some.Y {
			means[at] += answers[i*outputs+k]
		}
		means[at] /= float64(len(d.some.Y))
	}
	return means
}

// shownOutputs returns the model's outputs whose means are told.
func (d *depender) shownOutputs() []int {
	switch d.model.Task {
	case model.Regression:
		return []int{0}
	case model.Binary:
		return []int{1}
	}
	counts := make([]int, d.model.Outputs())
	all := make([]int, len(counts))
	for k := range all {
		all[k] = k
	}
	for _, y := range d.rows.Y {
		if y >= 0 {
			counts[int(y)]++
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	all = all[:min(len(all), maxOutputs)]
	slices.Sort(all)
	return all
}

// value is what a row has in the column, if that is a number.
func (d *depender) value(f *model.Feature, row int) *float64 {
	if f.Kind == model.Category {
		return nil
	}
	x := d.cell(row)
	return &x
}

func kindOf(f *model.Feature) string {
	switch {
	case f.Kind == model.Category:
		return "category"
	case f.Part == model.Flag:
		return "boolean"
	case f.Part == model.Epoch:
		return "time"
	}
	return "number"
}

// labelOf is how a value is written where that is no number.
func labelOf(f *model.Feature, x float64) string {
	switch kindOf(f) {
	case "category":
		return f.Categories[int(x)]
	case "boolean":
		return map[bool]string{false: "false", true: "true"}[x != 0]
	case "time":
		return time.Unix(int64(math.Floor(x)), 0).UTC().Format(time.RFC3339)
	}
	return ""
}

// short keeps a label that came with the data from filling the answer.
func short(label string) string {
	if runes := []rune(label); len(runes) > maxLabelText {
		return string(runes[:maxLabelText-1]) + "…"
	}
	return label
}
