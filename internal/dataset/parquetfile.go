package dataset

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/parquet-go/parquet-go/format"

	"retrain/internal/fault"
)

// Side selects rows of a processed table.
type Side uint8

// The sides.
const (
	All Side = iota
	Train
	Holdout
)

// HoldoutColumn is the boolean column in which a Writer marks the holdout side.
// It is none of the table's own columns.
const HoldoutColumn = "__holdout"

const (
	maxFooter     = 16 << 20
	maxPageMemory = 1 << 30 // bytes of all pages that are open at a time
)

// File is a Parquet file that is open for reading. It may be read repeatedly,
// but not concurrently.
//
// The pages are decoded here and not by parquet-go, which supplies the numbers
// of the format: on hostile files it panics and allocates without bound, and
// its values come one by one.
type File struct {
	in      *storedAt
	opts    Options
	meta    *parquetMeta
	marker  int // the index of HoldoutColumn; -1 if there is none
	columns []fileColumn
	rest    []*File // the parts behind this one; see OpenParquetParts
}

// fileColumn is a column of the table.
type fileColumn struct {
	leaf  int // in the file
	kind  Kind
	texts *textDict // of a Text column
}

// storedAt keeps an error of the storage apart from one of the format.
type storedAt struct {
	io.ReaderAt
	err atomic.Pointer[error]
}

