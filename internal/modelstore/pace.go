package modelstore

import (
	"context"
	"math/rand/v2"
	"time"
)

// maxTries bounds how often one call writes the same thing. With the pauses
// between them, twelve tries take about ten seconds.
const maxTries = 12

// The pause before the second try, and the longest one.
const (
	firstPause   = 25 * time.Millisecond
	longestPause = 2 * time.Second
)

// pause waits before the given try: not at all before try 0, and then twice as
// long each time, of which a random half keeps competitors apart. It ends early
// with the context's error.
func pause(ctx context.Context, try int) error {
	if try == 0 {
		return ctx.Err()
	}
	d := min(firstPause<<(try-1), longestPause)
	timer := time.NewTimer(d/2 + rand.N(d/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
