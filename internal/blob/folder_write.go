package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// A write goes to a file beside the objects, is synced to the disk, and is
// then, under the folder's lock, checked against its condition and renamed
// into place: it is there as a whole or not at all, whenever the process or
// the machine stops. Long uploads do not hold the lock; only the rename does.

// tmpFolder holds the writes that are not yet visible.
const tmpFolder = ownFolder + "/tmp"

// Put implements Bucket.
func (f *Folder) Put(ctx context.Context, key string, data []byte, cond Condition) (Info, error) {
	return f.write(ctx, key, bytes.NewReader(data), cond)
}

// Upload implements Bucket.
func (f *Folder) Upload(ctx context.Context, key string, src io.Reader) (Info, error) {
	return f.write(ctx, key, src, Condition{})
}

func (f *Folder) write(ctx context.Context, key string, src io.Reader, cond Condition) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, err
	}
	root, err := f.create()
	if err != nil {
		return Info{}, writeError(key, err)
	}
	defer root.Close()
	f.tidy.Do(func() { removeAbandoned(root) })
	info, err := f.writeIn(ctx, root, key, src, cond)
	if err != nil {
		return Info{}, writeError(key, err)
	}
	return info, nil
}

func (f *Folder) writeIn(ctx context.Context, root *os.Root, key string, src io.Reader, cond Condition) (Info, error) {
	file, name, err := createTemporary(root)
	if err != nil {
		return Info{}, err
	}
	defer file.Close() // after the rename: the file's lock keeps it from being tidied away
	object, err := fill(ctx, file, key, src)
	if err == nil {
		err = f.publish(ctx, root, name, key, cond)
	}
	if err != nil {
		_ = root.Remove(name) // what stays is tidied away later
		return Info{}, err
	}
	return object.info, nil
}

// fill writes the source to the file and syncs it.
func fill(ctx context.Context, file *os.File, key string, src io.Reader) (*objectFile, error) {
	if _, err := io.Copy(file, source{ctx, src}); err != nil {
		return nil, err
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	return describe(key, file)
}

// source reads until the context ends, and marks the reader's own errors, so
// that they are not taken for the disk's.
type source struct {
	ctx context.Context
	src io.Reader
}

func (s source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.src.Read(p)
	if err != nil && err != io.EOF {
		err = sourceError{err}
	}
	return n, err
}

type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// publish renames the finished file to its key, if the condition holds.
func (f *Folder) publish(ctx context.Context, root *os.Root, name, key string, cond Condition) error {
	release, err := f.lock(ctx, root)
	if err != nil {
		return err
	}
	defer release()
	if err := check(root, key, cond); err != nil {
		return err
	}
	err = root.Rename(name, key)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeFolders(root, path.Dir(key)); err == nil {
			err = root.Rename(name, key)
		}
	}
	if err != nil {
		return err
	}
	return syncFolder(root, path.Dir(key))
}

// check holds the condition against the present object.
func check(root *os.Root, key string, cond Condition) error {
	if cond == (Condition{}) {
		return nil
	}
	current, err := findIn(root, key)
	if missing(err) {
		return cond.holds("", false)
	}
	if err != nil {
		return err
	}
	defer current.Close()
	return cond.holds(current.info.ETag, true)
}

// Delete implements Bucket. Folders that it leaves empty go too.
func (f *Folder) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	root, err := os.OpenRoot(f.dir)
	if missing(err) {
		return nil
	}
	if err != nil {
		return writeError(key, err)
	}
	defer root.Close()
	if !isObject(root, key) {
		return nil
	}
	return writeError(key, f.remove(ctx, root, key))
}

func (f *Folder) remove(ctx context.Context, root *os.Root, key string) error {
	release, err := f.lock(ctx, root)
	if err != nil {
		return err
	}
	defer release()
	if !isObject(root, key) {
		return nil
	}
	if err := root.Remove(key); err != nil {
		return err
	}
	folder := path.Dir(key)
	for ; folder != "."; folder = path.Dir(folder) {
		// A link to a folder is somebody else's, and a full folder stays.
		if stat, err := root.Lstat(folder); err != nil || !stat.IsDir() || root.Remove(folder) != nil {
			break
		}
	}
	return syncFolder(root, folder)
}

func isObject(root *os.Root, key string) bool {
	stat, err := root.Stat(key)
	return err == nil && stat.Mode().IsRegular()
}

// create opens the folder for writing and makes it where it is missing.
func (f *Folder) create() (*os.Root, error) {
	root, err := os.OpenRoot(f.dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if err := makeRoot(f.dir); err != nil {
		return nil, err
	}
	return os.OpenRoot(f.dir)
}

func makeRoot(dir string) error {
	err := os.Mkdir(dir, folderMode)
	parent := filepath.Dir(dir)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := makeRoot(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, folderMode)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(os.Open(parent))
}

const (
	fileMode   = 0o644
	folderMode = 0o755
)

// makeFolders makes a folder and those above it, each durably.
func makeFolders(root *os.Root, folder string) error {
	for end := range len(folder) + 1 {
		if end < len(folder) && folder[end] != '/' {
			continue
		}
		switch err := root.Mkdir(folder[:end], folderMode); {
		case errors.Is(err, fs.ErrExist):
		case err != nil:
			return err
		default:
			if err := syncFolder(root, path.Dir(folder[:end])); err != nil {
				return err
			}
		}
	}
	return nil
}

// syncFolder makes the entries of a folder durable.
func syncFolder(root *os.Root, folder string) error { return syncDir(root.Open(folder)) }

func syncDir(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
