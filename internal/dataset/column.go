package dataset

import "math"

// columnScan gathers what a column is, cell by cell.
//
// While the column is numeric, its spellings are kept in a small dictionary:
// most numeric columns have few different values, or so many that the
// dictionary is soon given up. What follows it is a set of the values, to
// count them, and after that nothing. A text that comes only then makes the
// column late: its dictionary has to be gathered from the start again.
type columnScan struct {
	name  string
	index int
	opts  Options

	kind       Kind
	missing    int64
	outOfRange int64 // but for the cells that dict counts
	min, max   float64

	want   Form // those that times may have
	form   Form // those that all cells of a Time column fit
	forced bool // any of them will do for each cell

	dict      *dictionary // of spellings; nil once given up
	classes   []cellClass // of the dictionary's values, until the column is Text
	values    *numberSet  // follows the dictionary
	overflow  bool        // of a Text column
	late      bool
	spellings int       // how many a numeric column keeps
	scratch   []float64 // of addCells
}

func newColumnScan(name string, index int, opts Options) *columnScan {
	c := &columnScan{name: name, index: index, opts: opts, kind: Empty}
	c.min, c.max = math.Inf(1), math.Inf(-1)
	c.want, c.form = anyForm, anyForm
	c.dict = newDictionary()
	c.spellings = min(4096, opts.MaxDistinct/16)
	return c
}

// restart empties a late column for the pass that gathers its dictionary.
func (c *columnScan) restart() {
	*c = *newColumnScan(c.name, c.index, c.opts)
	c.kind = Text
}

// addCells takes the column's cells among those of whole rows of a block, which
// are width cells wide.
func (c *columnScan) addCells(b *block, cells []span, width int) {
	for i := c.index; i < len(cells) && !c.late; i += width {
		if c.dict == nil {
			c.scratch = grow(c.scratch, len(cells)/width)
			i = c.addValues(b, cells, i, width, c.scratch)
		}
		if i < len(cells) {
			c.add(b.cell(cells[i]))
		}
	}
}

// grow returns a slice of n elements, whatever they are, and s if that is long
// enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// addValues is addRun or addTimes.
func (c *columnScan) addValues(b *block, cells []span, i, width int, dst []float64) int {
	if c.kind == Time {
		return c.addTimes(b, cells, i, width, dst)
	}
	return c.addRun(b, cells, i, width, dst)
}

// addRun takes the cells from position i on, up to the first that is text, and
// returns that one's position. They are numbers without a dictionary, and most
// of them: to read them first and to count them afterwards, in a loop that does
// nothing else, hides much of what it costs to reach memory. Their values go to
// dst, NaN where there is none.
func (c *columnScan) addRun(b *block, cells []span, i, width int, dst []float64) int {
	n := 0
	for ; i < len(cells); i += width {
		v, class := parseCell(b.cell(cells[i]))
		if class == textCell {
			break
		}
		switch class {
		case missingCell:
			c.missing++
			v = math.NaN()
		case outOfRangeCell:
			c.outOfRange++
			v = math.NaN()
		default:
			c.widen(v, class)
		}
		dst[n] = v
		n++
	}
	c.values.addAll(dst[:n])
	return i
}

// addCodes takes the column's cells, which is Text, and writes their codes to
// dst.
func (c *columnScan) addCodes(b *block, cells []span, width int, dst []int32) {
	n := 0
	for i := c.index; i < len(cells); i += width {
		cell := b.cell(cells[i])
		code, known := c.dict.find(cell)
		if known {
			c.dict.counts[code]++
		} else {
			code = c.addText(cell)
		}
		dst[n] = code
		n++
	}
}

