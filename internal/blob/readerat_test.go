package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"pgregory.net/rapid"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/fault"
)

// numbered returns bytes of which any piece tells its place.
func numbered(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return data
}

// fetched returns a Bucket that can only be read through a window, with one
// object, and counts the fetches.
func fetched(t testing.TB, data []byte) (b *blobtest.Faulty, info blob.Info, fetches *atomic.Int64) {
	b = &blobtest.Faulty{Bucket: blobtest.Memory(t)}
	info, err := b.Put(context.Background(), "k", data, blob.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	fetches = new(atomic.Int64)
	b.Fault = func(op blobtest.Op, _ string) blobtest.Outcome {
		if op == blobtest.Open {
			fetches.Add(1)
		}
		return blobtest.Outcome{}
	}
	return b, info, fetches
}

func TestReaderAtReadsLikeBytes(t *testing.T) {
	for _, size := range []int{0, 1, 100, 5 << 20} {
		data := numbered(size)
		memory, info, _ := fetched(t, data)
		folder := blob.NewFolder(t.TempDir())
		inFolder := write(t, folder, "in/k", string(data))
		inPrefix := inFolder
		inPrefix.Key = "k"
		for name, open := range map[string]func() (*blob.ReaderAt, error){
			"window": func() (*blob.ReaderAt, error) {
				return blob.NewReaderAt(t.Context(), memory, info, blob.Window{Block: 700, Keep: 3})
			},
			"folder": func() (*blob.ReaderAt, error) { return blob.NewReaderAt(t.Context(), folder, inFolder, blob.Window{}) },
			"root": func() (*blob.ReaderAt, error) {
				return blob.NewReaderAt(t.Context(), blob.Root{Bucket: blob.Prefix(folder, "in")}, inPrefix, blob.Window{})
			},
		} {
			r, err := open()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if r.Size() != int64(size) {
				t.Errorf("%s: Size() = %d, want %d", name, r.Size(), size)
			}
			readsLike(t, name, r, data)
			if err := r.Close(); err != nil {
				t.Errorf("%s: Close: %v", name, err)
			}
		}
	}
}

// readsLike compares reads at random places with bytes.Reader's.
func readsLike(t *testing.T, name string, r io.ReaderAt, data []byte) {
	t.Helper()
	if len(data) <= 100 {
		section := io.NewSectionReader(r, 0, int64(len(data)))
		if err := iotest.TestReader(section, data); err != nil {
			t.Errorf("%s, %d bytes: %v", name, len(data), err)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		off, length := random.IntN(len(data)+10), random.IntN(2000)
		got, want := make([]byte, length), make([]byte, length)
		n, err := r.ReadAt(got, int64(off))
		wantN, wantErr := bytes.NewReader(data).ReadAt(want, int64(off))
		if length == 0 {
			wantErr = nil // bytes.Reader says EOF there, which io.ReaderAt does not ask for
		}
		if n != wantN || !errors.Is(err, wantErr) || !bytes.Equal(got, want) {
			t.Fatalf("%s: ReadAt(%d bytes, %d) = %d, %v; want %d, %v", name, length, off, n, err, wantN, wantErr)
		}
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Errorf("%s: a negative offset is read", name)
	}
}

// TestReaderAtFetchesEachBlockOnce reads in order from many goroutines.
func TestReaderAtFetchesEachBlockOnce(t *testing.T) {
	data := numbered(40 * 1000)
	b, info, fetches := fetched(t, data)
	r, err := blob.NewReaderAt(t.Context(), b, info, blob.Window{Block: 1000, Keep: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for off := 0; off < len(data); off += 250 {
				p := make([]byte, 250)
				if _, err := r.ReadAt(p, int64(off)); err != nil || !bytes.Equal(p, data[off:off+250]) {
					t.Errorf("at %d: %v", off, err)
				}
			}
		})
	}
	wg.Wait()
	if n := fetches.Load(); n != 40 {
		t.Errorf("%d fetches, want 40", n)
	}
}

// TestReaderAtReadsAhead checks that the next block is under way before it is
// asked for, and a far one is not.
func TestReaderAtReadsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, info, fetches := fetched(t, numbered(10_000))
		r, err := blob.NewReaderAt(t.Context(), b, info, blob.Window{Block: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for step, want := range []struct{ off, fetches int64 }{{5500, 1}, {0, 2}, {1000, 6}, {1500, 6}, {2000, 7}} {
			if _, err := r.ReadAt(make([]byte, 10), want.off); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the one ahead runs beside
			if n := fetches.Load(); n != want.fetches {
				t.Errorf("step %d, at %d: %d fetches, want %d", step, want.off, n, want.fetches)
			}
		}
		r.Close()
		if n := fetches.Load(); n != 7 {
			t.Errorf("%d fetches in the end, want 7", n)
		}
	})
}

