package preprocess_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/fault"
	"retrain/internal/preprocess"
)

func (b *bench) putAs(t *testing.T, key, text string) {
	t.Helper()
	if _, err := b.data.Put(context.Background(), key, []byte(text), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
}

// TestSeveralFilesAreOneTable has a table in one object, below a prefix, and as
// a list: the processed data are the same.
func TestSeveralFilesAreOneTable(t *testing.T) {
	lines := strings.SplitAfter(table(600), "\n")
	b := newBench()
	b.put(t, strings.Join(lines, ""))
	b.putAs(t, "daily/1/a.csv", lines[0]+strings.Join(lines[1:200], ""))
	b.putAs(t, "daily/2.csv", lines[0]+strings.Join(lines[200:], ""))
	b.putAs(t, "daily/_SUCCESS", "")
	b.putAs(t, "daily/_temporary/x.csv", "z\n")
	b.putAs(t, "daily/.hidden.csv", "z\n")
	b.putAs(t, "daily/empty.csv", "")
	one := b.run(t, request())
	below, list := request(), request()
	below.DataPath = "s3://data/daily/"
	list.DataPath, list.MoreDataPaths = "s3://data/daily/1/", []string{"s3://data/daily/2.csv"}
	for name, req := range map[string]preprocess.Request{"prefix": below, "list": list} {
		several := b.run(t, req)
		want, got := b.open(t, one), b.open(t, several)
		if want.Train.Digest != got.Train.Digest || want.Holdout.Digest != got.Holdout.Digest {
			t.Errorf("%s: other rows", name)
		}
		if diff := cmp.Diff(want.Recipe, got.Recipe); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		var uris []string
		for _, s := range got.Sources {
			if s.ETag == "" || s.Size == 0 || s.SHA256 == "" {
				t.Errorf("source %+v", s)
			}
			uris = append(uris, s.URI)
		}
		if diff := cmp.Diff([]string{"s3://data/daily/1/a.csv", "s3://data/daily/2.csv"}, uris); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRejectsNameTheirFile has rows that the reader and the step reject.
func TestRejectsNameTheirFile(t *testing.T) {
	b := newBench()
	head := "x,colour,y\n"
	rows := strings.TrimPrefix(table(300), head)
	b.putAs(t, "daily/1.csv", head+rows)
	b.putAs(t, "daily/2.csv", head+rows+"1\n1,red,\n")
	req := request()
	req.DataPath = "s3://data/daily/"
	r := b.run(t, req)
	if r.Rows.Rejected != 2 {
		t.Fatalf("rows %+v", r.Rows)
	}
	text, _, err := blob.ReadAll(context.Background(), b.Store, fmt.Sprintf("runs/%s/rejected.csv", r.RunID), 1000)
	want := "file,line,column,reason\ns3://data/daily/2.csv,302,,too few cells\ns3://data/daily/2.csv,303,y,the target is missing\n"
	if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	least := 0.0
	req.MaxBadRowFraction = &least
	_, err = b.Run(context.Background(), req)
	if f := fault.From(err); f.Kind != fault.InvalidData || len(f.Fields) == 0 || fmt.Sprint(f.Fields[0].Loc) != "[data s3://data/daily/2.csv line 302]" {
		t.Errorf("%v", err)
	}
}

func TestPathsAreChecked(t *testing.T) {
	b := newBench()
	b.putAs(t, "daily/1.csv", table(300))
	for name, c := range map[string]struct {
		path  string
		paths []string
		kind  fault.Kind
		says  string
	}{
		"none":          {"", nil, fault.InvalidRequest, "data_path: Field required"},
		"twice":         {"s3://data/daily/1.csv", []string{"s3://data/daily/"}, fault.InvalidRequest, "name an object twice"},
		"nothing below": {"s3://data/weekly/", nil, fault.DataNotFound, "no data below data_path"},
		"no object":     {"s3://data/daily/1.csv", []string{"s3://data/2.csv"}, fault.DataNotFound, "no data at more_data_paths"},
		"outside":       {"s3://data/daily/1.csv", []string{"s3://other/"}, fault.AccessDenied, "outside"},
	} {
		t.Run(name, func(t *testing.T) {
			req := request()
			req.DataPath, req.MoreDataPaths = c.path, c.paths
			_, err := b.Run(context.Background(), req)
			if f := fault.From(err); f.Kind != c.kind || !strings.Contains(f.Detail, c.says) {
				t.Errorf("%v %q", f.Kind, f.Detail)
			}
		})
	}
}

// TestAChangedFileIsNamed replaces the second file while the first is read.
func TestAChangedFileIsNamed(t *testing.T) {
	b := newBench()
	b.putAs(t, "daily/1.csv", table(300))
	b.putAs(t, "daily/2.csv", table(300))
	req := request()
	req.DataPath = "s3://data/daily/"
	b.Data[0].Bucket = &swapping{b.data, func() { b.putAs(t, "daily/2.csv", table(310)) }}
	_, err := b.Run(context.Background(), req)
	if f := fault.From(err); f.Kind != fault.InvalidData || !strings.Contains(f.Detail, "s3://data/daily/2.csv changed") {
		t.Errorf("%v", err)
	}
}

// swapping calls swap whenever an object is opened.
type swapping struct {
	blob.Bucket
	swap func()
}

func (s *swapping) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	body, info, err := s.Bucket.Open(ctx, key, span)
	s.swap()
	return body, info, err
}
