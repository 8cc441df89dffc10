package dataset

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// cellClass says what a cell holds, whatever its column is.
type cellClass uint8

const (
	missingCell    cellClass = iota // empty, blank, or a spelling of "no value"
	integerCell                     // a whole number up to 2^53 in size
	floatCell                       // another finite number
	outOfRangeCell                  // a number that no float64 holds
	textCell                        // anything else
	booleanCell                     // a textCell that is one: parseCell does not look for these
	momentCell
)

// maxInteger is the limit up to which every whole number is a float64: 2^53.
const maxInteger = 1 << 53

// parseCell reads a cell. The number is meaningful for integerCell and
// floatCell.
func parseCell(b []byte) (float64, cellClass) {
	if len(b) == 0 {
		return 0, missingCell
	}
	if v, class := parseShort(b); class != textCell {
		return v, class
	}
	v, class := parseNumber(b)
	if class == textCell && isMissing(b) {
		class = missingCell
	}
	return v, class
}

// parseShort is parseNumber for up to 8 bytes: an optional minus, and digits
// with an optional point. It reads them all at once, as eight bytes of an
// integer, since a loop whose length the processor cannot predict takes more
// time than everything else about a number. What it does not know is textCell.
//
// The bytes behind b are read along, where its capacity says that they exist.
func parseShort(b []byte) (float64, cellClass) {
	const (
		ones   = 0x0101010101010101
		zeros  = '0' * ones
		points = '.' * ones
	)
	n := uint(len(b))
	if n > 8 || cap(b) < 8 {
		return 0, textCell
	}
	w := binary.LittleEndian.Uint64(b[:8])
	negative := byte(w) == '-'
	if negative {
		w >>= 8
		n--
	}
	w &= 1<<(8*n) - 1
	fraction, class := uint(0), integerCell
	if x := w ^ points; (x-ones)&^x&(0x80*ones) != 0 {
		at := uint(bits.TrailingZeros64((x-ones)&^x&(0x80*ones))) &^ 7 // bits before the point
		w = w&(1<<at-1) | w>>8&^(1<<at-1)
		n--
		fraction, class = n-at/8, floatCell
	}
	if n == 0 {
		return 0, textCell
	}
	// The digits move up to the last bytes, behind zeros.
	w = w<<(64-8*n) | zeros>>(8*n)
	w ^= zeros
	if (w|(w+6*ones))&(0xf0*ones) != 0 {
		return 0, textCell
	}
	w = w*10 + w>>8 // pairs of digits, in every other byte
	const low = 0x000000ff000000ff
	m := (w&low*(100+1000000<<32) + w>>16&low*(1+10000<<32)) >> 32
	v := float64(uint32(m))
	if fraction > 0 {
		v /= powersOfTen[fraction]
	}
	if negative {
		v = 0 - v // no negative zero
	}
	return v, class
}

// parseNumber reads a decimal number: an optional sign, digits with an
// optional point, an optional exponent; blanks around it are left out, and a
// negative zero becomes zero. What is no number is textCell.
//
// The value is the nearest float64, as strconv.ParseFloat returns it. Up to 19
// digits are gathered in an integer; if that is below 2^53 and the power of
// ten is exact as well, then one multiplication or division rounds correctly
// (Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990).
// Anything else goes to strconv.
func parseNumber(b []byte) (float64, cellClass) {
	v, class := parseDecimal(b)
	if class == textCell {
		if trimmed := trim(b); len(trimmed) < len(b) {
			return parseDecimal(trimmed)
		}
	}
	return v, class
}

// parseDecimal is parseNumber without blanks.
func parseDecimal(b []byte) (float64, cellClass) {
	i, negative := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		i, negative = 1, b[0] == '-'
	}
	for i+1 < len(b) && b[i] == '0' && b[i+1]-'0' <= 9 {
		i++
	}
	m, i, digits := gather(0, b, i)
	if i == len(b) && digits > 0 && digits <= 16 && m <= maxInteger {
		if negative {
			return float64(-int64(m)), integerCell
		}
		return float64(m), integerCell
	}
	exponent, whole := 0, true
	if i < len(b) && b[i] == '.' {
		var fraction int
		m, i, fraction = gather(m, b, i+1)
		digits += fraction
		exponent, whole = -fraction, false
	}
	if digits == 0 {
		return 0, infinity(b)
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		e, end := readExponent(b, i+1)
		i, exponent, whole = end, exponent+e, false
	}
	if i != len(b) {
		return 0, textCell
	}
	if digits <= 19 && m <= maxInteger && !whole && -22 <= exponent && exponent <= 22 {
		return scale(m, exponent, negative), floatCell
	}
	return parseLong(b)
}

// gather appends the digits of b from position i on to the integer m, and
// returns it with the position behind them and their number. From the 20th
// digit on the integer is meaningless.
func gather(m uint64, b []byte, i int) (uint64, int, int) {
	start := i
	for i < len(b) {
		d := b[i] - '0'
		if d > 9 {
			break
		}
		m = m*10 + uint64(d)
		i++
	}
	return m, i, i - start
}

// readExponent reads a signed exponent; where there is none, the position it
// returns is -1. Beyond 9,999 it stands still, far out of every range.
func readExponent(b []byte, i int) (int, int) {
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	start, e := i, 0
	for i < len(b) && b[i]-'0' <= 9 {
		e = min(e*10+int(b[i]-'0'), 9999)
		i++
	}
	if i == start {
		return 0, -1
	}
	if negative {
		e = -e
	}
	return e, i
}

// powersOfTen are those that a float64 holds exactly.
var powersOfTen = [23]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

func scale(m uint64, exponent int, negative bool) float64 {
	v := float64(m)
	if exponent < 0 {
		v /= powersOfTen[-exponent]
	} else {
		v *= powersOfTen[exponent]
	}
	if negative && m != 0 {
		v = -v
	}
	return v
}

// parseLong reads a number that is known to be well-formed.
func parseLong(b []byte) (float64, cellClass) {
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0, outOfRangeCell
	}
	return v + 0, floatCell // -0 + 0 = +0
}

// infinity tells the spellings of infinity, in any case, from text.
func infinity(b []byte) cellClass {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	if foldsTo(b, "inf") || foldsTo(b, "infinity") {
		return outOfRangeCell
	}
	return textCell
}

// foldsTo reports whether b is the word in upper or lower case.
func foldsTo(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i := range b {
		if b[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

// trim cuts off blanks and tabs at both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// isMissing reports whether a cell, blanks around it aside, is empty or one of
// the spellings that pandas.read_csv takes for a missing value by default.
func isMissing(b []byte) bool {
	b = trim(b)
	if len(b) > len("#N/A N/A") {
		return false
	}
	switch string(b) {
	case "", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA",
		"NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
		"null", "NULL", "None":
		return true
	}
	return false
}
