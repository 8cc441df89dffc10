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

func TestLabelAboveAThreshold(t *testing.T) {
	for _, c := range []struct {
		p1, threshold float64
		want          int
	}{
		{0.3, 0.3, 0}, {math.Nextafter(0.3, 1), 0.3, 1}, {0.6, 0.7, 0}, {0.5, 0, 0}, {0.6, 0, 1},
	} {
		m := Model{Threshold: c.threshold}
		if got := m.Label([]float64{1 - c.p1, c.p1}); got != c.want {
			t.Errorf("%v with a threshold of %v is class %d, want %d", c.p1, c.threshold, got, c.want)
		}
	}
}
