package gbdt

// blockRows is the number of rows that are gathered before they are added. The
// loads of a block do not depend on one another, so that those that miss the
// caches overlap; adding at once would wait for each.
const blockRows = 256

// histogram holds for each column the sums of pairs by bin:
//
//	column 0: bin 0 … 255 | column 1: bin 0 … 255 | …
//
// filled up to whole groups.
type histogram []pair

// column returns the cells of one column.
func (h histogram) column(k int) *[cells]pair { return (*[cells]pair)(h[k*cells:]) }

// group returns the cells of a group of columns.
func (h histogram) group(g int) *[group * cells]pair {
	return (*[group * cells]pair)(h[g*group*cells:])
}

// shelf keeps histograms that are not in use, since the next leaf needs one, and
// one for each worker but the first to add its share of rows to.
type shelf struct {
	cells    int
	free     []histogram
	lent     int
	limit    int
	partials []histogram
}

// shelfBytes bounds the histograms that are kept for leaves to be split later.
// Beyond it they are built anew when needed, with the same result.
const shelfBytes = 256 << 20

func newShelf(cells, workers int) shelf {
	s := shelf{cells: cells, limit: max(2, shelfBytes/8/max(1, cells)), partials: make([]histogram, workers-1)}
	for i := range s.partials {
		s.partials[i] = make(histogram, cells)
	}
	return s
}

// borrow returns a histogram with any content.
func (s *shelf) borrow() histogram {
	s.lent++
	if n := len(s.free); n > 0 {
		h := s.free[n-1]
		s.free = s.free[:n-1]
		return h
	}
	return make(histogram, s.cells)
}

// release takes back a histogram, if there is one.
func (s *shelf) release(h *histogram) {
	if *h != nil {
		s.free = append(s.free, *h)
		s.lent--
		*h = nil
	}
}

// crowded reports whether more histograms are lent out than should be kept.
func (s *shelf) crowded() bool { return s.lent > s.limit }

// subtract subtracts another histogram in the given columns.
func (h histogram) subtract(other histogram, from, to int) {
	a, b := h[from*cells:to*cells], other[from*cells:to*cells]
	for i := range a {
		a[i] -= b[i]
	}
}

// add adds another histogram in the given columns.
func (h histogram) add(other histogram, from, to int) {
	a, b := h[from*cells:to*cells], other[from*cells:to*cells]
	for i := range a {
		a[i] += b[i]
	}
}

// accumulate adds the pairs of the given rows to the histograms of the groups
// from..to-1.
func (d *Data) accumulate(h histogram, rows []uint32, pairs []pair, from, to int) {
	var pairBlock [blockRows]pair
	var wordBlock [blockRows]uint64
	for len(rows) > 0 {
		n := min(blockRows, len(rows))
		held, words := pairBlock[:n], wordBlock[:n]
		gather(held, pairs, rows[:n], 1, 0)
		for g := from; g < to; g++ {
			gather(words, d.words, rows[:n], d.groups, g)
			if first, last := d.groupColumns(g); last-first == group {
				addWords(h.group(g), words, held)
			} else {
				addLanes(h.group(g), words, held, last-first)
			}
		}
		rows = rows[n:]
	}
}

// gather copies element at of each of the given rows, which have stride
// elements each, to dst.
func gather[T any](dst, src []T, rows []uint32, stride, at int) {
	rows = rows[:len(dst)]
	for i, r := range rows {
		dst[i] = src[int(r)*stride+at]
	}
}

// addWords adds pair i to one cell of each of a group's columns: in column k to
// the one that byte k of word i names. The group's histograms, 16 KiB, stay in
// the first-level cache.
func addWords(h *[group * cells]pair, words []uint64, pairs []pair) {
	pairs = pairs[:len(words)]
	for i, w := range words {
		p := pairs[i]
		h[0*cells+w&255] += p
		h[1*cells+w>>8&255] += p
		h[2*cells+w>>16&255] += p
		h[3*cells+w>>24&255] += p
		h[4*cells+w>>32&255] += p
		h[5*cells+w>>40&255] += p
		h[6*cells+w>>48&255] += p
		h[7*cells+w>>56] += p
	}
}

// addLanes is addWords for a group that is not full.
func addLanes(h *[group * cells]pair, words []uint64, pairs []pair, columns int) {
	pairs = pairs[:len(words)]
	for k := range columns {
		column := (*[cells]pair)(h[k*cells:])
		for i, w := range words {
			column[byte(w>>(8*k))] += pairs[i]
		}
	}
}
