package api

import (
	"context"
	"time"

	"retrain/internal/fault"
)

// slots bounds how many requests read whole data sets at the same time. Each of
// them uses all processors and most of the memory that it may have, so more at
// a time only makes all of them late.
type slots struct {
	taken chan struct{}
	wait  time.Duration
}

func newSlots(n int, wait time.Duration) slots {
	return slots{taken: make(chan struct{}, n), wait: wait}
}

// take waits for a free slot and returns what frees it again. When none is free
// in time the error is a fault.Throttled; an ended ctx gives its own error.
func (s slots) take(ctx context.Context) (free func(), err error) {
	free = func() { <-s.taken }
	select {
	case s.taken <- struct{}{}:
		return free, nil
	default:
	}
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case s.taken <- struct{}{}:
		return free, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, fault.New(fault.Throttled, "The service is busy with other trainings; try again later.")
	}
}

// bounded limits a request's work to the service's Timeout.
func (s *service) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, s.Timeout)
}
