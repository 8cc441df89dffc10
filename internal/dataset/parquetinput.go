package dataset

import (
	"io"
	"math"
	"os"
)

// parquetInput tells whether a file is Parquet, by its content, and may be
// read as such.
func parquetInput(file io.Reader) (io.ReaderAt, int64, bool) {
	r, size, ok := randomAccess(file)
	if !ok || size < 12 {
		return nil, 0, false
	}
	var head, tail [4]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:]) != "PAR1" {
		return nil, 0, false
	}
	if _, err := r.ReadAt(tail[:], size-4); err != nil && err != io.EOF || string(tail[:]) != "PAR1" {
		return nil, 0, false
	}
	return r, size, true
}

func randomAccess(file io.Reader) (io.ReaderAt, int64, bool) {
	switch f := file.(type) {
	case RandomAccess:
		return f, f.Size(), true
	case *os.File:
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return nil, 0, false
		}
		return f, info.Size(), true
	}
	return nil, 0, false
}

// valueScan gathers what a column of typed values is.
type valueScan struct {
	missing  int64
	min, max float64
	values   *numberSet
	overflow bool    // of a Text column
	counts   []int64 // by code
}

func (s *valueScan) add(v *Values, opts Options) {
	if v.Kind == Text {
		s.addCodes(v)
		return
	}
	if v.Kind == Boolean && s.counts == nil {
		s.counts = make([]int64, 2)
	}
	if s.values == nil {
		s.values = newNumberSet(opts.countedNumbers())
		s.min, s.max = math.Inf(1), math.Inf(-1)
	}
	for _, x := range v.Numbers {
		if x != x {
			s.missing++
			continue
		}
		if v.Kind == Boolean {
			s.counts[int(x)]++
			continue
		}
		s.min, s.max = min(s.min, x), max(s.max, x)
		s.values.add(x)
	}
}

func (s *valueScan) addCodes(v *Values) {
	for len(s.counts) < len(v.Dict) {
		s.counts = append(s.counts, 0)
	}
	for _, code := range v.Codes {
		switch {
		case code >= 0:
			s.counts[code]++
		case code == MissingCode:
			s.missing++
		default:
			s.overflow = true
		}
	}
}

// describe completes the description of the column, whose name, kind and
// dictionary are known.
func (s *valueScan) describe(c *Column, outOfRange int64, opts Options) {
	c.Missing, c.Overflow = s.missing, s.overflow
	switch c.Kind {
	case Text:
		c.Counts, c.Distinct = s.counts, len(c.Dict)
		if c.Overflow {
			c.Distinct = opts.MaxDistinct + 1
		}
	case Boolean:
		for i, n := range s.counts {
			if n > 0 {
				c.Dict, c.Counts = append(c.Dict, BooleanText(i == 1)), append(c.Counts, n)
			}
		}
		c.Distinct = len(c.Dict)
	default:
		c.OutOfRange = outOfRange
		if s.values != nil {
			c.Distinct = s.values.n
		}
		if c.Kind.Numeric() {
			c.Min, c.Max = s.min, s.max
		}
		if c.Kind == Integer && max(-c.Min, c.Max) > maxInteger {
			c.Kind = Float
		}
	}
	if c.Distinct == 0 {
		*c = Column{Name: c.Name, Kind: Empty, Missing: c.Missing, OutOfRange: c.OutOfRange}
	}
}

// schemaView shows the batches of a file as the schema says. It widens kinds:
// integers to floats, booleans to text, and columns without any value to Empty
// ones.
type schemaView struct {
	schema  *Schema
	batch   Batch
	nothing []float64 // NaN
	codes   [][]int32 // by column, of booleans that are text
}

// take shows another batch, and reports whether that agrees with the schema.
func (s *schemaView) take(b *Batch) bool {
	for len(s.nothing) < b.Rows {
		s.nothing = append(s.nothing, math.NaN())
	}
	s.batch.Rows, s.batch.Hashes, s.batch.File, s.batch.FileIndex = b.Rows, b.Hashes, b.File, b.FileIndex
	for j := range s.batch.Columns {
		kind, v := s.schema.Columns[j].Kind, b.Columns[j]
		switch {
		case kind == Empty:
			v = Values{Numbers: s.nothing[:b.Rows]}
		case kind == Text && v.Kind == Boolean:
			dict := s.schema.Columns[j].Dict
			s.codes[j] = booleansAsText(s.codes[j], v.Numbers, dict)
			v = Values{Codes: s.codes[j], Dict: dict}
		case (kind == Text) != (v.Kind == Text):
			return false
		}
		v.Kind = kind
		s.batch.Columns[j] = v
	}
	return true
}
