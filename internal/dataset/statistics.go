package dataset

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Statistics are what a scan has found in some of a table's files. Merge makes
// of those of all files what Scan would have found in the whole table. They
// marshal to JSON: the same files give the same bytes.
type Statistics struct {
	Dialect Dialect
	Tally   Tally
	Columns []ColumnStatistics
	Misread bool // the sample was wrong about how numbers are written
}

// ColumnStatistics are those of a column.
type ColumnStatistics struct {
	Name       string
	Kind       Kind
	Stored     storedType // of Parquet
	Missing    int64
	OutOfRange int64  // but for those among Texts
	Low, High  uint64 // bits of the smallest and the largest number
	Form       Form
	// Texts are the different cells as they are spelled, in the order of their
	// first appearance, and Counts how often each is there.
	// Spelled says that they are all; a Text column has them up to the limits.
	Spelled bool
	Texts   []string
	Counts  []int64
	// Numbers are the different values of a column that is not Spelled, as eight
	// bytes each, in ascending order; Many says that there are too many to count.
	Numbers  []byte
	Many     bool
	Overflow bool // of a Text column
	Late     bool // a Text column whose texts have not been kept from the start

	Localized bool
	Misread   bool // some of its numbers would be misread, and it is text
	Nested    bool
}

// Again says what another scan of all parts has to know, where the first one did
// not know enough of the table; see Merge.
type Again struct {
	Dialect   Dialect
	Names     []string
	Localized []bool
	Texts     []bool // columns that are text whatever they hold
}

// ScanPart reads the files of Options.Part, as Scan reads the whole table. again
// is what Merge has asked for, nil in the first scan. The rows, and what is
// reported, are those that Scan finds there; that none can be used is no error.
func ScanPart(ctx context.Context, open Opener, opts Options, again *Again) (*Statistics, error) {
	file, err := open(ctx)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	if t := parquetTableOf(file, opts); t != nil {
		defer t.Close()
		return t.scanPart(ctx)
	}
	opts.reopen = open
	if again != nil {
		opts.Dialect, opts.localized, opts.texts = again.Dialect, again.Localized, again.Texts
		if again.Dialect.Format == JSONLines {
			opts.keys = newKeySet(again.Names)
		}
	}
	s := &scan{texts: slices.Clone(opts.texts)}
	tally, err := s.pass(ctx, file, opts)
	if err != nil {
		return nil, err
	}
	return s.statistics(tally), nil
}

// statistics returns what the scan has found so far.
func (s *scan) statistics(tally *Tally) *Statistics {
	out := &Statistics{Dialect: s.dialect, Tally: *tally, Misread: s.misread}
	for j, c := range s.columns {
		of := c.statistics()
		of.Localized, of.Misread = s.localized[j], s.texts[j]
		of.Nested = s.keys != nil && s.keys.nested[j]
		out.Columns = append(out.Columns, of)
	}
	return out
}

func (c *columnScan) statistics() ColumnStatistics {
	out := ColumnStatistics{
		Name: c.name, Kind: c.kind, Missing: c.missing, OutOfRange: c.outOfRange,
		Low: math.Float64bits(c.min), High: math.Float64bits(c.max), Form: c.form, Overflow: c.overflow, Late: c.late,
	}
	if c.dict != nil {
		out.Spelled, out.Texts, out.Counts = true, c.dict.values, c.dict.counts
	}
	if c.values != nil {
		out.Numbers, out.Many = c.values.packed(), c.values.full()
	}
	return out
}

