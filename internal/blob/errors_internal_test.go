package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"retrain/internal/fault"
)

// TestDiskErrors holds what the file system may say against what callers are
// told: most of it cannot be brought about in a test.
func TestDiskErrors(t *testing.T) {
	path := func(err error) error { return &fs.PathError{Op: "openat", Path: "secret/name", Err: err} }
	escape := path(errors.New("path escapes from parent"))
	for _, c := range []struct {
		err         error
		read, write any // a kind, or an error
	}{
		{path(syscall.ENOENT), ErrNotFound, fault.Transient},
		{path(syscall.ENOTDIR), ErrNotFound, fault.InvalidRequest},
		{path(syscall.ENXIO), ErrNotFound, fault.Internal},
		{path(syscall.EISDIR), fault.Internal, fault.InvalidRequest},
		{path(syscall.ENOTEMPTY), fault.Internal, fault.InvalidRequest},
		{&os.LinkError{Op: "renameat", Err: syscall.EEXIST}, fault.Internal, fault.InvalidRequest},
		{escape, fault.AccessDenied, fault.AccessDenied},
		{path(syscall.ELOOP), fault.AccessDenied, fault.AccessDenied},
		{path(syscall.EACCES), fault.AccessDenied, fault.AccessDenied},
		{path(syscall.EROFS), fault.AccessDenied, fault.AccessDenied},
		{path(syscall.ENAMETOOLONG), fault.InvalidRequest, fault.InvalidRequest},
		{path(syscall.ENOSPC), fault.Transient, fault.Transient},
		{path(syscall.EMFILE), fault.Transient, fault.Transient},
		{path(syscall.EIO), fault.Transient, fault.Transient},
		{path(fs.ErrClosed), fault.Internal, fault.Internal},
		{context.Canceled, context.Canceled, context.Canceled},
		{ErrCondition, ErrCondition, ErrCondition},
		{ErrNotFound, ErrNotFound, ErrNotFound},
		{errors.New("something else"), fault.Internal, fault.Internal},
		{nil, nil, nil},
	} {
		becomes(t, c.err, readError("k", c.err), c.read)
		becomes(t, c.err, writeError("k", c.err), c.write)
	}
}

func becomes(t *testing.T, err, got error, want any) {
	t.Helper()
	var as bool
	switch want := want.(type) {
	case nil:
		as = got == nil
	case error:
		as = errors.Is(got, want)
	case fault.Kind:
		as = fault.Is(got, want)
	}
	if !as {
		t.Errorf("%v becomes %v, want %v", err, got, want)
	}
}
