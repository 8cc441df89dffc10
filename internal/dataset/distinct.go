package dataset

import (
	"math"
	"math/rand/v2"
)

// numberSet counts distinct numbers up to a limit, and one beyond it.
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

// full reports whether the set has more than limit members; it counts no more.
func (s *numberSet) full() bool { return s.n > s.limit }

// add inserts a number, which is not NaN.
func (s *numberSet) add(v float64) {
	if s.full() {
		return
	}
	bits := math.Float64bits(v)
	i := s.slot(bits)
	if s.slots[i] == bits {
		return
	}
	s.n++
	if s.full() {
		s.slots = nil
		return
	}
	s.slots[i] = bits
	if 2*s.n > len(s.slots) {
		s.grow()
	}
}

// addAll is add for many numbers; it leaves out those that are NaN.
func (s *numberSet) addAll(values []float64) {
	if s.full() {
		return
	}
	for _, v := range values {
		if v == v {
			s.add(v)
		}
	}
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
