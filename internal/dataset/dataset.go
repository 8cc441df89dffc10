// Package dataset reads and writes tables in batches of typed columns: CSV, JSON Lines and
// Parquet in, Parquet out.
//
// Scan goes over all rows of a table and settles what each column is; Read goes
// over them again and hands out the values; ReadOnce does both in one pass where
// the first rows tell what the columns are. All cut the bytes into rows with the
// same code, so a row that is rejected once is rejected twice. Rows that cannot
// be read with certainty are counted and reported, never repaired by a guess: a
// row is repaired only where exactly one reading makes sense, and that is
// reported too.
//
// Memory is bounded by the batch size, the number of columns and the size of
// the dictionaries, never by the number of rows. The package knows nothing of
// targets, splits, models or stores; it reads from an Opener and writes to an
// io.Writer.
package dataset

import (
	"context"
	"io"
)

// Kind is the type of a column. Kinds widen from top to bottom: a column is of
// the narrowest kind that holds all its values. Only whole numbers widen to
// others; what mixes booleans, numbers and times is text.
type Kind string

// The kinds of columns.
const (
	Empty   Kind = "empty"    // no value at all
	Boolean Kind = "boolean"  // true and false, as pandas spells them: see parseBoolean
	Integer Kind = "integer"  // whole numbers up to 2^53 in size, written without point or exponent
	Float   Kind = "float"    // finite decimal numbers
	Time    Kind = "datetime" // dates and times of the years 1 to 9999, in one form: see moment.go
	Text    Kind = "text"     // everything else
)

// Numeric reports whether the kind's values are numbers.
func (k Kind) Numeric() bool { return k == Integer || k == Float }

// Opener opens a source of bytes from its start; every pass opens it anew.
// It must yield the same bytes each time or fail.
//
// Parquet needs random access: it is read if what the Opener returns also has
// the methods of RandomAccess, or is an *os.File.
type Opener func(ctx context.Context) (io.ReadCloser, error)

// RandomAccess is what a Parquet source offers besides being read from its
// start.
type RandomAccess interface {
	io.ReaderAt
	Size() int64 // bytes
}

// Column describes a column over a whole table.
type Column struct {
	Name string
	Kind Kind
	// Missing counts the cells without a value. In a column that is not Text
	// they include those of OutOfRange.
	Missing int64
	// OutOfRange counts cells that are numbers which no float64 holds: inf in
	// its spellings, and numbers such as 1e999. They read as missing. Always 0
	// for a Text column, where such a cell is text like any other.
	OutOfRange int64
	// Dict holds the distinct values of a Text column in order of first
	// appearance, as they are spelled, without the missing one. A Boolean
	// column has one as well, so that it may be read as text: to change its
	// Kind to Text is all that it takes.
	Dict []string
	// Counts holds the number of cells with each value of Dict.
	Counts []int64
	// Overflow says that a Text column has more distinct values than are held
	// (Options.MaxDistinct, MaxDictBytes). Its Dict is cut off, and values
	// beyond it read as OverflowCode.
	Overflow bool
	// Distinct counts the different values of the column, text by spelling and
	// all others by value, up to one more than the limit: Options.MaxDistinct,
	// and CountedNumbers for all others.
	Distinct int
	// Localized says that its numbers are written in the convention of the
	// schema's dialect.
	Localized bool
	// Nested says that some of its values were objects or lists, which read as
	// missing.
	Nested bool
	// Min and Max of a numeric column.
	Min, Max float64
	// Form is how the cells of a Time column are written, or, if it is forced to
	// be one, may be written; 0 in a format that has times of its own.
	Form Form
}

// Schema describes a table.
type Schema struct {
	Columns []Column
	Rows    int64 // usable rows
	Dialect Dialect
}

// Index returns the position of the named column, or -1.
func (s *Schema) Index(name string) int {
	for i := range s.Columns {
		if s.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// Names returns the columns' names in order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Columns))
	for i := range s.Columns {
		names[i] = s.Columns[i].Name
	}
	return names
}

func (s *Schema) localized() []bool {
	columns := make([]bool, len(s.Columns))
	for j := range columns {
		columns[j] = s.Columns[j].Localized
	}
	return columns
}

// Codes of a Text column that do not index its dictionary.
const (
	MissingCode  int32 = -1
	OverflowCode int32 = -2
)

// Values is one column of a batch. A Text column fills Codes and Dict, any
// other fills Numbers: NaN is missing, and a negative zero is read as zero.
// A boolean is 1 or 0; a time is the seconds since 1970-01-01T00:00:00Z, told
// apart to the microsecond.
type Values struct {
	Kind    Kind
	Numbers []float64
	Codes   []int32
	Dict    []string

	beyond []uint64 // what a cell of OverflowCode adds to its row's hash
}

// Batch is a run of consecutive rows. It and its slices are valid only until
// the callback that received them returns; the strings of a Dict stay valid.
type Batch struct {
	Rows    int
	Columns []Values // in the schema's order
	// Lines holds the source line (1 is the first line of the file) on which
	// each row begins; nil where the source has no lines (Parquet).
	Lines []int64
	// File is the name of the file that the rows come from, or "" if the table is
	// in one file; FileIndex is its place among the table's files. Rows of two
	// files are never in one batch.
	File      string
	FileIndex int
	// Hashes holds, for each of Options.Hashes, a 64-bit hash of each row's
	// cells in those columns. See HashOf.
	Hashes [][]uint64
}
