package metric

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// scoreAt is the metric at a threshold, from scratch.
func scoreAt(name string, y []int32, p []float64, threshold float64) (float64, bool) {
	labels := make([]int32, len(y))
	for i := range labels {
		if p[2*i+1] > threshold {
			labels[i] = 1
		}
	}
	v, ok := Classification(y, Answers{P: p, Labels: labels}, 2).Values[name]
	return v, ok
}

// No threshold is better, and no other middle between two rows that is as good
// is closer to one half.
func TestBestThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "rows")
		y, p := make([]int32, n), make([]float64, 0, 2*n)
		for i := range y {
			y[i] = int32(rapid.IntRange(0, 1).Draw(t, "y"))
			q := float64(rapid.IntRange(0, 20).Draw(t, "p")) / 20
			p = append(p, 1-q, q)
		}
		for _, name := range Thresholds {
			at := BestThreshold(name, y, p)
			best, defined := scoreAt(name, y, p, at)
			if math.IsNaN(at) {
				defined = false
			} else if !(at > 0 && at < 1) || !defined {
				t.Fatalf("%s: threshold %v", name, at)
			}
			for i := range 40 { // the middles of all ways, one half among them
				other := (float64(i) + 0.5) / 40
				if i == 20 {
					other = 0.5
				}
				v, ok := scoreAt(name, y, p, other)
				if ok && (!defined || v > best) {
					t.Fatalf("%s: %v at %v, but %v at %v", name, best, at, v, other)
				}
				if ok && v == best && math.Abs(wayOf(p, other)-0.5) < math.Abs(at-0.5)-1e-12 {
					t.Fatalf("%s: %v is as good as %v", name, other, at)
				}
			}
		}
	})
}

// wayOf returns the middle between the rows around a threshold, or one half if
// that lies there.
func wayOf(p []float64, threshold float64) float64 {
	low, high := 0.0, 1.0
	for i := 1; i < len(p); i += 2 {
		if p[i] > threshold {
			high = min(high, p[i])
		} else {
			low = max(low, p[i])
		}
	}
	if low <= 0.5 && 0.5 < high {
		return 0.5
	}
	return (low + high) / 2
}

func TestBestThresholdOfProbabilitiesThatAreNearlyEqual(t *testing.T) {
	close := 0.3 + 1e-12
	if at := BestThreshold(Accuracy, []int32{0, 1}, []float64{0.7, 0.3, 1 - close, close}); at != 0.5 {
		t.Errorf("threshold %v between probabilities that rounding may exchange", at)
	}
	if at := BestThreshold(F1, []int32{0, 0}, []float64{1, 0, 1, 0}); !math.IsNaN(at) {
		t.Errorf("threshold %v by a metric that is defined nowhere", at)
	}
	if at := BestThreshold(F1, []int32{1}, []float64{math.NaN(), math.NaN()}); !math.IsNaN(at) {
		t.Errorf("threshold %v for what is no number", at)
	}
}
