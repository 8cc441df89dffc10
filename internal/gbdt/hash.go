package gbdt

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, Fast splittable
// pseudorandom number generators, OOPSLA 2014): a bijection that looks random.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

const golden = 0x9e3779b97f4a7c15

// chance returns a number that looks random and depends on its arguments only,
// so that no choice depends on what was chosen before it or on which thread.
func chance(seed uint64, at ...uint64) uint64 {
	h := mix(seed + golden)
	for _, a := range at {
		h = mix(h ^ (a*golden + golden))
	}
	return h
}

// What a choice is made for, so that no two choices are made by the same hash.
const (
	forSample uint64 = iota
	forValidation
	forFeatures
	forBag
	forTree
)
