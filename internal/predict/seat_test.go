package predict

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

func TestPromotionIsFollowed(t *testing.T) {
	l := newLake(t)
	first := l.crown("m", churn(0), nil)
	r, err := l.ask("m")
	l.must(err)
	if r.Version != 1 || r.ModelSHA256 != first || r.ModelName != "m" {
		t.Fatalf("%+v", r)
	}
	second := l.crown("m", churn(1), nil)
	l.wait(4 * time.Second)
	if v := l.version("m"); v != 1 {
		t.Errorf("version %d before it was time to look", v)
	}
	l.wait(time.Second)
	again, err := l.ask("m")
	l.must(err)
	if again.Version != 2 || again.ModelSHA256 != second || again.Probabilities[0][1] <= r.Probabilities[0][1] {
		t.Errorf("%+v", again)
	}
	_, err = l.Store.Rollback(t.Context(), "m", 1, nil, modelstore.Asked{Reason: "back"}, nil)
	l.must(err)
	l.wait(5 * time.Second)
	if back, err := l.ask("m"); err != nil || back.Version != 3 || back.ModelSHA256 != first {
		t.Errorf("%+v %v", back, err)
	}
}

// A request that finds a champion there which was looked after lately asks the
// store nothing; one that does not reads the pointer alone.
func TestHotPathAsksNobody(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	l.version("m")
	before := l.calls.Load()
	for range 1000 {
		l.version("m")
	}
	if n := l.calls.Load() - before; n != 0 {
		t.Errorf("%d calls", n)
	}
	l.wait(5 * time.Second)
	l.version("m")
	l.version("m")
	if n := l.calls.Load() - before; n != 1 {
		t.Errorf("%d calls to look", n)
	}
}

// The same model under a new version is not read again.
func TestSameModelIsKept(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	l.version("m")
	l.crown("m", churn(1), nil)
	_, err := l.Store.Rollback(t.Context(), "m", 1, nil, modelstore.Asked{Reason: "back"}, nil)
	l.must(err)
	before := l.calls.Load()
	l.wait(5 * time.Second)
	if v := l.version("m"); v != 3 || l.calls.Load()-before != 1 {
		t.Errorf("version %d after %d calls", v, l.calls.Load()-before)
	}
}

func TestBadChampionLeavesTheOldOneServing(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	l.version("m")
	l.crown("m", churn(1), wrongGolden)
	l.wait(5 * time.Second)
	before := l.calls.Load()
	if v := l.version("m"); v != 1 || !strings.Contains(l.logged(), "golden row") || !strings.Contains(l.logged(), "serving_version=1") {
		t.Errorf("version %d, log %s", v, l.logged())
	}
	read := l.calls.Load() - before
	l.wait(5 * time.Second)
	if v := l.version("m"); v != 1 || l.calls.Load()-before-read != 1 {
		t.Errorf("version %d; the bad model was read again at once", v)
	}
	l.crown("m", churn(2), nil)
	l.wait(5 * time.Second)
	if v := l.version("m"); v != 3 {
		t.Errorf("version %d after the bad one was replaced", v)
	}
}

// Each kind of damage is refused, repaired damage is taken up after a while.
func TestDamage(t *testing.T) {
	for what, key := range map[string]string{"model": "model.onnx", "manifest": "manifest.json", "pointer": "champion.json"} {
		for _, gone := range []bool{false, true} {
			l := newLake(t)
			l.crown("m", churn(0), nil)
			l.version("m")
			digest := l.crown("m", churn(1), nil)
			path := "models/m/sha256/" + digest + "/" + key
			if what == "pointer" {
				path = "models/m/champion.json"
			}
			whole, _, err := blob.ReadAll(t.Context(), l.mem, path, 1<<20)
			l.must(err)
			if gone {
				l.must(l.mem.Delete(t.Context(), path))
			} else {
				_, err = l.mem.Put(t.Context(), path, append([]byte("x"), whole[1:]...), blob.Condition{})
				l.must(err)
			}
			l.wait(5 * time.Second)
			if v := l.version("m"); v != 1 || l.logged() == "" {
				t.Errorf("%s, gone %t: version %d", what, gone, v)
			}
			young := newLake(t)
			young.Store = l.Store
			_, err = young.ask("m")
			wanted := fault.InvalidData
			if gone && what == "pointer" {
				wanted = fault.DataNotFound
			}
			if !fault.Is(err, wanted) {
				t.Errorf("%s, gone %t: %v", what, gone, err)
			}
			_, err = l.mem.Put(t.Context(), path, whole, blob.Condition{})
			l.must(err)
			l.wait(refusalChecks * 5 * time.Second)
			if v := l.version("m"); v != 2 {
				t.Errorf("%s, gone %t: version %d after the repair", what, gone, v)
			}
		}
	}
}

