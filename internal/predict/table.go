package predict

import (
	"fmt"

	"retrain/internal/fault"
)

// table is rows whose columns are named once, or not at all.
type table struct {
	columns []string // nil: the model's own, in the recipe's order
	head    []any    // where the columns' names stand in the request
	n       int      // rows
	width   func(i int) int
	// cell returns cell j of row i: a JSON value, or a text.
	cell func(i, j int) any
	csv  bool // cells are texts of a CSV file
	at   func(i int) []any
	// place is where a cell of the column stands; nil: in its row.
	place func(i int, column string) []any
}

// rows makes a table fit to be scored.
func (t table) rows() rows {
	return rows{n: t.n, at: t.at, encode: t.encode}
}

// encode returns the table's rows as the model takes them.
func (t table) encode(c *champion) ([]float64, []string, error) {
	var bad complaints
	var unknown strangers
	columns := t.columns
	if columns == nil {
		for k := range c.columns {
			columns = append(columns, c.columns[k].Name)
		}
	}
	from := t.match(c, columns, &bad, &unknown)
	if err := bad.err(); err != nil {
		return nil, nil, err
	}
	x := make([]float64, 0, t.n*len(c.model.Features))
	for i := range t.n {
		if bad.full() {
			break
		}
		if width := t.width(i); width != len(columns) {
			bad.add(t.at(i), "wrong_length", fmt.Sprintf("Row should have %d values, not %d", len(columns), width))
			continue
		}
		x = t.row(x, c, i, from, &bad)
	}
	return x, unknown.warnings(c), bad.err()
}

// match finds each of the model's columns, and tells of those that are missing, given
// twice or unknown.
func (t table) match(c *champion, columns []string, bad *complaints, unknown *strangers) []int {
	from := make([]int, len(c.columns))
	for j := range from {
		from[j] = -1
	}
	for k, name := range columns {
		j, known := c.column[name]
		switch {
		case !known:
			unknown.add(name)
		case from[j] >= 0:
			bad.add(t.headAt(name), "duplicate_key", "Column is given twice")
		default:
			from[j] = k
		}
	}
	for j := range from {
		if from[j] >= 0 || bad.full() {
			continue
		}
		msg := requiredField
		if near := fault.Nearest(c.columns[j].Name, unknown.names); near != "" {
			msg = fmt.Sprintf("%s; '%s' is not its name", requiredField, show(near))
		}
		bad.add(t.headAt(c.columns[j].Name), "missing", msg)
	}
	return from
}

func (t table) headAt(name string) []any { return append(t.head[:len(t.head):len(t.head)], name) }

// row appends a row to x.
func (t table) row(x []float64, c *champion, i int, from []int, bad *complaints) []float64 {
	start := len(x)
	x = append(x, make([]float64, len(c.model.Features))...)
	for j, k := range from {
		f := c.first(j)
		v := t.cell(i, k)
		var number float64
		var wrong trouble
		if s, isText := v.(string); isText && t.csv {
			number, wrong = text(f, s)
		} else {
			number, wrong = value(f, v)
		}
		if wrong.typ != "" {
			bad.add(t.cellAt(i, c.columns[j].Name), wrong.typ, wrong.msg)
		}
		c.encode(x[start:], j, number)
	}
	return x
}

func (t table) cellAt(i int, column string) []any {
	if t.place != nil {
		return t.place(i, column)
	}
	return append(t.at(i), column)
}
