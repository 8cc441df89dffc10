package dataset

// The row hash is a contract: the split into training and holdout side rests
// on it, from one run to the next and in whatever format the rows arrive. Its
// definition, in arithmetic modulo 2^64:
//
//	mix(z)    = z ^= z>>30; z *= 0xbf58476d1ce4e5b9;
//	            z ^= z>>27; z *= 0x94d049bb133111eb; z ^ z>>31
//	fnv(s)    = FNV-1a, 64 bits, of the bytes of s
//	number(x) = mix(bits(x) + 0x9e3779b97f4a7c15)
//	time(x)   = mix(bits(x) + 0xbea225f9eb34556d)
//	text(s)   = mix(fnv(s)  + 0xd1b54a32d192ed03)
//	cell(c)   = number(x) if c, blanks around it aside, is written as a decimal
//	            number whose nearest float64 x is finite; x of -0 is +0
//	          = text("True") if c is true, True or TRUE, text("False") likewise
//	          = time(x) if c, blanks around it aside, is a date or time of the
//	            forms FormISO and FormDotted (see moment.go), x being the seconds
//	            since 1970; in a column of times, in the others as well
//	          = text(s) otherwise, s being the bytes of c as they are
//	row       = mix( Σ mix( mix(fnv(name)) + 3·cell(c) ) )
//
// over the cells that have a value: missing cells (see isMissing) and numbers
// out of range add nothing. bits are those of IEEE 754 binary64. mix is the
// finalizer of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
// Number Generators", OOPSLA 2014), fnv that of Fowler, Noll and Vo.
//
// So the hash does not depend on the order of columns, on their inferred kinds
// or on the file format: 5, "5", "5.0" and " 5e0 " hash alike. (The exception
// is 05/06/2006: whether that is a time, and which, only its column tells.)

import (
	"encoding/json"
	"fmt"
	"math"
)

const (
	numberSalt = 0x9e3779b97f4a7c15
	timeSalt   = 0xbea225f9eb34556d
	textSalt   = 0xd1b54a32d192ed03
)

// mix is the finalizer of SplitMix64, a bijection.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func fnv1a[T string | []byte](s T) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

// columnHash stands for the column in the hash of its cells.
type columnHash uint64

func hashColumn(name string) columnHash { return columnHash(mix(fnv1a(name))) }

// number returns what a number adds to its row. NaN adds nothing.
func (c columnHash) number(x float64) uint64 {
	if x != x {
		return 0
	}
	return mix(uint64(c) + 3*mix(math.Float64bits(x+0)+numberSalt))
}

// cell returns what a cell, as it is spelled, adds to its row.
func (c columnHash) cell(b []byte) uint64 {
	v, class := parseCell(b)
	switch class {
	case integerCell, floatCell:
		return c.number(v)
	case textCell:
		return c.text(b)
	}
	return 0
}

// text returns what a cell adds that is neither a number nor missing.
func (c columnHash) text(b []byte) uint64 {
	if v, ok := parseBoolean(b); ok {
		return c.boolean(boolNumber(v))
	}
	if m, fits := parseMoment(b, FormISO|FormDotted); fits != 0 {
		return c.time(m.seconds())
	}
	return mix(uint64(c) + 3*mix(fnv1a(b)+textSalt))
}

// boolean returns what a boolean adds, which is 1, 0 or NaN.
func (c columnHash) boolean(x float64) uint64 {
	if x != x {
		return 0
	}
	return mix(uint64(c) + 3*mix(fnv1a(BooleanText(x != 0))+textSalt))
}

// time returns what a moment adds, in seconds. NaN adds nothing.
func (c columnHash) time(x float64) uint64 {
	if x != x {
		return 0
	}
	return mix(uint64(c) + 3*mix(math.Float64bits(x+0)+timeSalt))
}

// value returns what a value adds to its row. It panics for a type that no
// decoder of ours yields.
func (c columnHash) value(v any) uint64 {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return c.cell([]byte(v))
	case json.Number:
		return c.cell([]byte(v))
	case bool:
		return c.cell([]byte(BooleanText(v)))
	case int:
		return c.number(float64(v))
	case int64:
		return c.number(float64(v))
	case float64:
		if math.IsInf(v, 0) {
			return 0
		}
		return c.number(v)
	}
	panic(fmt.Sprintf("dataset: cannot hash a %T", v))
}

// HashOf returns the hash of a row whose cells are nil (missing), strings,
// booleans, float64, int, int64 or json.Number; cells[i] belongs to the column
// names[i]. It is the same 64 bits as Read yields in Batch.Hashes for that row
// and set of columns. The definition, which stored data depend on and which
// never changes, stands at the head of hash.go.
func HashOf(names []string, cells []any) uint64 {
	if len(names) != len(cells) {
		panic("dataset: names and cells differ in length")
	}
	sum := uint64(0)
	for i, name := range names {
		sum += hashColumn(name).value(cells[i])
	}
	return mix(sum)
}

// HashRecord is HashOf for the named fields of a record, or for all of them if
// names is nil. A field that the record lacks is missing.
func HashRecord(record map[string]any, names []string) uint64 {
	sum := uint64(0)
	if names == nil {
		for name, v := range record {
			sum += hashColumn(name).value(v)
		}
		return mix(sum)
	}
	for _, name := range names {
		sum += hashColumn(name).value(record[name])
	}
	return mix(sum)
}
