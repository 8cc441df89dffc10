package preprocess_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// counting counts the bytes that are read of objects.
type counting struct {
	blob.Bucket
	n int64
}

func (c *counting) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	r, info, err := c.Bucket.Open(ctx, key, span)
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r, c), r}, info, err
}

func (c *counting) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// zipped compresses a text.
func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// widened makes a table longer: to 60 bytes a row.
func widened(table string) string {
	header, rows, _ := strings.Cut(table, "\n")
	return header + ",note\n" + strings.ReplaceAll(rows, "\n", ","+strings.Repeat("n", 45)+"\n")
}

func TestADryRunEstimatesRowsFromTheBeginning(t *testing.T) {
	const rows = 200_000
	plain := widened(table(rows))
	var objects strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(plain), "\n")[1:] {
		cells := strings.Split(line, ",")
		fmt.Fprintf(&objects, `{"x":%s,"colour":"%s","y":"%s","note":"%s"}`+"\n", cells[0], cells[1], cells[2], cells[3])
	}
	for name, text := range map[string]string{"csv": plain, "gzip": zipped(t, plain), "json lines": objects.String()} {
		b := newBench()
		b.put(t, text)
		bucket := &counting{Bucket: b.data}
		b.Data[0].Bucket = bucket
		req := request()
		req.DryRun = true
		r := b.run(t, req)
		if e := r.Estimate; math.Abs(float64(e.Rows)/rows-1) > 0.1 || e.Bytes != int64(len(text)) || e.MemoryMB < 60 || e.Seconds <= 0 {
			t.Errorf("%s: estimate %+v of %d rows, %d bytes", name, e, rows, len(text))
		}
		if limit := map[string]int64{"csv": 7 << 20, "gzip": 2 << 20, "json lines": 10 << 20}[name]; bucket.n == 0 || bucket.n >= limit {
			t.Errorf("%s: read %d of %d bytes", name, bucket.n, len(text))
		}
		if r.Rows.Read < 10_000 || r.Rows.Read >= rows || r.Rows.Rejected != 0 || len(r.Columns) != 4 || r.Columns[3].Role != "dropped" {
			t.Errorf("%s: sample %+v %+v", name, r.Rows, r.Columns)
		}
		if !strings.Contains(strings.Join(r.Warnings, "\n"), "a dry run reads the beginning") {
			t.Errorf("%s: warnings %q", name, r.Warnings)
		}
	}
}

// What is wrong with the beginning need not be wrong with the whole.
func TestADryRunSaysThatItSawTheBeginningOnly(t *testing.T) {
	b := newBench()
	b.put(t, "x,y\n"+strings.Repeat("1,no\n2,no\n", 300_000)+strings.Repeat("1,yes\n", 1000))
	req := request()
	req.DryRun = true
	_, err := b.Run(context.Background(), req)
	if !fault.Is(err, fault.InvalidData) || !strings.Contains(fault.From(err).Detail, "a dry run reads no more") || len(fault.From(err).Fields) == 0 {
		t.Errorf("got %v", err)
	}
}

// Of several files the first is read, and all are counted.
func TestADryRunOfSeveralFilesReadsTheFirst(t *testing.T) {
	b := newBench()
	for i := range 3 {
		if _, err := b.data.Put(t.Context(), fmt.Sprintf("many/%d.csv", i), []byte(table(1000)), blob.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	req := request()
	req.DryRun, req.DataPath = true, "s3://data/many/"
	r := b.run(t, req)
	if r.Rows.Read != 1000 || r.Estimate.Rows < 2950 || r.Estimate.Rows > 3050 {
		t.Errorf("%+v, estimate %+v", r.Rows, r.Estimate)
	}
}
