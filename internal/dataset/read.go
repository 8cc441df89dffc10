package dataset

import (
	"cmp"
	"context"
	"io"
	"math"
	"slices"
)

// Read reads a table that Scan has described, and hands its rows to each in
// batches. Every batch but a file's last has the same number of rows
// (Options.BatchRows). The batch is the callback's until it returns; its error
// ends the pass and is returned as it is.
//
// Data that do not agree with the schema have changed since the scan:
// fault.InvalidData. Of a part, nobody knows how many rows there should be. A set of Options.Hashes that names an unknown column is
// fault.InvalidRequest.
func Read(ctx context.Context, open Opener, schema *Schema, opts Options, each func(*Batch) error) (*Tally, error) {
	file, err := open(ctx)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	if t := parquetTableOf(file, opts); t != nil {
		defer t.Close()
		return t.read(ctx, schema, each)
	}
	opts = opts.forColumns(len(schema.Columns))
	opts.Dialect, opts.localized = schema.Dialect, schema.localized()
	if schema.Dialect.Format == JSONLines {
		opts.keys = newKeySet(schema.Names())
	}
	return readCSV(ctx, file, schema, opts, each)
}

func readCSV(ctx context.Context, file io.ReadCloser, schema *Schema, opts Options, each func(*Batch) error) (*Tally, error) {
	r, err := openTable(ctx, file, opts)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := newBatcher(schema, opts, each)
	if err != nil {
		return nil, err
	}
	if !sameNames(r.names, schema) {
		return nil, errChanged()
	}
	tally := &Tally{Reasons: map[string]int64{}}
	err = r.each(ctx, func(blk *block) error {
		if err := tally.add(blk, opts); err != nil {
			return err
		}
		if err := b.addBlock(blk); err != nil {
			return err
		}
		if b.broken {
			return errChanged()
		}
		return nil
	})
	if err == nil {
		err = b.flush()
	}
	r.identify(tally)
	if err == nil && opts.Part == (Part{}) && tally.Used != schema.Rows {
		err = errChanged()
	}
	return tally, err
}

func sameNames(names []string, schema *Schema) bool {
	if len(names) != len(schema.Columns) {
		return false
	}
	for j, name := range names {
		if schema.Columns[j].Name != name {
			return false
		}
	}
	return true
}

// batcher turns lexed rows into batches.
type batcher struct {
	opts    Options
	each    func(*Batch) error
	columns []*columnRead
	// convert converts a column's cells into its rows from at on, and reports
	// whether all of them fit the schema.
	convert func(j int, b *block, cells []span, at int) bool
	hasher  *rowHasher
	batch   Batch
	failed  []bool // by column: a cell does not fit the schema
	broken  bool   // one did not, and no batch is handed out any more
}

func newBatcher(schema *Schema, opts Options, each func(*Batch) error) (*batcher, error) {
	hasher, err := newRowHasher(schema, opts)
	if err != nil {
		return nil, err
	}
	b := &batcher{opts: opts, each: each, hasher: hasher, failed: make([]bool, len(schema.Columns))}
	b.batch.Columns = make([]Values, len(schema.Columns))
	b.batch.Lines = make([]int64, 0, opts.BatchRows)
	for j := range schema.Columns {
		c := newColumnRead(&schema.Columns[j], j, opts.BatchRows)
		c.hashing = hasher.columns[j].used
		b.columns = append(b.columns, c)
	}
	b.convert = func(j int, blk *block, cells []span, at int) bool {
		return b.columns[j].convert(blk, cells, len(b.columns), at)
	}
	return b, nil
}

// addBlock converts a block's rows. They may end one batch and begin the next; a
// batch ends with its file, so that what comes of a file does not depend on those
// before it.
// Rejected rows are handed on between the batches before and behind them.
func (b *batcher) addBlock(blk *block) error {
	if b.batch.FileIndex != blk.fileIndex || b.batch.File != blk.file {
		if err := b.flush(); err != nil {
			return err
		}
		b.batch.File, b.batch.FileIndex = blk.file, blk.fileIndex
	}
	width, rejects := len(b.columns), blk.rejects
	for from := 0; from < blk.rows; {
		n := min(blk.rows-from, b.opts.BatchRows-b.batch.Rows)
		b.convertAll(blk, blk.cells[from*width:(from+n)*width])
		b.batch.Lines = append(b.batch.Lines, blk.lines[from:from+n]...)
		b.batch.Rows += n
		from += n
		if b.batch.Rows < b.opts.BatchRows {
			break
		}
		before, _ := slices.BinarySearchFunc(rejects, blk.lines[from-1], func(r Reject, line int64) int { return cmp.Compare(r.Line, line) })
		if err := b.opts.report(rejects[:before]); err != nil {
			return err
		}
		rejects = rejects[before:]
		if err := b.flush(); err != nil {
			return err
		}
	}
	return b.opts.report(rejects)
}

