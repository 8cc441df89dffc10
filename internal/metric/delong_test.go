package metric

import "testing"

// Of two rows of each class, a model that knows nothing orders all one time in
// six, and then no row tells that it was chance: all have the same share.
func TestAreasWithoutAVariance(t *testing.T) {
	for _, c := range []struct {
		rows  int // of each class
		ahead bool
	}{{2, false}, {4, false}, {8, true}, {200, true}} {
		var y []int32
		var right, wrong, constant []float64
		for range c.rows {
			y = append(y, 0, 1)
			right, wrong = append(right, 0.8, 0.2, 0.2, 0.8), append(wrong, 0.2, 0.8, 0.8, 0.2)
			constant = append(constant, 0.5, 0.5, 0.5, 0.5)
		}
		o := Options{}.withDefaults()
		s := o.aucSpan(y, 2, [][]float64{right, constant})
		if (s.low > 0) != c.ahead || s.high < 0.5 {
			t.Errorf("%d rows of each class: %+v", c.rows, s)
		}
		// The other way round it is the same interval, mirrored.
		for _, m := range [][][]float64{{constant, right}, {wrong, constant}} {
			if mirror := o.aucSpan(y, 2, m); mirror.low > -s.high+1e-12 || mirror.low < -s.high-1e-12 || mirror.high > -s.low+1e-12 || mirror.high < -s.low-1e-12 {
				t.Errorf("%d rows of each class: %+v, and mirrored %+v", c.rows, s, mirror)
			}
		}
		if same := o.aucSpan(y, 2, [][]float64{right, right}); same.low != 0 || same.high != 0 {
			t.Errorf("a model and itself: %+v", same)
		}
	}
}
