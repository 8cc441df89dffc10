package s3blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"retrain/internal/blob"
	"retrain/internal/blob/s3blob"
	"retrain/internal/blob/s3blob/s3test"
	"retrain/internal/fault"
)

// transport is a RoundTripper that is a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer makes a response as S3 would.
func answer(r *http.Request, status int, code string) *http.Response {
	body := ""
	if code != "" && r.Method != http.MethodHead {
		body = "<Error><Code>" + code + "</Code><Message>in words</Message></Error>"
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}
}

// impatient returns a bucket whose requests the transport carries and whose
// client tries again at once.
func impatient(server *s3test.Server, carry transport) blob.Bucket {
	client := &s3blob.Client{Load: func(context.Context) (aws.Config, error) {
		cfg := server.Config()
		cfg.HTTPClient = &http.Client{Transport: carry}
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
		}
		return cfg, nil
	}}
	return client.Bucket("bucket")
}

// calls are the methods of Bucket, each with one request.
var calls = map[string]func(ctx context.Context, b blob.Bucket) error{
	"stat": func(ctx context.Context, b blob.Bucket) error { _, err := b.Stat(ctx, "k"); return err },
	"open": func(ctx context.Context, b blob.Bucket) error { _, _, err := b.Open(ctx, "k", blob.Span{}); return err },
	"put": func(ctx context.Context, b blob.Bucket) error {
		_, err := b.Put(ctx, "k", []byte("v"), blob.Condition{})
		return err
	},
	"upload": func(ctx context.Context, b blob.Bucket) error {
		_, err := b.Upload(ctx, "k", strings.NewReader("v"))
		return err
	},
	"list": func(ctx context.Context, b blob.Bucket) (last error) {
		for _, err := range b.List(ctx, "") {
			last = err
		}
		return last
	},
	"delete": func(ctx context.Context, b blob.Bucket) error { return b.Delete(ctx, "k") },
}

func TestAnswersBecomeErrors(t *testing.T) {
	server := &s3test.Server{Endpoint: "http://s3.test", Region: "us-east-1", AccessKey: "a", SecretKey: "s"}
	for _, c := range []struct {
		status int
		code   string
		want   any // an error, or a kind
		tries  int64
		except string // calls for which this answer means something else, or nothing
	}{
		{404, "NoSuchKey", blob.ErrNotFound, 1, ""},
		{404, "NoSuchBucket", fault.DataNotFound, 1, "stat"},
		{412, "PreconditionFailed", blob.ErrCondition, 1, "stat open list"},
		{412, "PreconditionFailed", blob.ErrChanged, 1, "put upload delete"},
		{409, "ConditionalRequestConflict", blob.ErrConflict, 1, ""},
		{403, "AccessDenied", fault.AccessDenied, 1, ""},
		{403, "InvalidAccessKeyId", fault.AccessDenied, 1, ""},
		{400, "ExpiredToken", fault.AccessDenied, 1, "stat"}, // a HEAD's answer has no code
		{400, "RequestTimeout", fault.Transient, 3, "stat"},
		{400, "KeyTooLongError", fault.InvalidRequest, 1, "stat"},
		{400, "EntityTooLarge", fault.TooLarge, 1, "stat"},
		{400, "InvalidArgument", fault.Internal, 1, ""},
		{301, "PermanentRedirect", fault.InvalidRequest, 1, "stat"},
		{429, "TooManyRequests", fault.Transient, 1, ""},
		{500, "InternalError", fault.Transient, 3, ""},
		{503, "SlowDown", fault.Transient, 3, ""},
		{504, "", fault.Transient, 3, ""},
	} {
		for name, call := range calls {
			if strings.Contains(c.except, name) {
				continue
			}
			var tries atomic.Int64
			b := impatient(server, func(r *http.Request) (*http.Response, error) {
				tries.Add(1)
				return answer(r, c.status, c.code), nil
			})
			err := call(t.Context(), b)
			if !matches(err, c.want) || tries.Load() != c.tries {
				t.Errorf("%s, %d %s: %v after %d tries; want %v after %d", name, c.status, c.code, err, tries.Load(), c.want, c.tries)
			}
			var shown *fault.Error
			if errors.As(err, &shown) && strings.Contains(shown.Detail, "in words") {
				t.Errorf("%s, %d %s: the server's words are shown: %s", name, c.status, c.code, shown.Detail)
			}
		}
	}
}

