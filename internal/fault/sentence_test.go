package fault_test

import (
	"testing"

	"retrain/internal/fault"
)

func TestASentenceEndsOnce(t *testing.T) {
	for text, want := range map[string]string{
		"Field required":       "Field required.",
		"Field required.":      "Field required.",
		"did you mean 'tol'?":  "did you mean 'tol'?",
		"known are 'a' or 'b'": "known are 'a' or 'b'.",
	} {
		if got := fault.Sentence(text); got != want {
			t.Errorf("Sentence(%q) = %q, want %q", text, got, want)
		}
	}
}
