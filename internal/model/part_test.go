package model_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"retrain/internal/model"
)

// naivePart asks package time.
func naivePart(part model.Part, x float64) float64 {
	if !part.OfTime() || part == model.Epoch || math.IsNaN(x) {
		return x
	}
	at := time.Unix(int64(math.Floor(x)), 0).UTC()
	switch part {
	case model.Year:
		return float64(at.Year())
	case model.Month:
		return float64(at.Month())
	case model.Day:
		return float64(at.Day())
	case model.Weekday:
		return float64((at.Weekday() + 6) % 7)
	}
	return float64(at.Hour())
}

func TestPartsOfATimeAgreeWithPackageTime(t *testing.T) {
	for _, x := range []float64{
		0, -1, -1e-6, 86399.999999, 86400, 951_782_400, 951_868_799.5, 1_709_164_800, -62_135_596_800, 253_402_300_799, math.NaN(),
		-2_203_891_200, 4_107_542_400, // the ends of February 1900 and 2100, which have no leap day
	} {
		checkParts(t, x)
	}
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "seconds")
		checkParts(t, float64(whole)+float64(rapid.IntRange(0, 999_999).Draw(t, "microseconds"))/1e6)
	})
}

type tester interface {
	Helper()
	Errorf(format string, args ...any)
}

func checkParts(t tester, x float64) {
	t.Helper()
	for _, part := range model.TimeParts {
		got, want := part.Of(x), naivePart(part, x)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("the %s of %v is %v, want %v", part, x, got, want)
		}
	}
}
