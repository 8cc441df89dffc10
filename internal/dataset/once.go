package dataset

import (
	"context"
	"io"
)

// guessBytes is how much of a table its columns are guessed from.
const guessBytes = 4 << 20

// Once is what a caller of ReadOnce does with a table.
type Once struct {
	// Begin is told what the columns seem to be, by their names and kinds, and
	// returns what Options.Hashes is to be. It may make a Boolean column Text.
	// Dictionaries, counts and rows are not known yet: the batches' dictionaries
	// grow.
	Begin func(guess *Schema) (hashes [][]string, err error)
	// Each receives the batches, as from Read.
	Each func(*Batch) error
}

// ReadOnce is Scan and Read in one pass over the source. What the columns are
// is guessed from the first rows; if the guess holds for all rows, then whole
// is true, and the batches, and the calls of Options.OnReject between them, were
// those of Read.
//
// If it does not hold, since a later cell makes a column wider than the guess,
// or has a text for which the dictionary has no place, then the rest of the
// table is scanned only: the schema is right, and whoever wants the rows forgets
// those that he has seen, and calls Read. So it is with Parquet, whose rows are
// never handed out.
func ReadOnce(ctx context.Context, open Opener, opts Options, use Once) (schema *Schema, tally *Tally, whole bool, err error) {
	file, err := open(ctx)
	if err != nil {
		return nil, nil, false, err
	}
	opts = opts.withDefaults()
	if t := parquetTableOf(file, opts); t != nil {
		defer t.Close()
		schema, tally, err = t.scan(ctx)
		return schema, tally, false, err
	}
	opts.reopen = open
	o := &oncePass{use: use, tally: &Tally{Reasons: map[string]int64{}}}
	if err = o.pass(ctx, file, opts); err == nil {
		err = usable(o.tally)
	}
	misread := o.scan.misread
	if err == nil {
		err = o.scan.finish(ctx, open, opts, o.tally)
	}
	if err != nil {
		return nil, o.tally, false, err
	}
	return o.scan.schema(o.tally.Used), o.tally, !o.rows.broken && !misread, nil
}

// oncePass is a pass that scans and reads.
type oncePass struct {
	use   Once
	opts  Options
	tally *Tally
	scan  scan
	first []*block // scanned, and kept until there is a guess
	bytes int      // of them
	rows  *batcher // once there is a guess
}

func (o *oncePass) pass(ctx context.Context, file io.ReadCloser, opts Options) error {
	r, err := openTable(ctx, file, opts)
	if err != nil {
		return err
	}
	defer r.Close()
	o.opts = opts.forColumns(len(r.names))
	o.scan.begin(r.names, o.opts)
	err = r.each(ctx, o.block)
	if err == nil && o.rows == nil {
		err = o.guess()
	}
	if err == nil {
		err = o.rows.flush()
	}
	r.identify(o.tally)
	o.scan.misread = o.scan.settle(r)
	return err
}

func (o *oncePass) block(b *block) error {
	if o.rows == nil || o.rows.broken {
		scanBlock(o.scan.columns, b, o.opts)
	}
	if o.rows != nil {
		return o.read(b)
	}
	b.kept = true
	o.first = append(o.first, b)
	if o.bytes += b.at; o.bytes < o.opts.guess {
		return nil
	}
	return o.guess()
}

// read hands a block's rejects and rows on.
func (o *oncePass) read(b *block) error {
	if err := o.tally.add(b, o.opts); err != nil {
		return err
	}
	if o.rows.broken {
		return o.opts.report(b.rejects)
	}
	return o.rows.addBlock(b)
}

// guess begins to read: the blocks that have been scanned, then all others as
// they are scanned.
func (o *oncePass) guess() (err error) {
	guess := &Schema{}
	for _, c := range o.scan.columns {
		guess.Columns = append(guess.Columns, Column{Name: c.name, Kind: c.kind, Form: c.form, Overflow: c.overflow})
	}
	if o.opts.Hashes, err = o.use.Begin(guess); err != nil {
		return err
	}
	if o.rows, err = newBatcher(guess, o.opts, o.use.Each); err != nil {
		return err
	}
	for j, c := range o.scan.columns {
		o.rows.columns[j].dict = c.dict
		o.rows.broken = o.rows.broken || c.overflow || c.late || c.ambiguous()
	}
	for _, b := range o.first {
		if err := o.read(b); err != nil {
			return err
		}
	}
	o.first = nil
	o.rows.convert = func(j int, b *block, cells []span, at int) bool {
		return o.scan.columns[j].read(o.rows.columns[j], b, cells, len(o.rows.columns), at)
	}
	return nil
}

// read takes the column's cells, and converts them as well, into the rows of dst
// from at on. It reports whether all of them fit what the column was guessed to
// be.
func (c *columnScan) read(dst *columnRead, b *block, cells []span, width, at int) bool {
	n := len(cells) / width
	switch {
	case c.kind == Text && dst.kind == Text && !c.late:
		c.addCodes(b, cells, width, dst.codes[at:at+n])
	case c.dict == nil && (c.kind.Numeric() && dst.kind.Numeric() || c.kind == Time && dst.kind == Time):
		end := c.addValues(b, cells, c.index, width, dst.numbers[at:at+n])
		c.addCells(b, cells[end-c.index:], width)
	default:
		c.addCells(b, cells, width)
		return c.fits(dst) && dst.convert(b, cells, width, at)
	}
	return c.fits(dst)
}

// fits reports whether what the column is by now is still what it was guessed
// to be. Booleans may be read as text.
func (c *columnScan) fits(guess *columnRead) bool {
	return (c.kind == guess.kind || c.kind == Boolean && guess.kind == Text) && !c.overflow
}