func (c *columnScan) add(cell []byte) {
	if len(cell) == 0 {
		c.missing++
		return
	}
	if c.dict != nil {
		if code, ok := c.dict.find(cell); ok {
			c.dict.counts[code]++
			return
		}
	}
	if c.kind == Text {
		c.addText(cell)
		return
	}
	v, class := parseCell(cell)
	if class == textCell {
		v, class = c.parseOther(cell)
	}
	switch {
	case class == missingCell:
		c.missing++
	case class == textCell || !c.admits(class):
		c.becomeText()
		c.addText(cell)
	default:
		c.addNumber(cell, v, class)
	}
}

// becomeText widens the column. Without the spellings of its numbers it takes
// another pass.
func (c *columnScan) becomeText() {
	c.late = c.dict == nil
	c.kind, c.classes, c.values = Text, nil, nil
}

// addText takes a cell of a Text column that the dictionary does not have, and
// returns its code.
func (c *columnScan) addText(cell []byte) int32 {
	switch {
	case c.late:
	case isMissing(cell):
		c.missing++
		return MissingCode
	case c.overflow || !c.dict.fits(len(cell), c.opts.MaxDistinct, c.opts.MaxDictBytes):
		c.overflow = true
	default:
		code := c.dict.add(cell)
		c.dict.counts[code]++
		return code
	}
	return OverflowCode
}

// addNumber takes a number, or one out of range, that the dictionary does not
// have.
func (c *columnScan) addNumber(cell []byte, v float64, class cellClass) {
	c.widen(v, class)
	if c.dict != nil {
		if class == booleanCell || c.dict.fits(len(cell), c.spellings, c.opts.MaxDictBytes) {
			c.dict.counts[c.dict.add(cell)]++
			c.classes = append(c.classes, class)
			return
		}
		c.dropSpellings()
	}
	if class == outOfRangeCell {
		c.outOfRange++
		return
	}
	c.values.add(v)
}

func (c *columnScan) widen(v float64, class cellClass) {
	switch class {
	case outOfRangeCell:
		return
	case booleanCell:
		c.kind = Boolean
		return
	case momentCell:
		c.kind = Time
		return
	case floatCell:
		c.kind = Float
	case integerCell:
		if c.kind == Empty {
			c.kind = Integer
		}
	}
	c.min, c.max = min(c.min, v), max(c.max, v)
}

// dropSpellings gives the dictionary up for a set of values.
func (c *columnScan) dropSpellings() {
	c.outOfRange += c.countOutOfRange()
	c.values = c.distinctNumbers()
	c.dict, c.classes = nil, nil
}

// distinctNumbers returns the set of the dictionary's numbers, whose spellings
// may differ where they do not.
func (c *columnScan) distinctNumbers() *numberSet {
	set := newNumberSet(c.opts.countedNumbers())
	for code, spelling := range c.dict.values {
		if c.classes[code] != outOfRangeCell {
			set.add(c.valueOf([]byte(spelling)))
		}
	}
	return set
}

func (c *columnScan) countOutOfRange() int64 {
	n := int64(0)
	for code, class := range c.classes {
		if class == outOfRangeCell {
			n += c.dict.counts[code]
		}
	}
	return n
}

// column returns the result.
func (c *columnScan) column() Column {
	out := Column{Name: c.name, Kind: c.kind, Missing: c.missing, Overflow: c.overflow}
	switch {
	case c.kind == Text:
		out.Dict, out.Counts = c.dict.values, c.dict.counts
		out.Distinct = len(out.Dict)
		if c.overflow {
			out.Distinct = c.opts.MaxDistinct + 1
		}
	default:
		if c.kind == Boolean {
			out.Dict, out.Counts = c.dict.values, c.dict.counts
		}
		if c.kind == Time {
			out.Form = c.form
		}
		out.OutOfRange = c.outOfRange
		if c.dict != nil {
			out.OutOfRange += c.countOutOfRange()
			c.values = c.distinctNumbers()
		}
		out.Missing += out.OutOfRange
		out.Distinct = c.values.n
		if c.kind.Numeric() {
			out.Min, out.Max = c.min, c.max
		}
	}
	return out
}
