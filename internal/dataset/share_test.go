package dataset

import "testing"

func TestAPanicReachesTheCallerOfShare(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic was lost")
		}
	}()
	share(4, 100, func(i int) {
		if i == 57 {
			panic("dataset: a worker's panic")
		}
	})
}
