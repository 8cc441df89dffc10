package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"retrain/internal/fault"
)

// Memory is a Bucket that lives in the process. It is a real one: whoever
// works with it works with S3. Like S3's, its tags are digests, so that equal
// bytes have equal tags; readers end with their context; and it counts the
// readers that nobody closed.
type Memory struct {
	mu      sync.RWMutex
	objects map[string]memoryObject
	open    atomic.Int64
}

// memoryObject's data is never written to once it is stored.
type memoryObject struct {
	data []byte
	info Info
}

// NewMemory returns an empty Bucket in memory.
func NewMemory() *Memory {
	return &Memory{objects: map[string]memoryObject{}}
}

// Unclosed returns how many readers from Open have not been closed.
func (m *Memory) Unclosed() int { return int(m.open.Load()) }

// Stat implements Bucket.
func (m *Memory) Stat(ctx context.Context, key string) (Info, error) {
	object, err := m.get(ctx, key)
	return object.info, err
}

// Open implements Bucket.
func (m *Memory) Open(ctx context.Context, key string, span Span) (io.ReadCloser, Info, error) {
	object, err := m.get(ctx, key)
	if err != nil {
		return nil, Info{}, err
	}
	if span.ETag != "" && span.ETag != object.info.ETag {
		return nil, Info{}, failed("open", key, ErrChanged)
	}
	from, to := span.Clip(object.info.Size)
	m.open.Add(1)
	return &memoryReader{ctx: ctx, from: m, data: bytes.NewReader(object.data[from:to])}, object.info, nil
}

func (m *Memory) get(ctx context.Context, key string) (memoryObject, error) {
	if err := begin(ctx, key); err != nil {
		return memoryObject{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	object, ok := m.objects[key]
	if !ok {
		return memoryObject{}, failed("read", key, ErrNotFound)
	}
	return object, nil
}

// Put implements Bucket.
func (m *Memory) Put(ctx context.Context, key string, data []byte, cond Condition) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	object := memoryObject{data: bytes.Clone(data)}
	object.info = Info{Key: key, Size: int64(len(data)), ETag: contentTag(data), Modified: time.Now()}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.admit(key, cond); err != nil {
		return Info{}, failed("write", key, err)
	}
	m.objects[key] = object
	return object.info, nil
}

// admit decides whether a write may go ahead.
func (m *Memory) admit(key string, cond Condition) error {
	current, exists := m.objects[key]
	if err := cond.holds(current.info.ETag, exists); err != nil {
		return err
	}
	if !exists && m.nests(key) {
		return errNested
	}
	return nil
}

// nests reports whether the key is a folder of another object, or has an
// object for a folder.
func (m *Memory) nests(key string) bool {
	for i := range len(key) {
		if _, ok := m.objects[key[:i]]; ok && key[i] == '/' {
			return true
		}
	}
	for other := range m.objects {
		if strings.HasPrefix(other, key+"/") {
			return true
		}
	}
	return false
}

// Upload implements Bucket.
func (m *Memory) Upload(ctx context.Context, key string, src io.Reader) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	data, err := io.ReadAll(src)
	if err != nil {
		return Info{}, failed("upload", key, err)
	}
	return m.Put(ctx, key, data, Condition{})
}

// List implements Bucket. It shows the objects of one moment.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.RLock()
		objects := maps.Clone(m.objects)
		m.mu.RUnlock()
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(Info{}, err)
				return
			}
			if !yield(objects[key].info, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Info{}, err)
		}
	}
}

// Folders implements Bucket.
func (m *Memory) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	CheckFolderPrefix(prefix)
	return func(yield func(string, error) bool) {
		last := ""
		for info, err := range m.List(ctx, prefix) {
			if err != nil {
				yield("", err)
				return
			}
			name, _, isFolder := strings.Cut(info.Key[len(prefix):], "/")
			if !isFolder || name == last {
				continue
			}
			if last = name; !yield(name, nil) {
				return
			}
		}
	}
}

// Delete implements Bucket.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
	return nil
}

// memoryReader reads one object's bytes until its context ends.
type memoryReader struct {
	ctx    context.Context
	from   *Memory
	data   *bytes.Reader
	closed bool
}

func (r *memoryReader) Read(p []byte) (int, error) {
	if r.closed {
		return 0, fs.ErrClosed
	}
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.data.Read(p)
}

func (r *memoryReader) Close() error {
	if !r.closed {
		r.closed = true
		r.from.open.Add(-1)
	}
	return nil
}

// errNested is the refusal of a key that cannot stand beside another.
var errNested = fault.New(fault.InvalidRequest, "An object's name must not be a folder of another object's name.")

// holds returns nil where the condition lets a write through, given the
// present object's tag and whether there is one; else what to answer.
func (c Condition) holds(etag string, exists bool) error {
	switch {
	case c.absent && exists:
		return ErrCondition
	case c.etag != "" && !exists:
		return ErrNotFound
	case c.etag != "" && c.etag != etag:
		return ErrCondition
	}
	return nil
}

// contentTag is the tag of bytes: half of their SHA-256.
func contentTag(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// begin is what every call checks first.
func begin(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

// failed says for the log what was being done to which object.
func failed(doing, key string, err error) error {
	return fmt.Errorf("blob: %s %q: %w", doing, key, err)
}
