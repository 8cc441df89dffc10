package s3blob_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/blob/s3blob/s3test"
)

// large makes an object of several parts, and counts the requests that read it.
func large(t *testing.T, size int) (b blob.Bucket, data []byte, reads *atomic.Int64) {
	t.Helper()
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	reads = new(atomic.Int64)
	b = server.Client(transport(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			reads.Add(1)
		}
		return http.DefaultTransport.RoundTrip(r)
	})).Bucket("bucket")
	data = make([]byte, size)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(data) // never fails
	if _, err := b.Put(t.Context(), "k", data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	return b, data, reads
}

func TestLargeObjectsAreReadInParts(t *testing.T) {
	const offset = 12345
	b, data, reads := large(t, 26<<20+7)
	for _, from := range []int64{0, offset} {
		reads.Store(0)
		r, info, err := b.Open(t.Context(), "k", blob.Span{Offset: from})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, data[from:]) || info.Size != int64(len(data)) {
			t.Errorf("from %d: %d bytes of %d, %v", from, len(got), info.Size, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if n := reads.Load(); n != 7 {
			t.Errorf("from %d: %d requests", from, n)
		}
	}
}

// Whoever takes a look at the beginning has made one request.
func TestALookAtALargeObjectIsOneRequest(t *testing.T) {
	b, data, reads := large(t, 20<<20)
	r, _, err := b.Open(t.Context(), "k", blob.Span{})
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 64<<10)
	if _, err := io.ReadFull(r, head); err != nil || !bytes.Equal(head, data[:len(head)]) {
		t.Errorf("%v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// The parts belong to the object that was opened, or there is an error.
func TestALargeObjectThatIsReplacedIsAnError(t *testing.T) {
	b, data, _ := large(t, 40<<20)
	r, _, err := b.Open(t.Context(), "k", blob.Span{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data[len(data)-1]++
	if _, err := b.Put(t.Context(), "k", data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, blob.ErrChanged) {
		t.Errorf("%v", err)
	}
}
