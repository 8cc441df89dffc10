package usage_test

import (
	"math"
	"os"
	"testing"
	"time"

	"retrain/internal/usage"
)

func TestBilledTime(t *testing.T) {
	u := usage.Since(time.Now().Add(-2*time.Second), 1536)
	if u.DurationMS < 2000 || u.DurationMS > 60_000 {
		t.Errorf("%v ms", u.DurationMS)
	}
	if want := 1.5 * math.Ceil(u.DurationMS) / 1000; math.Abs(u.GBSeconds-want) > 0.003 {
		t.Errorf("%v GB s, want %v", u.GBSeconds, want)
	}
	if u := usage.Since(time.Now(), 0); u.GBSeconds != 0 {
		t.Errorf("billed %v outside of Lambda", u.GBSeconds)
	}
}

func TestPeakMemoryGrowsAndStays(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		if usage.PeakMemory() != 0 {
			t.Error("a figure without a source")
		}
		return
	}
	before := usage.PeakMemory()
	touched := make([]byte, 64<<20)
	for i := 0; i < len(touched); i += 4096 {
		touched[i] = 1
	}
	after := usage.PeakMemory()
	if before < 1<<20 || after < before+(32<<20) || after < int64(len(touched)) {
		t.Errorf("%d bytes, then %d with %d more touched", before, after, len(touched))
	}
}
