package dataset

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"retrain/internal/fault"
)

// cellsOf are the cells that columns of a made table may hold. The first of them
// is what a column is about, the others appear in some of the files only.
var cellsOf = map[string][]func(r *rand.Rand) string{
	"integers": {func(r *rand.Rand) string { return fmt.Sprint(r.IntN(40)) }, wide, fraction, missingText, word, huge},
	"many":     {wide, missingText, word, fraction},
	"floats":   {fraction, huge, missingText, word},
	"commas":   {func(r *rand.Rand) string { return fmt.Sprintf("%d,%d", r.IntN(90), r.IntN(9)) }, fraction, word, missingText},
	"texts":    {word, missingText, wide, func(r *rand.Rand) string { return strings.Repeat("x", r.IntN(40)) }},
	"booleans": {func(r *rand.Rand) string { return BooleanText(r.IntN(2) == 0) }, word, missingText, wide, huge},
	"times":    {func(r *rand.Rand) string { return fmt.Sprintf("2026-03-%02d", 1+r.IntN(28)) }, missingText, wide, eitherWay},
	"slashes":  {eitherWay, func(r *rand.Rand) string { return fmt.Sprintf("%02d/05/2026", 13+r.IntN(9)) }, func(r *rand.Rand) string { return fmt.Sprintf("05/%02d/2026", 13+r.IntN(9)) }, missingText},
	"empty":    {missingText, missingText, fraction, word, huge},
}

func wide(r *rand.Rand) string      { return fmt.Sprint(r.IntN(1_000_000)) }
func fraction(r *rand.Rand) string  { return fmt.Sprintf("%.3f", r.NormFloat64()) }
func word(r *rand.Rand) string      { return fmt.Sprintf("w%d", r.IntN(30)) }
func huge(r *rand.Rand) string      { return fmt.Sprintf("1e%d", 400+r.IntN(3)) }
func eitherWay(r *rand.Rand) string { return fmt.Sprintf("%02d/%02d/2026", 1+r.IntN(12), 1+r.IntN(12)) }
func missingText(*rand.Rand) string { return "NA" }

// madeFiles makes the files of a table as CSV or JSON Lines, with ragged rows.
func madeFiles(r *rand.Rand, objects bool) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(cellsOf)) {
		if r.IntN(2) == 0 {
			names = append(names, name)
		}
	}
	if names = append(names, "n"); len(names) < 3 {
		names = append(names, "m")
	}
	var files []string
	for range 2 + r.IntN(5) {
		var cells []func(*rand.Rand) string
		for _, name := range names {
			kinds := cellsOf[name]
			if kinds == nil {
				kinds = cellsOf["integers"][:1]
			}
			cell := kinds[0]
			if foreign := kinds[r.IntN(len(kinds))]; r.IntN(3) == 0 {
				often := 1 + r.IntN(30)
				cell = func(r *rand.Rand) string {
					if r.IntN(often) == 0 {
						return foreign(r)
					}
					return kinds[0](r)
				}
			}
			cells = append(cells, cell)
		}
		files = append(files, madeFile(r, names, cells, objects))
	}
	return files
}

func madeFile(r *rand.Rand, names []string, cells []func(*rand.Rand) string, objects bool) string {
	var out strings.Builder
	order := r.Perm(len(names))
	for i := -1; i < 1+r.IntN(120); i++ {
		row := make([]string, len(names))
		for k, j := range order {
			switch {
			case objects:
				row[k] = fmt.Sprintf("%q:%q", names[j], cells[j](r))
			case i < 0:
				row[k] = names[j]
			default:
				row[k] = cells[j](r)
			}
		}
		switch {
		case objects:
			out.WriteString("{" + strings.Join(row[r.IntN(len(row)):], ",") + "}\n")
		case i > 5 && r.IntN(25) == 0:
			out.WriteString("1;2\n")
		default:
			out.WriteString(strings.Join(row, ";") + "\n")
		}
	}
	return out.String()
}

// partsOf cuts a table's files into parts at random.
func partsOf(r *rand.Rand, files int) (parts []Part) {
	for from := 0; from < files; {
		to := from + 1 + r.IntN(files-from)
		parts = append(parts, Part{from, to})
		from = to
	}
	return parts
}

// scanParts scans the parts in any order, as often as that is needed, and merges
// what was found, by way of its JSON.
func scanParts(r *rand.Rand, open Opener, parts []Part, opts Options) (schema *Schema, tally *Tally, rounds int, err error) {
	ctx, stored := context.Background(), make([][]byte, len(parts))
	load := func(i int) (*Statistics, error) {
		s := new(Statistics)
		return s, json.Unmarshal(stored[i], s)
	}
	for again := (*Again)(nil); ; {
		for _, i := range r.Perm(len(parts)) {
			own := opts
			own.Part = parts[i]
			s, err := ScanPart(ctx, open, own, again)
			if err != nil {
				return nil, nil, rounds, err
			}
			if stored[i], err = json.Marshal(s); err != nil {
				return nil, nil, rounds, err
			}
		}
		rounds++
		if schema, tally, again, err = Merge(len(parts), load, opts); err != nil || again == nil {
			return schema, tally, rounds, err
		}
	}
}

// TestPartsMakeTheTable scans tables in parts, and as wholes: kinds, counts,
// dictionaries, limits and tallies are the same, and so are the rows of the parts.
func TestPartsMakeTheTable(t *testing.T) {
	rounds := map[int]int{}
	for seed := range uint64(36) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			texts := madeFiles(r, r.IntN(2) == 0)
			if r.IntN(2) == 0 {
				texts[len(texts)-1] = zip(t, texts[len(texts)-1])
			}
			opts := Options{MaxDistinct: []int{0, 16, 60, 400}[r.IntN(4)], MaxDictBytes: []int{0, 90}[r.IntN(2)]}
			rounds[compareParts(t, r, texts, opts)]++
		})
	}
	if rounds[1] == 0 || rounds[2] == 0 {
		t.Errorf("tables by the scans that they took: %v", rounds)
	}
}

// compareParts reads a table in parts and as a whole. It returns how many scans
// the parts took.
func compareParts(t *testing.T, r *rand.Rand, texts []string, opts Options) (rounds int) {
	t.Helper()
	open, parts := Files(sourcesOf(texts...)), partsOf(r, len(texts))
	want, err := tryReadAll(open, opts)
	schema, tally, rounds, partErr := scanParts(r, open, parts, opts)
	if err != nil || partErr != nil {
		same(t, "error", fault.From(partErr).Detail, fault.From(err).Detail)
		return rounds
	}
	forgetCounts(schema, want.Schema)
	same(t, "schema", schema, want.Schema)
	same(t, "tally", tally, want.Tally)
	var rows [][]string
	for _, part := range parts {
		opts.Part = part
		_, err := Read(context.Background(), open, schema, opts, func(b *Batch) error {
			rows = append(rows, rowsOf(b)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	same(t, "rows", rows, want.Rows)
	return rounds
}

// forgetCounts forgets how often texts are there where they are too many to
// count: each part has counted up to its own limit.
func forgetCounts(schemas ...*Schema) {
	for _, s := range schemas {
		for j := range s.Columns {
			if s.Columns[j].Overflow {
				s.Columns[j].Counts = nil
			}
		}
	}
}
