package gbdt

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// pool is a set of goroutines that share the tasks of one step at a time. Idle
// ones look out for the next step for a moment, and are then parked on a channel,
// so that they do not take the processor from the neighbours that the caller may
// share it with. One goroutine uses a pool.
type pool struct {
	size int       // workers, the caller of run included
	jobs chan *job // for the workers but the caller
}

// spins is how often an idle worker looks out before it is parked: some 50 µs, about
// what parking and waking takes. The steps of a small leaf are as short as that.
const spins = 1 << 16

// job is one call of run.
type job struct {
	f     func(task, worker int)
	tasks int
	next  atomic.Int64
	done  sync.WaitGroup // of the tasks
	left  atomic.Int64   // the same tasks, for those who look out
	once  sync.Once
	panic any // of the first task that panicked
}

// newPool returns a pool of the given size, or of GOMAXPROCS workers for 0.
func newPool(size int) *pool {
	if size == 0 {
		size = runtime.GOMAXPROCS(0)
	}
	p := &pool{size: size, jobs: make(chan *job, size-1)}
	for worker := 1; worker < size; worker++ {
		go func() {
			for {
				for i := 0; i < spins && len(p.jobs) == 0; i++ {
				}
				j, open := <-p.jobs
				if !open {
					return
				}
				j.work(worker)
			}
		}()
	}
	return p
}

// close ends the pool's goroutines.
func (p *pool) close() { close(p.jobs) }

// run calls f once for each task and returns when all calls have. The second
// argument of f is the number of the worker that runs it, below p.size. A panic
// in f is raised again here.
//
// It waits for the tasks and not for the workers: on a busy machine one may wake
// up when the others have long done all there is to do.
func (p *pool) run(tasks int, f func(task, worker int)) {
	if p.size == 1 || tasks <= 1 {
		alone(tasks, f)
		return
	}
	j := &job{f: f, tasks: tasks}
	j.done.Add(tasks)
	j.left.Store(int64(tasks))
	for range min(p.size, tasks) - 1 {
		select {
		case p.jobs <- j:
		default: // as many as there are workers have not been taken yet
		}
	}
	j.work(0)
	for i := 0; i < spins && j.left.Load() > 0; i++ {
	}
	j.done.Wait()
	if j.panic != nil {
		panic(j.panic)
	}
}

// alone is run without a pool.
func alone(tasks int, f func(task, worker int)) {
	for i := range tasks {
		f(i, 0)
	}
}

// work takes tasks until there are none left.
func (j *job) work(worker int) {
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.tasks {
			return
		}
		j.do(i, worker)
	}
}

func (j *job) do(task, worker int) {
	defer func() {
		j.left.Add(-1)
		j.done.Done()
	}()
	defer func() {
		if r := recover(); r != nil {
			j.once.Do(func() { j.panic = r })
		}
	}()
	j.f(task, worker)
}
