package gbdt

import (
	"math"
	"slices"
)

// part is the rows that trees are grown on: all but those of the validation
// part and those of weight 0.
type part struct {
	count   int      // rows that trees are grown on
	out     []uint64 // a bit for each row that is left out; nil if none is
	judging []uint32 // the places of the validation part, by ascending numbers
}

// Validates reports whether the rows of a key are of the validation part: with
// chance fraction, whatever the other rows are. A row's key is its number; a
// caller with other keys, or another rule, applies it by Data.Judge. Where that
// leaves no row on either side, there is no part, and trees are grown on all rows.
func Validates(key uint64, fraction float64, seed uint64) bool {
	return chance(seed, forValidation, key) < uint64(fraction*math.MaxUint64)
}

// newPart takes the validation part that Judge was told, or by a hash of the rows'
// numbers, so that it does not depend on how they were appended. A fraction of 0
// means none. Each row is to be in the place of its number.
func newPart(d *Data, fraction float64, seed uint64) *part {
	p := &part{count: d.rows}
	for i := range d.rows {
		weightless := d.weight(i) == 0
		judging := fraction > 0 && !weightless && d.judges(i, fraction, seed)
		if judging {
			p.judging = append(p.judging, uint32(i))
		}
		if judging || weightless {
			if p.out == nil {
				p.out = make([]uint64, (d.rows+63)/64)
			}
			p.out[i/64] |= 1 << (i % 64)
			p.count--
		}
	}
	return p
}

// judges reports whether a row is of the validation part.
func (d *Data) judges(number int, fraction float64, seed uint64) bool {
	if d.judging != nil {
		return d.judging[number]
	}
	return Validates(uint64(number), fraction, seed)
}

// has reports whether trees are grown on the row.
func (p *part) has(row int) bool { return p.out == nil || p.out[row/64]>>(row%64)&1 == 0 }

// toFront moves the rows that trees are grown on to the first places.
func (p *part) toFront(d *Data, workers *pool) {
	if p.out == nil {
		return
	}
	d.divide(workers, 0, d.rows, cargo{}, func(dst []uint64, from, to int) {
		for i, row := range d.numbers[from:to] {
			if p.has(int(row)) {
				dst[i/64] |= 1 << (i % 64)
			}
		}
	})
	judging := p.judging[:0]
	for place := p.count; place < d.rows; place++ {
		if d.weight(place) > 0 {
			judging = append(judging, uint32(place))
		}
	}
	slices.SortFunc(judging, func(a, b uint32) int { return int(d.numbers[a]) - int(d.numbers[b]) })
}
