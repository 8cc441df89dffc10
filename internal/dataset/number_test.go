package dataset

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestCellClasses(t *testing.T) {
	for _, c := range []struct {
		cell  string
		value float64
		class cellClass
	}{
		{"0", 0, integerCell},
		{"-0", 0, integerCell},
		{"+7", 7, integerCell},
		{"007", 7, integerCell},
		{" 12\t", 12, integerCell},
		{"9007199254740992", 1 << 53, integerCell},
		{"-9007199254740992", -1 << 53, integerCell},
		{"9007199254740993", 1 << 53, floatCell},
		{"00000000000000000000000000012", 12, integerCell},
		{"-0000000000009007199254740992", -1 << 53, integerCell},
		{"0000000000009007199254740993", 1 << 53, floatCell},
		{"123456789012345678901234567890", 123456789012345678901234567890, floatCell},
		{"18446744073709551617", 1 << 64, floatCell}, // 2^64 + 1
		{"1.8446744073709551617", 1.8446744073709551617, floatCell},
		{"1.0", 1, floatCell},
		{"1.", 1, floatCell},
		{".5", 0.5, floatCell},
		{"-0.0", 0, floatCell},
		{"1e3", 1000, floatCell},
		{"1E+3", 1000, floatCell},
		{"1e-400", 0, floatCell},
		{"0e999999999999", 0, floatCell},
		{"4.9e-324", 5e-324, floatCell},
		{"1e999", 0, outOfRangeCell},
		{"-1e999", 0, outOfRangeCell},
		{"1e99999999999999999999", 0, outOfRangeCell},
		{"inf", 0, outOfRangeCell},
		{"-Infinity", 0, outOfRangeCell},
		{"+INF", 0, outOfRangeCell},
		{"", 0, missingCell},
		{"  ", 0, missingCell},
		{" NA ", 0, missingCell},
		{"1.#IND", 0, missingCell},
		{"-nan", 0, missingCell},
		{"-", 0, textCell},
		{".", 0, textCell},
		{"e5", 0, textCell},
		{"1e", 0, textCell},
		{"1e+", 0, textCell},
		{"1 2", 0, textCell},
		{"1,5", 0, textCell},
		{"1_000", 0, textCell},
		{"0x10", 0, textCell},
		{"+-1", 0, textCell},
		{"infinite", 0, textCell},
		{"NAN", 0, textCell},
		{"na", 0, textCell},
	} {
		value, class := parseCell([]byte(c.cell))
		if class != c.class || value != c.value || math.Signbit(value) != math.Signbit(c.value) {
			t.Errorf("%q: got %v of class %d, want %v of class %d", c.cell, value, class, c.value, c.class)
		}
	}
}

// TestMissingSpellings holds the list of pandas 3.0, STR_NA_VALUES.
func TestMissingSpellings(t *testing.T) {
	for _, s := range []string{
		"-1.#IND", "1.#QNAN", "1.#IND", "-1.#QNAN", "#N/A N/A", "#N/A", "N/A", "n/a", "NA",
		"<NA>", "#NA", "NULL", "null", "NaN", "-NaN", "nan", "-nan", "None", "",
	} {
		if !isMissing([]byte(s)) {
			t.Errorf("%q is not missing", s)
		}
	}
}

// TestNumbersAreExact compares with strconv over random spellings.
func TestNumbersAreExact(t *testing.T) {
	digits := rapid.StringMatching(`[0-9]{1,25}`)
	number := rapid.Custom(func(t *rapid.T) string {
		s := rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, "sign") + digits.Draw(t, "whole")
		if rapid.Bool().Draw(t, "point") {
			s += "." + rapid.StringMatching(`[0-9]{0,25}`).Draw(t, "fraction")
		}
		if rapid.Bool().Draw(t, "exponent") {
			s += rapid.SampledFrom([]string{"e", "E", "e-", "e+"}).Draw(t, "e") + rapid.StringMatching(`[0-9]{1,3}`).Draw(t, "power")
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		checkNumber(t, number.Draw(t, "number"))
	})
	// The shortest and the longest spellings of any float64.
	rapid.Check(t, func(t *rapid.T) {
		v := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if v-v == 0 {
			checkNumber(t, strconv.FormatFloat(v, 'g', -1, 64))
			checkNumber(t, strconv.FormatFloat(v, 'e', 30, 64))
			checkNumber(t, strconv.FormatFloat(v, 'f', -1, 64))
		}
	})
}

func checkNumber(t *rapid.T, s string) {
	want, err := strconv.ParseFloat(s, 64)
	got, class := parseNumber([]byte(s))
	switch {
	case err != nil && class != outOfRangeCell:
		t.Fatalf("%s: class %d, want out of range", s, class)
	case err == nil && math.Float64bits(got) != math.Float64bits(want+0):
		t.Fatalf("%s: got %v, want %v", s, got, want)
	case err == nil && (class == integerCell) != isInteger(s):
		t.Fatalf("%s: class %d", s, class)
	}
}

// isInteger is the naive definition.
func isInteger(s string) bool {
	n, ok := new(big.Int).SetString(s, 10)
	return ok && n.CmpAbs(big.NewInt(1<<53)) <= 0
}

func BenchmarkParseNumber(b *testing.B) {
	cells := [][]byte{[]byte("34.558"), []byte("79"), []byte("0.606109"), []byte("-158.75"), []byte("127856")}
	for i := range b.N {
		parseNumber(cells[i%len(cells)])
	}
}
