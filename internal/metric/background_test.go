package metric

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// The functions that can be cancelled, for tests that do not cancel.

func compareClasses(name string, y []int32, a, b []float64, classes int, o Options) Comparison {
	return done(CompareClassification(context.Background(), name, y, Answers{P: a}, Answers{P: b}, classes, o))
}

func compareValues(name string, y, a, b []float64, o Options) Comparison {
	return done(CompareRegression(context.Background(), name, y, a, b, o))
}

func classIntervals(y []int32, p []float64, classes int, o Options) map[string]Interval {
	return done(ClassificationIntervals(context.Background(), y, Answers{P: p}, classes, o))
}

func valueIntervals(y, p []float64, o Options) map[string]Interval {
	return done(RegressionIntervals(context.Background(), y, p, o))
}

func done[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// ending is a context that has ended by the time that a bootstrap looks at it
// for the third time, and counts how often it is looked at.
type ending struct {
	context.Context
	looks atomic.Int64
}

func (e *ending) Err() error {
	if e.looks.Add(1) > 2 {
		return context.DeadlineExceeded
	}
	return nil
}

// Every bootstrap stops soon after its context has ended, and the comparison
// is then an error and no number.
func TestBootstrapsStopWhenTheContextEnds(t *testing.T) {
	y, a, b := twoModels(rand.New(rand.NewPCG(1, 9)), 300, 2, 0.5, 0.6)
	v, c, d := twoRegressors(rand.New(rand.NewPCG(1, 9)), 300, 0.5, 0.6)
	for _, name := range []string{Accuracy, AveragePrecision, LogLoss, Brier} {
		e := &ending{Context: context.Background()}
		if _, err := CompareClassification(e, name, y, Answers{P: a}, Answers{P: b}, 2, Options{}); !errors.Is(err, context.DeadlineExceeded) || e.looks.Load() > 5 {
			t.Errorf("%s: %v after %d looks", name, err, e.looks.Load())
		}
	}
	for _, name := range []string{RMSE, MAE, R2} {
		e := &ending{Context: context.Background()}
		if _, err := CompareRegression(e, name, v, c, d, Options{}); !errors.Is(err, context.DeadlineExceeded) || e.looks.Load() > 5 {
			t.Errorf("%s: %v after %d looks", name, err, e.looks.Load())
		}
	}
	e := &ending{Context: context.Background()}
	if _, err := ClassificationIntervals(e, y, Answers{P: a}, 2, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("intervals: %v", err)
	}
	e = &ending{Context: context.Background()}
	if _, err := RegressionIntervals(e, v, c, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("intervals: %v", err)
	}
}