func matches(err error, want any) bool {
	if kind, ok := want.(fault.Kind); ok {
		return fault.Is(err, kind)
	}
	return errors.Is(err, want.(error))
}

func TestBrokenConnectionsAreTransient(t *testing.T) {
	server := &s3test.Server{Endpoint: "http://s3.test", Region: "us-east-1", AccessKey: "a", SecretKey: "s"}
	timeout := &net.OpError{Op: "dial", Err: context.DeadlineExceeded} // as net's own timeouts do
	for _, broken := range []error{io.ErrUnexpectedEOF, io.EOF, timeout, errors.New("no such host")} {
		for name, call := range calls {
			b := impatient(server, func(*http.Request) (*http.Response, error) { return nil, broken })
			if err := call(t.Context(), b); !fault.Is(err, fault.Transient) {
				t.Errorf("%s, %v: %v, want Transient", name, broken, err)
			}
		}
	}
	b := impatient(server, func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		if err := call(ctx, b); !errors.Is(err, context.DeadlineExceeded) || fault.Is(err, fault.Transient) {
			t.Errorf("%s past its deadline: %v", name, err)
		}
		cancel()
	}
}

// TestListThatIsLate ends its context within the answer.
func TestListThatIsLate(t *testing.T) {
	server := &s3test.Server{Endpoint: "http://s3.test", Region: "us-east-1", AccessKey: "a", SecretKey: "s"}
	ctx, cancel := context.WithCancel(t.Context())
	b := impatient(server, func(r *http.Request) (*http.Response, error) {
		ok := answer(r, 200, "")
		ok.Body = io.NopCloser(io.MultiReader(strings.NewReader("<ListBucketResult><Contents>"), readerFunc(func([]byte) (int, error) {
			cancel()
			return 0, context.Canceled
		})))
		return ok, nil
	})
	err := calls["list"](ctx, b)
	if !errors.Is(err, context.Canceled) || errors.As(err, new(*fault.Error)) {
		t.Errorf("List: %v, want the context's error", err)
	}
}

// TestLostAnswers lets the server apply a write and loses its answer. The SDK
// tries again, and the second try meets the first one's effect: what is
// reported as a condition that did not hold was our own write. Callers have to
// know; this test is here to remind them.
func TestLostAnswers(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	var lost atomic.Int64
	b := impatient(server, func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && r.Method == http.MethodPut && lost.CompareAndSwap(0, 1) {
			response.Body.Close()
			return nil, io.ErrUnexpectedEOF
		}
		return response, err
	})
	if _, err := b.Put(t.Context(), "k", []byte("ours"), blob.IfAbsent()); !errors.Is(err, blob.ErrCondition) {
		t.Errorf("Put: %v, want ErrCondition", err)
	}
	if data, _, err := blob.ReadAll(t.Context(), b, "k", 10); string(data) != "ours" {
		t.Errorf("the object holds %q, %v", data, err)
	}
}

// tornBody yields some bytes and then an error.
func tornBody(body io.ReadCloser, n int64, err error) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(body, n), failing{err}), body}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestStreamsThatBreakOff(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	whole := server.Client(nil).Bucket("bucket")
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	if _, err := whole.Put(t.Context(), "k", data, blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, errors.New("connection reset by peer")} {
		b := impatient(server, func(r *http.Request) (*http.Response, error) {
			response, err := http.DefaultTransport.RoundTrip(r)
			if err == nil && r.Method == http.MethodGet {
				response.Body = tornBody(response.Body, 500_000, end)
			}
			return response, err
		})
		for _, span := range []blob.Span{{}, {Offset: 10}, {Offset: 10, Length: 600_000}} {
			body, info, err := b.Open(t.Context(), "k", span)
			if err != nil || info.Size != int64(len(data)) {
				t.Fatalf("Open: %+v, %v", info, err)
			}
			got, err := io.ReadAll(body)
			body.Close()
			if !fault.Is(err, fault.Transient) || !bytes.Equal(got, data[span.Offset:][:500_000]) {
				t.Errorf("%v, %+v: %d bytes, %v; want Transient", end, span, len(got), err)
			}
		}
	}
}

