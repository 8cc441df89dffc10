package gbdt

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestPoolRunsEachTaskOnce(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7} {
		p := newPool(size)
		for _, tasks := range []int{0, 1, 2, 100} {
			runs := make([]atomic.Int32, tasks)
			p.run(tasks, func(task, worker int) {
				if worker < 0 || worker >= size {
					t.Errorf("worker %d of %d", worker, size)
				}
				runs[task].Add(1)
			})
			for i := range runs {
				if n := runs[i].Load(); n != 1 {
					t.Errorf("size %d: task %d of %d ran %d times", size, i, tasks, n)
				}
			}
		}
		p.close()
	}
}

func TestPoolRaisesPanicsAndGoesOn(t *testing.T) {
	p := newPool(3)
	defer p.close()
	for range 20 {
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic was lost")
				}
			}()
			p.run(10, func(task, _ int) {
				if task == 5 {
					panic("boom")
				}
			})
		}()
	}
}

func TestPoolEndsItsGoroutines(t *testing.T) {
	synctest.Test(t, func(*testing.T) { // which fails if goroutines are left
		p := newPool(5)
		p.run(10, func(int, int) {})
		p.close()
	})
}
