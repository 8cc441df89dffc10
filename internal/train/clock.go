package train

import (
	"context"
	"errors"
	"slices"
	"time"
)

// errTimeIsUp is why a clock ends the work.
var errTimeIsUp = errors.New("train: the time for this call is up")

// clock ends the work of a call so early that what has to be done after it
// still can be. How long that takes is measured during the call, not known
// beforehand; without a deadline nothing ever ends.
type clock struct {
	start   time.Time
	end     time.Time // the deadline; zero if there is none
	reserve time.Duration
	cancel  context.CancelCauseFunc
	alarm   *time.Timer // rings reserve before end
	last    time.Time   // when the round began
	rounds  []time.Duration
}

// recentRounds is how many rounds tell how long the next one may take.
const recentRounds = 5

// newClock returns a clock and a context that ends when it rings.
func newClock(ctx context.Context) (*clock, context.Context) {
	c := &clock{start: time.Now(), last: time.Now()}
	ctx, c.cancel = context.WithCancelCause(ctx)
	if end, ok := ctx.Deadline(); ok {
		c.end = end
		c.alarm = time.AfterFunc(time.Until(end), func() { c.cancel(errTimeIsUp) })
	}
	return c, ctx
}

// rang reports whether the clock has ended the work of its context.
func rang(ctx context.Context) bool { return context.Cause(ctx) == errTimeIsUp }

// stop releases the clock.
func (c *clock) stop() {
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.cancel(nil)
}

// keep sets aside at least some time before the deadline.
func (c *clock) keep(reserve time.Duration) {
	c.reserve = max(c.reserve, reserve)
	if c.alarm == nil {
		return
	}
	if left := time.Until(c.end) - c.reserve; left > 0 {
		c.alarm.Reset(left)
	} else {
		c.cancel(errTimeIsUp)
	}
}

// halfway reports whether half of the time until the deadline is over.
func (c *clock) halfway() bool { return !c.end.IsZero() && time.Since(c.start) > time.Until(c.end) }

// begin says that a round begins.
func (c *clock) begin() { c.last = time.Now() }

// round says that it is done.
func (c *clock) round() {
	c.rounds = append(c.rounds, time.Since(c.last))
	c.rounds = c.rounds[max(0, len(c.rounds)-recentRounds):]
}

// fits reports whether there is time for a round that is as slow as the slowest
// of the last few.
func (c *clock) fits() bool {
	return c.end.IsZero() || time.Until(c.end) > slices.Max(c.rounds)+c.reserve
}
