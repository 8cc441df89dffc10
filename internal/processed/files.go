package processed

import (
	"context"
	"sync"

	"retrain/internal/blob"
	"retrain/internal/dataset"
)

// files are the objects that a run's data lies in. They are read one after the
// other, so that only one at a time keeps what it has read ahead.
type files struct {
	ctx   context.Context
	store blob.Root
	infos []blob.Info

	mu   sync.Mutex
	at   int // which one is open
	open *blob.ReaderAt
}

func findFiles(ctx context.Context, store blob.Root, keys []string) (*files, error) {
	f := &files{ctx: ctx, store: store}
	for _, key := range keys {
		info, err := store.Stat(ctx, key)
		if err != nil {
			return nil, err
		}
		f.infos = append(f.infos, info)
	}
	return f, nil
}

func (f *files) parts() []dataset.ParquetPart {
	parts := make([]dataset.ParquetPart, len(f.infos))
	for i, info := range f.infos {
		parts[i] = dataset.ParquetPart{Reader: fileAt{f, i}, Size: info.Size}
	}
	return parts
}

// turnTo returns a file's reader, and closes that of another one.
func (f *files) turnTo(i int) (*blob.ReaderAt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open != nil && f.at == i {
		return f.open, nil
	}
	if err := f.close(); err != nil {
		return nil, err
	}
	var err error
	f.at = i
	f.open, err = blob.NewReaderAt(f.ctx, f.store, f.infos[i], blob.Window{})
	return f.open, err
}

func (f *files) close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}

// Close closes the file that is open.
func (f *files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.close()
}

// fileAt reads one of the files.
type fileAt struct {
	files *files
	i     int
}

// ReadAt implements io.ReaderAt.
func (a fileAt) ReadAt(p []byte, off int64) (int, error) {
	r, err := a.files.turnTo(a.i)
	if err != nil {
		return 0, err
	}
	return r.ReadAt(p, off)
}