func TestStoreOutOfReach(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	l.version("m")
	down := func(blobtest.Op, string) blobtest.Outcome {
		return blobtest.Outcome{Err: fault.New(fault.Transient, "The store is out of reach.")}
	}
	l.fault.Store(&down)
	l.wait(time.Hour)
	if v := l.version("m"); v != 1 || !strings.Contains(l.logged(), "out of reach") {
		t.Errorf("version %d, log %s", v, l.logged())
	}
	if _, err := l.ask("other"); !fault.Is(err, fault.Transient) {
		t.Error(err)
	}
	if err := l.Ready(t.Context(), "other"); !fault.Is(err, fault.Transient) {
		t.Error(err)
	}
	if err := l.Ready(t.Context(), "m"); err != nil {
		t.Error(err)
	}
}

func TestNoChampion(t *testing.T) {
	l := newLake(t)
	if _, err := l.ask(""); !fault.Is(err, fault.DataNotFound) || !strings.Contains(err.Error(), "no champion") {
		t.Error(err)
	}
	if err := l.Ready(t.Context(), ""); err != nil {
		t.Error(err)
	}
	l.crown("default", churn(0), nil)
	if v := l.version(""); v != 1 {
		t.Errorf("version %d", v)
	}
	if _, err := l.ask("../x"); !fault.Is(err, fault.InvalidRequest) {
		t.Error(err)
	}
}

// Of many requests that wait for a first champion one reads the store.
func TestFirstChampionIsLoadedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLake(t)
		l.crown("m", churn(0), nil)
		l.calls.Store(0)
		release := make(chan bool)
		slow := func(blobtest.Op, string) blobtest.Outcome {
			<-release
			return blobtest.Outcome{}
		}
		l.fault.Store(&slow)
		go func() {
			synctest.Wait() // until all requests wait, for the store or for their turn
			close(release)
		}()
		together(50, func() { l.version("m") })
		if n := l.calls.Load(); n != 3 { // pointer, manifest, model
			t.Errorf("%d calls for 50 requests", n)
		}
	})
}

// While a new champion is loaded by one request, the others go on with the old
// one.
func TestOneRequestPays(t *testing.T) {
	l := newLake(t)
	digest := l.crown("m", churn(0), nil)
	l.version("m")
	second := l.crown("m", churn(1), nil)
	l.wait(5 * time.Second)
	reached, release := make(chan bool), make(chan bool)
	slow := func(_ blobtest.Op, key string) blobtest.Outcome {
		if strings.Contains(key, second) && strings.HasSuffix(key, "model.onnx") {
			reached <- true
			<-release
		}
		return blobtest.Outcome{}
	}
	l.fault.Store(&slow)
	payer := make(chan int64)
	go func() {
		r, err := l.ask("m")
		if err != nil {
			t.Error(err)
		}
		payer <- r.Version
	}()
	<-reached
	together(20, func() {
		if r, err := l.ask("m"); err != nil || r.ModelSHA256 != digest {
			t.Errorf("%+v %v", r, err)
		}
	})
	close(release)
	if v := <-payer; v != 2 {
		t.Errorf("version %d", v)
	}
}

// A caller that is gone does not spoil the loading for those who wait.
func TestCallerGone(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := l.champion(gone, "m"); err != nil || c.version != 1 {
		t.Errorf("%v %v", c, err)
	}
	s := l.seat("other")
	s.turn <- struct{}{}
	if _, err := l.champion(gone, "other"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestClockPutBack(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	l.version("m")
	l.crown("m", churn(1), nil)
	l.wait(-time.Hour)
	if v := l.version("m"); v != 2 {
		t.Errorf("version %d", v)
	}
}

func TestSeatsAreBounded(t *testing.T) {
	l := newLake(t)
	l.crown("m", churn(0), nil)
	l.version("m")
	for i := range 100 {
		l.wait(time.Millisecond)
		if _, err := l.ask(fmt.Sprintf("nobody-%d", i)); !fault.Is(err, fault.DataNotFound) {
			t.Fatal(err)
		}
	}
	if n := len(l.seats); n > maxSeats {
		t.Errorf("%d seats", n)
	}
	before := l.calls.Load()
	if l.version("m"); l.calls.Load() != before {
		t.Error("names without a champion have driven one out")
	}
}

// Requests and promotions at once: versions never go back, and each answer is
// by the model whose version it tells. The race detector watches.
func TestManyAtOnce(t *testing.T) {
	l := newLake(t)
	digests := make([]string, 2, 6) // by version
	digests[1] = l.crown("m", churn(0), nil)
	for v := range 4 {
		digests = append(digests, l.crown("m", churn(float64(v+1)), nil))
		l.wait(5 * time.Second)
		together(8, func() {
			last := int64(0)
			for range 50 {
				r, err := l.ask("m")
				if err != nil || r.Version < last || r.ModelSHA256 != digests[r.Version] {
					t.Errorf("version %d after %d: %v", r.Version, last, err)
					return
				}
				last = r.Version
			}
		})
	}
	if v := l.version("m"); v != 5 {
		t.Errorf("version %d", v)
	}
}

func together(n int, work func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(work)
	}
	all.Wait()
}