// Merge returns what Scan would have returned for a table whose parts, in their
// order, have these statistics; load returns those of one of n parts, and may be
// asked for each of them twice. opts are those of the scans.
//
// Where a part did not keep what another one shows to be needed, there is
// neither schema nor tally, but what all parts are to be scanned again with.
func Merge(n int, load func(part int) (*Statistics, error), opts Options) (*Schema, *Tally, *Again, error) {
	m := &merger{opts: opts.withDefaults(), load: load, n: n, tally: &Tally{Reasons: map[string]int64{}}}
	if err := m.begin(); err != nil {
		return nil, nil, nil, err
	}
	if err := m.all(m.take); err != nil {
		return nil, nil, nil, err
	}
	if len(m.tally.Files) > 0 {
		m.tally.sumFiles()
	}
	if err := usable(m.tally); err != nil {
		return nil, m.tally, nil, err
	}
	if m.typed != nil {
		return typedSchema(m.typed, m.dialect, m.tally.Used, m.opts), m.tally, nil, nil
	}
	if again := m.again(); again != nil {
		return nil, nil, again, nil
	}
	return m.schema(m.tally.Used), m.tally, nil, nil
}

// merger is a scan that is put together from those of a table's parts.
type merger struct {
	scan
	opts  Options
	n     int
	load  func(int) (*Statistics, error)
	tally *Tally
	at    map[string]int // the columns' places
	typed []typedScan    // of Parquet, instead of scan.columns
}

