package dirt

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Pollution damages a table's text. Its function gets the records with their
// newlines, the header first, and changes some or all of them.
type Pollution struct {
	Name  string
	apply func(t *Table, records []string, rng *rand.Rand) []string
}

// Apply returns the polluted text; the same seed gives the same.
func (p *Pollution) Apply(t *Table, seed uint64) string {
	return strings.Join(p.apply(t, t.Text(), rand.New(rand.NewPCG(seed, 0))), "")
}

// bom is the UTF-8 byte order mark.
const bom = "\xef\xbb\xbf"

// Pollutions returns all kinds of dirt.
func Pollutions() []Pollution {
	return []Pollution{
		{"none", func(_ *Table, records []string, _ *rand.Rand) []string { return records }},
		{"cells dropped", onCells(func(cells []string, rng *rand.Rand) []string {
			j := rng.IntN(len(cells))
			return slices.Delete(cells, j, j+1)
		})},
		{"cells added", onCells(func(cells []string, rng *rand.Rand) []string {
			return slices.Insert(cells, rng.IntN(len(cells)+1), strconv.Itoa(rng.IntN(100)))
		})},
		{"cells of another row added", onCells(func(cells []string, rng *rand.Rand) []string {
			return append(cells, cells[:1+rng.IntN(len(cells)-1)]...)
		})},
		{"delimiters at the end", onCells(func(cells []string, rng *rand.Rand) []string {
			return append(cells, make([]string, 1+rng.IntN(3))...)
		})},
		{"delimiter at each line's end", func(_ *Table, records []string, _ *rand.Rand) []string {
			for i := range records[1:] {
				records[i+1] = strings.TrimSuffix(records[i+1], "\n") + ",\n"
			}
			return records
		}},
		{"stray delimiters", onCells(func(cells []string, rng *rand.Rand) []string {
			return slices.Insert(cells, rng.IntN(len(cells)+1), "")
		})},
		{"quotes forgotten", onRows(func(record string, _ *rand.Rand) string { return strings.ReplaceAll(record, `"`, "") })},
		{"quotes added", onRows(insert(`"`))},
		{"quotes at cell ends", onCells(func(cells []string, rng *rand.Rand) []string {
			j := rng.IntN(len(cells))
			if rng.IntN(2) == 0 {
				cells[j] = `"` + cells[j]
			} else {
				cells[j] += `"`
			}
			return cells
		})},
		{"quotes lost", onRows(func(record string, rng *rand.Rand) string {
			if n := strings.Count(record, `"`); n > 0 {
				at := nth(record, '"', rng.IntN(n))
				return record[:at] + record[at+1:]
			}
			return record
		})},
		{"one quote opened", func(_ *Table, records []string, rng *rand.Rand) []string {
			i := 1 + rng.IntN(len(records)-1)
			records[i] = strings.Replace(records[i], ",", `,"`, 1)
			return records
		}},
		{"delimiter changed midway", func(t *Table, records []string, _ *rand.Rand) []string {
			for i := len(records) / 2; i < len(records); i++ {
				records[i] = t.line(t.Rows[i-1], ";")
			}
			return records
		}},
		{"delimiter changed here and there", onTable(func(t *Table, i int, rng *rand.Rand) string {
			return t.line(t.Rows[i], []string{";", "\t", "|"}[rng.IntN(3)])
		})},
		{"titles above", above("Report of the year\n", "\n", "made by a program, for you\n")},
		{"comments above", above("# a comment\n", "# another, with a comma\n")},
		{"two lines of header", func(t *Table, records []string, _ *rand.Rand) []string {
			group := make([]string, len(t.Names))
			group[1], group[len(group)/2] = "first group", "second group"
			return slices.Insert(records, 0, t.line(group, ","))
		}},
		{"units below the header", func(t *Table, records []string, _ *rand.Rand) []string {
			units := slices.Repeat([]string{"unit"}, len(t.Names))
			return slices.Insert(records, 1, t.line(units, ","))
		}},
		{"footer", below("\n", "400 rows\n", "Source: the office, second floor\n")},
		{"total", func(t *Table, records []string, _ *rand.Rand) []string {
			total := make([]string, len(t.Names))
			total[0], total[len(total)-1] = "Total", "12345"
			return append(records, t.line(total, ","))
		}},
		{"comments within", onRows(func(record string, _ *rand.Rand) string { return "# checked\n" + record })},
		{"line ends mixed", onRows(func(record string, rng *rand.Rand) string {
			return strings.TrimSuffix(record, "\n") + []string{"\r\n", "\r"}[rng.IntN(2)]
		})},
		{"returns as line ends", func(_ *Table, records []string, _ *rand.Rand) []string {
			for i, record := range records {
				records[i] = strings.TrimSuffix(record, "\n") + "\r"
			}
			return records
		}},
		{"NUL bytes", onRows(insert("\x00"))},
		{"NUL bytes at the end", below(strings.Repeat("\x00", 300))},
		{"header repeated", onTable(func(t *Table, i int, _ *rand.Rand) string {
			return t.line(t.Rows[i], ",") + t.line(t.Names, ",")
		})},
		{"files joined", func(t *Table, records []string, _ *rand.Rand) []string {
			return slices.Insert(records, len(records)/2, bom+t.line(t.Names, ","))
		}},
		{"byte order marks", onRows(func(record string, _ *rand.Rand) string { return bom + record })},
		{"last line cut", func(_ *Table, records []string, rng *rand.Rand) []string {
			last := records[len(records)-1]
			records[len(records)-1] = last[:1+rng.IntN(len(last)-1)]
			return records
		}},
		{"blanks around", onCells(func(cells []string, rng *rand.Rand) []string {
			for j, cell := range cells {
				if !strings.Contains(cell, `"`) && rng.IntN(2) == 0 {
					cells[j] = " " + cell + "  "
				}
			}
			return cells
		})},
		{"blanks around quotes", onRows(func(record string, _ *rand.Rand) string { return strings.ReplaceAll(record, `,"`, `, "`) })},
		{"lines broken", onRows(func(record string, rng *rand.Rand) string {
			at := nth(record, ',', rng.IntN(strings.Count(record, ",")-1))
			if strings.Count(record[:at], `"`)%2 == 1 { // a newline within quotes would be part of the text
				return record
			}
			return record[:at+1] + "\n" + record[at+1:]
		})},
		{"lines joined", onRows(func(record string, _ *rand.Rand) string { return strings.TrimSuffix(record, "\n") })},
		{"empty lines", onRows(func(record string, _ *rand.Rand) string { return "\n  \n" + record })},
		{"bytes of no encoding", onRows(func(record string, rng *rand.Rand) string {
			return insert([]string{"\xe9", "\xf6", "\xdf", "\xc5"}[rng.IntN(4)])(record, rng)
		})},
		{"rows in Latin-1", onRows(func(record string, _ *rand.Rand) string {
			return strings.NewReplacer("ö", "\xf6", "Å", "\xc5").Replace(record)
		})},
		{"characters cut", onRows(func(record string, _ *rand.Rand) string {
			return strings.NewReplacer("ö", "\xc3", "Å", "\x85").Replace(record)
		})},
	}
}

