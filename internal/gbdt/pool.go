package gbdt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// pool is a set of goroutines that share the tasks of one step at a time. Idle
// ones are parked on a channel: a spinning one would take the processor from
// the neighbours that the caller may share it with. One goroutine uses a pool.
type pool struct {
	size int         // workers, the caller of run included
	wake []chan *job // one for each worker but the caller
}

// job is one call of run.
type job struct {
	f     func(task, worker int)
	tasks int
	next  atomic.Int64
	done  sync.WaitGroup
	once  sync.Once
	panic any // of the first worker that panicked
}

// newPool returns a pool of the given size, or of GOMAXPROCS workers for 0.
func newPool(size int) *pool {
	if size == 0 {
		size = runtime.GOMAXPROCS(0)
	}
	p := &pool{size: size, wake: make([]chan *job, size-1)}
	for i := range p.wake {
		p.wake[i] = make(chan *job)
		go func() {
			for j := range p.wake[i] {
				j.work(i + 1)
				j.done.Done()
			}
		}()
	}
	return p
}

// close ends the pool's goroutines.
func (p *pool) close() {
	for _, w := range p.wake {
		close(w)
	}
}

// run calls f once for each task and returns when all calls have. The second
// argument of f is the number of the worker that runs it, below p.size. A panic
// in f is raised again here.
func (p *pool) run(tasks int, f func(task, worker int)) {
	helpers := min(p.size, tasks) - 1
	if helpers <= 0 {
		for i := range tasks {
			f(i, 0)
		}
		return
	}
	j := &job{f: f, tasks: tasks}
	j.done.Add(helpers)
	for _, w := range p.wake[:helpers] {
		w <- j
	}
	j.work(0)
	j.done.Wait()
	if j.panic != nil {
		panic(j.panic)
	}
}

// work takes tasks until there are none left.
func (j *job) work(worker int) {
	defer func() {
		if r := recover(); r != nil {
			j.once.Do(func() { j.panic = r })
		}
	}()
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.tasks {
			return
		}
		j.f(i, worker)
	}
}
