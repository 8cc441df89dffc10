package dataset

import "runtime"

// Options are the settings of a reading pass. The zero value of each field
// means its default. Scan and Read of one table take the same options, but for
// Hashes, OnReject and BatchRows.
type Options struct {
	// Dialect is how the table is written down, as far as that is known. Read
	// takes what Scan has found.
	Dialect Dialect
	// BatchRows is the number of rows in each batch but the last (default
	// 8,192). Tables of more than 512 columns get smaller batches, so that a
	// batch holds about 4 million cells at most.
	BatchRows int
	// Hashes lists the sets of columns, by name, that Read hashes row by row
	// into Batch.Hashes. A nil set means all columns. Names may repeat between
	// sets, not within one.
	Hashes [][]string
	// OnReject, if set, is called for each line that is rejected, repaired or
	// skipped, in the order of lines. Its error ends the pass.
	OnReject func(Reject) error
	// Sample, if set, ends a pass behind the row at about so many bytes of text,
	// or of the Parquet data; of several files, only the first is read. The tally
	// then tells what share of the source that was, and has no digest.
	Sample int64
	// Part, if set, limits a pass to some of the table's files. The first file of
	// the table still says how all of them are written.
	Part Part
	// Workers is the number of goroutines that convert cells (default:
	// GOMAXPROCS). It has no influence on the result.
	Workers int

	// The limits. A table beyond the first five is refused as a whole
	// (fault.TooLarge); a row beyond the next two is rejected.
	MaxColumns int   // default 10,000
	MaxRows    int64 // default 1,000,000,000
	MaxBytes   int64 // after decompression; default 64 GiB
	// MaxRatio is how many times its size data may decompress to, from 64 MiB
	// on (default 500), and MaxZstdWindow how many bytes of memory zstd data
	// may ask for (default 64 MiB).
	MaxRatio      int64
	MaxZstdWindow int64
	MaxCell       int // bytes of a cell; default 1 MiB
	MaxLine       int // bytes of a row; default 16 MiB

	// MaxDistinct is how many distinct values of a text column are held
	// (default 65,536), and MaxDictBytes how many bytes of text its dictionary
	// may hold (default 4 MiB). In wide tables they are lowered, so that all
	// columns together stay below 8 million values and 128 MiB.
	MaxDistinct  int
	MaxDictBytes int

	localized []bool // columns whose numbers are in the dialect's convention
	// localizedBy is localized for files whose columns may be in another order.
	keys        *keySet // the columns of JSON Lines; nil until they are learned
	reopen      Opener  // opens the table again
	localizedBy func(name string) bool
	texts       []bool // columns that are text whatever they hold
	window      int    // bytes that are lexed at once; tests make it small
	head        int    // bytes that the form of a table is judged by; tests make it small
	guess       int    // bytes that ReadOnce guesses the columns from; tests make it small
}

// withDefaults fills in the fields that are zero.
func (o Options) withDefaults() Options {
	orDefault(&o.BatchRows, 8192)
	orDefault(&o.Workers, runtime.GOMAXPROCS(0))
	orDefault(&o.MaxColumns, 10_000)
	orDefault(&o.MaxRows, 1_000_000_000)
	orDefault(&o.MaxBytes, 64<<30)
	orDefault(&o.MaxRatio, 500)
	orDefault(&o.MaxZstdWindow, 64<<20)
	orDefault(&o.MaxCell, 1<<20)
	orDefault(&o.MaxLine, 16<<20)
	o.MaxLine = min(o.MaxLine, 1<<30) // places in a window are 32 bits
	orDefault(&o.MaxDistinct, 65_536)
	orDefault(&o.MaxDictBytes, 4<<20)
	orDefault(&o.window, windowBytes)
	orDefault(&o.head, headBytes)
	orDefault(&o.guess, guessBytes)
	return o
}

func orDefault[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// forColumns adapts the settings to the width of a table. It depends on
// nothing else, so that every pass over a table has the same limits.
func (o Options) forColumns(columns int) Options {
	columns = max(columns, 1)
	o.BatchRows = min(o.BatchRows, max(4<<20/columns, 256))
	o.MaxDistinct = min(o.MaxDistinct, max(8<<20/columns, 256))
	o.MaxDictBytes = min(o.MaxDictBytes, max(128<<20/columns, 8<<10))
	return o
}

// CountedNumbers is up to how many distinct values of a numeric column are
// counted, if Options.MaxDistinct is not less. Beyond it, nobody asks how many
// there are.
const CountedNumbers = 10_000

// countedNumbers returns the limit for numbers.
func (o Options) countedNumbers() int { return min(o.MaxDistinct, CountedNumbers) }
