package gbdt

import "math/bits"

// binSet is a set of bins. A split is the set of the bins that go left: for a
// number those up to some bin, and perhaps the missing one.
type binSet [cells / 64]uint64

func (s *binSet) add(b uint8) { s[b/64] |= 1 << (b % 64) }

func (s *binSet) has(b uint8) bool { return s[b/64]>>(b%64)&1 == 1 }

func (s *binSet) set(b uint8, in bool) {
	s[b/64] &^= 1 << (b % 64)
	if in {
		s.add(b)
	}
}

func (s *binSet) len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// upTo returns the set of the bins 0..b.
func upTo(b uint8) (s binSet) {
	for i := range int(b) + 1 {
		s.add(uint8(i))
	}
	return s
}

// flags returns the set as a table with 1 for each bin in it.
func (s *binSet) flags() (t [cells]uint8) {
	for b := range t {
		if s.has(uint8(b)) {
			t[b] = 1
		}
	}
	return t
}
