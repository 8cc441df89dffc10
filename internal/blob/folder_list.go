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
		return w.folder(name)
	}
	if !strings.HasPrefix(key, w.prefix) {
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
