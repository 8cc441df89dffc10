package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// Folder is a Bucket in a folder of the file system: an object is a file, its
// key the path. Files that others put there are objects too.
//
// Nothing outside of the folder is ever reached, whatever symbolic links say
// (os.Root). Readers take no lock and need no right to write. Writers of any
// number of processes take turns; see the file folder_write.go.
//
//	dir/models/default/champion.json    an object
//	dir/.blob/lock                      held while a write becomes visible
//	dir/.blob/tmp/GEQ…                  a write that is not yet visible
type Folder struct {
	dir  string
	turn chan struct{} // holds one token while a goroutine of ours writes
	tidy sync.Once
}

// NewFolder returns the Bucket in a folder. The folder need not exist: it then
// has no objects, and the first write creates it.
func NewFolder(dir string) *Folder {
	return &Folder{dir: dir, turn: make(chan struct{}, 1)}
}

// smallFile is the size up to which a file's tag is a digest of its content,
// so that the small objects that are replaced by compare-and-swap never share
// a tag by accident. A larger file's tag is made of its inode, size and
// modification time, which costs nothing.
const smallFile = 1 << 20

// Stat implements Bucket.
func (f *Folder) Stat(ctx context.Context, key string) (Info, error) {
	file, err := f.find(ctx, key)
	if err != nil {
		return Info{}, readError(key, err)
	}
	defer file.Close()
	return file.info, nil
}

// Open implements Bucket. What is read is the file as it was then, even if a
// Bucket replaces it meanwhile; if somebody else changes it in place, the
// stream ends with ErrChanged.
func (f *Folder) Open(ctx context.Context, key string, span Span) (io.ReadCloser, Info, error) {
	file, err := f.find(ctx, key)
	if err != nil {
		return nil, Info{}, readError(key, err)
	}
	if span.ETag != "" && span.ETag != file.info.ETag {
		file.Close()
		return nil, Info{}, failed("open", key, ErrChanged)
	}
	from, to := span.Clip(file.info.Size)
	body := io.NewSectionReader(file, from, to-from)
	return &folderReader{ctx: ctx, file: file, body: body}, file.info, nil
}

// find opens the root and then the key's file in it.
func (f *Folder) find(ctx context.Context, key string) (*objectFile, error) {
	if err := begin(ctx, key); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return findIn(root, key)
}

// findIn opens the key's file and describes it. Only regular files are
// objects; the flag keeps a named pipe from blocking before that is known.
func findIn(root *os.Root, key string) (*objectFile, error) {
	file, err := root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	object, err := describe(key, file)
	if err != nil {
		file.Close()
		return nil, err
	}
	return object, nil
}

// objectFile is an open file with the description that its bytes agree with.
type objectFile struct {
	file *os.File
	stat fs.FileInfo
	info Info
	held *bytes.Reader // a small file's whole content, else nil
}

func describe(key string, file *os.File) (*objectFile, error) {
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !stat.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	o := &objectFile{file: file, stat: stat}
	o.info = Info{Key: key, Size: stat.Size(), ETag: statTag(stat), Modified: stat.ModTime()}
	if stat.Size() > smallFile {
		return o, nil
	}
	content := make([]byte, stat.Size()+1)
	n, err := file.ReadAt(content, 0)
	if err == nil {
		return describe(key, file) // it has grown since the look at its size
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	content = content[:n]
	o.held = bytes.NewReader(content)
	o.info.Size, o.info.ETag = int64(len(content)), contentTag(content)
	return o, nil
}

// statTag is the tag of a large file.
func statTag(stat fs.FileInfo) string {
	var inode uint64
	if s, ok := stat.Sys().(*syscall.Stat_t); ok {
		inode = s.Ino
	}
	return fmt.Sprintf("%x-%x-%x", inode, stat.Size(), stat.ModTime().UnixNano())
}

// ReadAt implements io.ReaderAt over the bytes that the description is of, or
// fails with ErrChanged.
func (o *objectFile) ReadAt(p []byte, off int64) (int, error) {
	if o.held != nil {
		return o.held.ReadAt(p, off)
	}
	n, err := o.file.ReadAt(p, off)
	if err != nil && err != io.EOF {
		return n, readError(o.info.Key, err)
	}
	stat, statErr := o.file.Stat()
	if statErr != nil {
		return 0, readError(o.info.Key, statErr)
	}
	if stat.Size() != o.stat.Size() || !stat.ModTime().Equal(o.stat.ModTime()) {
		return 0, failed("read", o.info.Key, ErrChanged)
	}
	return n, err
}

func (o *objectFile) Close() error { return o.file.Close() }

// folderReader streams a part of a file until its context ends.
type folderReader struct {
	ctx  context.Context
	file *objectFile
	body *io.SectionReader
}

func (r *folderReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.body.Read(p)
}

func (r *folderReader) Close() error {
	err := r.file.Close()
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}
