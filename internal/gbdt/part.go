package gbdt

import "math"

// part is the rows that trees are grown on: all but those of the validation
// part and those of weight 0.
type part struct {
	rows    int
	out     []uint64 // a bit for each row that is left out; nil if none is
	left    []uint32 // the rows left out, ascending
	judging []uint32 // those of them that are the validation part, ascending
}

// newPart takes the validation part by a hash of the rows' numbers, so that it
// does not depend on how they were appended. A fraction of 0 means none.
func newPart(d *Data, fraction float64, seed uint64) *part {
	p := &part{rows: d.rows}
	below := uint64(fraction * math.MaxUint64)
	for i := range d.rows {
		weightless := d.weight(i) == 0
		judging := fraction > 0 && !weightless && chance(seed, forValidation, uint64(i)) < below
		if judging {
			p.judging = append(p.judging, uint32(i))
		}
		if judging || weightless {
			p.leave(i)
		}
	}
	return p
}

func (p *part) leave(row int) {
	if p.out == nil {
		p.out = make([]uint64, (p.rows+63)/64)
	}
	p.out[row/64] |= 1 << (row % 64)
	p.left = append(p.left, uint32(row))
}

// has reports whether trees are grown on the row.
func (p *part) has(row int) bool { return p.out == nil || p.out[row/64]>>(row%64)&1 == 0 }

// count returns the number of rows that trees are grown on.
func (p *part) count() int { return p.rows - len(p.left) }

// fill writes the rows that trees are grown on to dst, ascending.
func (p *part) fill(dst []uint32) []uint32 {
	dst = dst[:0]
	for i := range p.rows {
		if p.has(i) {
			dst = append(dst, uint32(i))
		}
	}
	return dst
}
