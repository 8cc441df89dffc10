package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"

	"retrain/internal/fault"
)

// Source is one of the files that a table lies in.
type Source struct {
	Name string // for people
	Open Opener
}

// Files returns the Opener of a table that lies in several files, whose rows
// follow one another. The first one says how all of them are written, but for
// compression and encoding. All have the same columns, in any order; in Parquet
// their types must agree as well.
func Files(files []Source) Opener {
	if len(files) == 1 {
		return files[0].Open
	}
	return func(ctx context.Context) (io.ReadCloser, error) {
		first, err := files[0].Open(ctx)
		if err != nil {
			return nil, err
		}
		return &fileList{first, files}, nil
	}
}

// fileList is what Files opens: the first file, and where the others are.
type fileList struct {
	io.ReadCloser
	files []Source
}

// table is a table that is being read, file by file.
type table struct {
	*blockReader // of the file at hand
	names        []string
	dialect      Dialect
	refined      []refined
	files        []Source
	at           int  // which of them is at hand
	part         Part // those that are read
	opts         Options
	past         []FileTally // of those that have been read; opts.MaxBytes is what is left for the others
	more         bool        // there are other files, which a sample leaves out
	order        []int       // of the file at hand: where each of the table's columns is; nil if that is its own place
	row          []span      // scratch
}

// openTable takes over an open file, the first of its table.
func openTable(ctx context.Context, file io.ReadCloser, opts Options) (*table, error) {
	t := &table{opts: opts, files: []Source{{Open: opts.reopen}}}
	if list, several := file.(*fileList); several {
		t.files, file = list.files, list.ReadCloser
		if opts.Sample > 0 {
			t.more, t.files = len(t.files) > 1, t.files[:1]
		}
	}
	t.part = opts.Part.of(len(t.files))
	r, err := openFile(file, opts)
	if err == nil && r.wantsKeys {
		r, err = t.openObjects(ctx, r)
	}
	if err != nil {
		return nil, t.locate(err)
	}
	t.blockReader, t.names, t.dialect, t.refined = r, r.names, r.dialect, r.refine.columns
	if len(t.files) > 1 {
		t.dialect.Encoding = opts.Dialect.Encoding // each file may have its own
	}
	if t.part.From > 0 {
		return t, t.turnTo(ctx, t.part.From)
	}
	return t, nil
}

// openObjects learns the keys of the table's objects, and opens the first file
// again.
func (t *table) openObjects(ctx context.Context, r *blockReader) (*blockReader, error) {
	if err := r.src.Close(); err != nil {
		return nil, err
	}
	keys, err := learnKeys(ctx, t.files[t.part.From:t.part.To], t.opts)
	if err != nil {
		return nil, err
	}
	file, err := t.files[0].Open(ctx)
	if err != nil {
		return nil, err
	}
	t.opts.keys = keys
	return openFile(file, t.opts)
}

// Close closes the file at hand.
func (t *table) Close() error { return t.src.Close() }

// locate names the file that an error is about, where there are several.
func (t *table) locate(err error) error {
	if len(t.files) == 1 {
		return err
	}
	return inFile(err, t.files[t.at].Name)
}

// inFile says of an error about data in which file they are.
func inFile(err error, name string) error {
	f := fault.From(err)
	if f.Kind != fault.InvalidData && f.Kind != fault.TooLarge {
		return err
	}
	located := fault.Wrap(f.Kind, err, "%s: %s", name, f.Detail)
	for _, field := range f.Fields {
		located.At(field.Msg, field.Type, append([]any{"data", name}, field.Loc[min(1, len(field.Loc)):]...)...)
	}
	return located
}

// each hands out the blocks of all files, with the columns in the order of the
// first one's.
func (t *table) each(ctx context.Context, do func(*block) error) error {
	for {
		var failed error
		err := t.blockReader.each(ctx, func(b *block) error {
			t.arrange(b)
			failed = do(b)
			return failed
		})
		if err != nil && failed == nil {
			err = t.locate(err)
		}
		if err != nil || t.at == t.part.To-1 {
			return err
		}
		t.leave()
		if err := t.turnTo(ctx, t.at+1); err != nil {
			return err
		}
	}
}

