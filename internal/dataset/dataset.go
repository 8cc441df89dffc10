// Package dataset reads and writes tables in batches of typed columns: CSV in,
// Parquet in and out.
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
// the narrowest kind that holds all its values.
type Kind string

// The kinds of columns.
const (
	Empty   Kind = "empty"   // no value at all
	Integer Kind = "integer" // whole numbers up to 2^53 in size
	Float   Kind = "float"   // finite decimal numbers
	Text    Kind = "text"    // everything else
)

// Numeric reports whether values of the kind are held as float64.
func (k Kind) Numeric() bool { return k == Integer || k == Float }

// Opener opens a source of bytes from its start; every pass opens it anew.
// It must yield the same bytes each time or fail.
type Opener func(ctx context.Context) (io.ReadCloser, error)

// Column describes a column over a whole table.
type Column struct {
	Name    string
	Kind    Kind
	Missing int64 // cells without a value
	// Dict holds the distinct values of a Text column in order of first
	// appearance, without the missing one.
	Dict []string
	// Overflow says that a Text column has more distinct values than the
	// dictionary may hold (Options.MaxDistinct, MaxDictBytes). Its Dict is
	// then cut off, and values beyond it read as OverflowCode.
	Overflow bool
	// Distinct counts the different values of the column, up to
	// Options.MaxDistinct+1, where counting stops.
	Distinct int
	// Min and Max of a numeric column that has values.
	Min, Max float64
}

// Schema describes a table.
type Schema struct {
	Columns []Column
	Rows    int64 // usable rows
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

// Codes of a Text column that do not index its dictionary.
const (
	MissingCode  int32 = -1
	OverflowCode int32 = -2
)

// Values is one column of a batch. Numeric columns fill Numbers (NaN is
// missing), Text columns fill Codes and Dict.
type Values struct {
	Kind    Kind
	Numbers []float64
	Codes   []int32
	Dict    []string
}

// Batch is a run of consecutive rows. It and its slices are valid only until
// the callback that received them returns.
type Batch struct {
	Rows    int
	Columns []Values // in the schema's order
	// Lines holds the source line (1 is the first line of the file) on which
	// each row begins; nil where the source has no lines (Parquet).
	Lines []int64
	// Hashes holds, for each of Options.Hashes, a 64-bit hash of each row's
	// cells in those columns. See HashOf.
	Hashes [][]uint64
}
