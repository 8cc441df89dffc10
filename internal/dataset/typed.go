package dataset

import (
	"context"
	"math"
)

// typedScan gathers what a column is whose type the files tell.
type typedScan struct {
	valueScan
	passColumn
	stored storedType
}

// storedType is how a column is stored; zero where it is known to have no value
// at all.
type storedType struct {
	Name    string // for people
	Meaning meaning
}

func (leaf *parquetLeaf) stored() storedType {
	if leaf.void() {
		return storedType{}
	}
	return storedType{leaf.typeName(), leaf.meaning.stored()}
}

// typedSchema describes the columns of a table.
func typedSchema(columns []typedScan, dialect Dialect, rows int64, opts Options) *Schema {
	opts = opts.forColumns(len(columns))
	schema := &Schema{Rows: rows, Dialect: dialect}
	schema.Dialect.Format = Parquet
	for j := range columns {
		s := &columns[j]
		c := columnOf(s.name, s.kind, s.texts)
		s.describe(&c, s.outOfRange, opts)
		schema.Columns = append(schema.Columns, c)
	}
	return schema
}

// typedStatistics is what a scan has found in a part.
func typedStatistics(columns []typedScan, dialect Dialect, tally *Tally) *Statistics {
	out := &Statistics{Dialect: dialect, Tally: *tally}
	out.Dialect.Format = Parquet
	for j := range columns {
		out.Columns = append(out.Columns, columns[j].statistics())
	}
	return out
}

func (s *typedScan) statistics() ColumnStatistics {
	out := ColumnStatistics{
		Name: s.name, Kind: s.kind, Stored: s.stored, Missing: s.missing, OutOfRange: s.outOfRange,
		Counts: s.counts, Overflow: s.overflow, Low: math.Float64bits(s.min), High: math.Float64bits(s.max),
	}
	if s.texts != nil {
		out.Texts = s.texts.values
	}
	if s.values != nil {
		out.Numbers, out.Many = s.values.packed(), s.values.full()
	}
	return out
}

// merge takes in what has been found in rows that follow, in the named file and
// those behind it.
func (s *typedScan) merge(next *ColumnStatistics, file string, opts Options) error {
	s.missing += next.Missing
	switch {
	case s.name == "" || s.stored == storedType{}:
		s.name, s.kind, s.stored = next.Name, next.Kind, next.Stored
	case next.Stored != storedType{} && (s.kind != next.Kind || s.stored.Meaning != next.Stored.Meaning):
		return typesDiffer(file, next.Name, next.Stored.Name, s.stored.Name)
	}
	if next.Stored == (storedType{}) {
		return nil
	}
	s.outOfRange, s.overflow = s.outOfRange+next.OutOfRange, s.overflow || next.Overflow
	if s.kind == Text {
		s.mergeTexts(next, opts)
		return nil
	}
	s.addCounts(0, next.Counts)
	if s.values == nil {
		s.values = newNumberSet(opts.countedNumbers())
		s.min, s.max = math.Inf(1), math.Inf(-1)
	}
	if len(next.Numbers) > 0 || next.Many {
		s.min, s.max = min(s.min, math.Float64frombits(next.Low)), max(s.max, math.Float64frombits(next.High))
	}
	s.values.addPacked(next.Numbers, next.Many)
	return nil
}

func (s *typedScan) mergeTexts(next *ColumnStatistics, opts Options) {
	if s.texts == nil {
		s.texts = &textDict{dictionary: newDictionary(), opts: opts}
	}
	for i, text := range next.Texts {
		if code := s.texts.code([]byte(text)); code >= 0 {
			s.addCounts(int(code), next.Counts[i:i+1])
		}
	}
	s.overflow = s.overflow || s.texts.overflow
}

// addCounts adds to the counts of the codes from one on.
func (s *typedScan) addCounts(from int, counts []int64) {
	for len(s.counts) < from+len(counts) {
		s.counts = append(s.counts, 0)
	}
	for i, n := range counts {
		s.counts[from+i] += n
	}
}

// scanPart is ScanPart for Parquet.
func (t *parquetTable) scanPart(ctx context.Context) (*Statistics, error) {
	columns, tally, err := t.gather(ctx)
	if err != nil {
		return nil, err
	}
	return typedStatistics(columns, t.opts.Dialect, tally), nil
}