func (m *merger) all(do func(*Statistics) error) error {
	for i := range m.n {
		s, err := m.load(i)
		if err == nil {
			err = do(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin makes the columns' scans. Those of JSON Lines are known only once all
// parts have been looked at.
func (m *merger) begin() error {
	var names []string
	m.at = map[string]int{}
	err := m.all(func(s *Statistics) error {
		for j := range s.Columns {
			if _, known := m.at[s.Columns[j].Name]; !known {
				m.at[s.Columns[j].Name] = len(names)
				names = append(names, s.Columns[j].Name)
			}
		}
		m.dialect = s.Dialect
		if s.Dialect.Format != JSONLines {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if err := m.checkWidth(names); err != nil {
		return err
	}
	m.opts.Dialect = m.dialect
	m.opts = m.opts.forColumns(len(names))
	if m.dialect.Format == Parquet {
		m.typed = make([]typedScan, len(names))
		return nil
	}
	m.scan.begin(names, m.opts)
	m.localized, m.texts, m.keys = make([]bool, len(names)), make([]bool, len(names)), newKeySet(names)
	for j := range m.localized {
		m.localized[j] = true
	}
	return nil
}

// errEnough ends a look at the parts.
var errEnough = errors.New("the other parts have the same columns")

func (m *merger) checkWidth(names []string) error {
	switch {
	case len(names) == 0:
		return errNoKeys()
	case len(names) > m.opts.MaxColumns:
		return errTooManyKeys(m.opts.MaxColumns)
	}
	return nil
}

// take merges a part's statistics into those of the parts before it.
func (m *merger) take(s *Statistics) error {
	if m.typed != nil {
		return m.takeTyped(s)
	}
	m.misread = m.misread || s.Misread
	had := make([]bool, len(m.columns))
	for k := range s.Columns {
		own := &s.Columns[k]
		j, known := m.at[own.Name]
		if !known {
			return errChanged()
		}
		had[j] = true
		m.columns[j].merge(own)
		m.localized[j] = m.localized[j] && own.Localized
		m.texts[j] = m.texts[j] || own.Misread
		m.keys.nested[j] = m.keys.nested[j] || own.Nested
	}
	for j, c := range m.columns {
		if !had[j] {
			c.missing += s.Tally.Used
		}
	}
	return m.tally.merge(&s.Tally, m.opts)
}

// takeTyped is take for Parquet.
func (m *merger) takeTyped(s *Statistics) error {
	file := ""
	if len(s.Tally.Files) > 0 {
		file = s.Tally.Files[0].Name
	}
	for k := range s.Columns {
		j, known := m.at[s.Columns[k].Name]
		if !known {
			return errChanged()
		}
		if err := m.typed[j].merge(&s.Columns[k], file, m.opts); err != nil {
			return err
		}
	}
	return m.tally.merge(&s.Tally, m.opts)
}

// again says what the parts are to be scanned again with, as scan.finish does,
// or is nil.
func (m *merger) again() *Again {
	texts := slices.Clone(m.texts)
	if !m.misread {
		if !m.late() {
			return nil
		}
		for j, c := range m.columns {
			texts[j] = texts[j] || c.late
		}
	}
	return &Again{Dialect: m.dialect, Names: m.keys.names, Localized: m.localized, Texts: texts}
}

// merge takes in the tally of rows that follow.
func (t *Tally) merge(next *Tally, opts Options) error {
	t.Read, t.Used, t.Rejected = t.Read+next.Read, t.Used+next.Used, t.Rejected+next.Rejected
	t.Repaired, t.Skipped = t.Repaired+next.Repaired, t.Skipped+next.Skipped
	for reason, n := range next.Reasons {
		t.Reasons[reason] += n
	}
	t.Files = append(t.Files, next.Files...)
	t.Bytes, t.SHA256 = next.Bytes, next.SHA256 // of the only file; else sumFiles tells
	if t.Used > opts.MaxRows {
		return errTooManyRows(opts.MaxRows)
	}
	return nil
}

// merge takes in what has been found in cells that follow. Those of which the
// spellings are known are as good as the cells themselves.
func (c *columnScan) merge(next *ColumnStatistics) {
	c.missing += next.Missing
	if next.Kind == Text && c.kind != Text {
		c.becomeText()
	}
	switch {
	case next.Late || c.late:
		c.late = true
	case next.Spelled:
		for i, text := range next.Texts {
			c.addCounted([]byte(text), next.Counts[i])
		}
		c.overflow = c.overflow || next.Overflow
	case !c.joins(next):
		c.becomeText()
		c.late = true
	default:
		c.mergeValues(next)
	}
}

// addCounted is add for a cell that occurs n times.
func (c *columnScan) addCounted(cell []byte, n int64) {
	c.add(cell)
	if c.dict != nil {
		if code, known := c.dict.find(cell); known {
			c.dict.counts[code] += n - 1
		}
		return
	}
	if _, class := parseCell(cell); class == outOfRangeCell && c.kind != Text {
		c.outOfRange += n - 1
	}
}

// joins reports whether values without spellings fit the column, or make it one
// that they fit.
func (c *columnScan) joins(next *ColumnStatistics) bool {
	if next.Kind == Time {
		return c.admits(momentCell) && (c.forced || c.form&next.Form != 0)
	}
	return c.admits(integerCell)
}

// mergeValues takes in values without spellings.
func (c *columnScan) mergeValues(next *ColumnStatistics) {
	if c.dict != nil {
		c.dropSpellings()
	}
	c.outOfRange += next.OutOfRange
	switch {
	case next.Kind == Time:
		c.kind = Time
		c.narrow(c.form & next.Form)
	case next.Kind == Float, next.Kind == Integer && c.kind == Empty:
		c.kind = next.Kind
	}
	c.min, c.max = min(c.min, math.Float64frombits(next.Low)), max(c.max, math.Float64frombits(next.High))
	c.values.addPacked(next.Numbers, next.Many)
}

// packed returns the set's members, in ascending order of their bits.
func (s *numberSet) packed() []byte {
	var members []uint64
	for _, bits := range s.slots {
		if bits != freeSlot {
			members = append(members, bits)
		}
	}
	slices.Sort(members)
	var out []byte
	for _, bits := range members {
		out = binary.LittleEndian.AppendUint64(out, bits)
	}
	return out
}

// addPacked adds the members of another set, which may have had too many.
func (s *numberSet) addPacked(members []byte, many bool) {
	for ; len(members) >= 8; members = members[8:] {
		s.add(math.Float64frombits(binary.LittleEndian.Uint64(members)))
	}
	if many && !s.full() {
		s.n, s.slots = s.limit+1, nil
	}
}
