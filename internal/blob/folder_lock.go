package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// The locks are flock(2)'s: they belong to an open file and end with it, so
// that a process that is killed leaves none behind. Another open file, in this
// process or in another, conflicts.

const lockFile = ownFolder + "/lock"

// lock waits for the right to make a write visible in the folder: first among
// the goroutines that share this Folder, then among all others. Waiting for
// others is polling, since flock itself cannot be told of a context's end; the
// lock is held for some milliseconds at a time.
func (f *Folder) lock(ctx context.Context, root *os.Root) (release func(), err error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 16*time.Millisecond) {
		file, err := openLocked(root, lockFile, os.O_RDWR|os.O_CREATE)
		if err == nil {
			return func() { file.Close(); <-f.turn }, nil
		}
		if !errors.Is(err, errHeld) {
			<-f.turn
			return nil, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			<-f.turn
			return nil, ctx.Err()
		}
	}
}

// errHeld says that somebody else holds the file's lock.
var errHeld = errors.New("blob: the lock is held")

// openLocked opens a file and locks it, or fails with errHeld. A file that was
// removed between the two counts as held: its lock would guard nothing.
func openLocked(root *os.Root, name string, flag int) (*os.File, error) {
	file, err := root.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errHeld
	}
	if err == nil && unlinked(file) {
		err = errHeld
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func unlinked(file *os.File) bool {
	stat, err := file.Stat()
	if err != nil {
		return true
	}
	s, ok := stat.Sys().(*syscall.Stat_t)
	return ok && s.Nlink == 0
}

// createTemporary makes a file for a write under way, locked while it lives.
func createTemporary(root *os.Root) (file *os.File, name string, err error) {
	if err := root.MkdirAll(tmpFolder, folderMode); err != nil {
		return nil, "", err
	}
	for {
		name = tmpFolder + "/" + rand.Text()
		file, err = openLocked(root, name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
		if !errors.Is(err, errHeld) {
			return file, name, err
		}
		// It was taken for an abandoned one before it was locked.
	}
}

// removeAbandoned removes the files of writers that were killed: those that
// nobody holds. It is a courtesy; what it cannot remove does no harm.
func removeAbandoned(root *os.Root) {
	entries, err := fs.ReadDir(root.FS(), tmpFolder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		name := tmpFolder + "/" + entry.Name()
		if file, err := openLocked(root, name, os.O_RDWR); err == nil {
			_ = root.Remove(name)
			file.Close()
		}
	}
}
