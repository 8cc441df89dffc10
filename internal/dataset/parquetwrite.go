package dataset

import (
	"bufio"
	"encoding/binary"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"retrain/internal/fault"
)

const (
	// groupBytes is how much of a side is gathered before it is written, and
	// maxGroupRows how many rows at most.
	groupBytes   = 8 << 20
	maxGroupRows = 128 << 10
	minGroupRows = 1 << 10
	createdBy    = "retrain version 1.0.0 (build 1)"
)

// Writer writes a table as Parquet, training and holdout side apart: every row
// group is of one side, which the boolean column HoldoutColumn tells, row by
// row and in its statistics. So a reader of one side leaves out the row groups
// of the other without a look at them. The rows of a side keep their order.
//
// Boolean columns are BOOLEAN, Integer ones INT64, Float and Empty ones DOUBLE,
// Time ones TIMESTAMP in microseconds without a zone, Text ones UTF-8 strings;
// all are optional, and missing is null. Columns with few different
// values are dictionary-encoded, other integers by their differences, and what
// still shrinks to a third by it is compressed with Zstandard. The bytes are the
// same for the same rows, in whatever batches they come, on any number of cores
// and on any processor.
//
// It gathers up to 8 MiB of values of each side. parquet-go supplies the
// metadata; the pages are encoded here, since the values are at hand as
// numbers and codes: through parquet-go's column writers they would be made
// into its values, compared with its dictionaries and taken apart again.
type Writer struct {
	out     *bufio.Writer
	zstd    *zstd.Encoder
	offset  int64
	columns []writtenColumn
	sides   [2]*rowBuffer  // training, holdout
	chunks  []chunkEncoder // by column, HoldoutColumn last
	scratch sync.Pool      // of *pageScratch
	meta    map[string]string
	footer  format.FileMetaData
	err     error // of the output; nothing can be written after it
}

// writtenColumn is a column as it is written.
type writtenColumn struct {
	name   string
	kind   Kind
	source int // its position in the batches
}

// rowBuffer gathers the rows of a side.
type rowBuffer struct {
	rows    int
	written int64 // rows of groups that have been written
	numbers [][]float64
	codes   [][]int32
	dicts   [][]string
}

// NewWriter begins a file with the named columns of the schema, whose batches
// WriteRows takes. A Text column with Overflow cannot be written, nor one that
// is called as HoldoutColumn: fault.InvalidData. It panics if the schema lacks
// a column.
func NewWriter(w io.Writer, schema *Schema, names []string, meta map[string]string) (*Writer, error) {
	z, err := zstdWriter()
	if err != nil {
		return nil, err
	}
	out := &Writer{out: bufio.NewWriterSize(w, 256<<10), zstd: z, meta: maps.Clone(meta)}
	for _, name := range names {
		j := schema.Index(name)
		if j < 0 {
			panic("dataset: the schema lacks a column that is to be written")
		}
		c := &schema.Columns[j]
		if c.Kind == Text && c.Overflow {
			return nil, fault.New(fault.InvalidData, "Column %q has too many distinct values.", name).
				At("Too many distinct values", "too_many_distinct", "data", "column", j+1)
		}
		if name == HoldoutColumn {
			return nil, fault.New(fault.InvalidData, "The column name %q is reserved.", HoldoutColumn).
				At("Reserved column name", "reserved_column_name", "data", "column", j+1)
		}
		out.columns = append(out.columns, writtenColumn{name, c.Kind, j})
	}
	for i := range out.sides {
		out.sides[i] = newRowBuffer(len(names))
	}
	out.chunks = make([]chunkEncoder, len(names)+1)
	out.scratch.New = func() any { return new(pageScratch) }
	out.describe()
	out.write([]byte("PAR1"))
	return out, nil
}

func newRowBuffer(columns int) *rowBuffer {
	return &rowBuffer{
		numbers: make([][]float64, columns),
		codes:   make([][]int32, columns),
		dicts:   make([][]string, columns),
	}
}

// Rows returns how many rows a side has.
func (w *Writer) Rows(side Side) int64 {
	train, holdout := w.sides[0], w.sides[1]
	switch side {
	case Train:
		return train.written + int64(train.rows)
	case Holdout:
		return holdout.written + int64(holdout.rows)
	}
	return w.Rows(Train) + w.Rows(Holdout)
}

// groupRows returns the size of row groups. It depends on the columns only.
func (w *Writer) groupRows() int {
	return min(max(groupBytes/(8*max(len(w.columns), 1)), minGroupRows), maxGroupRows)
}

// WriteRows adds rows of a batch, by their positions in it, to the side Train
// or Holdout. It panics for any other side.
func (w *Writer) WriteRows(side Side, b *Batch, rows []int) error {
	if side != Train && side != Holdout {
		panic("dataset: rows are written to the side Train or Holdout")
	}
	buffer := w.sides[side-Train]
	for len(rows) > 0 && w.err == nil {
		n := min(len(rows), w.groupRows()-buffer.rows)
		share(runtime.GOMAXPROCS(0), len(w.columns), func(j int) {
			buffer.gather(j, &b.Columns[w.columns[j].source], rows[:n], w.groupRows())
		})
		buffer.rows += n
		rows = rows[n:]
		if buffer.rows == w.groupRows() {
			w.writeGroup(side)
		}
	}
	return w.err
}

