package dataset

import (
	"sync"
	"sync/atomic"
)

// share calls do(0) … do(n-1), spread over at most workers goroutines, and
// returns when all calls have.
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
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}