// convertAll converts cells of whole rows into the next rows of the batch.
func (b *batcher) convertAll(blk *block, cells []span) {
	share(b.opts.Workers, len(b.columns), func(j int) {
		b.failed[j] = !b.convert(j, blk, cells, b.batch.Rows)
	})
	b.broken = b.broken || slices.Contains(b.failed, true)
}

// flush hands out the batch, if it has rows and is whole, and begins the next.
func (b *batcher) flush() error {
	if b.batch.Rows == 0 || b.broken {
		b.batch.Rows, b.batch.Lines = 0, b.batch.Lines[:0]
		return nil
	}
	for j, c := range b.columns {
		b.batch.Columns[j] = c.values(b.batch.Rows)
	}
	b.hasher.hash(&b.batch)
	err := b.each(&b.batch)
	b.batch.Rows, b.batch.Lines = 0, b.batch.Lines[:0]
	return err
}

// columnRead converts a column's cells into values.
type columnRead struct {
	kind     Kind
	form     Form
	index    int
	overflow bool
	numbers  []float64
	codes    []int32
	dict     *dictionary
	hash     columnHash
	hashing  bool
	beyond   []uint64 // see Values
}

func newColumnRead(c *Column, index, rows int) *columnRead {
	r := &columnRead{kind: c.Kind, form: c.Form, index: index, overflow: c.Overflow, hash: hashColumn(c.Name)}
	if c.Kind != Text {
		r.numbers = make([]float64, rows)
		return r
	}
	r.codes = make([]int32, rows)
	r.dict = newDictionaryOf(c.Dict)
	if c.Overflow {
		r.beyond = make([]uint64, rows)
	}
	return r
}

func (c *columnRead) values(rows int) Values {
	if c.kind == Text {
		return Values{Kind: c.kind, Codes: c.codes[:rows], Dict: c.dict.values, beyond: c.beyond}
	}
	return Values{Kind: c.kind, Numbers: c.numbers[:rows]}
}

// convert writes the column's cells into its rows from at on. It reports
// whether all of them fit what the column is said to be.
func (c *columnRead) convert(b *block, cells []span, width, at int) bool {
	switch c.kind {
	case Text:
		return c.convertText(b, cells, width, at)
	case Boolean, Time:
		return c.convertOther(b, cells, width, at)
	}
	ok := true
	for i := c.index; i < len(cells); i += width {
		v, class := parseCell(b.cell(cells[i]))
		switch class {
		case missingCell, outOfRangeCell:
			v = math.NaN()
		case textCell:
			ok = false
		}
		c.numbers[at] = v
		at++
	}
	return ok
}

// convertOther is convert for booleans and times.
func (c *columnRead) convertOther(b *block, cells []span, width, at int) bool {
	for i := c.index; i < len(cells); i += width {
		v, ok := c.parseOther(b.cell(cells[i]))
		if !ok {
			return false
		}
		c.numbers[at] = v
		at++
	}
	return true
}

func (c *columnRead) parseOther(cell []byte) (float64, bool) {
	if c.kind == Boolean {
		if v, ok := parseBoolean(cell); ok {
			return boolNumber(v), true
		}
	} else if m, fits := parseMoment(cell, c.form); fits != 0 {
		return m.seconds(), true
	}
	return math.NaN(), isMissing(cell)
}

func (c *columnRead) convertText(b *block, cells []span, width, at int) bool {
	for i := c.index; i < len(cells); i += width {
		cell := b.cell(cells[i])
		code, known := c.dict.find(cell)
		switch {
		case known:
		case isMissing(cell):
			code = MissingCode
		case !c.overflow:
			return false
		default:
			code = OverflowCode
			if c.hashing {
				c.beyond[at] = c.hash.cell(cell)
			}
		}
		c.codes[at] = code
		at++
	}
	return true
}
