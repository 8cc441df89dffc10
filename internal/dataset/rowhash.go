package dataset

import "retrain/internal/fault"

// rowHasher computes Batch.Hashes. See hash.go for what they are.
type rowHasher struct {
	workers int
	sets    [][]int // columns, by position
	columns []hashedColumn
}

// hashedColumn knows what the values of a column's dictionary add to a row.
type hashedColumn struct {
	used   bool
	hash   columnHash
	byCode []uint64
}

func newRowHasher(schema *Schema, opts Options) (*rowHasher, error) {
	h := &rowHasher{workers: opts.Workers, columns: make([]hashedColumn, len(schema.Columns))}
	for _, names := range opts.Hashes {
		if names == nil {
			names = schema.Names()
		}
		set := make([]int, len(names))
		for i, name := range names {
			j := schema.Index(name)
			if j < 0 {
				return nil, fault.New(fault.InvalidRequest, "A column to be hashed is not in the table.").
					At("Unknown column", "unknown_column", "hashes", name)
			}
			set[i] = j
			h.columns[j].used, h.columns[j].hash = true, hashColumn(name)
		}
		h.sets = append(h.sets, set)
	}
	return h, nil
}

// hashRows is how many rows a goroutine hashes at a time.
const hashRows = 1024

// hash fills the batch's hashes.
func (h *rowHasher) hash(b *Batch) {
	if b.Hashes == nil {
		b.Hashes = make([][]uint64, len(h.sets))
	}
	for j := range h.columns {
		if h.columns[j].used {
			h.columns[j].extend(b.Columns[j].Dict)
		}
	}
	for k, set := range h.sets {
		if cap(b.Hashes[k]) < b.Rows {
			b.Hashes[k] = make([]uint64, b.Rows)
		}
		dst := b.Hashes[k][:b.Rows]
		b.Hashes[k] = dst
		share(h.workers, (b.Rows+hashRows-1)/hashRows, func(i int) {
			from := i * hashRows
			h.hashSet(dst[from:min(from+hashRows, b.Rows)], set, b, from)
		})
	}
}

// extend takes in what a dictionary has gained.
func (c *hashedColumn) extend(dict []string) {
	for _, v := range dict[len(c.byCode):] {
		c.byCode = append(c.byCode, c.hash.cell([]byte(v)))
	}
}

// hashSet hashes the rows from from on.
func (h *rowHasher) hashSet(dst []uint64, set []int, b *Batch, from int) {
	clear(dst)
	for _, j := range set {
		h.columns[j].add(dst, &b.Columns[j], from)
	}
	for i, sum := range dst {
		dst[i] = mix(sum)
	}
}

// add adds the column's part to the sums of the rows from from on.
func (c *hashedColumn) add(sums []uint64, v *Values, from int) {
	switch v.Kind {
	case Text:
		c.addCodes(sums, v, from)
	case Boolean:
		for i, x := range v.Numbers[from : from+len(sums)] {
			sums[i] += c.hash.boolean(x)
		}
	case Time:
		for i, x := range v.Numbers[from : from+len(sums)] {
			sums[i] += c.hash.time(x)
		}
	default:
		for i, x := range v.Numbers[from : from+len(sums)] {
			sums[i] += c.hash.number(x)
		}
	}
}

func (c *hashedColumn) addCodes(sums []uint64, v *Values, from int) {
	for i, code := range v.Codes[from : from+len(sums)] {
		switch {
		case code >= 0:
			sums[i] += c.byCode[code]
		case code == OverflowCode:
			sums[i] += v.beyond[from+i]
		}
	}
}
