package dataset

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// A sample ends between rows, wherever its bytes do, and is the same in all
// passes.
func TestASampleHasTheFirstRows(t *testing.T) {
	text := "a,b\n"
	var ends []int
	for i := range 30 {
		text += fmt.Sprintf("%d,\"x\ny%d\"\n", i, i%3)
		ends = append(ends, len(text))
	}
	for sample := 10; sample <= len(text)+1; sample++ {
		want := 0
		for _, end := range ends {
			if end <= sample {
				want++
			}
		}
		opts := Options{Sample: int64(sample), window: 16, head: 4}
		schema, tally, err := Scan(context.Background(), opens(text), opts)
		if want == 0 {
			if err == nil {
				t.Fatalf("sample of %d bytes: %d rows", sample, tally.Used)
			}
			continue
		}
		if err != nil || tally.Used != int64(want) || tally.Rejected != 0 || tally.Sampled != (sample < len(text)) {
			t.Fatalf("sample of %d bytes: %+v, want %d rows: %v", sample, tally, want, err)
		}
		rows := 0
		if _, err := Read(context.Background(), opens(text), schema, opts, func(b *Batch) error { rows += b.Rows; return nil }); err != nil || rows != want {
			t.Fatalf("sample of %d bytes: read %d rows, scanned %d: %v", sample, rows, want, err)
		}
	}
}

func TestASampleOfParquet(t *testing.T) {
	text := "x,c\n" + strings.Repeat("1.5,red\n2.5,green\n", 20_000)
	file := parquetOf(t, text)
	opts := Options{Sample: int64(len(file) / 4)}
	schema, tally, err := Scan(context.Background(), opensAt(file), opts)
	if err != nil || tally.Used < 9_000 || tally.Used > 11_000 || !tally.Sampled || schema.Rows != tally.Used {
		t.Fatalf("%+v: %v", tally, err)
	}
	if all := float64(tally.Used) * float64(len(file)) / float64(tally.Bytes); all < 39_500 || all > 40_500 {
		t.Errorf("%d rows in %d of %d bytes, which makes %g", tally.Used, tally.Bytes, len(file), all)
	}
	rows := 0
	if _, err := Read(context.Background(), opensAt(file), schema, opts, func(b *Batch) error { rows += b.Rows; return nil }); err != nil || int64(rows) != tally.Used {
		t.Errorf("read %d rows: %v", rows, err)
	}
}
