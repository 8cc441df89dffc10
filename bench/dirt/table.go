// Package dirt pollutes clean tables, systematically and with a seed, and
// scores what a reader makes of them. Each row begins with an identifier of its
// own, by which a row that was read finds the one that was written.
package dirt

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// firstID is the identifier of the first row. No other cell looks like one.
const firstID = 7100001

// Table is a clean table.
type Table struct {
	Name  string
	Names []string
	Rows  [][]string
	Quote bool // all texts are quoted, not only those that must be
}

// Text writes the table as CSV (RFC 4180), with the header, line by line: each
// element is a record with its newline.
func (t *Table) Text() []string {
	records := make([]string, 0, len(t.Rows)+1)
	records = append(records, t.line(t.Names, ","))
	for _, row := range t.Rows {
		records = append(records, t.line(row, ","))
	}
	return records
}

func (t *Table) line(cells []string, delimiter string) string {
	quoted := make([]string, len(cells))
	for j, cell := range cells {
		_, err := strconv.ParseFloat(cell, 64)
		quoted[j] = cell
		if strings.ContainsAny(cell, delimiter+"\"\n") || t.Quote && err != nil && cell != "" {
			quoted[j] = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
	}
	return strings.Join(quoted, delimiter) + "\n"
}

// Tables returns the clean tables: two of many column types, and the first rows
// of the real sets in the folder of examples.
func Tables(examples string) ([]*Table, error) {
	tables := []*Table{generated("mixed", false), generated("quoted", true)}
	for _, file := range []string{"churn.csv", "california_housing.csv.gz", "shuttle.csv.gz"} {
		t, err := load(filepath.Join(examples, file), 400)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// generated makes a table of identifiers, whole numbers, decimals with missing
// values, flags, dates, categories (some with umlauts), names with a comma, and
// notes of which some have quotes or several lines.
func generated(name string, quote bool) *Table {
	rng := rand.New(rand.NewPCG(1, 2))
	t := &Table{Name: name, Quote: quote, Names: []string{"id", "count", "amount", "active", "day", "city", "person", "note", "ratio"}}
	cities := []string{"Köln", "Paris", "Århus", "Oslo", "New York"}
	for i := range 400 {
		amount := strconv.FormatFloat(float64(rng.IntN(100000))/100, 'f', 2, 64)
		if rng.IntN(10) == 0 {
			amount = ""
		}
		note := fmt.Sprintf("seen %d times", rng.IntN(1000))
		switch rng.IntN(12) {
		case 0:
			note = fmt.Sprintf("said \"%d\" twice", rng.IntN(1000))
		case 1:
			note = fmt.Sprintf("first %d\nsecond line, and last", rng.IntN(1000))
		}
		t.Rows = append(t.Rows, []string{
			strconv.Itoa(firstID + i), strconv.Itoa(rng.IntN(1000)), amount, []string{"yes", "no"}[rng.IntN(2)],
			fmt.Sprintf("2026-%02d-%02d", 1+rng.IntN(12), 1+rng.IntN(28)), cities[rng.IntN(len(cities))],
			fmt.Sprintf("Name%d, Given%d", rng.IntN(1000), rng.IntN(50)), note,
			strconv.FormatFloat(rng.Float64(), 'f', 6, 64),
		})
	}
	return t
}

// load reads the first rows of a CSV file and numbers them.
func load(path string, rows int) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	reader := csv.NewReader(in)
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	t := &Table{Name: name}
	for i := range rows + 1 {
		cells, err := reader.Read()
		if err != nil {
			return nil, err
		}
		if i == 0 {
			t.Names = append([]string{"id"}, cells...)
			continue
		}
		t.Rows = append(t.Rows, append([]string{strconv.Itoa(firstID + i - 1)}, cells...))
	}
	return t, nil
}
