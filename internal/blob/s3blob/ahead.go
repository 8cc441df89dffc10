package s3blob

import (
	"bytes"
	"context"
	"io"
	"sync"

	"retrain/internal/blob"
)

// A large object is read in parts, some of them at the same time: a single
// connection to S3 is slower than the code that reads from it. The memory is
// that of the parts under way and of the one that is read.
const (
	partBytes  = 4 << 20
	aheadParts = 4
)

// ahead reads the rest of an object, of whose first bytes there is a stream. The
// parts behind them are fetched once the stream has been read half: so whoever
// wants just a look at an object gets no more.
type ahead struct {
	ctx    context.Context
	cancel func()
	fetch  func(ctx context.Context, into []byte, from int64) error

	stream   io.ReadCloser // what is read now: the first part, then the others
	left     int64         // bytes of it that are still to be read
	next     int64         // where the part behind all that were begun begins
	end      int64         // of the object
	parts    []*part       // begun, in order
	buffer   []byte        // of the part that is read
	fetching sync.WaitGroup
}

// part is a piece of the object. Data and err stand once ready is closed.
type part struct {
	ready chan struct{}
	data  []byte
	err   error
}

// readAhead takes over a stream that begins at from and lasts to the object's
// end.
func (b *Bucket) readAhead(ctx context.Context, stream io.ReadCloser, info blob.Info, from int64) io.ReadCloser {
	a := &ahead{stream: stream, left: partBytes, next: from + partBytes, end: info.Size}
	a.ctx, a.cancel = context.WithCancel(ctx)
	a.fetch = func(ctx context.Context, into []byte, from int64) error {
		body, _, err := b.Open(ctx, info.Key, blob.Span{Offset: from, Length: int64(len(into)), ETag: info.ETag})
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.ReadFull(body, into)
		return err
	}
	return a
}

func (a *ahead) Read(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	if a.left == 0 {
		if err := a.turn(); err != nil {
			return 0, err
		}
	}
	n, err := a.stream.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	if a.left < partBytes/2 {
		a.begin()
	}
	if err == io.EOF && a.left == 0 {
		err = nil
	}
	return n, err
}

// begin fetches as many parts as may be under way.
func (a *ahead) begin() {
	for len(a.parts) < aheadParts && a.next < a.end {
		size, from := min(partBytes, a.end-a.next), a.next
		p := &part{ready: make(chan struct{}), data: a.buffer}
		if a.buffer = nil; int64(cap(p.data)) < size {
			p.data = make([]byte, size)
		}
		p.data = p.data[:size]
		a.fetching.Go(func() {
			p.err = a.fetch(a.ctx, p.data, from)
			close(p.ready)
		})
		a.parts, a.next = append(a.parts, p), a.next+size
	}
}

// turn goes to the next part.
func (a *ahead) turn() error {
	a.begin()
	if len(a.parts) == 0 {
		return io.EOF
	}
	p := a.parts[0]
	<-p.ready // the fetch ends with the context
	if p.err != nil {
		return p.err
	}
	if err := a.stream.Close(); err != nil {
		return err
	}
	a.parts = a.parts[1:]
	a.stream, a.left = &fetched{Reader: bytes.NewReader(p.data), reader: a, data: p.data}, int64(len(p.data))
	return nil
}

// fetched is a part that is being read. Closing it gives its memory back.
type fetched struct {
	*bytes.Reader
	reader *ahead
	data   []byte
}

// Close implements io.Closer.
func (f *fetched) Close() error {
	f.reader.buffer = f.data
	return nil
}

// Close ends what is under way.
func (a *ahead) Close() error {
	a.cancel()
	a.fetching.Wait()
	return a.stream.Close()
}
