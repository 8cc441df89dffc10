// Package blobtest is what tests of Buckets, and tests with Buckets, need: the
// conformance suite, a Bucket that fails on demand, and a memory Bucket that
// watches its callers. Only tests import it.
package blobtest

import (
	"context"
	"io"
	"iter"
	"testing"

	"retrain/internal/blob"
)

// Memory returns an empty memory Bucket. The test fails at its end if readers
// were left open.
func Memory(t testing.TB) *blob.Memory {
	m := blob.NewMemory()
	t.Cleanup(func() {
		if n := m.Unclosed(); n > 0 {
			t.Errorf("blobtest: %d readers were not closed", n)
		}
	})
	return m
}

// Op names a method of Bucket.
type Op string

// The operations.
const (
	Stat   Op = "stat"
	Open   Op = "open"
	Put    Op = "put"
	Upload Op = "upload"
	List   Op = "list"
	Delete Op = "delete"
)

// Outcome says what becomes of a call. The zero Outcome lets it through.
type Outcome struct {
	// Err is returned in place of the call's own answer: blob.ErrCondition,
	// blob.ErrConflict, blob.ErrNotFound, a fault.Transient, ….
	Err error
	// Applied lets the call take effect before Err is returned: its answer
	// was lost. Together with blob.ErrCondition it is the retried write that
	// met its own effect. Err is returned even if the call itself failed.
	Applied bool
	// Torn, with Err: an Open succeeds and its body yields so many bytes
	// before it fails with Err; an Upload's source yields so many bytes and
	// then fails with Err, so that nothing is written.
	Torn int64
	// Hang waits for the context's end, and returns its error. With Applied
	// the call takes effect first.
	Hang bool
	// Then, with Hang, is called before the wait: it may end the context.
	Then func()
}

// Faulty passes calls on to a Bucket, except where Fault says otherwise. For
// a List the key is the prefix. Fault is called from many goroutines at once.
type Faulty struct {
	blob.Bucket
	Fault func(op Op, key string) Outcome
}

// Stat implements blob.Bucket.
func (f *Faulty) Stat(ctx context.Context, key string) (info blob.Info, err error) {
	err = f.call(ctx, Stat, key, func(Outcome) error {
		info, err = f.Bucket.Stat(ctx, key)
		return err
	})
	return cleared(info, err), err
}

// Open implements blob.Bucket.
func (f *Faulty) Open(ctx context.Context, key string, span blob.Span) (body io.ReadCloser, info blob.Info, err error) {
	err = f.call(ctx, Open, key, func(out Outcome) error {
		body, info, err = f.Bucket.Open(ctx, key, span)
		if err == nil && out.Torn > 0 {
			body = struct {
				io.Reader
				io.Closer
			}{tear(body, out), body}
		}
		return err
	})
	if err != nil && body != nil {
		body.Close()
		body = nil
	}
	return body, cleared(info, err), err
}

// Put implements blob.Bucket.
func (f *Faulty) Put(ctx context.Context, key string, data []byte, cond blob.Condition) (info blob.Info, err error) {
	err = f.call(ctx, Put, key, func(Outcome) error {
		info, err = f.Bucket.Put(ctx, key, data, cond)
		return err
	})
	return cleared(info, err), err
}

// Upload implements blob.Bucket.
func (f *Faulty) Upload(ctx context.Context, key string, src io.Reader) (info blob.Info, err error) {
	err = f.call(ctx, Upload, key, func(out Outcome) error {
		if out.Torn > 0 {
			src = tear(src, out)
		}
		info, err = f.Bucket.Upload(ctx, key, src)
		return err
	})
	return cleared(info, err), err
}

// List implements blob.Bucket.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		err := f.call(ctx, List, prefix, func(Outcome) error { return nil })
		if err != nil {
			yield(blob.Info{}, err)
			return
		}
		f.Bucket.List(ctx, prefix)(yield)
	}
}

// Folders implements blob.Bucket. To Fault it is a List.
func (f *Faulty) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	blob.CheckFolderPrefix(prefix)
	return func(yield func(string, error) bool) {
		err := f.call(ctx, List, prefix, func(Outcome) error { return nil })
		if err != nil {
			yield("", err)
			return
		}
		f.Bucket.Folders(ctx, prefix)(yield)
	}
}

// Delete implements blob.Bucket.
func (f *Faulty) Delete(ctx context.Context, key string) error {
	return f.call(ctx, Delete, key, func(Outcome) error { return f.Bucket.Delete(ctx, key) })
}

// call plays the outcome that Fault chooses for one call.
func (f *Faulty) call(ctx context.Context, op Op, key string, through func(Outcome) error) error {
	var out Outcome
	if f.Fault != nil {
		out = f.Fault(op, key)
	}
	fails := out.Hang || (out.Err != nil && out.Torn == 0)
	var err error
	if !fails || out.Applied {
		err = through(out)
	}
	switch {
	case out.Hang:
		if out.Then != nil {
			out.Then()
		}
		<-ctx.Done()
		return ctx.Err()
	case fails:
		return out.Err
	}
	return err
}

// tear returns what the source yields up to the outcome's tear, and its error.
func tear(src io.Reader, out Outcome) io.Reader {
	return io.MultiReader(io.LimitReader(src, out.Torn), broken{out.Err})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// cleared keeps an answer from getting through beside an error.
func cleared(info blob.Info, err error) blob.Info {
	if err != nil {
		return blob.Info{}
	}
	return info
}
