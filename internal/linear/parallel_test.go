package linear

import "testing"

func TestAPanicReachesTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was lost")
		}
	}()
	parallel(100, func() func(int) {
		return func(i int) {
			if i == 57 {
				panic("linear: a worker's panic")
			}
		}
	})
}
