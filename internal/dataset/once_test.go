package dataset

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// story is all that a pass tells its callbacks, in order.
type story []string

func (s *story) reject(r Reject) error {
	*s = append(*s, fmt.Sprintf("reject %+v", r))
	return nil
}

func (s *story) batch(b *Batch) error {
	for j := range b.Columns {
		*s = append(*s, fmt.Sprintf("column %d is %s: %v", j, b.Columns[j].Kind, b.Columns[j].Codes))
	}
	*s = append(*s, fmt.Sprintf("batch %v %v %v", b.Lines, rowsOf(b), b.Hashes))
	return nil
}

// TestReadOnceIsScanAndRead compares the single pass with the two, over tables
// with rejected rows, for any guess, window, batch size, number of workers and
// limit: description and tally are always those of Scan, and where the guess
// held, all batches and rejects those of Read.
func TestReadOnceIsScanAndRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genCSV(t)
		body := f.text[strings.Index(f.text, "\n")+1:] + "\n"
		text := f.text + "\n" + strings.Repeat(",", 9) + "\n" + body
		opts := Options{
			Dialect:     Dialect{Delimiter: ','},
			MaxDistinct: rapid.SampledFrom([]int{1, 2, 16, 48, 65536}).Draw(t, "max distinct"),
			BatchRows:   rapid.IntRange(1, 20).Draw(t, "batch rows"),
			Workers:     rapid.IntRange(1, 3).Draw(t, "workers"),
			window:      rapid.SampledFrom([]int{1, 64, 1 << 16}).Draw(t, "window"),
			head:        64,
			guess:       rapid.SampledFrom([]int{1, 20, 100, 1 << 16}).Draw(t, "guess"),
			Hashes:      [][]string{nil},
		}
		want := readAll(t, opens(text), opts)
		var twice, once story
		opts.OnReject = twice.reject
		if _, err := Read(context.Background(), opens(text), want.Schema, opts, twice.batch); err != nil {
			t.Fatal(err)
		}
		opts.OnReject, opts.Hashes = once.reject, nil
		kinds := make([]Kind, len(f.names))
		schema, tally, whole, err := ReadOnce(context.Background(), opens(text), opts, Once{
			Begin: func(guess *Schema) ([][]string, error) {
				for j := range guess.Columns {
					kinds[j] = guess.Columns[j].Kind
				}
				return [][]string{guess.Names()}, nil
			},
			Each: once.batch,
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "schema", schema, want.Schema)
		same(t, "tally", tally, want.Tally)
		held := true
		for j := range schema.Columns {
			held = held && kinds[j] == schema.Columns[j].Kind && !schema.Columns[j].Overflow
		}
		if whole && !held || held && !whole && opts.MaxDistinct == 65536 { // a small one makes columns late
			t.Fatalf("all rows were handed out: %v; the guess held: %v", whole, held)
		}
		if whole {
			same(t, "batches and rejects", once, twice)
		}
	})
}

// TestReadOnceGuessesFromTheFirstRows has a column whose numbers outnumber the
// spellings that are kept, so that they are read as they are counted, and then
// a text.
func TestReadOnceGuessesFromTheFirstRows(t *testing.T) {
	var in strings.Builder
	in.WriteString("a,b\n")
	for i := range 10_000 {
		fmt.Fprintf(&in, "%d.5,%d\n", i, i%7)
	}
	for _, last := range []string{"", "x"} {
		text := in.String() + last + ",1\n"
		sum, rows := 0.0, 0
		schema, _, whole, err := ReadOnce(context.Background(), opens(text), Options{head: 64, guess: 1000}, Once{
			Begin: func(*Schema) ([][]string, error) { return nil, nil },
			Each: func(b *Batch) error {
				rows += b.Rows
				for i, v := range b.Columns[0].Numbers {
					if v == v {
						sum += v * b.Columns[1].Numbers[i]
					}
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if last == "x" {
			if c := schema.Columns[0]; whole || c.Kind != Text || len(c.Dict) != 10_001 {
				t.Errorf("whole: %v, %s with %d texts", whole, c.Kind, len(c.Dict))
			}
			continue
		}
		want := 0.0
		for i := range 10_000 {
			want += (float64(i) + 0.5) * float64(i%7)
		}
		if !whole || rows != 10_001 || sum != want {
			t.Errorf("whole: %v, %d rows, sum %v, want %v", whole, rows, sum, want)
		}
	}
}

func TestReadOnceEndsWithTheErrorsOfItsCaller(t *testing.T) {
	enough := errors.New("enough")
	nothing := func(*Schema) ([][]string, error) { return nil, nil }
	for name, use := range map[string]Once{
		"begin": {Begin: func(*Schema) ([][]string, error) { return nil, enough }},
		"each":  {Begin: nothing, Each: func(*Batch) error { return enough }},
	} {
		if _, _, _, err := ReadOnce(context.Background(), opens("a\n1\n2\n"), Options{}, use); !errors.Is(err, enough) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
