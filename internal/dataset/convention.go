package dataset

import "bytes"

// convention is how a table writes its numbers. The zero value is the plain
// one, which parseCell reads: a decimal point, and nothing between thousands.
type convention struct {
	decimal   byte   // 0 is a point
	thousands string // "" is none
}

func (d *Dialect) convention() convention {
	c := convention{decimal: d.Decimal, thousands: d.Thousands}
	if c.thousands == NoThousands {
		c.thousands = ""
	}
	if c.decimal == '.' {
		c.decimal = 0
	}
	return c
}

func (c convention) plain() bool { return c == convention{} }

func (c convention) point() byte {
	if c.decimal == 0 {
		return '.'
	}
	return c.decimal
}

// number returns the extent of the whole part and the fraction of a number that
// is written in the convention, blanks around it left out; false for any other
// cell. Groups have three digits, but for the first, which has up to three.
func (c convention) number(b []byte) (whole, fraction, rest []byte, ok bool) {
	b = trim(b)
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	n := digitsIn(b)
	end, lead := n, n
	for c.thousands != "" && lead >= 1 && lead <= 3 && bytes.HasPrefix(b[end:], []byte(c.thousands)) {
		next := end + len(c.thousands)
		if digitsIn(b[next:]) != 3 {
			return nil, nil, nil, false
		}
		end, n = next+3, n+3
	}
	whole, b = b[:end], b[end:]
	if len(b) > 0 && b[0] == c.point() {
		f := digitsIn(b[1:])
		fraction, b = b[1:1+f], b[1+f:]
		n += f
	}
	return whole, fraction, b, n > 0 && isExponent(b)
}

// class is parseCell's, but for texts that are numbers in the convention.
func (c convention) class(cell []byte) cellClass {
	_, class := parseCell(cell)
	if class == textCell && !c.plain() {
		if _, _, _, ok := c.number(cell); ok {
			return floatCell
		}
	}
	return class
}

// digitsIn returns how many digits b begins with.
func digitsIn(b []byte) int {
	_, n, _ := gather(0, b, 0)
	return n
}

// isExponent knows an exponent, or nothing.
func isExponent(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	if b[0]|0x20 != 'e' {
		return false
	}
	_, end := readExponent(b, 1)
	return end == len(b)
}

// rewrite turns a number into the plain form, in place; false, and nothing
// changed, if the cell is no number in the convention.
func (c convention) rewrite(cell []byte) ([]byte, bool) {
	if _, _, _, ok := c.number(cell); !ok {
		return cell, false
	}
	to := 0
	for from := 0; from < len(cell); {
		switch {
		case c.thousands != "" && bytes.HasPrefix(cell[from:], []byte(c.thousands)):
			from += len(c.thousands)
			continue
		case cell[from] == c.point():
			cell[to] = '.'
		default:
			cell[to] = cell[from]
		}
		from++
		to++
	}
	return cell[:to], true
}

// proof is what one cell says about how its table writes numbers.
type proof struct {
	numeric   bool // there are digits and separators only
	decimal   byte
	thousands string
}

// separators may stand within a number. Those after the first two only stand
// between thousands.
var separators = []string{".", ",", "'", " ", "\u00a0", "\u202f"}

// prove looks at the separators of a cell.
//
//	1.234,56  1 234,5   both are known: the last is the decimal sign
//	1.234.567           between thousands
//	1,5  12,50  0,125   the decimal sign, since no three digits follow, or a
//	  ,5  1234,567      group could not begin like that
//	1,234               proves nothing
func prove(cell []byte) proof {
	b := trim(cell)
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	if at := bytes.IndexAny(b, "eE"); at > 0 && isExponent(b[at:]) {
		b = b[:at]
	}
	lead := digitsIn(b)
	leadsWithZero := lead > 0 && b[0] == '0'
	b = b[lead:]
	var seps []string
	last, grouped := lead, lead >= 1 && lead <= 3 && !leadsWithZero
	for len(b) > 0 {
		sep := separatorOf(b)
		if sep == "" {
			return proof{}
		}
		if len(seps) > 0 {
			grouped = grouped && last == 3
		}
		seps = append(seps, sep)
		last = digitsIn(b[len(sep):])
		b = b[len(sep)+last:]
	}
	return conclude(seps, lead, last, grouped)
}

func separatorOf(b []byte) string {
	for _, s := range separators {
		if bytes.HasPrefix(b, []byte(s)) {
			return s
		}
	}
	return ""
}

// conclude judges the separators of a cell with lead digits before the first
// and last digits behind the last one; grouped says that those between are in
// groups of three.
func conclude(seps []string, lead, last int, grouped bool) proof {
	n := len(seps)
	if n == 0 {
		return proof{numeric: lead > 0}
	}
	final, first := seps[n-1], seps[0]
	isPoint := final == "." || final == ","
	for _, s := range seps[:n-1] {
		if s != first {
			return proof{}
		}
	}
	switch {
	case n == 1 && !isPoint:
		return proof{numeric: grouped && last == 3}
	case n == 1 && grouped && last == 3:
		return proof{numeric: true}
	case n == 1:
		return proof{numeric: lead+last > 0, decimal: final[0]}
	case final != first && isPoint && grouped:
		return proof{numeric: true, decimal: final[0], thousands: first}
	case final == first && grouped && last == 3:
		return proof{numeric: true, thousands: first}
	}
	return proof{}
}

// findConvention judges by the cells of a sample of rows. What a column proves
// counts if all its cells are digits and separators. Proofs that contradict one
// another prove nothing, and in a table that is delimited by commas, a comma is
// never a decimal sign, and between thousands only in a number with a point.
func findConvention(rows [][]string, width int, delimiter byte) convention {
	decimals, thousands := map[byte]bool{}, map[string]bool{}
	for j := range width {
		for _, p := range columnProofs(rows, j) {
			if delimiter == ',' && p.decimal != '.' {
				continue
			}
			if p.decimal != 0 {
				decimals[p.decimal] = true
			}
			if p.thousands != "" {
				thousands[p.thousands] = true
			}
		}
	}
	if len(decimals) > 1 || len(thousands) > 1 {
		return convention{}
	}
	var c convention
	for sep := range thousands {
		c.thousands = sep
	}
	switch {
	case decimals[','], len(decimals) == 0 && c.thousands == ".":
		c.decimal = ','
	}
	if c.thousands == string(rune(c.point())) {
		return convention{}
	}
	return c
}

// columnProofs returns what the cells of a column prove, or nothing if one of
// them is no number in any convention.
func columnProofs(rows [][]string, j int) []proof {
	var proofs []proof
	for _, row := range rows {
		if j >= len(row) || isMissing([]byte(row[j])) || infinity([]byte(row[j])) == outOfRangeCell {
			continue
		}
		p := prove([]byte(row[j]))
		if !p.numeric {
			return nil
		}
		proofs = append(proofs, p)
	}
	return proofs
}

// fits reports whether all cells of a sample's column are numbers in the
// convention, or missing.
func (c convention) fits(rows [][]string, j int) bool {
	for _, row := range rows {
		if j < len(row) && !isMissing([]byte(row[j])) && !c.holds([]byte(row[j])) {
			return false
		}
	}
	return true
}

// holds reports whether a cell is a number in the convention.
func (c convention) holds(cell []byte) bool {
	if _, _, _, ok := c.number(cell); ok {
		return true
	}
	_, class := parseCell(cell)
	return class == outOfRangeCell
}
