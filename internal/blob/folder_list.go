package blob

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
)

// List implements Bucket. It shows links to files but does not walk into
// linked folders, which could lead in circles.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		start, ok := folderOf(prefix)
		if !ok {
			return
		}
		err := f.walk(&walk{ctx: ctx, prefix: prefix, yield: yield}, start)
		if err != nil && !errors.Is(err, errStopped) {
			yield(Info{}, readError(prefix, err))
		}
	}
}

// Folders implements Bucket. It reads the folder itself, and of each one in it
// as much as it takes to find an object.
func (f *Folder) Folders(ctx context.Context, prefix string) iter.Seq2[string, error] {
	possible := CheckFolderPrefix(prefix)
	return func(yield func(string, error) bool) {
		if !possible {
			return
		}
		w := &walk{ctx: ctx, prefix: prefix}
		w.only = func(folder string) error { return w.found(folder, yield) }
		err := f.walk(w, strings.TrimSuffix(prefix, "/"))
		if err != nil && !errors.Is(err, errStopped) {
			yield("", readError(prefix, err))
		}
	}
}

// found yields the name of a folder if there is an object in it.
func (w *walk) found(folder string, yield func(string, error) bool) error {
	objects := 0
	inside := &walk{ctx: w.ctx, root: w.root, yield: func(Info, error) bool {
		objects++
		return false
	}}
	if err := inside.folder(folder); err != nil && !errors.Is(err, errStopped) {
		return err
	}
	if objects > 0 && !yield(path.Base(folder), nil) {
		return errStopped
	}
	return nil
}

func (f *Folder) walk(w *walk, start string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	root, err := os.OpenRoot(f.dir)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	w.root = root
	return w.folder(start)
}

// folderOf returns the folder that holds all keys with the prefix, "" for the
// root; false if there can be no such key.
func folderOf(prefix string) (string, bool) {
	slash := strings.LastIndexByte(prefix, '/')
	if slash < 0 {
		return "", true
	}
	return prefix[:slash], CheckKey(prefix[:slash]) == nil
}

// walk is one listing under way.
type walk struct {
	ctx    context.Context
	root   *os.Root
	prefix string
	yield  func(Info, error) bool
	// only, if set, is told of the folders below the first one, instead of
	// yield of the objects.
	only func(folder string) error
}

// errStopped ends a walk whose listener has heard enough.
var errStopped = errors.New("blob: the listing was stopped")

// folder lists what is below one folder. A folder's name sorts with its slash:
// "a.csv" comes before what is in "a/".
func (w *walk) folder(name string) error {
	entries, err := fs.ReadDir(w.root.FS(), path.Clean(name))
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	keys := make([]string, 0, len(entries))
	for _, entry := range entries {
		key := path.Join(name, entry.Name())
		if CheckKey(key) != nil {
			continue
		}
		if entry.IsDir() {
			key += "/"
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := w.entry(key); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(key string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if name, isFolder := strings.CutSuffix(key, "/"); isFolder {
		if !strings.HasPrefix(key, w.prefix) && !strings.HasPrefix(w.prefix, key) {
			return nil
		}
		if w.only != nil {
			return w.only(name)
		}
		return w.folder(name)
	}
	if w.only != nil || !strings.HasPrefix(key, w.prefix) {
		return nil
	}
	return w.file(key)
}

// file yields one object. What vanished since the folder was read is left
// out, and so is a link that leads nowhere or out of the root.
func (w *walk) file(key string) error {
	file, err := findIn(w.root, key)
	if missing(err) || escapes(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if !w.yield(file.info, nil) {
		return errStopped
	}
	return nil
}
