package dataset

import (
	"context"
	"io"

	"retrain/internal/fault"
)

// Scan reads a whole table and settles what its columns are. Types widen over
// all rows: one late text makes a column text, and its earlier numbers then
// are values of the dictionary as they were spelled. The result depends on the
// source's bytes and on the limits only.
//
// Data that are no table, or none with a usable row, are fault.InvalidData;
// what exceeds a limit as a whole is fault.TooLarge. The tally of an error
// that came up late is returned with it.
func Scan(ctx context.Context, open Opener, opts Options) (*Schema, *Tally, error) {
	file, err := open(ctx)
	if err != nil {
		return nil, nil, err
	}
	opts = opts.withDefaults()
	if t := parquetTableOf(file, opts); t != nil {
		defer t.Close()
		return t.scan(ctx)
	}
	opts.reopen = open
	s := &scan{}
	tally, err := s.pass(ctx, file, opts)
	if err != nil {
		return nil, tally, err
	}
	if err := usable(tally); err != nil {
		return nil, tally, err
	}
	if err := s.finish(ctx, open, opts, tally); err != nil {
		return nil, tally, err
	}
	return s.schema(tally.Used), tally, nil
}

// finish reads the table again as long as that is needed to know its columns:
// once if the sample was wrong about how numbers are written, and once if a
// column is late.
func (s *scan) finish(ctx context.Context, open Opener, opts Options, first *Tally) error {
	if s.misread {
		s.columns = nil
		if err := s.passAgain(ctx, open, opts, first); err != nil {
			return err
		}
	}
	if s.late() {
		return s.passAgain(ctx, open, opts, first)
	}
	return nil
}

// passAgain makes another pass, now that more is known of the table. If it was
// scanned as a whole, it gathers the dictionaries of columns that held too many
// different numbers to keep their spellings when their first text came.
func (s *scan) passAgain(ctx context.Context, open Opener, opts Options, first *Tally) error {
	file, err := open(ctx)
	if err != nil {
		return err
	}
	opts.OnReject, opts.Dialect, opts.localized, opts.texts, opts.keys = nil, s.dialect, s.localized, s.texts, s.keys
	again, err := s.pass(ctx, file, opts)
	if err == nil && again.SHA256 != first.SHA256 {
		err = errChanged()
	}
	return err
}

// errChanged is the error for a source that did not yield the same bytes.
func errChanged() error {
	return fault.New(fault.InvalidData, "The data changed while they were read.").
		At("Data changed", "data_changed", "data")
}

// usable refuses a table without rows.
func usable(t *Tally) error {
	switch {
	case t.Read == 0:
		return fault.New(fault.InvalidData, "The data have no rows.").At("No rows", "no_rows", "data")
	case t.Used == 0:
		return fault.New(fault.InvalidData, "All %d rows were rejected, most of them for: %s.", t.Read, t.mostly()).
			At("All rows rejected", "all_rows_rejected", "data")
	}
	return nil
}

// scan is what Scan gathers.
type scan struct {
	columns   []*columnScan
	dialect   Dialect
	localized []bool // by column
	texts     []bool
	keys      *keySet // of JSON Lines
	misread   bool    // see settle
}

// pass goes over the table once. In the first pass all columns are scanned, in
// a second one those that are late.
func (s *scan) pass(ctx context.Context, file io.ReadCloser, opts Options) (*Tally, error) {
	r, err := openTable(ctx, file, opts)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	opts = opts.forColumns(len(r.names))
	active := s.begin(r.names, opts)
	if active == nil {
		return nil, errChanged()
	}
	tally := &Tally{Reasons: map[string]int64{}}
	err = r.each(ctx, func(b *block) error {
		scanBlock(active, b, opts)
		if err := tally.add(b, opts); err != nil {
			return err
		}
		return opts.report(b.rejects)
	})
	r.identify(tally)
	s.misread = s.settle(r)
	return tally, err
}

// scanBlock has the columns take their cells of a block.
func scanBlock(columns []*columnScan, b *block, opts Options) {
	if b.rows == 0 {
		return
	}
	width := len(b.cells) / b.rows
	share(opts.Workers, len(columns), func(i int) { columns[i].addCells(b, b.cells, width) })
}

// begin makes the columns' scans, or starts those anew that are late, and
// returns which take part in the pass: nil if the header is another one.
func (s *scan) begin(names []string, opts Options) []*columnScan {
	if s.columns == nil {
		for j, name := range names {
			c := newColumnScan(name, j, opts)
			c.force(&opts.Dialect, opts.texts != nil && opts.texts[j])
			s.columns = append(s.columns, c)
		}
		return s.columns
	}
	if len(names) != len(s.columns) {
		return nil
	}
	var active []*columnScan
	for j, c := range s.columns {
		if names[j] != c.name {
			return nil
		}
		if c.late {
			c.restart()
			active = append(active, c)
		}
	}
	return active
}

// late ends the first pass, after which ambiguous times are text, and reports
// whether columns are late.
func (s *scan) late() bool {
	late := false
	for _, c := range s.columns {
		if c.ambiguous() {
			c.becomeText()
		}
		late = late || c.late
	}
	return late
}

func (s *scan) schema(rows int64) *Schema {
	schema := &Schema{Rows: rows, Columns: make([]Column, len(s.columns)), Dialect: s.dialect}
	for j, c := range s.columns {
		schema.Columns[j] = c.column()
		schema.Columns[j].Localized = s.localized[j]
		schema.Columns[j].Nested = s.keys != nil && s.keys.nested[j]
	}
	schema.forceKinds()
	return schema
}

// add counts a block.
func (t *Tally) add(b *block, opts Options) error {
	t.Read += int64(b.rows)
	t.Used += int64(b.rows)
	if t.Used > opts.MaxRows {
		return errTooManyRows(opts.MaxRows)
	}
	for _, r := range b.rejects {
		t.Reasons[r.Reason]++
		switch {
		case r.Repaired():
			t.Repaired++
		case r.Skipped():
			t.Skipped++
		default:
			t.Read++
			t.Rejected++
		}
	}
	return nil
}

func errTooManyRows(limit int64) error {
	return fault.New(fault.TooLarge, "The table has more rows than the limit of %d.", limit).
		At("Too many rows", "too_many_rows", "data")
}

// report hands on what is reported.
func (o *Options) report(rejects []Reject) error {
	if o.OnReject == nil {
		return nil
	}
	for _, r := range rejects {
		if err := o.OnReject(r); err != nil {
			return err
		}
	}
	return nil
}
