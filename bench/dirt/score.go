package dirt

import (
	"context"
	"io"
	"strconv"
	"strings"

	"retrain/internal/dataset"
)

// Score says what became of a table's cells.
type Score struct {
	Table     string `json:"table"`
	Pollution string `json:"pollution"`
	Cells     int    `json:"cells"`
	Right     int    `json:"right"`    // as they were written
	Reported  int    `json:"reported"` // of rows that are missing, or repaired, and said to be
	Lost      int    `json:"lost"`     // of rows that are missing, and nobody says so
	Wrong     int    `json:"wrong"`    // other than written, or of rows that were not, and nobody says so
	Types     int    `json:"types"`    // columns that have another type than without dirt
	Refused   bool   `json:"refused"`  // the file as a whole
}

// reading is what our reader makes of a text.
type reading struct {
	kinds   []dataset.Kind
	rows    [][]string
	lines   []int64
	rejects []dataset.Reject
}

func read(text string) (*reading, error) {
	ctx := context.Background()
	open := func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	schema, _, err := dataset.Scan(ctx, open, dataset.Options{})
	if err != nil {
		return nil, err
	}
	out := &reading{}
	for _, c := range schema.Columns {
		out.kinds = append(out.kinds, c.Kind)
	}
	options := dataset.Options{OnReject: func(r dataset.Reject) error {
		out.rejects = append(out.rejects, r)
		return nil
	}}
	_, err = dataset.Read(ctx, open, schema, options, func(b *dataset.Batch) error {
		out.lines = append(out.lines, b.Lines...)
		for i := range b.Rows {
			row := make([]string, len(b.Columns))
			for j := range row {
				row[j] = spell(&b.Columns[j], i)
			}
			out.rows = append(out.rows, row)
		}
		return nil
	})
	return out, err
}

// spell writes a value so that equal ones are spelled alike. Blanks around a
// text are no part of it.
func spell(v *dataset.Values, i int) string {
	switch {
	case v.Numbers != nil:
		return strconv.FormatFloat(v.Numbers[i], 'g', -1, 64)
	case v.Codes[i] < 0:
		return "NaN"
	}
	return strings.TrimSpace(v.Dict[v.Codes[i]])
}

// Ours scores our reader on a polluted text of the table.
func Ours(t *Table, pollution, text string) (*Score, error) {
	score := &Score{Table: t.Name, Pollution: pollution, Cells: len(t.Rows) * len(t.Names)}
	clean, err := read(strings.Join(t.Text(), ""))
	if err != nil {
		return nil, err
	}
	dirty, err := read(text)
	if err != nil {
		score.Refused, score.Reported = true, score.Cells
		return score, nil
	}
	score.compare(clean, dirty, text)
	return score, nil
}

// compare finds each row that was read among those that were written.
func (s *Score) compare(clean, dirty *reading, text string) {
	for j, kind := range clean.kinds {
		if j >= len(dirty.kinds) || dirty.kinds[j] != kind {
			s.Types++
		}
	}
	reported := map[int64]bool{}
	for _, r := range dirty.rejects {
		reported[r.Line] = true
	}
	written := map[string][]string{}
	for _, row := range clean.rows {
		written[row[0]] = row
	}
	for i, row := range dirty.rows {
		want := written[row[0]]
		delete(written, row[0])
		s.row(row, want, reported[dirty.lines[i]])
	}
	lost := len(written) - s.explained(written, text, reported)
	s.Lost += lost * len(clean.kinds)
	s.Reported += (len(written) - lost) * len(clean.kinds)
}

// row scores one row that was read; want is nil if none like it was written, or
// if it was read before.
func (s *Score) row(row, want []string, reported bool) {
	for j, cell := range row {
		switch {
		case want != nil && j < len(want) && cell == want[j]:
			s.Right++
		case reported:
			s.Reported++
		default:
			s.Wrong++
		}
	}
}

// explained returns how many of the rows that are missing are reported: by a
// line that holds their identifier, or, where dirt has destroyed that, by a
// line without one of those.
func (s *Score) explained(missing map[string][]string, text string, reported map[int64]bool) int {
	found, seen, spare := 0, map[string]bool{}, 0
	line := int64(0)
	for content := range strings.Lines(text) {
		line++
		holds := false
		for id := range missing {
			if seen[id] || !strings.Contains(content, writtenID(id)) {
				continue
			}
			holds, seen[id] = true, true
			if reported[line] {
				found++
			}
		}
		if !holds && reported[line] {
			spare++
		}
	}
	return found + min(spare, len(missing)-len(seen))
}

// writtenID turns an identifier as spell writes it into what the file has.
func writtenID(id string) string {
	v, _ := strconv.ParseFloat(id, 64)
	return strconv.FormatFloat(v, 'f', -1, 64)
}
