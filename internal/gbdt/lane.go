package gbdt

import "slices"

// A lane is a byte of each row. A column with many bins has one of its own, and
// the byte is its bin; columns with few share one as the digits of a number of
// mixed radix:
//
//	byte = digit of the first column + radix · digit of the second + …
//
// A lane has one histogram, whose cells are of the combinations of its columns'
// bins; the sums by one column's bins are sums of those, exact as all are. So
// columns of a few values take a fraction of the memory and of the time of
// others. LightGBM bundles columns too (Ke et al., NIPS 2017, section 4), but
// only those that are hardly ever set in the same row.
type lane struct {
	columns []int
	size    int // bytes that can occur
}

// sharing is what a column that shares its lane with others has to know.
type sharing struct {
	radix uint8
	bins  [cells]uint8 // the column's bin, of each byte
}

// lanes gives each column a lane: the widest first, each in the first lane that
// has room for it. It sets the columns' lanes and returns them.
func lanes(columns []column) []lane {
	order := make([]int, len(columns))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return columns[b].digits() - columns[a].digits() })
	var all []lane
	for _, k := range order {
		at := slices.IndexFunc(all, func(l lane) bool { return l.size*columns[k].digits() <= cells })
		if at < 0 {
			at = len(all)
			all = append(all, lane{size: 1})
		}
		all[at].columns = append(all[at].columns, k)
		all[at].size *= columns[k].digits()
	}
	for i := range all {
		all[i].share(columns, i)
	}
	return all
}

// digits returns how many different digits a column has: its bins and missing.
func (c *column) digits() int {
	if c.categorical() {
		return len(c.codes) + 1
	}
	return len(c.edges) + 2
}

// share sets the tables of the lane's columns.
func (l *lane) share(columns []column, index int) {
	radix := 1
	for _, k := range l.columns {
		c := &columns[k]
		c.lane = index
		if len(l.columns) == 1 {
			return
		}
		digits := c.digits()
		c.sharing = &sharing{radix: uint8(radix)}
		for b := range c.sharing.bins {
			digit := b / radix % digits
			c.sharing.bins[b] = uint8(digit)
			if digit == digits-1 {
				c.sharing.bins[b] = missingBin
			}
		}
		radix *= digits
	}
}

// encode returns what a bin adds to the byte of the column's lane.
func (c *column) encode(bin uint8) uint8 {
	switch {
	case c.sharing == nil:
		return bin
	case bin == missingBin:
		return uint8(c.digits()-1) * c.sharing.radix
	}
	return bin * c.sharing.radix
}

// decode returns the column's bin in a byte of its lane.
func (c *column) decode(b uint8) uint8 {
	if c.sharing == nil {
		return b
	}
	return c.sharing.bins[b]
}

// bytes returns the bytes of the column's lane that have one of the bins.
func (c *column) bytes(bins *binSet) binSet {
	if c.sharing == nil {
		return *bins
	}
	var s binSet
	for b, bin := range c.sharing.bins {
		if bins.has(bin) {
			s.add(uint8(b))
		}
	}
	return s
}

// fold is the histogram of a lane that columns share, of which those with the
// larger radices have been summed out, one after the other.
type fold struct {
	rest []pair // of the columns that are left, a part of room
	room [cells]pair
	sums [cells]pair
}

// start takes a lane's histogram, of which so many bytes can occur.
func (f *fold) start(lane *[cells]pair, size int) {
	f.rest = f.room[:size]
	copy(f.rest, lane[:size])
}

// out sums out the last column that is left, and returns the sums by its bins, which
// are valid until the next call; cells behind its bins are not.
func (f *fold) out(c *column) *[cells]pair {
	radix, missing := int(c.radix), c.digits()-1
	rest := f.rest[:radix]
	f.sums[0] = 0
	for _, p := range rest {
		f.sums[0] += p
	}
	for digit := 1; digit <= missing; digit++ {
		sum := pair(0)
		for i, p := range f.rest[digit*radix:][:len(rest)] {
			sum += p
			rest[i] += p
		}
		f.sums[digit] = sum
	}
	f.sums[missingBin], f.sums[missing] = f.sums[missing], 0
	f.rest = rest
	return &f.sums
}