func (s *storedAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// OpenParquet reads the footer of a Parquet file of the given size. Its columns
// must be flat: numbers, decimals, booleans, dates, times and texts, as pandas,
// Polars, Spark and DuckDB write them. See meaning for what they become.
//
// A file that is damaged, or beyond what is supported, is fault.InvalidData,
// which names the column; one beyond the limits of the options is
// fault.TooLarge.
func OpenParquet(ctx context.Context, r io.ReaderAt, size int64, opts Options) (*File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := &File{in: &storedAt{ReaderAt: r}, marker: -1}
	footer, err := readFooter(f.in, size)
	if err != nil {
		return nil, f.explain(err)
	}
	if f.meta, err = parseParquetMeta(footer); err != nil {
		return nil, f.explain(err)
	}
	opts = opts.withDefaults()
	if err := f.meta.check(size-int64(len(footer))-8, opts); err != nil {
		return nil, f.explain(err)
	}
	f.opts = opts.forColumns(len(f.meta.leaves))
	return f, f.describe()
}

// ParquetPart is one of several files that a Writer each has written for the
// same schema, and that make one table.
type ParquetPart struct {
	Reader io.ReaderAt
	Size   int64 // bytes
}

// OpenParquetParts is OpenParquet for files whose rows follow one another. They
// are opened and read one after the other. Files that do not have the same
// columns are fault.InvalidData. It panics without any.
func OpenParquetParts(ctx context.Context, parts []ParquetPart, opts Options) (*File, error) {
	first, err := OpenParquet(ctx, parts[0].Reader, parts[0].Size, opts)
	if err != nil {
		return nil, err
	}
	for _, part := range parts[1:] {
		f, err := OpenParquet(ctx, part.Reader, part.Size, opts)
		if err != nil {
			return nil, err
		}
		if !f.follows(first) {
			return nil, fault.New(fault.InvalidData, "The parts of the data do not have the same columns.").
				At("Parts differ in their columns", "schema_mismatch", "data")
		}
		first.rest = append(first.rest, f)
	}
	return first, nil
}

// follows reports whether the file has the columns of the first part, whose
// dictionaries it then shares.
func (f *File) follows(first *File) bool {
	if len(f.columns) != len(first.columns) || f.marker != first.marker {
		return false
	}
	for i := range f.columns {
		own, c := &f.columns[i], &first.columns[i]
		if own.leaf != c.leaf || own.kind != c.kind || f.meta.leaves[own.leaf].name != first.meta.leaves[c.leaf].name {
			return false
		}
		own.texts = c.texts
	}
	return true
}

// readFooter returns the file's metadata. The last 8 bytes of the file are
// their length and the magic bytes.
func readFooter(r io.ReaderAt, size int64) ([]byte, error) {
	var tail [8]byte
	if size < 12 {
		return nil, errors.New("the file is too short")
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return nil, err
	}
	if string(tail[4:]) != "PAR1" {
		return nil, errors.New("the file has no end, or is encrypted")
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > size-12 {
		return nil, errors.New("the file is too short")
	}
	if n > maxFooter {
		return nil, fault.New(fault.TooLarge, "The Parquet file's metadata are larger than the limit.").
			At("Metadata too large", "metadata_too_large", "data")
	}
	footer := make([]byte, n)
	_, err := r.ReadAt(footer, size-8-n)
	return footer, err
}

// explain turns an error of the format into one for the caller. Errors of the
// storage and of our own limits pass.
func (f *File) explain(err error) error {
	if stored := f.in.err.Load(); stored != nil {
		return *stored
	}
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.New(fault.InvalidData, "The Parquet file cannot be read: %v.", err).
		At("Unreadable Parquet file", "unreadable_parquet", "data")
}

// check looks whether the metadata are consistent, with all data before end.
func (m *parquetMeta) check(end int64, opts Options) error {
	switch {
	case m.nested != "":
		return fmt.Errorf("column %q is nested, and only flat columns are supported", m.nested)
	case len(m.leaves) == 0:
		return errors.New("it has no columns")
	case len(m.leaves) > opts.MaxColumns+1:
		return fault.New(fault.TooLarge, "The table has %d columns; the limit is %d.", len(m.leaves), opts.MaxColumns).
			At("Too many columns", "too_many_columns", "data")
	}
	rows := int64(0)
	for i := range m.groups {
		g := &m.groups[i]
		if g.rows < 0 || g.rows > opts.MaxRows-rows {
			return fault.New(fault.TooLarge, "The table has more rows than the limit of %d.", opts.MaxRows).
				At("Too many rows", "too_many_rows", "data")
		}
		rows += g.rows
		for j := range g.chunks {
			if err := g.chunks[j].check(&m.leaves[j], g.rows, end); err != nil {
				return fmt.Errorf("column %q: %w", m.leaves[j].name, err)
			}
		}
	}
	if rows != m.rows {
		return errors.New("its row groups do not have as many rows as it says")
	}
	return nil
}

func (c *parquetChunk) check(leaf *parquetLeaf, rows, end int64) error {
	switch {
	case c.elsewhere:
		return errors.New("its data lie in another file, or are encrypted")
	case c.physical != leaf.physical:
		return errors.New("its type differs from the schema's")
	case c.values != rows:
		return errors.New("it does not have as many values as there are rows")
	case c.offset < 4 || c.size < 0 || c.offset > end || c.size > end-c.offset:
		return errors.New("its data lie outside of the file")
	}
	return nil
}

// describe finds the kinds of the columns.
func (f *File) describe() error {
	names := make([]string, 0, len(f.meta.leaves))
	for i := range f.meta.leaves {
		leaf := &f.meta.leaves[i]
		if leaf.name == HoldoutColumn && leaf.physical == format.Boolean {
			f.marker = i
			continue
		}
		leaf.meaning = leaf.findMeaning()
		kind := leaf.kind()
		if kind == "" {
			return f.explain(fmt.Errorf("column %q is of a type that is not supported; numbers, decimals, booleans, dates, times and text are", leaf.name))
		}
		c := fileColumn{leaf: i, kind: kind}
		if kind == Text {
			c.texts = &textDict{dictionary: newDictionary(), opts: f.opts}
		}
		f.columns = append(f.columns, c)
		names = append(names, leaf.name)
	}
	return checkNames(names)
}

// Schema describes the file's columns, without HoldoutColumn: their names and
// kinds, the number of rows, and, of Text columns, the dictionary as far as
// the file has been read. Missing values and the like are not counted; Scan
// does that.
func (f *File) Schema() *Schema {
	s := &Schema{Rows: f.meta.rows}
	for _, part := range f.rest {
		s.Rows += part.meta.rows
	}
	for i := range f.columns {
		c := &f.columns[i]
		s.Columns = append(s.Columns, columnOf(f.meta.leaves[c.leaf].name, c.kind, c.texts))
	}
	return s
}

// columnOf describes a column as far as it has been read.
func columnOf(name string, kind Kind, texts *textDict) Column {
	c := Column{Name: name, Kind: kind}
	if texts != nil {
		c.Dict, c.Overflow = texts.values, texts.overflow
	}
	return c
}

// Meta returns the file's key-value metadata.
func (f *File) Meta() map[string]string { return f.meta.keys }

// Rows returns the number of rows on a side. A file that no Writer wrote has
// none but All: fault.InvalidData.
func (f *File) Rows(side Side) (int64, error) {
	rows := int64(0)
	for _, part := range f.parts() {
		groups, err := part.groups(side)
		if err != nil {
			return 0, err
		}
		for _, g := range groups {
			rows += g.rows
		}
	}
	return rows, nil
}

// parts returns the file and those behind it.
func (f *File) parts() []*File { return append([]*File{f}, f.rest...) }

// groups returns the row groups of a side, by the statistics of HoldoutColumn.
func (f *File) groups(side Side) ([]*parquetGroup, error) {
	var groups []*parquetGroup
	for i := range f.meta.groups {
		g := &f.meta.groups[i]
		if side == All {
			groups = append(groups, g)
			continue
		}
		if f.marker < 0 {
			return nil, fault.New(fault.InvalidData, "The Parquet file does not tell training and holdout side apart.").
				At("Not preprocessed", "not_preprocessed", "data")
		}
		c := &g.chunks[f.marker]
		if len(c.minimum) != 1 || len(c.maximum) != 1 || c.minimum[0] != c.maximum[0] {
			return nil, fault.New(fault.InvalidData, "The Parquet file mixes training and holdout side in a row group.").
				At("Not preprocessed", "not_preprocessed", "data")
		}
		if (c.minimum[0] != 0) == (side == Holdout) {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// Read hands out the rows of a side in the order of the file (see Writer), in
// batches whose columns are those that are named, in that order; nil names all
// columns of the schema. Every batch but a part's last has Options.BatchRows rows.
//
// The batches have the hashes that Options.Hashes asked for when the file was
// opened; its sets name columns that are read, and nil means all of those.
//
// The codes of a Text column stay the same as long as the File is open, and
// its Dict only ever grows: what was derived from a part of it stays valid.
// Texts that are a spelling of a missing value are missing, as in CSV.
func (f *File) Read(ctx context.Context, side Side, columns []string, each func(*Batch) error) error {
	indices, err := f.indices(columns)
	if err != nil {
		return err
	}
	p, err := f.passOver(indices)
	if err != nil {
		return err
	}
	for _, part := range f.parts() {
		groups, err := part.groups(side)
		if err != nil {
			return err
		}
		p.turnTo(part, groups, indices)
		if err := p.run(ctx, each); err != nil {
			return err
		}
	}
	return nil
}

// passOver prepares a pass over some columns.
func (f *File) passOver(indices []int) (*pass, error) {
	read := make([]passColumn, len(indices))
	for k, i := range indices {
		c := &f.columns[i]
		read[k] = passColumn{name: f.meta.leaves[c.leaf].name, kind: c.kind, texts: c.texts}
	}
	return newPass(read, f.opts)
}

// indices finds the named columns. It panics if one is named twice.
func (f *File) indices(names []string) ([]int, error) {
	byName := make(map[string]int, len(f.columns))
	var all []int
	for i := range f.columns {
		byName[f.meta.leaves[f.columns[i].leaf].name] = i
		all = append(all, i)
	}
	if names == nil {
		return all, nil
	}
	indices := make([]int, len(names))
	seen := make([]bool, len(f.columns))
	for k, name := range names {
		i, ok := byName[name]
		if !ok {
			return nil, fault.New(fault.InvalidData, "The Parquet file lacks a column that is needed.").
				At("Missing column", "missing_column", "data", "column", name)
		}
		if seen[i] {
			panic("dataset: a column is named twice")
		}
		indices[k], seen[i] = i, true
	}
	return indices, nil
}
