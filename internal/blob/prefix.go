package blob

import (
	"context"
	"io"
	"iter"
	"strings"

	"retrain/internal/fault"
)

// Prefix returns the part of a Bucket that lies below a folder, "models" or
// "a/b": a Bucket whose keys are relative to it. With "" it is the Bucket
// itself. A folder that is no key is a caller's bug: it panics.
func Prefix(b Bucket, folder string) Bucket {
	if folder == "" {
		return b
	}
	if err := CheckKey(folder); err != nil {
		panic("blob: Prefix: " + fault.From(err).Detail)
	}
	return prefixed{b, folder + "/"}
}

type prefixed struct {
	whole  Bucket
	prefix string
}

// Stat implements Bucket.
func (p prefixed) Stat(ctx context.Context, key string) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, err
	}
	info, err := p.whole.Stat(ctx, p.prefix+key)
	return p.relative(info), err
}

// Open implements Bucket.
func (p prefixed) Open(ctx context.Context, key string, span Span) (io.ReadCloser, Info, error) {
	if err := CheckKey(key); err != nil {
		return nil, Info{}, err
	}
	body, info, err := p.whole.Open(ctx, p.prefix+key, span)
	return body, p.relative(info), err
}

// Put implements Bucket.
func (p prefixed) Put(ctx context.Context, key string, data []byte, cond Condition) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, err
	}
	info, err := p.whole.Put(ctx, p.prefix+key, data, cond)
	return p.relative(info), err
}

// Upload implements Bucket.
func (p prefixed) Upload(ctx context.Context, key string, src io.Reader) (Info, error) {
	if err := CheckKey(key); err != nil {
		return Info{}, err
	}
	info, err := p.whole.Upload(ctx, p.prefix+key, src)
	return p.relative(info), err
}

// List implements Bucket.
func (p prefixed) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for info, err := range p.whole.List(ctx, p.prefix+prefix) {
			if !yield(p.relative(info), err) {
				return
			}
		}
	}
}

// Folders implements Bucket.
func (p prefixed) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return p.whole.Folders(ctx, p.prefix+prefix)
}

// Delete implements Bucket.
func (p prefixed) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return p.whole.Delete(ctx, p.prefix+key)
}

func (p prefixed) relative(info Info) Info {
	info.Key = strings.TrimPrefix(info.Key, p.prefix)
	return info
}
