package gbdt

import (
	"math/rand/v2"
	"testing"
)

// Each combination of the columns' bins has a byte of its own, from which they
// are found again, and by which a set of bins is a set of bytes.
func TestLanesHoldEveryCombination(t *testing.T) {
	columns := []column{{edges: make([]float64, 2)}, {codes: make([]int32, 6), binOf: make([]uint8, 6)}, {edges: make([]float64, 5)}}
	all := lanes(columns) // of 4, 7 and 7 digits
	if len(all) != 1 || all[0].size != 4*7*7 {
		t.Fatalf("lanes %v", all)
	}
	binOf := func(c *column, digit int) uint8 {
		if digit == c.digits()-1 {
			return missingBin
		}
		return uint8(digit)
	}
	left := upTo(1)
	left.add(missingBin)
	seen := map[uint8]bool{}
	for i := range 4 * 7 * 7 {
		digits := []int{i % 4, i / 4 % 7, i / 28}
		var b uint8
		for k := range columns {
			b += columns[k].encode(binOf(&columns[k], digits[k]))
		}
		seen[b] = true
		for k := range columns {
			want := binOf(&columns[k], digits[k])
			if got := columns[k].decode(b); got != want {
				t.Errorf("column %d is in bin %d instead of %d", k, got, want)
			}
			if bytes := columns[k].bytes(&left); bytes.has(b) != left.has(want) {
				t.Errorf("column %d, bin %d is on the wrong side", k, want)
			}
		}
	}
	if len(seen) != 4*7*7 {
		t.Errorf("%d bytes", len(seen))
	}
}

// Lanes never overflow, hold every column once, and columns of few bins share.
func TestLanesArePacked(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	columns := make([]column, 60)
	for k := range columns {
		columns[k].edges = make([]float64, 254>>rng.IntN(9))
	}
	total := 0
	for i, l := range lanes(columns) {
		size := 1
		for _, k := range l.columns {
			size *= columns[k].digits()
			if columns[k].lane != i || (columns[k].sharing != nil) != (len(l.columns) > 1) {
				t.Errorf("column %d does not know its lane %d", k, i)
			}
		}
		if size > cells && len(l.columns) > 1 {
			t.Errorf("lane %d has %d combinations", i, size)
		}
		total += len(l.columns)
	}
	if total != len(columns) {
		t.Errorf("%d columns have a lane", total)
	}
	flags := make([]column, 16) // two values and missing
	for k := range flags {
		flags[k].edges = make([]float64, 1)
	}
	if n := len(lanes(flags)); n != 4 {
		t.Errorf("16 flags take %d lanes", n)
	}
}
