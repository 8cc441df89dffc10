package dataset

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// deltaReader reads Parquet's DELTA_BINARY_PACKED as it is asked for values: a
// first value, then blocks of differences. A block has a smallest difference,
// and miniblocks in which the rest of each is bit-packed, the lowest bits
// first.
//
// https://github.com/apache/parquet-format/blob/master/Encodings.md, DELTA_BINARY_PACKED = 5
type deltaReader struct {
	b       []byte
	left    uint64 // values that are still to come
	value   int64  // the next one
	perMini uint64 // values of a miniblock
	minis   uint64 // miniblocks of a block

	smallest int64
	widths   []byte // of the block's miniblocks that are still to come
	packed   []byte // the current miniblock
	width    uint64 // bits of its values
	at       uint64 // how many of them have been read
	inMini   uint64 // how many of them there are; 0 before the first miniblock
}

// newDeltaReader reads the head.
func newDeltaReader(b []byte) (*deltaReader, bool) {
	r := &deltaReader{b: b}
	size, ok1 := r.uvarint()
	minis, ok2 := r.uvarint()
	left, ok3 := r.uvarint()
	first, ok4 := r.uvarint()
	if !ok1 || !ok2 || !ok3 || !ok4 || minis == 0 || size == 0 || size > 1<<31 || minis > size || size%minis != 0 || size/minis%8 != 0 {
		return nil, false
	}
	r.left, r.value, r.minis, r.perMini = left, unzigzag(first), minis, size/minis
	return r, true
}

func (r *deltaReader) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		return 0, false
	}
	r.b = r.b[n:]
	return v, true
}

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// next returns the next value, or false if there is none.
func (r *deltaReader) next() (int64, bool) {
	if r.left == 0 {
		return 0, false
	}
	value := r.value
	r.left--
	if r.left == 0 {
		return value, true
	}
	if r.at == r.inMini && !r.nextMini() {
		return 0, false
	}
	r.value += r.smallest + int64(bitsAt(r.packed, r.at*r.width, r.width))
	r.at++
	return value, true
}

// nextMini goes to the next miniblock, and to the next block if need be.
func (r *deltaReader) nextMini() bool {
	if len(r.widths) == 0 {
		smallest, ok := r.uvarint()
		if !ok || r.minis > uint64(len(r.b)) {
			return false
		}
		r.smallest = unzigzag(smallest)
		r.widths, r.b = r.b[:r.minis], r.b[r.minis:]
	}
	r.width, r.widths = uint64(r.widths[0]), r.widths[1:]
	size := r.perMini * r.width / 8
	if r.width > 64 || size > uint64(len(r.b)) {
		return false
	}
	r.packed, r.b = r.b[:size], r.b[size:]
	r.at, r.inMini = 0, r.perMini
	return true
}

// rest returns the bytes behind all values, which it leaves out without
// reading them.
func (r deltaReader) rest() ([]byte, bool) {
	for r.left > 1 {
		if !r.nextMini() {
			return nil, false
		}
		r.left -= min(r.left-1, r.perMini)
	}
	return r.b, true
}

// bitsAt returns width bits, 0 to 64, that begin at a bit's position and lie
// within b.
func bitsAt(b []byte, at, width uint64) uint64 {
	if width == 0 {
		return 0
	}
	b, at = b[at/8:], at%8
	if len(b) >= 8 && width <= 56 {
		return binary.LittleEndian.Uint64(b) >> at & (1<<width - 1)
	}
	v, have := uint64(b[0])>>at, 8-at
	for i := 1; have < width; i++ {
		v |= uint64(b[i]) << have
		have += 8
	}
	return v & (1<<width - 1)
}

const (
	deltaBlock = 128 // values of a block
	deltaMini  = 32  // values of a miniblock
)

// appendDeltas appends integers as DELTA_BINARY_PACKED.
func appendDeltas(dst []byte, values []int64) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaBlock/deltaMini)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, values[0]) // which is zigzag, too
	var deltas [deltaBlock]int64
	for i := 1; i < len(values); i += deltaBlock {
		n := min(deltaBlock, len(values)-i)
		for k := range n {
			deltas[k] = values[i+k] - values[i+k-1]
		}
		dst = appendDeltaBlock(dst, deltas[:n])
	}
	return dst
}

// appendDeltaBlock appends a block: its smallest difference, the widths of the
// miniblocks, and those of them that hold values.
func appendDeltaBlock(dst []byte, deltas []int64) []byte {
	smallest := slices.Min(deltas)
	dst = binary.AppendVarint(dst, smallest)
	widths := len(dst)
	dst = append(dst, make([]byte, deltaBlock/deltaMini)...)
	for m := 0; m*deltaMini < len(deltas); m++ {
		mini := deltas[m*deltaMini : min((m+1)*deltaMini, len(deltas))]
		width := bits.Len64(uint64(slices.Max(mini) - smallest))
		dst[widths+m] = byte(width)
		dst = appendBits(dst, mini, smallest, width)
	}
	return dst
}

// appendBits appends the differences from the smallest, bit-packed and filled
// up to a whole miniblock.
func appendBits(dst []byte, mini []int64, smallest int64, width int) []byte {
	end := len(dst) + deltaMini*width/8
	var acc uint64
	have := 0
	for _, d := range mini {
		v := uint64(d - smallest)
		acc |= v << have
		if have+width >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			acc = v >> (64 - have) // all bits are out if have is 0
			have -= 64
		}
		have += width
	}
	for ; len(dst) < end; acc >>= 8 {
		dst = append(dst, byte(acc))
	}
	return dst
}
