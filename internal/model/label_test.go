package model

import (
	"math"
	"testing"
)

func TestLabelTakesTheFirstOfTheLargest(t *testing.T) {
	for _, c := range []struct {
		p    []float64
		want int
	}{
		{[]float64{0.5, 0.5}, 0},
		{[]float64{math.Nextafter(0.5, 0), 0.5}, 1},
		{[]float64{0.2, 0.4, 0.4}, 1},
		{[]float64{1}, 0},
	} {
		if got := Label(c.p); got != c.want {
			t.Errorf("Label(%v) = %d, want %d", c.p, got, c.want)
		}
	}
}
