package main

import (
	"testing"

	"retrain/internal/metric"
)

// Equal models are promoted in at most 5 % of all comparisons by superior, a
// better one more often, and a worse one hardly ever; and non_inferior lets an
// equal one in more often than one that is worse by the whole margin. A tiny or
// one-sided holdout changes nothing about the first.
func TestTheGateKeepsItsPromise(t *testing.T) {
	for _, c := range []struct {
		setting, rows, trials int
	}{{0, 1000, 400}, {0, 30, 400}, {1, 300, 400}, {2, 500, 400}} {
		s := settings[c.setting]
		o := metric.Options{Resamples: 200}
		equal, ahead, behind := s.promoted(c.rows, c.trials, 0, o), s.promoted(c.rows, c.trials, 1, o), s.promoted(c.rows, c.trials, -1, o)
		if equal[0] > 0.05 || behind[0] > equal[0]+0.01 || ahead[0] < equal[0] {
			t.Errorf("%s, %d rows: superior promotes %.3f equal, %.3f better and %.3f worse models", s.name, c.rows, equal[0], ahead[0], behind[0])
		}
		if c.rows >= 300 && behind[1] > 0.07 || equal[1] < behind[1] {
			t.Errorf("%s, %d rows: non_inferior promotes %.3f equal models and %.3f that are worse by the margin", s.name, c.rows, equal[1], behind[1])
		}
	}
}
