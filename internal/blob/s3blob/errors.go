package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// doing is the sort of call that failed.
type doing string

const (
	reading  doing = "read"
	writing  doing = "write"
	deleting doing = "delete"
)

// translate turns an error of the SDK, which has tried what can be tried
// again, into one of package blob or a fault.
func translate(ctx context.Context, what doing, key string, err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if answer := fromAnswer(what, err); answer != nil {
		return fmt.Errorf("s3blob: %s %q: %w", what, key, answer)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("s3blob: %s %q: %w", what, key, ctx.Err())
	}
	if status(err) >= 500 || isBroken(err) {
		return fault.Wrap(fault.Transient, err, "The object store did not answer.")
	}
	return fmt.Errorf("s3blob: %s %q: %w", what, key, err)
}

// fromAnswer reads the server's answer, for all but its own failures.
// Codes and statuses are those of the S3 API Reference, "Error responses".
func fromAnswer(what doing, err error) error {
	if refused := fromCode(code(err), err); refused != nil {
		return refused
	}
	switch status(err) {
	case 401, 403:
		return fault.Wrap(fault.AccessDenied, err, "The object store refused access. "+
			"(It also does so for objects that do not exist, where s3:ListBucket is not granted.)")
	case 404:
		return blob.ErrNotFound
	case 409:
		return blob.ErrConflict
	case 412:
		if what == reading {
			return blob.ErrChanged
		}
		return blob.ErrCondition
	case 429:
		return fault.Wrap(fault.Transient, err, "The object store asks for fewer requests.")
	}
	return nil
}

// fromCode knows the answers whose status says too little.
func fromCode(code string, err error) error {
	switch code {
	case "NoSuchBucket":
		// Not blob.ErrNotFound, after which callers would go on: that nothing
		// can be in this bucket is another matter than that an object is not.
		return fault.Wrap(fault.DataNotFound, err, "The bucket does not exist; check the address, and the store's in RETRAIN_STORE.")
	case "NoSuchUpload":
		// An upload that was completed by a request whose answer got lost, or
		// aborted by a lifecycle rule: the outcome is unknown.
		return fault.Wrap(fault.Transient, err, "The object store lost track of an upload.")
	case "RequestTimeout", "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch":
		return fault.Wrap(fault.Transient, err, "The data were cut or changed on their way to the object store.")
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return fault.Wrap(fault.AccessDenied, err, "The service's AWS credentials have expired.")
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return fault.Wrap(fault.InvalidRequest, err, "The bucket is in another AWS region than this service.")
	case "KeyTooLongError":
		return fault.Wrap(fault.InvalidRequest, err, "The object's name is too long for the object store.")
	case "EntityTooLarge":
		return fault.Wrap(fault.TooLarge, err, "The object is larger than the object store allows.")
	}
	return nil
}

// status returns the HTTP status of the answer that err tells of, 0 for none.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

func code(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return ""
}

// isBroken reports whether no answer came, or none that could be read.
func isBroken(err error) bool {
	var unsent *smithyhttp.RequestSendError
	var unreadable *smithy.DeserializationError
	return errors.As(err, &unsent) || errors.As(err, &unreadable) || errors.Is(err, io.ErrUnexpectedEOF)
}

// body is an object's stream. A stream that ends early or breaks is a
// fault.Transient, unless the context has ended: then it yields no more, though
// the connection may have some in stock.
type body struct {
	ctx    context.Context
	stream io.ReadCloser
	left   int64
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.stream.Read(p)
	b.left -= int64(n)
	switch {
	case err == nil, err == io.EOF && b.left <= 0:
		return n, err
	case b.ctx.Err() != nil:
		return n, b.ctx.Err()
	}
	return n, fault.Wrap(fault.Transient, err, "The object store's answer broke off.")
}

func (b *body) Close() error { return b.stream.Close() }
