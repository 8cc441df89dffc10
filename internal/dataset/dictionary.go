package dataset

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// dictionary numbers distinct strings in the order of their arrival and counts
// them. It is a hash table with linear probing, and made for short strings: up
// to 8 bytes the key is the string itself, and a look-up touches nothing but
// its slot. The seeds are random, so that no input can aim at collisions; they
// have no influence on the codes.
type dictionary struct {
	seed   maphash.Seed
	salts  [2]uint64
	factor uint64 // odd; spreads keys over the slots
	shift  int    // 64 - log2(len(slots))
	slots  []slot // a power of two, at most half full
	values []string
	counts []int64
	bytes  int // of all values together
}

// slot holds a value's key and length, and its code plus one; zero is a free
// slot.
type slot struct {
	key    uint64
	length uint32
	next   uint32
}

func newDictionary() *dictionary {
	d := &dictionary{seed: maphash.MakeSeed(), salts: [2]uint64{rand.Uint64(), rand.Uint64()}, factor: rand.Uint64() | 1}
	d.allocate(64)
	return d
}

// newDictionaryOf returns a dictionary of distinct values.
func newDictionaryOf(values []string) *dictionary {
	d := newDictionary()
	for _, v := range values {
		d.add([]byte(v))
	}
	return d
}

func (d *dictionary) allocate(n int) {
	d.slots = make([]slot, n)
	d.shift = 64 - bits.TrailingZeros(uint(n))
}

// key returns the bytes of a short string as an integer, and a hash of a long
// one. The bytes behind a short string are shifted away: to read them along
// with it, where the capacity of b says that they exist, saves a loop.
func (d *dictionary) key(b []byte) uint64 {
	switch n := len(b); {
	case n > 16:
		return maphash.Bytes(d.seed, b)
	case n > 8:
		first, last := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
		high, low := bits.Mul64(first^d.salts[0], last^d.salts[1])
		return high ^ low
	case n == 0:
		return 0
	case cap(b) >= 8:
		return binary.LittleEndian.Uint64(b[:8]) << (64 - 8*n)
	}
	var last [8]byte
	copy(last[8-len(b):], b)
	return binary.LittleEndian.Uint64(last[:])
}

// find returns the code of b, or false if b is not there.
func (d *dictionary) find(b []byte) (int32, bool) {
	key, mask := d.key(b), uint64(len(d.slots)-1)
	for i := key * d.factor >> d.shift; ; i = (i + 1) & mask {
		s := &d.slots[i&mask]
		if s.next == 0 {
			return 0, false
		}
		if s.key == key && s.length == uint32(len(b)) && (len(b) <= 8 || d.values[s.next-1] == string(b)) {
			return int32(s.next - 1), true
		}
	}
}

// fits reports whether another value of n bytes stays within the limits.
func (d *dictionary) fits(n, maxValues, maxBytes int) bool {
	return len(d.values) < maxValues && d.bytes+n <= maxBytes
}

// add appends a value that is not there yet, and returns its code.
func (d *dictionary) add(b []byte) int32 {
	if 2*len(d.values) >= len(d.slots) {
		d.grow()
	}
	d.values = append(d.values, string(b))
	d.counts = append(d.counts, 0)
	d.bytes += len(b)
	d.place(slot{key: d.key(b), length: uint32(len(b)), next: uint32(len(d.values))})
	return int32(len(d.values) - 1)
}

func (d *dictionary) place(s slot) {
	mask := uint64(len(d.slots) - 1)
	i := s.key * d.factor >> d.shift
	for d.slots[i].next != 0 {
		i = (i + 1) & mask
	}
	d.slots[i] = s
}

func (d *dictionary) grow() {
	old := d.slots
	d.allocate(2 * len(old))
	for _, s := range old {
		if s.next != 0 {
			d.place(s)
		}
	}
}
