package dataset

import (
	"bytes"
	"slices"

	"retrain/internal/fault"
)

// refiner goes over the cells of lexed rows before anybody else sees them, so
// that what follows need not know of dialects: what stands for a missing value
// becomes empty, a number in another convention is rewritten in the plain one,
// and rows whose cells are not of the type that was asked for are rejected.
type refiner struct {
	quote   string
	columns []refined
	active  bool
	width   int
}

// refined is what happens to the cells of a column.
type refined struct {
	name       string
	na         map[string]bool
	localized  bool
	convention convention
	check      func(cell []byte) bool // nil if any cell will do
	reason     string                 // why a row is rejected by it
	misfit     misfit
}

// misfit says that a localized column has a cell that is no number in the
// table's convention: none, or one that would be a number in the plain one.
type misfit uint8

const (
	fitting    misfit = iota
	notANumber        // the column may be anything
	plainPoint        // it would be misread, and is text
)

// Reasons for which a row is rejected where the request names its types.
const (
	ReasonInteger  = "not a whole number"
	ReasonFloat    = "not a number"
	ReasonBoolean  = "not true or false"
	ReasonDatetime = "not a date or time, or one with slashes where dayfirst is not given"
)

func newRefiner(names []string, d *Dialect, localized []bool) (*refiner, error) {
	if err := knowColumns(names, d); err != nil {
		return nil, err
	}
	r := &refiner{quote: d.Quote, width: len(names), columns: make([]refined, len(names))}
	r.active = d.Quote != "" && d.Quote != `"`
	for j, name := range names {
		c := &r.columns[j]
		c.name, c.convention = name, d.convention()
		c.na = missingSet(d.NA, d.NAIn[name])
		c.localized = localized != nil && localized[j] && d.Types[name].mayBeNumber()
		c.check, c.reason = d.Types[name].check(d.forms(true))
		if c.check != nil && d.Types[name].mayBeNumber() && !c.convention.plain() {
			c.localized = true
		}
		r.active = r.active || c.na != nil || c.localized || c.check != nil
	}
	return r, nil
}

// knowColumns refuses a dialect that names columns which do not exist.
func knowColumns(names []string, d *Dialect) error {
	bad := fault.New(fault.InvalidRequest, "The read options name columns that the data does not have.")
	for _, name := range slices.Sorted(keysOf(d.Types, d.NAIn)) {
		if !slices.Contains(names, name) && len(bad.Fields) < maxFields {
			bad.At("The data has no such column", "missing_column", "body", "read", name)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func keysOf(types map[string]Type, na map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range types {
			if !yield(name) {
				return
			}
		}
		for name := range na {
			if _, twice := types[name]; !twice && !yield(name) {
				return
			}
		}
	}
}

func missingSet(lists ...[]string) map[string]bool {
	var set map[string]bool
	for _, list := range lists {
		for _, text := range list {
			if set == nil {
				set = map[string]bool{}
			}
			set[text] = true
		}
	}
	return set
}

// text reports whether the type makes numbers text.
func (t Type) text() bool { return t == TypeString || t == TypeCategory }

// mayBeNumber reports whether cells of the type, if there is one, can be numbers.
func (t Type) mayBeNumber() bool { return t == "" || t == TypeInteger || t == TypeFloat }

// check returns what a cell with a value must fulfil, and the reason for which
// its row is rejected if it does not. Times are in one of the forms.
func (t Type) check(forms Form) (func(cell []byte) bool, string) {
	switch t {
	case TypeInteger:
		return isWhole, ReasonInteger
	case TypeFloat:
		return func(cell []byte) bool { _, class := parseCell(cell); return class != textCell }, ReasonFloat
	case TypeBoolean:
		return func(cell []byte) bool { _, ok := parseBoolean(cell); return ok || isMissing(cell) }, ReasonBoolean
	case TypeDatetime:
		return func(cell []byte) bool { _, fits := parseMoment(cell, forms); return fits != 0 || isMissing(cell) }, ReasonDatetime
	}
	return nil, ""
}

// isWhole accepts 5.0 and 5e0 as well.
func isWhole(cell []byte) bool {
	v, class := parseCell(cell)
	return class == integerCell || class == missingCell || class == floatCell && v == float64(int64(v)) && max(v, -v) <= maxInteger
}

// block refines a block's cells, and takes out the rows that are rejected.
func (r *refiner) block(b *block) {
	if !r.active {
		return
	}
	kept := 0
	for i := range b.rows {
		cells := b.cells[i*r.width : (i+1)*r.width]
		if j := r.row(b, cells); j >= 0 {
			b.rejects = append(b.rejects, Reject{Line: b.lines[i], Column: r.columns[j].name, Reason: r.columns[j].reason})
			continue
		}
		copy(b.cells[kept*r.width:], cells)
		b.lines[kept] = b.lines[i]
		kept++
	}
	if kept < b.rows {
		b.rows, b.cells, b.lines = kept, b.cells[:kept*r.width], b.lines[:kept]
		slices.SortStableFunc(b.rejects, func(x, y Reject) int { return int(x.Line - y.Line) })
	}
}

// row refines the cells of a row. It returns the column at fault, or -1.
func (r *refiner) row(b *block, cells []span) int {
	for j := range cells {
		cell := b.cell(cells[j])
		if len(cell) == 0 {
			continue
		}
		unswap(cell, r.quote)
		refined, ok := r.columns[j].cell(cell)
		if !ok {
			return j
		}
		cells[j].end = cells[j].start + uint32(len(refined))
	}
	return -1
}

// cell refines a cell in place, and reports whether its row may stay.
func (c *refined) cell(cell []byte) ([]byte, bool) {
	if c.na != nil && (c.na[string(cell)] || c.na[string(bytes.TrimSpace(cell))]) {
		return cell[:0], true
	}
	if c.localized {
		if !c.convention.holds(cell) && !isMissing(cell) {
			return cell, c.misses(cell)
		}
		cell, _ = c.convention.rewrite(cell)
	}
	return cell, c.check == nil || c.check(cell)
}

// misses notes a cell that is no number in the convention.
func (c *refined) misses(cell []byte) bool {
	if c.check != nil {
		return false
	}
	if _, class := parseCell(cell); class != textCell {
		c.misfit = plainPoint
	} else if c.misfit == fitting {
		c.misfit = notANumber
	}
	return true
}