// TestBytesInStock ends the context while all that is left to read has arrived
// already, of one stream and of one whose parts are read ahead.
func TestBytesInStock(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	b := impatient(server, func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && r.Method == http.MethodGet {
			data, failed := io.ReadAll(response.Body)
			response.Body.Close()
			response.Body, err = io.NopCloser(bytes.NewReader(data)), failed
		}
		return response, err
	})
	for _, size := range []int{1 << 20, 12 << 20} {
		if _, err := b.Upload(t.Context(), "k", bytes.NewReader(make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		for _, before := range []int{0, size / 2, size - 1} {
			ctx, cancel := context.WithCancel(t.Context())
			body, _, err := b.Open(ctx, "k", blob.Span{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, body, int64(before)); err != nil {
				t.Fatal(err)
			}
			cancel()
			if n, err := io.Copy(io.Discard, body); n > 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("%d bytes, ended after %d: %d more, %v", size, before, n, err)
			}
			body.Close()
		}
	}
}

// TestWrongChecksum flips a byte on the way.
func TestWrongChecksum(t *testing.T) {
	server := &s3test.Server{Endpoint: "http://s3.test", Region: "us-east-1", AccessKey: "a", SecretKey: "s"}
	for sent, want := range map[string]error{"hello": nil, "hellO": fault.New(fault.Transient, "")} {
		b := impatient(server, func(r *http.Request) (*http.Response, error) {
			ok := answer(r, 200, "")
			ok.Body, ok.ContentLength = io.NopCloser(strings.NewReader(sent)), int64(len(sent))
			ok.Header.Set("Content-Length", fmt.Sprint(len(sent)))
			ok.Header.Set("ETag", `"x"`)
			ok.Header.Set("x-amz-checksum-crc32", "NhCmhg==") // of "hello"
			return ok, nil
		})
		_, _, err := blob.ReadAll(t.Context(), b, "k", 10)
		if (err == nil) != (want == nil) || want != nil && !fault.Is(err, fault.Transient) {
			t.Errorf("%q with the checksum of hello: %v", sent, err)
		}
	}
}

// TestUploadThatWasLost completes an upload and loses the answer: the second
// try finds no such upload, although the object is there.
func TestUploadThatWasLost(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	lost := false
	b := impatient(server, func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err == nil && r.Method == http.MethodPost && r.URL.Query().Has("uploadId") && !lost {
			lost = true
			response.Body.Close()
			return nil, io.ErrUnexpectedEOF
		}
		return response, err
	})
	_, err := b.Upload(t.Context(), "k", bytes.NewReader(make([]byte, 20<<20)))
	if !lost || !fault.Is(err, fault.Transient) || errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Upload: %v, want Transient", err)
	}
}

// TestFailedUploadsAreAborted checks that no parts stay behind, to be paid for.
func TestFailedUploadsAreAborted(t *testing.T) {
	server := s3test.Fake(t)
	server.CreateBucket(t, "bucket")
	b := server.Client(nil).Bucket("bucket")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	broken := errors.New("broken")
	large := bytes.NewReader(make([]byte, 20<<20))
	if _, err := b.Upload(ctx, "k", io.MultiReader(large, failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a source that breaks: %v", err)
	}
	large.Reset(make([]byte, 20<<20))
	_, err := b.Upload(ctx, "k", io.MultiReader(large, readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, nil
	})))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
	api := s3.NewFromConfig(server.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	left, err := api.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("bucket")})
	if err != nil || len(left.Uploads) > 0 {
		t.Errorf("%d uploads were left, %v", len(left.Uploads), err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
