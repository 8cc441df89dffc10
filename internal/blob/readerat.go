package blob

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Window bounds what a ReaderAt reads ahead and keeps. Zero fields stand for
// blocks of 1 MiB, of which 32 are kept: room for the columns of a Parquet
// file, which are read side by side.
type Window struct {
	Block int64 // bytes to fetch at once
	Keep  int   // blocks to keep in memory
}

func (w Window) orDefault() Window {
	if w.Block <= 0 {
		w.Block = 1 << 20
	}
	if w.Keep <= 0 {
		w.Keep = 32
	}
	return w
}

// ReaderAt reads one object at any offset, from many goroutines at once. It
// reads the object that it was opened on: when that is gone or replaced, it
// fails with ErrChanged or ErrNotFound and never mixes two.
//
// A file in a Folder is read where it is. From other Buckets, whole blocks are
// fetched and kept for a while; where blocks are asked for in their order, the
// next ones are fetched meanwhile; a read of more than a block goes past them.
type ReaderAt struct {
	info   Info
	source interface {
		io.ReaderAt
		io.Closer
	}
}

// NewReaderAt opens the object that info, from Stat, Open or List, describes.
// The caller closes the reader, and lets ctx live until then.
func NewReaderAt(ctx context.Context, b Bucket, info Info, window Window) (*ReaderAt, error) {
	if folder, key := inFolder(b, info.Key); folder != nil {
		file, err := folder.find(ctx, key)
		if err != nil {
			return nil, readError(key, err)
		}
		if file.info.ETag != info.ETag {
			file.Close()
			return nil, failed("open", key, ErrChanged)
		}
		return &ReaderAt{info, file}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	blocks := &blocks{ctx: ctx, cancel: cancel, bucket: b, info: info, window: window.orDefault(), held: map[int64]*block{}}
	return &ReaderAt{info, blocks}, nil
}

// inFolder finds the Folder behind a Root or a Prefix, and the key in it.
func inFolder(b Bucket, key string) (*Folder, string) {
	switch b := b.(type) {
	case *Folder:
		return b, key
	case Root:
		return inFolder(b.Bucket, key)
	case prefixed:
		return inFolder(b.whole, b.prefix+key)
	}
	return nil, ""
}

// Size returns the object's size in bytes.
func (r *ReaderAt) Size() int64 { return r.info.Size }

// ReadAt implements io.ReaderAt.
func (r *ReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("blob: negative offset")
	}
	wanted := p[:min(int64(len(p)), max(0, r.info.Size-off))]
	if len(wanted) > 0 {
		if n, err := r.source.ReadAt(wanted, off); n < len(wanted) {
			return n, err
		}
	}
	if len(wanted) < len(p) {
		return len(wanted), io.EOF
	}
	return len(p), nil
}

// Close ends reads under way and frees the memory.
func (r *ReaderAt) Close() error { return r.source.Close() }

// blocks is the window onto an object that has to be fetched.
type blocks struct {
	ctx     context.Context
	cancel  func()
	bucket  Bucket
	info    Info
	window  Window
	fetches sync.WaitGroup

	mu   sync.Mutex
	held map[int64]*block // by number; what is being fetched, too
	uses int64
}

// block is a part of the object. Its data and err stand once ready is closed.
type block struct {
	ready   chan struct{}
	data    []byte
	err     error
	lastUse int64
}

// ReadAt implements io.ReaderAt within the object's bounds.
func (b *blocks) ReadAt(p []byte, off int64) (int, error) {
	if int64(len(p)) > b.window.Block {
		if err := b.fetch(p, off); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	for n := 0; n < len(p); {
		at := off + int64(n)
		data, err := b.get(at / b.window.Block)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[at%b.window.Block:])
	}
	return len(p), nil
}

// ahead is how many blocks are fetched ahead of a reader: four of 32, so that
// they do not displace what others read.
func (b *blocks) ahead() int64 { return max(1, int64(b.window.Keep)/8) }

// get returns the numbered block, and sees to the next ones.
func (b *blocks) get(number int64) ([]byte, error) {
	b.mu.Lock()
	if err := b.ctx.Err(); err != nil {
		b.mu.Unlock()
		return nil, err
	}
	wanted := b.want(number)
	_, inOrder := b.held[number-1]
	if inOrder {
		for next := number + 1; next <= number+b.ahead() && next*b.window.Block < b.info.Size; next++ {
			b.want(next)
		}
	}
	b.mu.Unlock()
	select {
	case <-wanted.ready:
		return wanted.data, wanted.err
	case <-b.ctx.Done():
		return nil, b.ctx.Err()
	}
}

// want returns the numbered block, which may still be under way. b.mu is held.
func (b *blocks) want(number int64) *block {
	b.uses++
	if known, ok := b.held[number]; ok {
		known.lastUse = b.uses
		return known
	}
	if len(b.held) >= b.window.Keep {
		b.drop()
	}
	begun := &block{ready: make(chan struct{}), lastUse: b.uses}
	b.held[number] = begun
	b.fetches.Go(func() { b.fill(number, begun) })
	return begun
}

// drop forgets the block that was not used for the longest time. Blocks under
// way stay: at most one for each goroutine that reads, and its next one.
func (b *blocks) drop() {
	oldest, found := int64(0), false
	for number, known := range b.held {
		select {
		case <-known.ready:
			if !found || known.lastUse < b.held[oldest].lastUse {
				oldest, found = number, true
			}
		default:
		}
	}
	if found {
		delete(b.held, oldest)
	}
}

func (b *blocks) fill(number int64, into *block) {
	defer close(into.ready)
	start := number * b.window.Block
	data := make([]byte, min(b.window.Block, b.info.Size-start))
	if into.err = b.fetch(data, start); into.err == nil {
		into.data = data
		return
	}
	b.mu.Lock() // the next reader tries again
	defer b.mu.Unlock()
	delete(b.held, number)
}

// fetch fills p from the object.
func (b *blocks) fetch(p []byte, off int64) error {
	body, _, err := b.bucket.Open(b.ctx, b.info.Key, Span{Offset: off, Length: int64(len(p)), ETag: b.info.ETag})
	if err != nil {
		return err
	}
	defer body.Close()
	return readExactly(body, p)
}

// Close implements io.Closer.
func (b *blocks) Close() error {
	b.mu.Lock() // so that no fetch begins once the wait has
	b.cancel()
	b.mu.Unlock()
	b.fetches.Wait()
	return nil
}
