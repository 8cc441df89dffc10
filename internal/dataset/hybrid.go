package dataset

import (
	"encoding/binary"
	"math/bits"
)

// The hybrid of run lengths and bit packing in which Parquet stores levels and
// dictionary indices. A run's head is a varint: even is a repeated value, odd
// are groups of 8 bit-packed values.
//
// https://github.com/apache/parquet-format/blob/master/Encodings.md, RLE = 3

// hybridReader reads such values as they are asked for, so that a run that
// claims billions of them costs nothing.
type hybridReader struct {
	b      []byte
	width  uint   // bits of a value, 0 to 32
	run    uint64 // how often value still repeats
	value  uint32
	packed uint64 // how many bit-packed values are still to come
	bits   []byte // of them
	acc    uint64 // what has been taken from bits, but not used
	accLen uint
}

// read fills dst. It reports whether the data were enough and well-formed.
func (r *hybridReader) read(dst []uint32) bool {
	for len(dst) > 0 {
		switch {
		case r.run > 0:
			n := min(r.run, uint64(len(dst)))
			for i := range dst[:n] {
				dst[i] = r.value
			}
			r.run -= n
			dst = dst[n:]
		case r.packed > 0:
			n := min(r.packed, uint64(len(dst)))
			if !r.unpack(dst[:n]) {
				return false
			}
			r.packed -= n
			dst = dst[n:]
		case !r.nextRun():
			return false
		}
	}
	return true
}

func (r *hybridReader) nextRun() bool {
	head, n := binary.Uvarint(r.b)
	if n <= 0 || r.width > 32 {
		return false
	}
	r.b = r.b[n:]
	if r.width == 0 { // there is only one value
		r.run, r.value = head, 0
		return head > 0
	}
	if head&1 == 1 {
		groups := min(head>>1, uint64(len(r.b))) // a value takes a bit at least
		size := min(groups*uint64(r.width), uint64(len(r.b)))
		r.packed, r.bits, r.b = groups*8, r.b[:size], r.b[size:]
		r.acc, r.accLen = 0, 0
		return groups > 0
	}
	bytes := int(r.width+7) / 8
	if len(r.b) < bytes {
		return false
	}
	r.run, r.value = head>>1, 0
	for i := range bytes {
		r.value |= uint32(r.b[i]) << (8 * i)
	}
	r.b = r.b[bytes:]
	return true
}

func (r *hybridReader) unpack(dst []uint32) bool {
	mask := uint64(1)<<r.width - 1
	for i := range dst {
		for r.accLen < r.width {
			switch {
			case len(r.bits) >= 4:
				r.acc |= uint64(binary.LittleEndian.Uint32(r.bits)) << r.accLen
				r.accLen += 32
				r.bits = r.bits[4:]
			case len(r.bits) > 0:
				r.acc |= uint64(r.bits[0]) << r.accLen
				r.accLen += 8
				r.bits = r.bits[1:]
			default:
				return false
			}
		}
		dst[i] = uint32(r.acc & mask)
		r.acc >>= r.width
		r.accLen -= r.width
	}
	return true
}

// hybridWidth is the number of bits that hold indices below n. Some readers
// cannot do with none.
func hybridWidth(n int) int { return max(bits.Len(uint(max(n-1, 0))), 1) }

// appendHybrid appends values of the given width, 1 to 32 bits: as a run where
// at least 8 are alike, bit-packed otherwise.
func appendHybrid(dst []byte, values []uint32, width int) []byte {
	packed := 0 // values[packed:i] are to be bit-packed
	i := 0
	for i < len(values) {
		run := i + 1
		for run < len(values) && values[run] == values[i] {
			run++
		}
		if run-i < 8 {
			i = min(i+8, len(values))
			continue
		}
		dst = appendPacked(dst, values[packed:i], width)
		dst = binary.AppendUvarint(dst, uint64(run-i)<<1)
		for b := 0; b < width; b += 8 {
			dst = append(dst, byte(values[i]>>b))
		}
		i, packed = run, run
	}
	return appendPacked(dst, values[packed:], width)
}

// appendPacked appends bit-packed values, the lowest bits first. All groups
// are full: zeros fill up the last one.
func appendPacked(dst []byte, values []uint32, width int) []byte {
	if len(values) == 0 {
		return dst
	}
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	var acc uint64
	var n int
	for _, v := range values {
		acc |= uint64(v) << n
		for n += width; n >= 8; n -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	if n > 0 {
		dst = append(dst, byte(acc))
	}
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}
