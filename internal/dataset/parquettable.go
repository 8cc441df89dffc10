package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"retrain/internal/fault"
)

// parquetTable is a table that lies in one Parquet file, or in several whose
// rows follow one another. While rows are read, one of them is open at a time.
type parquetTable struct {
	first   io.ReadCloser // as Files opens it
	sources []Source      // one if the file is the only one, which has no name then
	opts    Options
	columns []fileColumn // in the order of the first file
	leaves  []parquetLeaf
	part    Part
	rows    int64 // of its files
	more    bool  // there are other files, which a sample leaves out
}

// openedParquet is a file of the table.
type openedParquet struct {
	*File
	io.Closer
	size int64
}

// parquetTableOf takes over an open file, the first of its table, if that is
// Parquet. Else it returns nil and leaves the file alone.
func parquetTableOf(file io.ReadCloser, opts Options) *parquetTable {
	t := &parquetTable{first: file, sources: make([]Source, 1), opts: opts}
	if list, several := file.(*fileList); several {
		t.sources, file = list.files, list.ReadCloser
		if opts.Sample > 0 {
			t.first, t.sources, t.more = file, make([]Source, 1), len(t.sources) > 1
		}
	}
	if _, _, ok := parquetInput(file); !ok {
		return nil
	}
	t.part = opts.Part.of(len(t.sources))
	return t
}

// Close closes what parquetTableOf has taken over.
func (t *parquetTable) Close() error { return t.first.Close() }

// notClosed is the only file of a table, which is read more than once.
type notClosed struct{ io.ReadCloser }

func (notClosed) Close() error { return nil }

// open opens a file and reads its footer.
func (t *parquetTable) open(ctx context.Context, i int) (*openedParquet, error) {
	if len(t.sources) == 1 {
		return openParquetFile(ctx, t.first, notClosed{t.first}, t.opts)
	}
	file, err := t.sources[i].Open(ctx)
	if err != nil {
		return nil, err
	}
	f, err := openParquetFile(ctx, file, file, t.opts)
	if err != nil {
		return nil, errors.Join(inFile(err, t.sources[i].Name), file.Close())
	}
	return f, nil
}

func openParquetFile(ctx context.Context, file io.Reader, closer io.Closer, opts Options) (*openedParquet, error) {
	r, size, ok := parquetInput(file)
	if !ok {
		return nil, fault.New(fault.InvalidData, "The data are no whole Parquet file, as those of the first file are.").
			At("Files differ in their format", "wrong_format", "data")
	}
	f, err := OpenParquet(ctx, r, size, opts)
	return &openedParquet{f, closer, size}, err
}

// footersAtOnce is how many files are asked for their columns at a time, which
// is mostly waiting.
const footersAtOnce = 8

// learn reads the footers of the part's files, and of the table's first one, and
// settles what the columns are, before any row is read.
func (t *parquetTable) learn(ctx context.Context) error {
	if t.part.From > 0 {
		if err := t.learnFrom(ctx, 0, 1); err != nil {
			return err
		}
	}
	return t.learnFrom(ctx, t.part.From, t.part.To)
}

