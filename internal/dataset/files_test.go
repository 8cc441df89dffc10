package dataset

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// sourcesOf names texts a, b, c and so on.
func sourcesOf(texts ...string) []Source {
	var files []Source
	for i, text := range texts {
		files = append(files, Source{Name: string(rune('a' + i)), Open: opens(text)})
	}
	return files
}

// TestFilesReadLikeOne cuts a table into files at random, with the columns of
// each in another order, some compressed and some in another encoding.
func TestFilesReadLikeOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(2, 40).Draw(t, "rows")
		line := func(i int) []string {
			return []string{fmt.Sprint(i % 7), fmt.Sprintf("t%d", i%5), fmt.Sprintf("%d,5", i)}
		}
		write := func(order []int, rows [][]string) string {
			var out strings.Builder
			for _, row := range append([][]string{{"n", "text", "x"}}, rows...) {
				for k, j := range order {
					out.WriteString([]string{"", ";"}[min(k, 1)] + row[j])
				}
				out.WriteString("\n")
			}
			return out.String()
		}
		var all [][]string
		for i := range rows {
			all = append(all, line(i))
		}
		opts := Options{Hashes: [][]string{nil}, BatchRows: rapid.IntRange(1, 9).Draw(t, "batch"), window: rapid.SampledFrom([]int{1, 64, 4096}).Draw(t, "window")}
		want := readAll(t, opens(write([]int{0, 1, 2}, all)), opts)
		cuts := []int{0, rapid.IntRange(1, rows-1).Draw(t, "cut"), rows}
		var texts []string
		for k := range len(cuts) - 1 {
			order := rapid.Permutation([]int{0, 1, 2}).Draw(t, "order")
			if k == 0 {
				order = []int{0, 1, 2}
			}
			text := write(order, all[cuts[k]:cuts[k+1]])
			if rapid.Bool().Draw(t, "other encoding") {
				text = utf16leBOM + encodeUTF16(text, binary.LittleEndian)
			}
			texts = append(texts, text)
		}
		got := readAll(t, Files(sourcesOf(texts...)), opts)
		got.Schema.Dialect.Encoding = want.Schema.Dialect.Encoding
		same(t, "schema", got.Schema, want.Schema)
		same(t, "rows", got.Rows, want.Rows)
		same(t, "hashes", got.Hashes, want.Hashes)
		if len(got.Tally.Files) != 2 || got.Tally.Files[1].Bytes != int64(len(texts[1])) {
			t.Errorf("files %+v", got.Tally.Files)
		}
	})
}

// TestFilesReportWhere has dirt in the second file.
func TestFilesReportWhere(t *testing.T) {
	var files []string
	open := Files(sourcesOf("x,y\n1,2\n", "y,x\n3,4\n5\n", "x,y\n6,7\n"))
	got := readAll(t, open, Options{})
	same(t, "rejects", got.Rejects, []Reject{{3, "", ReasonTooFew, "b"}})
	same(t, "rows", got.Rows, [][]string{{"1", "2"}, {"4", "3"}, {"6", "7"}})
	_, err := Read(context.Background(), open, got.Schema, Options{}, func(b *Batch) error {
		for range b.Rows {
			files = append(files, b.File)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "files", files, []string{"a", "b", "c"})
	var out strings.Builder
	w := NewRejectWriter(&out)
	if err := w.Write(got.Rejects[0]); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	same(t, "report", out.String(), "file,line,column,reason\nb,3,,too few cells\n")
}

func TestFilesMustAgree(t *testing.T) {
	for name, c := range map[string]struct{ second, says string }{
		"lacks a column":   {"x\n1\n", `b lacks the column "y"`},
		"has one more":     {"x,z,y\n1,2,3\n", `b has the column "z"`},
		"other delimiter":  {"x;y\n1;2\n", "b: The delimiter"},
		"damaged":          {zip(t, "x,y\n1,2\n")[:20], "b: The gzip data is cut off"},
		"another format":   {"PAR1\x15", "b: The data look like a Parquet file"},
		"a bomb by limits": {"x,y\n" + strings.Repeat("1,2\n", 300), "b: The data is larger than the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Scan(context.Background(), Files(sourcesOf("x,y\n1,2\n", c.second)), Options{MaxBytes: 1000})
			if err == nil || !strings.Contains(fault.From(err).Detail, c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	lost := sourcesOf("x,y\n1,2\n", "")
	lost[1].Open = func(context.Context) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	if _, _, err := Scan(context.Background(), Files(lost), Options{}); err != io.ErrClosedPipe {
		t.Errorf("%v", err)
	}
}

// TestFilesConvention has a column that fits the convention in the first file
// only.
func TestFilesConvention(t *testing.T) {
	got := readAll(t, Files(sourcesOf("x;y\n1,5;2,5\n", "y;x\nz;2,5\n")), Options{})
	same(t, "rows", got.Rows, [][]string{{"1.5", "2,5"}, {"2.5", "z"}})
	if !slices.Equal([]bool{got.Schema.Columns[0].Localized, got.Schema.Columns[1].Localized}, []bool{true, false}) {
		t.Error("columns localized")
	}
}
