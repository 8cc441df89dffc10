package blob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"retrain/internal/fault"
)

// missing reports whether the error says that there is no such file: also
// where a part of its path is a file, or its name leads to a socket.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || isErrno(err, syscall.ENOTDIR, syscall.ENXIO)
}

// escapes reports whether the error is os.Root's refusal of a path that leads
// out of the root: the one path error without an error number beneath.
func escapes(err error) bool {
	var pathError *fs.PathError
	var linkError *os.LinkError
	var errno syscall.Errno
	if errors.Is(err, fs.ErrClosed) || errors.As(err, &errno) {
		return isErrno(err, syscall.ELOOP)
	}
	return errors.As(err, &pathError) || errors.As(err, &linkError)
}

// readError says what the caller of a read is to know.
func readError(key string, err error) error {
	if missing(err) {
		err = ErrNotFound
	}
	return diskError("read", key, err)
}

// writeError says what the caller of a write is to know. A missing file is the
// folder vanishing under our hands: only a condition can find no object.
func writeError(key string, err error) error {
	var fromSource sourceError
	switch {
	case errors.As(err, &fromSource):
		return failed("upload", key, fromSource.error)
	case isErrno(err, syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENOTEMPTY):
		return errNested
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.Transient, err, "The store's folder went away during the write.")
	}
	return diskError("write", key, err)
}

func diskError(doing, key string, err error) error {
	var known *fault.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case escapes(err):
		return fault.Wrap(fault.AccessDenied, err, "A symbolic link leads out of the folder.")
	case errors.Is(err, fs.ErrPermission), isErrno(err, syscall.EROFS):
		return fault.Wrap(fault.AccessDenied, err, "The file system refused access to the object.")
	case isErrno(err, syscall.ENAMETOOLONG, syscall.EINVAL):
		return fault.Wrap(fault.InvalidRequest, err, "The file system cannot hold an object of this name.")
	case isErrno(err, syscall.ENOSPC, syscall.EDQUOT):
		return fault.Wrap(fault.Transient, err, "The store's disk is full.")
	case isErrno(err, syscall.EMFILE, syscall.ENFILE, syscall.EIO, syscall.ESTALE, syscall.EAGAIN):
		return fault.Wrap(fault.Transient, err, "The store's disk did not answer.")
	}
	return failed(doing, key, err)
}

func isErrno(err error, among ...syscall.Errno) bool {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return false
	}
	for _, one := range among {
		if errno == one {
			return true
		}
	}
	return false
}
