package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"retrain/internal/blob"
)

// Bucket is a blob.Bucket in S3.
type Bucket struct {
	client *Client
	name   string
}

var _ blob.Bucket = (*Bucket)(nil)

// begin checks the key and returns the connection to use.
func (b *Bucket) begin(ctx context.Context, key string) (*connection, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	return b.client.connect(ctx)
}

// Stat implements blob.Bucket.
func (b *Bucket) Stat(ctx context.Context, key string) (blob.Info, error) {
	return b.head(ctx, key, "")
}

func (b *Bucket) head(ctx context.Context, key, etag string) (blob.Info, error) {
	c, err := b.begin(ctx, key)
	if err != nil {
		return blob.Info{}, err
	}
	out, err := c.api.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &b.name, Key: &key, IfMatch: quoted(etag),
	})
	if err != nil {
		return blob.Info{}, translate(ctx, reading, key, err)
	}
	return describe(key, aws.ToInt64(out.ContentLength), out.ETag, out.LastModified), nil
}

// Open implements blob.Bucket. A large object that is read to its end is fetched
// in parts ahead of the reader; it is the one of Info.ETag, or an error.
func (b *Bucket) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	header := rangeHeader(span)
	c, err := b.begin(ctx, key)
	if err != nil {
		return nil, blob.Info{}, err
	}
	out, err := c.api.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, IfMatch: quoted(span.ETag), Range: header,
	})
	if status(err) == 416 { // the span begins at or past the end
		info, err := b.head(ctx, key, span.ETag)
		return io.NopCloser(strings.NewReader("")), info, err
	}
	if err != nil {
		return nil, blob.Info{}, translate(ctx, reading, key, err)
	}
	length := aws.ToInt64(out.ContentLength)
	size := length
	if header != nil {
		if size, err = wholeSize(aws.ToString(out.ContentRange)); err != nil {
			out.Body.Close()
			return nil, blob.Info{}, fmt.Errorf("s3blob: read %q: %w", key, err)
		}
	}
	body := &body{ctx: ctx, stream: out.Body, left: length}
	info := describe(key, size, out.ETag, out.LastModified)
	if span.Length == 0 && length > 2*partBytes {
		return b.readAhead(ctx, body, info, span.Offset), info, nil
	}
	return body, info, nil
}

// rangeHeader writes the span as RFC 9110, section 14.1.2, has it: nil for the
// whole object, and both ends inclusive.
func rangeHeader(span blob.Span) *string {
	from, to := span.Clip(math.MaxInt64)
	switch {
	case from == 0 && to == math.MaxInt64:
		return nil
	case to == math.MaxInt64:
		return aws.String(fmt.Sprintf("bytes=%d-", from))
	}
	return aws.String(fmt.Sprintf("bytes=%d-%d", from, to-1))
}

// wholeSize reads the object's size from a Content-Range, "bytes 3-6/10".
func wholeSize(contentRange string) (int64, error) {
	_, total, _ := strings.Cut(contentRange, "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return 0, errors.New("the server did not answer with the range that was asked for")
	}
	return size, nil
}

// Put implements blob.Bucket.
func (b *Bucket) Put(ctx context.Context, key string, data []byte, cond blob.Condition) (blob.Info, error) {
	c, err := b.begin(ctx, key)
	if err != nil {
		return blob.Info{}, err
	}
	in := &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(data), IfMatch: quoted(cond.ETag()),
	}
	if cond.Absent() {
		in.IfNoneMatch = aws.String("*")
	}
	out, err := c.api.PutObject(ctx, in)
	if err != nil {
		return blob.Info{}, translate(ctx, writing, key, err)
	}
	return describe(key, int64(len(data)), out.ETag, nil), nil
}

// Upload implements blob.Bucket, in parts where the object is large.
func (b *Bucket) Upload(ctx context.Context, key string, src io.Reader) (blob.Info, error) {
	c, err := b.begin(ctx, key)
	if err != nil {
		return blob.Info{}, err
	}
	counted := &source{ctx: ctx, src: src}
	out, err := c.transfer.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket: &b.name, Key: &key, Body: counted,
	})
	var fromSource sourceError
	if errors.As(err, &fromSource) {
		return blob.Info{}, fmt.Errorf("s3blob: upload %q: %w", key, fromSource.error)
	}
	if err != nil {
		return blob.Info{}, translate(ctx, writing, key, err)
	}
	return describe(key, counted.n, out.ETag, nil), nil
}

// source counts what an upload reads, ends with the context, and marks the
// reader's own errors, so that they are not taken for the server's.
type source struct {
	ctx context.Context
	src io.Reader
	n   int64
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.src.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		err = sourceError{err}
	}
	return n, err
}

type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// List implements blob.Bucket.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for page, err := range b.pages(ctx, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}) {
			if err != nil {
				yield(blob.Info{}, err)
				return
			}
			for _, object := range page.Contents {
				key := aws.ToString(object.Key)
				if blob.CheckKey(key) != nil {
					continue // for example the "folder/" that the S3 console makes
				}
				if !yield(describe(key, aws.ToInt64(object.Size), object.ETag, object.LastModified), nil) {
					return
				}
			}
		}
	}
}

// Folders implements blob.Bucket. S3 rolls up what is in a folder by itself.
func (b *Bucket) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	possible := blob.CheckFolderPrefix(prefix)
	return func(yield func(string, error) bool) {
		if !possible {
			return
		}
		for page, err := range b.pages(ctx, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, Delimiter: aws.String("/")}) {
			if err != nil {
				yield("", err)
				return
			}
			for _, folder := range page.CommonPrefixes {
				key := strings.TrimSuffix(aws.ToString(folder.Prefix), "/")
				if blob.CheckKey(key) != nil {
					continue
				}
				if !yield(strings.TrimPrefix(key, prefix), nil) {
					return
				}
			}
		}
	}
}

// pages yields the pages of a listing, and ends after the first error.
func (b *Bucket) pages(ctx context.Context, what *s3.ListObjectsV2Input) iter.Seq2[*s3.ListObjectsV2Output, error] {
	return func(yield func(*s3.ListObjectsV2Output, error) bool) {
		c, err := b.client.connect(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		pages := s3.NewListObjectsV2Paginator(c.api, what)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, translate(ctx, reading, aws.ToString(what.Prefix), err))
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// Delete implements blob.Bucket.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	c, err := b.begin(ctx, key)
	if err != nil {
		return err
	}
	_, err = c.api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return translate(ctx, deleting, key, err)
}

// describe makes an Info of what S3 says. Tags lose their quotes on the way in
// and get them back on the way out.
func describe(key string, size int64, etag *string, modified *time.Time) blob.Info {
	return blob.Info{
		Key: key, Size: size, ETag: strings.Trim(aws.ToString(etag), `"`), Modified: aws.ToTime(modified),
	}
}

// quoted returns the tag as a header has it, nil for none.
func quoted(etag string) *string {
	if etag == "" {
		return nil
	}
	return aws.String(`"` + etag + `"`)
}
