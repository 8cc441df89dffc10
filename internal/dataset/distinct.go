package dataset

import (
	"math"
	"math/rand/v2"
)

// numberSet counts distinct numbers up to a limit.
type numberSet struct {
	slots []uint64 // float64 bits; a power of two, at most half full
	n     int
	limit int
	seed  uint64 // against inputs that aim at collisions
}

// freeSlot is a NaN, which is never a member.
const freeSlot = math.MaxUint64

func newNumberSet(limit int) *numberSet {
	s := &numberSet{limit: limit, seed: rand.Uint64()}
	s.allocate(64)
	return s
}

func (s *numberSet) allocate(n int) {
	s.slots = make([]uint64, n)
	for i := range s.slots {
		s.slots[i] = freeSlot
	}
}

// add inserts a number, which is not NaN, and reports whether the set is still
// within its limit. Beyond it the set is of no more use.
func (s *numberSet) add(v float64) bool {
	bits := math.Float64bits(v)
	i := s.slot(bits)
	if s.slots[i] == bits {
		return true
	}
	if s.n == s.limit {
		return false
	}
	s.slots[i] = bits
	s.n++
	if 2*s.n > len(s.slots) {
		s.grow()
	}
	return true
}

// addAll is add for many numbers.
func (s *numberSet) addAll(values []float64) bool {
	for _, v := range values {
		if !s.add(v) {
			return false
		}
	}
	return true
}

// slot returns where the number is, or where it belongs.
func (s *numberSet) slot(bits uint64) uint64 {
	mask := uint64(len(s.slots) - 1)
	i := mix(bits^s.seed) & mask
	for s.slots[i] != bits && s.slots[i] != freeSlot {
		i = (i + 1) & mask
	}
	return i
}

func (s *numberSet) grow() {
	old := s.slots
	s.allocate(2 * len(old))
	for _, bits := range old {
		if bits != freeSlot {
			s.slots[s.slot(bits)] = bits
		}
	}
}
