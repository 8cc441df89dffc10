package gbdt

import "math/bits"

// markTask and swapTask are the numbers of rows, and of pairs of rows to
// exchange, that one task takes. markTask is a multiple of 64.
const (
	markTask = 1 << 14
	swapTask = 1 << 12
)

// divide moves the rows in places from..to-1, together with their pairs, so
// that those that are marked come first, and returns the first place behind
// them. mark sets bit i of dst for each place from+i, up to to-1, the row in
// which is to come first; dst is zero before. pairs may be nil.
//
// Moving the rows themselves, and not only a list of their numbers, keeps those
// of a leaf together, so that histograms and further splits read memory from
// end to end. It costs less than the cache misses that it saves: of a million
// rows, one tree takes half the time. Of the rows on the wrong side the n-th
// from the left and the n-th behind the middle are exchanged, so the order of
// the rows is the same for any number of workers, though nothing depends on it.
func (d *Data) divide(p *pool, from, to int, pairs []pair, mark func(dst []uint64, from, to int)) int {
	n := to - from
	marks := d.marks(n)
	tasks := (n + markTask - 1) / markTask
	p.run(tasks, func(task, _ int) {
		a, b := task*markTask, min((task+1)*markTask, n)
		dst := marks[a/64 : (b+63)/64]
		clear(dst)
		mark(dst, from+a, from+b)
	})
	middle := ones(marks)
	wrong := middle - ones(marks[:middle/64]) - bits.OnesCount64(marks[middle/64]&(1<<(middle%64)-1))
	p.run((wrong+swapTask-1)/swapTask, func(task, _ int) {
		left, right := newCursor(marks, 0, ^uint64(0)), newCursor(marks, middle, 0)
		left.skip(task * swapTask)
		right.skip(task * swapTask)
		for range min(swapTask, wrong-task*swapTask) {
			d.swap(from+left.next(), from+right.next(), pairs)
		}
	})
	return from + middle
}

// marks returns room for a bit for each of n rows and one more.
func (d *Data) marks(n int) []uint64 {
	words := n/64 + 1
	if cap(d.bitmap) < words {
		d.bitmap = make([]uint64, words)
	}
	d.bitmap[words-1] = 0
	return d.bitmap[:words]
}

func ones(words []uint64) (n int) {
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}

// swap exchanges the rows in two places.
func (d *Data) swap(i, j int, pairs []pair) {
	a, b := d.row(i), d.row(j)
	for g := range a {
		a[g], b[g] = b[g], a[g]
	}
	d.numbers[i], d.numbers[j] = d.numbers[j], d.numbers[i]
	if pairs != nil {
		pairs[i], pairs[j] = pairs[j], pairs[i]
	}
}

// cursor goes through the bits that are set in words, exclusive-ored with flip.
type cursor struct {
	words []uint64
	flip  uint64
	at    int    // index of the present word
	rest  uint64 // its bits that are still to come
}

// newCursor returns a cursor on the bits from the given one on.
func newCursor(words []uint64, from int, flip uint64) cursor {
	c := cursor{words: words, flip: flip, at: from / 64}
	c.rest = (words[c.at] ^ flip) &^ (1<<(from%64) - 1)
	return c
}

// next returns the next bit's index. There must be one.
func (c *cursor) next() int {
	for c.rest == 0 {
		c.at++
		c.rest = c.words[c.at] ^ c.flip
	}
	bit := bits.TrailingZeros64(c.rest)
	c.rest &= c.rest - 1
	return c.at*64 + bit
}

// skip passes over n bits. There must be as many.
func (c *cursor) skip(n int) {
	for m := bits.OnesCount64(c.rest); n > 0 && n >= m; m = bits.OnesCount64(c.rest) {
		n -= m
		c.at++
		c.rest = c.words[c.at] ^ c.flip
	}
	for range n {
		c.rest &= c.rest - 1
	}
}

// markBins marks the rows whose bin of a column has the flag 1.
func (d *Data) markBins(dst []uint64, from, to, column int, flags *[cells]uint8) {
	shift := column % group * 8
	at := from*d.groups + column/group
	for i := range dst {
		var marked uint64
		for bit := range min(64, to-from-i*64) {
			marked |= uint64(flags[uint8(d.words[at]>>shift)]) << bit
			at += d.groups
		}
		dst[i] = marked
	}
}
