package dataset

import "math"

// parseOther reads a cell that is neither a number nor missing, as what the
// column, which is not text, may hold.
func (c *columnScan) parseOther(cell []byte) (float64, cellClass) {
	if v, ok := parseBoolean(cell); ok {
		return boolNumber(v), booleanCell
	}
	m, fits := parseMoment(cell, c.want)
	if fits &= c.form; fits == 0 {
		return 0, textCell
	}
	c.narrow(fits)
	return m.seconds(), momentCell
}

// admits reports whether the column can stay what it is with such a value, or
// become it. A value that is out of range is a number, though it leaves a
// column Empty.
func (c *columnScan) admits(class cellClass) bool {
	switch class {
	case booleanCell:
		return c.kind == Boolean || c.kind == Empty && !c.hadOutOfRange()
	case momentCell:
		return c.kind == Time || c.kind == Empty && !c.hadOutOfRange()
	}
	return c.kind == Empty || c.kind.Numeric()
}

func (c *columnScan) hadOutOfRange() bool { return c.outOfRange > 0 || len(c.classes) > 0 }

// addTimes is addRun for a column of times.
//
// Of a date that fits two forms, the set of values gets that of FormDayFirst,
// whatever the column turns out to be: different dates stay different.
func (c *columnScan) addTimes(b *block, cells []span, i, width int, dst []float64) int {
	start, n := i, 0
	for ; i < len(cells); i += width {
		cell := b.cell(cells[i])
		m, fits := parseMoment(cell, c.want)
		if fits &= c.form; fits == 0 && !isMissing(cell) {
			break
		}
		dst[n] = math.NaN()
		if fits == 0 {
			c.missing++
		} else {
			c.narrow(fits)
			dst[n] = m.seconds()
		}
		n++
	}
	c.values.addAll(dst[:n])
	if c.form == FormMonthFirst && c.want == anyForm {
		for k := range n {
			if m, fits := parseMoment(b.cell(cells[start+k*width]), c.form); fits != 0 {
				dst[k] = m.seconds()
			}
		}
	}
	return i
}

// valueOf returns the value of a spelling in the column's dictionary, of a date
// as addTimes has it.
func (c *columnScan) valueOf(spelling []byte) float64 {
	switch c.kind {
	case Boolean:
		v, _ := parseBoolean(spelling)
		return boolNumber(v)
	case Time:
		m, _ := parseMoment(spelling, c.want)
		return m.seconds()
	}
	v, _ := parseNumber(spelling)
	return v
}

// narrow leaves the forms that a cell fits, too.
func (c *columnScan) narrow(fits Form) {
	if !c.forced {
		c.form = fits
	}
}

// ambiguous reports whether the column's times could be read in two ways.
func (c *columnScan) ambiguous() bool { return c.kind == Time && !c.form.one() && !c.forced }
