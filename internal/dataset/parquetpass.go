package dataset

import (
	"context"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// pass is one way through the rows of a Parquet file, or of several one after
// the other. A batch ends with its file.
type pass struct {
	opts    Options
	columns []passColumn
	batch   Batch
	hasher  *rowHasher

	file     *File            // the one at hand
	rows     int64            // of it
	decoders []*columnDecoder // of it, by column; nil for one that has no values there
}

// passColumn is a column that is read.
type passColumn struct {
	name       string
	kind       Kind
	texts      *textDict // of a Text column
	outOfRange int64     // in the files that have been read
}

// newPass prepares batches of columns, and their hashes.
func newPass(columns []passColumn, opts Options) (*pass, error) {
	p := &pass{opts: opts, columns: columns}
	var schema Schema
	for i := range columns {
		schema.Columns = append(schema.Columns, Column{Name: columns[i].name})
		p.batch.Columns = append(p.batch.Columns, newValues(columns[i].kind, opts.BatchRows))
	}
	var err error
	if p.hasher, err = newRowHasher(&schema, opts); err != nil {
		return nil, err
	}
	for i := range columns {
		if p.hashesTexts(i) {
			p.batch.Columns[i].beyond = make([]uint64, opts.BatchRows)
		}
	}
	return p, nil
}

func newValues(kind Kind, rows int) Values {
	if kind == Text {
		return Values{Kind: kind, Codes: make([]int32, rows)}
	}
	return Values{Kind: kind, Numbers: make([]float64, rows)}
}

// hashesTexts reports whether a column's decoder has to keep what it cannot
// hand out as a code.
func (p *pass) hashesTexts(i int) bool {
	return p.columns[i].kind == Text && p.hasher.columns[i].used
}

// noValues is the index of a column that a file has no values of.
const noValues = -1

// turnTo begins to read some row groups of a file. The indices say where each
// column is in it, or that it has no values there.
func (p *pass) turnTo(f *File, groups []*parquetGroup, indices []int) {
	p.file, p.rows, p.decoders = f, 0, make([]*columnDecoder, len(indices))
	budget := &pageBudget{buffer: min(max(64<<20/max(len(indices), 1), maxPageHeader), 512<<10)}
	if p.opts.Sample > 0 {
		budget.buffer = min(budget.buffer, maxPageHeader)
	}
	budget.left.Store(maxPageMemory)
	for _, g := range groups {
		p.rows += g.rows
	}
	for k, i := range indices {
		if i == noValues {
			continue
		}
		leaf := f.columns[i].leaf
		d := &columnDecoder{texts: p.columns[k].texts, hash: hashColumn(p.columns[k].name), hashing: p.hashesTexts(k)}
		d.pageReader = pageReader{file: f.in, leaf: &f.meta.leaves[leaf], budget: budget}
		d.nullable = d.leaf.repetition == format.Optional
		for _, g := range groups {
			d.chunks = append(d.chunks, g.chunks[leaf])
		}
		p.decoders[k] = d
	}
}

// run hands out all rows of the file at hand.
func (p *pass) run(ctx context.Context, each func(*Batch) error) error {
	errs := make([]error, len(p.columns))
	for left := p.rows; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows := int(min(left, int64(p.opts.BatchRows-p.batch.Rows)))
		share(p.opts.Workers, len(p.columns), func(i int) { errs[i] = p.fill(i, rows) })
		for _, err := range errs {
			if err != nil {
				return p.file.explain(err)
			}
		}
		left -= int64(rows)
		if p.batch.Rows += rows; p.batch.Rows < p.opts.BatchRows {
			continue
		}
		if err := p.flush(each); err != nil {
			return err
		}
	}
	for i, d := range p.decoders {
		if d != nil {
			p.columns[i].outOfRange += d.outOfRange
		}
	}
	return p.flush(each)
}

// flush hands out the rows that have been read, if there are any.
func (p *pass) flush(each func(*Batch) error) error {
	if p.batch.Rows == 0 {
		return nil
	}
	p.hasher.hash(&p.batch)
	err := each(&p.batch)
	p.batch.Rows = 0
	return err
}

// fill decodes the next rows of a column behind those of the batch.
func (p *pass) fill(i, rows int) error {
	v, d, at := &p.batch.Columns[i], p.decoders[i], p.batch.Rows
	if v.Kind != Text {
		v.Numbers = v.Numbers[:at+rows]
		if d == nil {
			fillWith(v.Numbers[at:], math.NaN())
			return nil
		}
		return d.numbers(v.Numbers[at:])
	}
	v.Codes = v.Codes[:at+rows]
	if d == nil {
		fillWith(v.Codes[at:], MissingCode)
		return nil
	}
	var beyond []uint64
	if v.beyond != nil {
		beyond = v.beyond[at:]
	}
	err := d.codes(v.Codes[at:], beyond)
	v.Dict = p.columns[i].texts.values
	return err
}

func fillWith[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}