// TestReaderAtForgets checks that a window holds no more than it may, and that
// what was used last stays.
func TestReaderAtForgets(t *testing.T) {
	b, info, fetches := fetched(t, numbered(10_000))
	r, err := blob.NewReaderAt(t.Context(), b, info, blob.Window{Block: 1000, Keep: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for step, want := range []struct{ block, fetches int64 }{{9, 1}, {5, 2}, {9, 2}, {0, 3}, {9, 3}, {0, 3}, {5, 4}, {9, 5}} {
		if _, err := r.ReadAt(make([]byte, 10), want.block*1000); err != nil {
			t.Fatal(err)
		}
		if n := fetches.Load(); n != want.fetches {
			t.Errorf("step %d, block %d: %d fetches, want %d", step, want.block, n, want.fetches)
		}
	}
}

// TestReaderAtInAnyWindow reads at random with small windows: the bytes must
// be right, however blocks come and go.
func TestReaderAtInAnyWindow(t *testing.T) {
	data := numbered(5000)
	b, info, _ := fetched(t, data)
	rapid.Check(t, func(t *rapid.T) {
		window := blob.Window{Block: rapid.Int64Range(1, 900).Draw(t, "block"), Keep: rapid.IntRange(1, 4).Draw(t, "keep")}
		r, err := blob.NewReaderAt(t.Context(), b, info, window)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for range 20 {
			off := rapid.Int64Range(0, 5000).Draw(t, "off")
			p := make([]byte, rapid.Int64Range(0, 5000-off).Draw(t, "length"))
			if _, err := r.ReadAt(p, off); err != nil || !bytes.Equal(p, data[off:off+int64(len(p))]) {
				t.Fatalf("%d bytes at %d: %v", len(p), off, err)
			}
		}
	})
}

func TestReaderAtFailsAndRecovers(t *testing.T) {
	b, info, _ := fetched(t, numbered(3000))
	r, err := blob.NewReaderAt(t.Context(), b, info, blob.Window{Block: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	read := func(length int) error {
		_, err := r.ReadAt(make([]byte, length), 0)
		return err
	}
	for _, length := range []int{10, 2000} { // through a block and past them
		for _, out := range []blobtest.Outcome{
			{Err: fault.New(fault.Transient, "Down.")},
			{Err: fault.New(fault.Transient, "Broke off."), Torn: 5},
			{Err: io.EOF, Torn: 5},
		} {
			b.Fault = func(blobtest.Op, string) blobtest.Outcome { return out }
			if err := read(length); !fault.Is(err, fault.Transient) {
				t.Errorf("%d bytes, %+v: %v, want Transient", length, out, err)
			}
		}
	}
	b.Fault = nil
	if err := read(10); err != nil {
		t.Errorf("after the failures: %v", err)
	}
}

func TestReaderAtNoticesChanges(t *testing.T) {
	old, changed := strings.Repeat("a", 3<<20), strings.Repeat("b", 3<<20)
	for name, b := range map[string]blob.Bucket{
		"memory": blobtest.Memory(t), "folder": blob.NewFolder(t.TempDir()),
	} {
		info := write(t, b, "k", old)
		r, err := blob.NewReaderAt(t.Context(), b, info, blob.Window{})
		if err != nil {
			t.Fatal(err)
		}
		write(t, b, "k", changed)
		p := make([]byte, 10)
		_, err = r.ReadAt(p, 2<<20)
		if err == nil && string(p) != old[:10] || err != nil && !errors.Is(err, blob.ErrChanged) {
			t.Errorf("%s: read %q, %v", name, p, err)
		}
		r.Close()
		r, err = blob.NewReaderAt(t.Context(), b, info, blob.Window{})
		if err == nil {
			_, err = r.ReadAt(p, 0)
			r.Close()
		}
		if !errors.Is(err, blob.ErrChanged) {
			t.Errorf("%s: opened by the old description: %v", name, err)
		}
	}
}

func TestReaderAtEnds(t *testing.T) {
	b, info, _ := fetched(t, numbered(3000))
	b.Fault = func(blobtest.Op, string) blobtest.Outcome { return blobtest.Outcome{Hang: true} }
	ctx, cancel := context.WithCancel(t.Context())
	r, err := blob.NewReaderAt(ctx, b, info, blob.Window{Block: 1000})
	if err != nil {
		t.Fatal(err)
	}
	hung := make(chan error)
	go func() {
		_, err := r.ReadAt(make([]byte, 10), 0)
		hung <- err
	}()
	cancel()
	if err := <-hung; !errors.Is(err, context.Canceled) {
		t.Errorf("a hanging read: %v", err)
	}
	r.Close()
	if _, err := r.ReadAt(make([]byte, 10), 0); err == nil {
		t.Error("a closed reader reads")
	}
}
