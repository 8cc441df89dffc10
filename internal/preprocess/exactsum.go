package preprocess

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
)

// exactSum is a sum of float64 without any rounding, so that the order of what is
// added makes no difference, and sums of parts add up to that of the whole (R. M.
// Neal, Fast exact summation using small and large superaccumulators, 2015). It
// is an integer in units of 2^-1074, in digits of 32 bits that may be negative
// and stand for more than they should until they are carried.
type exactSum struct {
	digits [sumDigits]int64
	since  uint32 // additions since the digits were carried
	beyond bool   // something infinite, or no number, was added
}

// sumDigits are enough for 2^63 numbers of the largest size.
const sumDigits = (1074+1024+63)/32 + 2

// carryAfter is how many additions, of less than 2^53 to each digit, are sure not
// to overflow one.
const carryAfter = 1 << 9

func (s *exactSum) add(x float64) {
	bits := math.Float64bits(x)
	exponent, m := bits>>52&0x7ff, bits&(1<<52-1)
	switch exponent {
	case 0x7ff:
		s.beyond = true
		return
	case 0:
		exponent = 1 // subnormal
	default:
		m |= 1 << 52
	}
	at, shift := (exponent-1)/32, (exponent-1)%32
	low, rest := int64(m<<shift&math.MaxUint32), int64(m>>(32-shift))
	sign := int64(bits) >> 63 // 0 or -1
	d := s.digits[at : at+2 : at+2]
	d[0] += (low ^ sign) - sign
	d[1] += (rest ^ sign) - sign
	if s.since++; s.since == carryAfter {
		s.carry()
	}
}

// carry leaves digits from 0 to 2^32-1, but for the last, which has the sign.
func (s *exactSum) carry() {
	for i := range sumDigits - 1 {
		s.digits[i+1] += s.digits[i] >> 32
		s.digits[i] &= math.MaxUint32
	}
	s.since = 0
}

// merge adds another sum.
func (s *exactSum) merge(other *exactSum) {
	s.carry()
	other.carry()
	for i, d := range other.digits {
		s.digits[i] += d
	}
	s.beyond = s.beyond || other.beyond
	s.carry()
}

// value returns the nearest float64, and what is nearest to the rest.
func (s *exactSum) value() twofold {
	if s.beyond {
		return twofold{hi: math.NaN()}
	}
	s.carry()
	exact := new(big.Int)
	for i := sumDigits - 1; i >= 0; i-- {
		exact.Add(exact.Lsh(exact, 32), big.NewInt(s.digits[i]))
	}
	hi := nearest(exact)
	if math.IsInf(hi, 0) {
		return twofold{hi: hi}
	}
	units, _ := new(big.Float).SetMantExp(big.NewFloat(hi), 1074).Int(nil)
	return twofold{hi, nearest(exact.Sub(exact, units))}
}

// nearest returns the float64 that is nearest to so many units.
func nearest(units *big.Int) float64 {
	x, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(units), -1074).Float64()
	return x
}

// storedSum is the JSON form: the digits from the first to the last that is not
// zero.
type storedSum struct {
	From   int     `json:"from"`
	Digits []int64 `json:"digits"`
	Beyond bool    `json:"beyond,omitempty"`
}

// MarshalJSON writes equal sums alike.
func (s exactSum) MarshalJSON() ([]byte, error) {
	s.carry()
	from, to := 0, sumDigits
	for from < to && s.digits[from] == 0 {
		from++
	}
	for to > from && s.digits[to-1] == 0 {
		to--
	}
	return json.Marshal(storedSum{from, s.digits[from:to], s.beyond})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *exactSum) UnmarshalJSON(text []byte) error {
	var stored storedSum
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	if stored.From < 0 || stored.From+len(stored.Digits) > sumDigits {
		return errors.New("preprocess: a stored sum is not as it was written")
	}
	*s = exactSum{beyond: stored.Beyond}
	copy(s.digits[stored.From:], stored.Digits)
	return nil
}
