package dataset

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// share calls do(0) … do(n-1), spread over at most workers goroutines, and
// returns when all calls have. A panic in one of them becomes one of share's,
// which the caller's goroutine can recover from.
func share(workers, n int, do func(int)) {
	workers = min(workers, n)
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	var failure atomic.Pointer[string]
	for range workers {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					text := fmt.Sprintf("%v\n\n%s", p, debug.Stack())
					failure.Store(&text)
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
	if text := failure.Load(); text != nil {
		panic(*text)
	}
}
