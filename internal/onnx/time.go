package onnx

import (
	"fmt"
	"strconv"

	"retrain/internal/model"
)

// addNumber returns the name of the tensor that holds a Number feature: its
// column, or a part of it.
func (g *graph) addNumber(r *model.Recipe, j int) string {
	f := &r.Features[j]
	switch f.Part {
	case model.Year, model.Month, model.Day:
		return g.calendar(f.Source(), f.Part, j)
	case model.Weekday:
		t := steps{graph: g, feature: j}
		days := t.op("Add", t.days(f.Source()), 3)
		return t.op("Sub", days, t.op("Mul", t.floorDiv(days, 7), 7))
	case model.Hour:
		t := steps{graph: g, feature: j}
		seconds := t.floor(f.Source())
		midnight := t.op("Mul", t.floorDiv(seconds, secondsPerDay), secondsPerDay)
		return t.floorDiv(t.op("Sub", seconds, midnight), 3600)
	}
	return f.Source()
}

const secondsPerDay = 24 * 3600

// calendar adds the computation of a year, month or day, operator by operator
// as model.Part.Of has it.
func (g *graph) calendar(column string, part model.Part, j int) string {
	t := steps{graph: g, feature: j}
	days := t.op("Add", t.days(column), 719468)
	era := t.floorDiv(days, 146097)
	day := t.op("Sub", days, t.op("Mul", era, 146097))
	year := t.op("Sub", day, t.floorDiv(day, 1460))
	year = t.op("Add", year, t.floorDiv(day, 36524))
	year = t.op("Sub", year, t.floorDiv(day, 146096))
	year = t.floorDiv(year, 365)
	before := t.op("Add", t.op("Mul", year, 365), t.floorDiv(year, 4))
	before = t.op("Sub", before, t.floorDiv(year, 100))
	day = t.op("Sub", day, before)
	month := t.floorDiv(t.op("Add", t.op("Mul", day, 5), 2), 153)
	next := t.floorDiv(month, 10)
	switch part {
	case model.Year:
		return t.op("Add", t.op("Add", t.op("Mul", era, 400), year), next)
	case model.Month:
		return t.op("Sub", t.op("Add", month, 3), t.op("Mul", next, 12))
	}
	first := t.floorDiv(t.op("Add", t.op("Mul", month, 153), 2), 5)
	return t.op("Add", t.op("Sub", day, first), 1)
}

// steps adds the operators that compute a feature, and names them one by one.
type steps struct {
	*graph
	feature, n int
}

// op applies an operator to a tensor and another one, or a number, which is a
// constant.
func (t *steps) op(op, x string, y any) string {
	var second string
	switch y := y.(type) {
	case string:
		second = y
	case int:
		second = t.number(y)
	default:
		panic("onnx: op: neither a tensor nor a number")
	}
	return t.add("", op, t.name(), []string{x, second}, nil)
}

func (t *steps) floor(x string) string { return t.add("", "Floor", t.name(), []string{x}, nil) }

func (t *steps) floorDiv(x string, y int) string { return t.floor(t.op("Div", x, y)) }

// days adds the whole days since 1970-01-01 of a column of times.
func (t *steps) days(column string) string { return t.floorDiv(t.floor(column), secondsPerDay) }

func (t *steps) name() string {
	t.n++
	return numbered(fmt.Sprintf("step_%d", t.n), t.feature)
}

// number returns the name of a constant, which is added when it is first used.
func (g *graph) number(v int) string {
	name := g.names.free("number_" + strconv.Itoa(v))
	if !g.numbers[v] {
		g.numbers[v] = true
		g.constant(doubles(name, []float64{float64(v)}))
	}
	return name
}
