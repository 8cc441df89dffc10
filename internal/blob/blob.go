// Package blob reads and writes named objects: in memory, in a folder, or (in
// its subpackage s3blob) in S3.
//
// A Bucket is the program's one seam to storage. Its contract is what S3
// promises and no more: whole objects, strong read-after-write, and writes that
// can be made conditional on the object's absence or on its ETag. The package
// knows nothing of models, runs or data; keys are opaque to it.
package blob

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Info describes an object.
type Info struct {
	Key      string
	Size     int64     // bytes, of the whole object
	ETag     string    // opaque; equal bytes may have equal tags
	Modified time.Time // informative only; may be zero in the answer to a write
}

// Span selects part of an object. The zero Span is the whole object. What lies
// past the object's end reads as nothing: that is no error.
type Span struct {
	Offset int64  // bytes to leave out at the start
	Length int64  // bytes to read at most; 0 means to the end
	ETag   string // if set, the object must still have this tag, else ErrChanged
}

// Clip returns the half-open range of bytes that the span selects from an
// object of the size. A negative offset or length is a caller's bug: it panics.
func (s Span) Clip(size int64) (from, to int64) {
	if s.Offset < 0 || s.Length < 0 {
		panic("blob: negative span")
	}
	from = min(s.Offset, size)
	if s.Length == 0 || s.Length > size-from {
		return from, size
	}
	return from, from + s.Length
}

// Condition makes a write conditional. The zero Condition always writes.
type Condition struct {
	absent bool
	etag   string
}

// IfAbsent lets a write through only where no object has the key
// (If-None-Match: *).
func IfAbsent() Condition { return Condition{absent: true} }

// IfMatch lets a write through only where the object still has the tag. It
// panics without a tag: such a write would be unconditional unawares.
func IfMatch(etag string) Condition {
	if etag == "" {
		panic("blob: IfMatch without a tag")
	}
	return Condition{etag: etag}
}

// Absent reports whether the condition is IfAbsent.
func (c Condition) Absent() bool { return c.absent }

// ETag returns the tag of an IfMatch condition, else "".
func (c Condition) ETag() string { return c.etag }

// What a Bucket's errors may be, by errors.Is. Access that is refused, storage
// that is out of reach and a bucket that does not exist are fault.AccessDenied,
// fault.Transient and fault.DataNotFound.
var (
	// ErrNotFound: no object has the key (or, of a conditional write with
	// IfMatch, the object is gone: S3's 404).
	ErrNotFound = errors.New("blob: no such object")
	// ErrCondition: the write's condition did not hold (S3's 412). The write
	// may still have been ours: an answer can get lost and be retried below.
	ErrCondition = errors.New("blob: the condition does not hold")
	// ErrConflict: another conditional write was under way (S3's 409); read
	// the tag again and try again.
	ErrConflict = errors.New("blob: a concurrent write conflicts")
	// ErrChanged: the object no longer has the tag that the Span names.
	ErrChanged = errors.New("blob: the object changed while it was read")
)

// Bucket holds objects. All methods may be called concurrently, and return
// ctx.Err() (wrapped or bare) when the context ended the work.
//
// CheckKey says which keys there are; a Bucket refuses others with
// fault.InvalidRequest. Callers also keep the names of objects and of folders
// apart: once "a/b" exists, "a" is no key to write to, and the other way
// round. Memory and Folder refuse that as well; S3 would let it pass.
type Bucket interface {
	// Stat returns the object's description, or ErrNotFound.
	Stat(ctx context.Context, key string) (Info, error)

	// Open streams the object or a part of it. The caller closes the reader,
	// and lets ctx live until then. A stream that breaks off is a
	// fault.Transient.
	Open(ctx context.Context, key string, span Span) (io.ReadCloser, Info, error)

	// Put writes a whole object at once and returns its description. Either
	// all of the data becomes visible under the key, or nothing changes.
	// After an error that is neither ErrCondition, ErrConflict nor
	// ErrNotFound the outcome is unknown.
	Put(ctx context.Context, key string, data []byte, cond Condition) (Info, error)

	// Upload streams a large object, unconditionally. It becomes visible only
	// when src ended with io.EOF; any other error leaves the key as it was.
	Upload(ctx context.Context, key string, src io.Reader) (Info, error)

	// List yields the objects whose keys begin with the prefix, in the order
	// of the keys' bytes. It ends after the first error that it yields. What
	// is written or deleted meanwhile may or may not be seen; foreign objects
	// whose keys CheckKey refuses are not.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]

	// Folders yields the names of the folders directly below the prefix, which
	// is "" or ends in a slash (else it panics): what keys have between the
	// prefix and their next slash. They come once each, in the order of the
	// bytes of "name/", whatever lies in them, at the cost of a listing of
	// themselves alone. Errors, and what changes meanwhile, are as with List;
	// a folder of nothing but foreign objects may or may not be seen.
	Folders(ctx context.Context, prefix string) iter.Seq2[string, error]

	// Delete removes the object. A missing one is no error.
	Delete(ctx context.Context, key string) error
}
