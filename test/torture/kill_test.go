package torture

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"retrain/internal/blob"
	"retrain/internal/blob/s3blob/s3test"
)

var lives = flag.Int("lives", 12, "lives of TestKilled, half of them over a folder and half over S3")

// The real binary serves retrainings and rollbacks and is killed at random
// instants; another one is started, and the request that had no answer is
// repeated. After each death the champion must be whole, with all that its
// history rests on, and every change of champion that was ever announced must
// be in that history.
//
// Each worker has a model store of its own, for what is tried here is the death
// of a process: no request but a killed one may fail. TestLinearizable has the
// rivals.
func TestKilled(t *testing.T) {
	binary, data := build(t), trainingData(t)
	t.Run("stores", func(t *testing.T) {
		for _, store := range []struct {
			name string
			open func(t *testing.T) place
		}{{"folder", folderPlace}, {"s3", s3Place}} {
			t.Run(store.name, func(t *testing.T) {
				t.Parallel()
				killAll(t, store.name, binary, data, store.open)
			})
		}
	})
}

// killAll spends half of the lives over one kind of store.
func killAll(t *testing.T, kind, binary, data string, open func(t *testing.T) place) {
	var left atomic.Int64
	left.Store(int64(*lives+1) / 2)
	var wait sync.WaitGroup
	var mu sync.Mutex
	total := tally{}
	began := time.Now()
	for i := range runtime.GOMAXPROCS(0) {
		v := &victim{
			t: t, binary: binary, data: data, place: open(t), typical: map[string]time.Duration{}, tally: tally{},
			dice: rand.New(rand.NewPCG(*seed+uint64(i), uint64(len(kind)))),
		}
		wait.Go(func() {
			v.newModel()
			for left.Add(-1) >= 0 && !t.Failed() {
				v.live()
			}
			v.leaveModel()
			mu.Lock()
			defer mu.Unlock()
			total.add(v.tally)
		})
	}
	wait.Wait()
	t.Logf("%s, %v: %s", kind, time.Since(began).Round(time.Millisecond), total)
}

// tally counts what happened.
type tally map[string]int

func (a tally) add(b tally) {
	for what, n := range b {
		a[what] += n
	}
}

func (a tally) String() string {
	parts := make([]string, 0, len(a))
	for _, what := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, a[what]))
	}
	return strings.Join(parts, ", ")
}

// place is where a worker's store is, as the binary and as the test reach it.
type place struct {
	root blob.Root
	env  []string
}

func folderPlace(t *testing.T) place {
	dir := t.TempDir()
	return place{blob.Root{Bucket: blob.NewFolder(dir), Base: dir}, nil}
}

func s3Place(t *testing.T) place {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	return place{blob.Root{Bucket: server.Client(nil).Bucket("bucket"), Base: "s3://bucket"}, server.Env()}
}

// build builds the binary that is shipped.
func build(t *testing.T) string {
	binary := filepath.Join(t.TempDir(), "api")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binary, "./cmd/api")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the binary: %v\n%s", err, out)
	}
	return binary
}

// trainingData writes a small table, from which a model is trained in
// milliseconds.
func trainingData(t *testing.T) string {
	dice := rand.New(rand.NewPCG(1, 1))
	table := "a,b,y\n"
	for range 120 {
		a, b := dice.Float64(), dice.Float64()
		table += fmt.Sprintf("%.3f,%.3f,%t\n", a, b, a+b+0.3*dice.NormFloat64() > 1)
	}
	path := filepath.Join(t.TempDir(), "data.csv")
	must(t, os.WriteFile(path, []byte(table), 0o600))
	return path
}