// arrange names a block's file, and brings its columns in order.
func (t *table) arrange(b *block) {
	if len(t.files) == 1 {
		return
	}
	b.file, b.fileIndex = t.files[t.at].Name, t.at
	for i := range b.rejects {
		b.rejects[i].File = b.file
	}
	if t.order == nil {
		return
	}
	for row := range slices.Chunk(b.cells, len(t.names)) {
		copy(t.row, row)
		for j, from := range t.order {
			row[j] = t.row[from]
		}
	}
}

// turnTo closes the file at hand and opens another one.
func (t *table) turnTo(ctx context.Context, at int) error {
	if err := t.src.Close(); err != nil {
		return err
	}
	t.at = at
	file, err := t.files[t.at].Open(ctx)
	if err != nil {
		return t.locate(err)
	}
	opts := t.opts
	opts.Dialect = t.dialect
	opts.localizedBy = t.isLocalized
	r, err := openFile(file, opts)
	if err != nil {
		return t.locate(err)
	}
	order, err := t.match(r.names)
	if err != nil {
		return errors.Join(err, r.src.Close())
	}
	t.blockReader, t.order = r, order
	return nil
}

// isLocalized says what is known of a column that a later file has, too.
func (t *table) isLocalized(name string) bool {
	j := slices.Index(t.names, name)
	return j >= 0 && t.refined[j].localized
}

// match finds the table's columns among a file's own, nil if they are the same.
func (t *table) match(own []string) (order []int, err error) {
	if slices.Equal(own, t.names) {
		return nil, nil
	}
	at := make(map[string]int, len(own))
	for j, name := range own {
		at[name] = j
	}
	for _, name := range t.names {
		j, found := at[name]
		if !found {
			return nil, differs(t.files[t.at].Name, "lacks the column %q, which the first file has", name)
		}
		order = append(order, j)
	}
	if len(own) > len(t.names) {
		for _, name := range own {
			if !slices.Contains(t.names, name) {
				return nil, differs(t.files[t.at].Name, "has the column %q, which the first file does not have", name)
			}
		}
	}
	t.row = make([]span, len(t.names))
	return order, nil
}

// differs says in which way a file does not have the columns of the first one.
func differs(file, how, column string) error {
	return fault.New(fault.InvalidData, "%s "+how+".", file, column).
		At("Files differ in their columns", "schema_mismatch", "data", file, column)
}

// FileTally says what was read of one of several files.
type FileTally struct {
	Name     string
	Bytes    int64  // as it is stored
	SHA256   string // of those bytes, in hexadecimal
	Encoding Encoding
}

// leave notes what was read of the file at hand, and what its cells have shown.
func (t *table) leave() {
	var own Tally
	t.src.identify(&own)
	t.past = append(t.past, FileTally{t.files[t.at].Name, own.Bytes, own.SHA256, t.src.encoding})
	t.opts.MaxBytes -= t.src.plain.n
	for j := range t.refined {
		own := j
		if t.order != nil {
			own = t.order[j]
		}
		t.refined[j].misfit = max(t.refined[j].misfit, t.blockReader.refine.columns[own].misfit)
	}
}

// identify writes count and digest of the stored bytes into the tally, at the
// end of a pass. The digest of several files is that of their digests' text.
func (t *table) identify(tally *Tally) {
	if len(t.files) == 1 {
		t.src.identify(tally)
		tally.Sampled = tally.Sampled || t.more
		return
	}
	t.leave()
	tally.Files = t.past
	tally.sumFiles()
}

// sumFiles writes count and digest of the files together into the tally.
func (t *Tally) sumFiles() {
	t.Bytes = 0
	digests := sha256.New()
	for _, f := range t.Files {
		t.Bytes += f.Bytes
		_, _ = io.WriteString(digests, f.SHA256)
	}
	t.SHA256 = hex.EncodeToString(digests.Sum(nil))
}
