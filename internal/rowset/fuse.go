package rowset

import "math/bits"

// The filter is an array of bytes in segments of equal length. A key has a
// fingerprint of one byte and three places, in three consecutive segments, and
// is in the set if the bytes at its places are, together by exclusive or, its
// fingerprint.
//
// To fill the array, keys are peeled off: one that is alone at one of its
// places can have that place to itself, once all the others are settled. Where
// that ends before the last key, another seed is tried, which with the sizes of
// the paper is rarely needed. Under seed 0 the keys, which are hashes, are taken
// as they are: sorted keys then walk through the array from its one end to the
// other, which halves the time.

// place is where a key is looked up.
type place struct {
	at          [3]uint32
	fingerprint byte
}

func (s *Set) place(key uint64) place {
	h := key
	if s.Seed > 0 {
		h = mix(key + s.Seed*0x9e3779b97f4a7c15)
	}
	first, _ := bits.Mul64(h, uint64(s.Segments)*uint64(s.Length))
	at, within := uint32(first), s.Length-1
	return place{
		at:          [3]uint32{at, at + s.Length ^ uint32(h>>18)&within, at + 2*s.Length ^ uint32(h)&within},
		fingerprint: byte(h ^ h>>32),
	}
}

// mix is the finalizer of MurmurHash3 (Appleby), as in the paper's reference
// code.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// fill builds the filter of distinct keys.
func (s *Set) fill(keys []uint64) {
	s.Length, s.Segments = dimensions(len(keys))
	p := &peeling{Set: s, owners: make([]uint64, s.size()), counts: make([]byte, s.size())}
	for !p.peel(keys) {
		s.Seed++
	}
	s.fingerprints = make([]byte, s.size())
	for i := len(p.order) - 1; i >= 0; i-- {
		key, own := p.order[i], p.own[i]
		at := s.place(key)
		value := at.fingerprint
		for k, index := range at.at {
			if k != int(own) {
				value ^= s.fingerprints[index]
			}
		}
		s.fingerprints[at.at[own]] = value
	}
}

func (s *Set) size() int { return int(s.Segments+2) * int(s.Length) }

// dimensions returns the length of a segment, a power of two, and the number
// of segments that a key may begin in (section 3 and figure 2 of the paper):
// 1.125 bytes a key for a million of them, and more for fewer. Logarithms are
// replaced by steps, which come out alike on every processor.
func dimensions(keys int) (length, segments uint32) {
	length = 4
	for reach := 2.47; reach <= float64(keys) && length < maxLength; reach *= 3.33 {
		length *= 2 // 2^⌊log(keys)/log(3.33) + 2.25⌋
	}
	factor := 1.125
	if l := bits.Len(uint(keys)) - 1; l > 0 { // ⌊log2(keys)⌋
		factor = max(factor, 0.875+4.983/float64(l)) // 0.875 + log(10⁶)/4/log(keys)
	}
	capacity := uint32(float64(keys)*factor) + 1
	segments = (capacity + length - 1) / length
	return length, max(segments, 3) - 2
}

const maxLength = 1 << 18

// peeling is one attempt to find an order in which each key has a place to
// itself.
type peeling struct {
	*Set
	owners []uint64 // by place: the keys there, together by exclusive or
	counts []byte   // by place: how many keys there are, in the upper six bits; below, their 0, 1, 2 together
	order  []uint64 // keys, in the order in which they were peeled off
	own    []byte   // which of its three places is the key's own
}

// peel reports whether all keys could be peeled off under the set's seed.
func (p *peeling) peel(keys []uint64) bool {
	clear(p.owners)
	clear(p.counts)
	p.order, p.own = make([]uint64, 0, len(keys)), make([]byte, 0, len(keys))
	for _, key := range keys {
		for k, index := range p.place(key).at {
			p.owners[index] ^= key
			p.counts[index] += 4
			p.counts[index] ^= byte(k)
			if p.counts[index] < 4 {
				return false // 64 keys at one place: the count has run over
			}
		}
	}
	var alone []uint32
	for index := range p.counts {
		alone = p.follow(append(alone[:0], uint32(index)))
	}
	return len(p.order) == len(keys)
}

// follow peels off the keys that are alone at the given places, and those that
// are alone thereafter. It returns the emptied list, for its memory.
func (p *peeling) follow(alone []uint32) []uint32 {
	for len(alone) > 0 {
		index := alone[len(alone)-1]
		alone = alone[:len(alone)-1]
		if p.counts[index]>>2 != 1 {
			continue
		}
		key, own := p.owners[index], p.counts[index]&3
		p.order, p.own = append(p.order, key), append(p.own, own)
		for k, other := range p.place(key).at {
			p.owners[other] ^= key
			p.counts[other] -= 4
			p.counts[other] ^= byte(k)
			if p.counts[other]>>2 == 1 {
				alone = append(alone, other)
			}
		}
	}
	return alone
}
