package preprocess_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"retrain/internal/dataset"
	"retrain/internal/processed"
)

// visits has a boolean, dates within one year, dates in one hour of one day, and
// a boolean target in lower case.
func visits(n int) string {
	var out strings.Builder
	out.WriteString("open,signup,signup.month,visit,paid\n")
	for i := range n {
		open, signup := []string{"True", "False", "TRUE"}[i%3], fmt.Sprintf("2024-%02d-%02d", 1+i*7%12, 1+i*11%28)
		if i%17 == 0 {
			open, signup = "", "NA"
		}
		fmt.Fprintf(&out, "%s,%s,%d,2024-02-09T17:%02d:00Z,%t\n", open, signup, i%9, i%60, i%2 == 0)
	}
	return out.String()
}

// TestBooleansAndDatesBecomeFeatures checks the recipe and what is stored.
func TestBooleansAndDatesBecomeFeatures(t *testing.T) {
	b := newBench()
	b.put(t, visits(600))
	req := request()
	req.Target = "paid"
	result := b.run(t, req)
	if diff := cmp.Diff([]string{"false", "true"}, result.Classes); diff != "" || result.Task != "binary" {
		t.Errorf("a boolean target: %s %s", result.Task, diff)
	}
	data := b.open(t, result)
	var got []string
	for _, f := range data.Recipe.Features {
		got = append(got, fmt.Sprintf("%s=%s:%s", f.Name, f.Source(), f.Part))
	}
	want := []string{
		"open=open:boolean",
		"signup.epoch=signup:epoch", "signup.month_=signup:month", "signup.day=signup:day", "signup.weekday=signup:weekday",
		"signup.month=signup.month:", "visit.epoch=visit:epoch",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	kinds := map[string]string{}
	for _, c := range result.Columns {
		kinds[c.Name] = c.Kind
	}
	if diff := cmp.Diff(map[string]string{
		"open": "boolean", "signup": "datetime", "signup.month": "integer", "visit": "datetime", "paid": "text",
	}, kinds); diff != "" {
		t.Error(diff)
	}
}

// typed is a row of visits as a Parquet file has it.
type typed struct {
	Open  *bool   `parquet:"open"`
	Day   *int32  `parquet:"day,date"`
	At    int64   `parquet:"at,timestamp(nanosecond:local)"`
	Price int64   `parquet:"price,decimal(2:10)"`
	Count float32 `parquet:"count"`
	Paid  bool    `parquet:"paid"`
}

// TestParquetAndCSVOfATableAreAlike preprocesses the same values in both
// formats: recipe, sides, digests and encoded rows are the same.
func TestParquetAndCSVOfATableAreAlike(t *testing.T) {
	var text strings.Builder
	var rows []typed
	text.WriteString("open,day,at,price,count,paid\n")
	for i := range 500 {
		row := typed{At: int64(i*9_999_991-7e9) * 1000_000, Price: int64(i%7*125 - 300), Count: float32(i%5) / 4, Paid: i%2 == 0}
		open, day, at := "", "", time.Unix(0, row.At).UTC().Format("2006-01-02T15:04:05.999999")
		if i%11 != 0 {
			row.Open, row.Day = new(bool), new(int32)
			*row.Open, *row.Day = i%3 == 0, int32(i*13-2000)
			open, day = map[bool]string{true: "True", false: "False"}[*row.Open], time.Unix(86400*int64(*row.Day), 0).UTC().Format(time.DateOnly)
		}
		rows = append(rows, row)
		fmt.Fprintf(&text, "%s,%s,%s,%.2f,%v,%s\n", open, day, at, float64(row.Price)/100, row.Count, map[bool]string{true: "True", false: "False"}[row.Paid])
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, rows); err != nil {
		t.Fatal(err)
	}
	req := request()
	req.Target = "paid"
	var data [2]*processed.Data
	for i, content := range []string{text.String(), file.String()} {
		b := newBench()
		b.put(t, content)
		data[i] = b.open(t, b.run(t, req))
	}
	if diff := cmp.Diff(data[0].Recipe, data[1].Recipe); diff != "" {
		t.Error(diff)
	}
	for _, side := range []dataset.Side{dataset.Train, dataset.Holdout} {
		if diff := cmp.Diff(rowsOf(t, data[0], side), rowsOf(t, data[1], side)); diff != "" {
			t.Error(diff)
		}
	}
	if data[0].Train.Digest != data[1].Train.Digest || data[0].Holdout.Digest != data[1].Holdout.Digest {
		t.Error("the digests differ")
	}
}

// TestOptionsOfTextAreNoneOfParquet: what has no effect is not passed over in silence.
func TestOptionsOfTextAreNoneOfParquet(t *testing.T) {
	var file bytes.Buffer
	rows := make([]typed, 100)
	for i := range rows {
		rows[i].Count, rows[i].Paid = float32(i%13), i%3 == 0
	}
	if err := parquet.Write(&file, rows); err != nil {
		t.Fatal(err)
	}
	b := newBench()
	b.put(t, file.String())
	req := request()
	req.Target, req.Read = "paid", map[string]any{"format": "parquet", "na_values": []any{"7"}, "dtypes": map[string]any{"count": "string"}}
	warnings := strings.Join(b.run(t, req).Warnings, "\n")
	for name, want := range map[string]bool{"read.na_values": true, "read.dtypes": true, "read.format": false} {
		if strings.Contains(warnings, name) != want {
			t.Errorf("%s is named: %v, want %v: %s", name, !want, want, warnings)
		}
	}
}

// TestNearlyEmptyColumnsAreDropped needs enough rows to tell.
func TestNearlyEmptyColumnsAreDropped(t *testing.T) {
	for rows, want := range map[int]string{900: "feature", 1500: "dropped"} {
		b := newBench()
		var text strings.Builder
		text.WriteString("x,rare,y\n")
		for i := range rows {
			rare := ""
			if i%200 == 0 {
				rare = fmt.Sprint(i)
			}
			fmt.Fprintf(&text, "%d,%s,%d\n", i*i%97, rare, i%2)
		}
		b.put(t, text.String())
		if c := b.run(t, request()).Columns[1]; c.Role != want {
			t.Errorf("of %d rows the column is a %s (%s), want %s", rows, c.Role, c.Reason, want)
		}
	}
}

func TestDatesThatDoNotFitAreRefused(t *testing.T) {
	b := newBench()
	b.put(t, visits(100))
	req := request()
	req.Target = "visit"
	_, err := b.Run(context.Background(), req)
	if err == nil || !strings.Contains(err.Error(), "holds dates or times") {
		t.Errorf("a target of dates: %v", err)
	}
	req = request()
	req.Target, req.Split = "paid", map[string]any{"time_column": "paid"}
	if _, err := b.Run(context.Background(), req); err == nil {
		t.Error("a time column that is the target and no time is taken")
	}
}
