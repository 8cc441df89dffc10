package linear

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// parallel calls work with each i below n, on all cores. newWorker is called
// once for each goroutine and returns its work, with the memory that it needs
// for itself. What work i writes must not depend on which worker does it. A
// panic in any of them becomes one of parallel's.
func parallel(n int, newWorker func() (work func(i int))) {
	var next atomic.Int64
	var failure atomic.Pointer[string]
	run := func() {
		defer func() {
			if p := recover(); p != nil {
				text := fmt.Sprintf("%v\n\n%s", p, debug.Stack())
				failure.Store(&text)
			}
		}()
		work := newWorker()
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			work(i)
		}
	}
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		group.Go(run)
	}
	run()
	group.Wait()
	if text := failure.Load(); text != nil {
		panic(*text)
	}
}