func (t *parquetTable) learnFrom(ctx context.Context, from, to int) error {
	for ; from < to; from += footersAtOnce {
		n := min(footersAtOnce, to-from)
		files, errs := make([]*openedParquet, n), make([]error, n)
		share(n, n, func(i int) {
			if files[i], errs[i] = t.open(ctx, from+i); errs[i] == nil {
				errs[i] = files[i].Close()
			}
		})
		for i, f := range files {
			if errs[i] != nil {
				return errs[i]
			}
			if err := t.take(f.File, from+i); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes note of a file's rows and columns.
func (t *parquetTable) take(f *File, at int) error {
	if f.meta.rows > t.opts.MaxRows-t.rows {
		return errTooManyRows(t.opts.MaxRows)
	}
	if at >= t.part.From {
		t.rows += f.meta.rows
	}
	if at == 0 {
		for _, c := range f.columns {
			t.leaves = append(t.leaves, f.meta.leaves[c.leaf])
			t.columns = append(t.columns, fileColumn{leaf: c.leaf, kind: c.kind})
		}
		return nil
	}
	indices, err := t.match(f, t.sources[at].Name)
	if err != nil {
		return err
	}
	for j, i := range indices {
		own := &f.meta.leaves[f.columns[i].leaf]
		if !t.leaves[j].agrees(own) {
			return typesDiffer(t.sources[at].Name, own.name, own.typeName(), t.leaves[j].typeName())
		}
		if t.leaves[j].void() {
			t.leaves[j], t.columns[j].kind = *own, f.columns[i].kind
		}
	}
	return nil
}

// match finds the table's columns among those of a file.
func (t *parquetTable) match(f *File, name string) ([]int, error) {
	at := make(map[string]int, len(f.columns))
	for i := range f.columns {
		at[f.meta.leaves[f.columns[i].leaf].name] = i
	}
	indices := make([]int, len(t.leaves))
	for j := range t.leaves {
		i, found := at[t.leaves[j].name]
		if !found {
			return nil, differs(name, "lacks the column %q, which the first file has", t.leaves[j].name)
		}
		indices[j] = i
	}
	if len(f.columns) == len(t.leaves) {
		return indices, nil
	}
	extra := slices.IndexFunc(f.columns, func(c fileColumn) bool {
		return !slices.ContainsFunc(t.leaves, func(l parquetLeaf) bool { return l.name == f.meta.leaves[c.leaf].name })
	})
	return nil, differs(name, "has the column %q, which the first file does not have", f.meta.leaves[f.columns[extra].leaf].name)
}

func typesDiffer(file, column, own, before string) error {
	return fault.New(fault.InvalidData, "%s has the column %q as %s, the files before it as %s.", file, column, own, before).
		At("Files differ in the type of a column", "schema_mismatch", "data", file, column)
}

// void reports whether the column is known to have no value at all.
func (leaf *parquetLeaf) void() bool { return leaf.logical == logicalNull }

// agrees reports whether columns of two files may be one of the table: their
// values stand for the same. INT32 and INT64, or FLOAT and DOUBLE, are stored
// differently only, and so are the ways to store a decimal or a timestamp.
func (leaf *parquetLeaf) agrees(other *parquetLeaf) bool {
	if leaf.void() || other.void() {
		return true
	}
	return leaf.kind() == other.kind() && leaf.meaning.stored() == other.meaning.stored()
}

// stored returns the meaning, whichever way it is stored.
func (m meaning) stored() meaning {
	if m == asInt96 {
		return asMoment
	}
	return m
}

// typeName names the column's type for people.
func (leaf *parquetLeaf) typeName() string {
	switch leaf.meaning {
	case asDecimal:
		return "DECIMAL"
	case asClock:
		return "TIME"
	case asDays:
		return "DATE"
	case asMoment, asInt96:
		return "TIMESTAMP"
	case asUUID:
		return "UUID"
	case asText:
		return "text"
	}
	if leaf.physical == format.FixedLenByteArray {
		return "FLOAT16"
	}
	return leaf.physical.String()
}

// each hands out the rows of all files, and counts them in the tally. It returns
// how many values of each column were out of range.
func (t *parquetTable) each(ctx context.Context, tally *Tally, do func(*Batch) error) ([]passColumn, error) {
	columns := make([]passColumn, len(t.columns))
	for j := range columns {
		columns[j] = passColumn{name: t.leaves[j].name, kind: t.columns[j].kind}
		if columns[j].kind == Text {
			columns[j].texts = &textDict{dictionary: newDictionary(), opts: t.opts.forColumns(len(columns))}
		}
	}
	p, err := newPass(columns, t.opts.forColumns(len(columns)))
	if err != nil {
		return nil, err
	}
	for i := t.part.From; i < t.part.To; i++ {
		if err := t.readFile(ctx, p, i, tally, do); err != nil {
			return nil, err
		}
	}
	if len(t.sources) == 1 {
		tally.Bytes, tally.SHA256, tally.Files = tally.Files[0].Bytes, tally.Files[0].SHA256, nil
	} else {
		tally.sumFiles()
	}
	return p.columns, nil
}

// readFile hands out the rows of a file.
func (t *parquetTable) readFile(ctx context.Context, p *pass, i int, tally *Tally, do func(*Batch) error) error {
	f, err := t.open(ctx, i)
	if err != nil {
		return err
	}
	defer f.Close()
	indices, err := t.match(f.File, t.sources[i].Name)
	if err != nil {
		return err
	}
	for j, at := range indices {
		own := &f.meta.leaves[f.columns[at].leaf]
		if !t.leaves[j].agrees(own) {
			return errChanged()
		}
		if own.void() && t.columns[j].kind != own.kind() {
			indices[j] = noValues
		}
	}
	rows := f.opts.sampledRows(f.meta.rows, f.size)
	if err := tally.addParquet(f, t.sources[i].Name, rows); err != nil {
		return err
	}
	tally.Sampled = tally.Sampled || t.more
	groups, err := f.groups(All)
	if err != nil {
		return err
	}
	p.batch.File, p.batch.FileIndex = t.sources[i].Name, i
	p.turnTo(f.File, groups, indices)
	p.rows = rows
	var failed error
	err = p.run(ctx, func(b *Batch) error {
		failed = do(b)
		return failed
	})
	if err != nil && failed == nil && len(t.sources) > 1 {
		err = inFile(err, t.sources[i].Name)
	}
	return err
}

// addParquet counts the first rows of a Parquet file, none of which are ever
// rejected, and digests it if they are all.
func (t *Tally) addParquet(f *openedParquet, name string, rows int64) error {
	t.Read += rows
	t.Used += rows
	if t.Sampled = rows < f.meta.rows; t.Sampled {
		used := float64(f.size) * (float64(rows) / float64(f.meta.rows))
		t.Files = append(t.Files, FileTally{Name: name, Bytes: int64(used)})
		return nil
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(f.in, 0, f.size)); err != nil {
		return err
	}
	t.Files = append(t.Files, FileTally{Name: name, Bytes: f.size, SHA256: hex.EncodeToString(digest.Sum(nil))})
	return nil
}

// scan is Scan for Parquet.
func (t *parquetTable) scan(ctx context.Context) (*Schema, *Tally, error) {
	columns, tally, err := t.gather(ctx)
	if err != nil {
		return nil, tally, err
	}
	return typedSchema(columns, t.opts.Dialect, tally.Used, t.opts), tally, usable(tally)
}

// gather reads the part for what its columns are.
func (t *parquetTable) gather(ctx context.Context) ([]typedScan, *Tally, error) {
	if err := t.checkFormat(); err != nil {
		return nil, nil, err
	}
	if err := t.learn(ctx); err != nil {
		return nil, nil, err
	}
	scans, tally := make([]typedScan, len(t.columns)), &Tally{Reasons: map[string]int64{}}
	opts := t.opts.forColumns(len(t.columns))
	columns, err := t.each(ctx, tally, func(b *Batch) error {
		share(opts.Workers, len(scans), func(j int) { scans[j].add(&b.Columns[j], opts) })
		return nil
	})
	if err != nil {
		return nil, tally, err
	}
	for j := range scans {
		scans[j].passColumn, scans[j].stored = columns[j], t.leaves[j].stored()
	}
	return scans, tally, nil
}

// read is Read for Parquet.
func (t *parquetTable) read(ctx context.Context, schema *Schema, each func(*Batch) error) (*Tally, error) {
	if err := t.learn(ctx); err != nil {
		return nil, err
	}
	tally := &Tally{Reasons: map[string]int64{}}
	names := make([]string, len(t.leaves))
	for j := range t.leaves {
		names[j] = t.leaves[j].name
	}
	if !sameNames(names, schema) || t.opts.Sample == 0 && t.opts.Part == (Part{}) && t.rows != schema.Rows {
		return tally, errChanged()
	}
	t.fill(schema)
	view := schemaView{schema: schema, batch: Batch{Columns: make([]Values, len(names))}, codes: make([][]int32, len(names))}
	_, err := t.each(ctx, tally, func(b *Batch) error {
		if !view.take(b) {
			return errChanged()
		}
		return each(&view.batch)
	})
	return tally, err
}

// fill gives columns that have no value in the part the kinds that they have in
// the table.
func (t *parquetTable) fill(schema *Schema) {
	for j := range t.columns {
		if kind := schema.Columns[j].Kind; t.leaves[j].void() && kind != Empty {
			t.columns[j].kind = kind
		}
	}
}

// checkFormat refuses Parquet where another format was asked for.
func (t *parquetTable) checkFormat() error {
	if asked := t.opts.Dialect.Format; asked != "" && asked != Parquet {
		return wrongFormat(asked)
	}
	return nil
}
