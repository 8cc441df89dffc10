package gbdt

// blockRows is the number of rows that are added for one group of lanes
// before the next group: so many that a group's histograms come to the
// first-level cache for a while, and so few that the rows stay in the second.
const blockRows = 256

// histogram holds for each lane the sums of pairs by byte:
//
//	lane 0: byte 0 … 255 | lane 1: byte 0 … 255 | …
//
// filled up to whole groups.
type histogram []pair

// lane returns the cells of one lane.
func (h histogram) lane(k int) *[cells]pair { return (*[cells]pair)(h[k*cells:]) }

// piece is the lanes from..to-1, all of one group.
type piece struct{ from, to int }

// pieces divides the lanes into pieces of the given size, a power of two, or less.
func (d *Data) pieces(size int) (all []piece) {
	lanes := len(d.bins.lanes)
	for from := 0; from < lanes; from += size {
		all = append(all, piece{from, min(from+size, lanes)})
	}
	return all
}

// piecesFor divides the lanes among so many workers: by groups if there are
// enough of them, since a whole word is done faster than two halves of it are.
func (d *Data) piecesFor(workers int) []piece {
	if workers > 1 && len(d.words) < 2*workers {
		return d.pieces(group / 2)
	}
	return d.pieces(group)
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

// subtract subtracts another histogram in some lanes.
func (h histogram) subtract(other histogram, p piece) {
	a, b := h[p.from*cells:p.to*cells], other[p.from*cells:p.to*cells]
	for i := range a {
		a[i] -= b[i]
	}
}

// add adds another histogram in some lanes.
func (h histogram) add(other histogram, p piece) {
	a, b := h[p.from*cells:p.to*cells], other[p.from*cells:p.to*cells]
	for i := range a {
		a[i] += b[i]
	}
}

// accumulate adds the pairs of the rows in places from..to-1 to the histograms
// of the pieces.
func (d *Data) accumulate(h histogram, pairs []pair, from, to int, pieces ...piece) {
	for ; from < to; from += blockRows {
		block := pairs[from:min(from+blockRows, to)]
		for _, p := range pieces {
			words := d.words[p.from/group][from : from+len(block)]
			if p.to-p.from == group {
				addWords((*[group * cells]pair)(h[p.from*cells:]), words, block)
			} else {
				addLanes(h, words, block, p)
			}
		}
	}
}

// addWords adds each pair to one cell of each of a group's lanes: in lane k
// to the one that byte k of the row's word names. The group's histograms, 16
// KiB, stay in the first-level cache.
func addWords(h *[group * cells]pair, words []uint64, pairs []pair) {
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

// addLanes is addWords for a part of a group.
func addLanes(h histogram, words []uint64, pairs []pair, lanes piece) {
	for ; lanes.to-lanes.from >= group/2; lanes.from += group / 2 {
		half, shift := (*[group / 2 * cells]pair)(h[lanes.from*cells:]), lanes.from%group*8
		for i, w := range words {
			p, w := pairs[i], w>>(shift&63)
			half[0*cells+w&255] += p
			half[1*cells+w>>8&255] += p
			half[2*cells+w>>16&255] += p
			half[3*cells+w>>24&255] += p
		}
	}
	for ; lanes.from < lanes.to; lanes.from++ {
		lane, shift := h.lane(lanes.from), lanes.from%group*8
		for i, w := range words {
			lane[byte(w>>(shift&63))] += pairs[i]
		}
	}
}