// gather appends rows of a batch's column to column j, which holds at most
// limit rows.
func (r *rowBuffer) gather(j int, v *Values, rows []int, limit int) {
	if v.Kind == Text {
		r.dicts[j] = v.Dict
		r.codes[j] = room(r.codes[j], len(rows), limit)
		for _, i := range rows {
			r.codes[j] = append(r.codes[j], v.Codes[i])
		}
		return
	}
	r.numbers[j] = room(r.numbers[j], len(rows), limit)
	for _, i := range rows {
		r.numbers[j] = append(r.numbers[j], v.Numbers[i])
	}
}

// room makes room for n more elements: for just those in a table that may be
// small, and for all that will ever come with the second growth.
func room[T any](s []T, n, limit int) []T {
	switch {
	case len(s)+n <= cap(s):
		return s
	case len(s) == 0:
		return make([]T, 0, n)
	}
	return append(make([]T, 0, limit), s...)
}

func (r *rowBuffer) reset() {
	r.written += int64(r.rows)
	r.rows = 0
	for j := range r.numbers {
		r.numbers[j], r.codes[j] = r.numbers[j][:0], r.codes[j][:0]
	}
}

// Close writes what is left, and the metadata. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	for _, side := range []Side{Train, Holdout} {
		if w.sides[side-Train].rows > 0 {
			w.writeGroup(side)
		}
	}
	w.writeFooter()
	if err := w.out.Flush(); w.err == nil {
		w.err = err
	}
	return w.err
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	_, w.err = w.out.Write(b)
	w.offset += int64(len(b))
}

// describe writes the schema into the footer.
func (w *Writer) describe() {
	root := format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(len(w.columns) + 1))}
	w.footer = format.FileMetaData{Version: 2, CreatedBy: createdBy, Schema: []format.SchemaElement{root}}
	for _, c := range w.columns {
		w.addLeaf(c.schemaElement())
	}
	w.addLeaf(format.SchemaElement{
		Name:           HoldoutColumn,
		Type:           thrift.New(format.Boolean),
		RepetitionType: thrift.New(format.Required),
	})
}

func (w *Writer) addLeaf(e format.SchemaElement) {
	w.footer.Schema = append(w.footer.Schema, e)
	w.footer.ColumnOrders = append(w.footer.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
}

func (c *writtenColumn) schemaElement() format.SchemaElement {
	e := format.SchemaElement{
		Name:           c.name,
		Type:           thrift.New(c.physical()),
		RepetitionType: thrift.New(format.Optional),
	}
	switch c.kind {
	case Text:
		e.ConvertedType = thrift.New(deprecated.UTF8)
		e.LogicalType = format.LogicalType{Value: &format.StringType{}}
	case Time:
		unit := format.TimeUnit{Value: &format.MicroSeconds{}}
		e.LogicalType = format.LogicalType{Value: &format.TimestampType{Unit: unit}}
	}
	return e
}

func (c *writtenColumn) physical() format.Type {
	switch c.kind {
	case Text:
		return format.ByteArray
	case Boolean:
		return format.Boolean
	case Integer, Time:
		return format.Int64
	}
	return format.Double
}

// writeGroup writes the rows of a side as a row group. The columns are encoded
// in parallel, and written in order.
func (w *Writer) writeGroup(side Side) {
	buffer := w.sides[side-Train]
	if len(w.footer.RowGroups) > math.MaxInt16 && w.err == nil {
		w.err = fault.New(fault.TooLarge, "The table has too many rows for so many columns.").
			At("Too many row groups", "too_many_rows", "data")
	}
	share(runtime.GOMAXPROCS(0), len(w.chunks), func(j int) {
		e := &w.chunks[j]
		scratch := w.scratch.Get().(*pageScratch)
		defer w.scratch.Put(scratch)
		e.begin(w.zstd, scratch)
		switch {
		case j == len(w.columns):
			e.encodeMarker(buffer.rows, side == Holdout)
		case w.columns[j].kind == Text:
			e.encodeTexts(buffer.codes[j], buffer.dicts[j])
		case w.columns[j].kind == Boolean:
			e.encodeBooleans(buffer.numbers[j])
		default:
			e.encodeNumbers(buffer.numbers[j], w.columns[j].kind)
		}
	})
	g := format.RowGroup{NumRows: int64(buffer.rows), FileOffset: w.offset, Ordinal: int16(len(w.footer.RowGroups))}
	for j := range w.chunks {
		e := &w.chunks[j]
		e.meta.PathInSchema = []string{w.footer.Schema[j+1].Name}
		e.place(w.offset)
		w.write(e.out)
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: e.meta})
		g.TotalByteSize += e.meta.TotalUncompressedSize
		g.TotalCompressedSize += e.meta.TotalCompressedSize
	}
	w.footer.RowGroups = append(w.footer.RowGroups, g)
	w.footer.NumRows += g.NumRows
	buffer.reset()
}

func (w *Writer) writeFooter() {
	keys := make([]string, 0, len(w.meta))
	for key := range w.meta {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		w.footer.KeyValueMetadata = append(w.footer.KeyValueMetadata, format.KeyValue{Key: key, Value: w.meta[key]})
	}
	b := marshal(&w.footer)
	w.write(binary.LittleEndian.AppendUint32(b, uint32(len(b))))
	w.write([]byte("PAR1"))
}