// rate is the share of rows that are polluted.
const rate = 0.03

// onRows changes some records, the header aside.
func onRows(change func(record string, rng *rand.Rand) string) func(*Table, []string, *rand.Rand) []string {
	return onTable(func(t *Table, i int, rng *rand.Rand) string { return change(t.line(t.Rows[i], ","), rng) })
}

// onTable replaces some rows by what write makes of them.
func onTable(write func(t *Table, row int, rng *rand.Rand) string) func(*Table, []string, *rand.Rand) []string {
	return func(t *Table, records []string, rng *rand.Rand) []string {
		for i := range t.Rows {
			if rng.Float64() < rate {
				records[i+1] = write(t, i, rng)
			}
		}
		return records
	}
}

// onCells changes the written cells of some records.
func onCells(change func(cells []string, rng *rand.Rand) []string) func(*Table, []string, *rand.Rand) []string {
	return onTable(func(t *Table, i int, rng *rand.Rand) string {
		cells := make([]string, len(t.Names))
		for j, cell := range t.Rows[i] {
			cells[j] = strings.TrimSuffix(t.line([]string{cell}, ","), "\n")
		}
		return strings.Join(change(cells, rng), ",") + "\n"
	})
}

// insert puts something at a random place, though not behind the newline.
func insert(what string) func(string, *rand.Rand) string {
	return func(record string, rng *rand.Rand) string {
		at := rng.IntN(len(record))
		return record[:at] + what + record[at:]
	}
}

func above(lines ...string) func(*Table, []string, *rand.Rand) []string {
	return func(_ *Table, records []string, _ *rand.Rand) []string { return append(lines, records...) }
}

func below(lines ...string) func(*Table, []string, *rand.Rand) []string {
	return func(_ *Table, records []string, _ *rand.Rand) []string { return append(records, lines...) }
}

// nth returns the place of the n-th of the given bytes, from 0.
func nth(s string, c byte, n int) int {
	for i := range len(s) {
		if s[i] == c {
			if n == 0 {
				return i
			}
			n--
		}
	}
	return -1
}
