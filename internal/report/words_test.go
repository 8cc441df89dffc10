package report

import "testing"

func TestStabilityIndicesStayShort(t *testing.T) {
	for x, want := range map[float64]string{0: "0.0000", 9.65e-5: "< 0.0001", 0.00034: "0.0003", 0.3: "0.3000"} {
		if got := stabilityText(x); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
}
