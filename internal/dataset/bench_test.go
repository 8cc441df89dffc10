package dataset

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// benchTable is 20 numeric and 5 text columns of 60,000 rows, 10 MB: what
// bench/README.md measures at full size.
var benchTable = sync.OnceValue(func() string {
	r := rand.New(rand.NewPCG(7, 8))
	var out strings.Builder
	for j := range 25 {
		fmt.Fprintf(&out, "column%d,", j)
	}
	out.WriteString("target\n")
	for range 60_000 {
		for j := range 20 {
			switch {
			case j%5 == 0 && r.IntN(20) == 0:
			case j%4 == 0:
				fmt.Fprintf(&out, "%.3f", r.NormFloat64()*100)
			case j%4 == 1:
				fmt.Fprintf(&out, "%d", r.IntN(100))
			case j%4 == 2:
				fmt.Fprintf(&out, "%.6f", r.Float64())
			default:
				fmt.Fprintf(&out, "%d", r.IntN(1e6))
			}
			out.WriteByte(',')
		}
		for j := range 5 {
			fmt.Fprintf(&out, "value-%d,", r.IntN([]int{3, 10, 50, 500, 5000}[j]))
		}
		fmt.Fprintf(&out, "%d\n", r.IntN(2))
	}
	return out.String()
})

func BenchmarkScan(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			table := benchTable()
			b.SetBytes(int64(len(table)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Scan(context.Background(), opens(table), Options{Workers: workers}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			table := benchTable()
			schema := scanned(b, table)
			b.SetBytes(int64(len(table)))
			b.ReportAllocs()
			opts := Options{Workers: workers, Hashes: [][]string{nil}}
			for b.Loop() {
				if _, err := Read(context.Background(), opens(table), schema, opts, func(*Batch) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncodingCSV is the naive peer: the standard library's reader, and
// strconv for what is numeric.
func BenchmarkEncodingCSV(b *testing.B) {
	table := benchTable()
	schema := scanned(b, table)
	b.SetBytes(int64(len(table)))
	for b.Loop() {
		r := csv.NewReader(strings.NewReader(table))
		r.ReuseRecord = true
		sum := 0.0
		for {
			row, err := r.Read()
			if err == io.EOF {
				break
			}
			for j, cell := range row {
				if schema.Columns[j].Kind.Numeric() {
					v, _ := strconv.ParseFloat(cell, 64)
					sum += v
				}
			}
		}
	}
}

// BenchmarkLexer is the part that cannot be shared between goroutines.
func BenchmarkLexer(b *testing.B) {
	table := benchTable()
	b.SetBytes(int64(len(table)))
	opts := Options{}.withDefaults()
	for b.Loop() {
		r, err := openFile(io.NopCloser(strings.NewReader(table)), opts)
		if err != nil {
			b.Fatal(err)
		}
		for blk := new(block); err == nil; {
			err = r.next(blk)
		}
	}
}

func BenchmarkWriteParquet(b *testing.B) {
	table := benchTable()
	schema := scanned(b, table)
	b.SetBytes(int64(len(table)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		w, err := NewWriter(io.Discard, schema, schema.Names(), nil)
		if err != nil {
			b.Fatal(err)
		}
		_, err = Read(context.Background(), opens(table), schema, Options{}, func(batch *Batch) error {
			rows := make([]int, batch.Rows)
			for i := range rows {
				rows[i] = i
			}
			b.StartTimer()
			defer b.StopTimer()
			return w.WriteRows(Train, batch, rows)
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadParquet(b *testing.B) {
	table := benchTable()
	data := parquetOf(b, table)
	b.SetBytes(int64(len(table))) // of CSV, for comparison
	b.ReportMetric(float64(len(data))/float64(len(table)), "size/csv")
	for b.Loop() {
		f, err := OpenParquet(context.Background(), bytes.NewReader(data), int64(len(data)), Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Read(context.Background(), All, nil, func(*Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func scanned(b *testing.B, table string) *Schema {
	schema, _, err := Scan(context.Background(), opens(table), Options{})
	if err != nil {
		b.Fatal(err)
	}
	return schema
}
