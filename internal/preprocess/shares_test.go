package preprocess_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
)

// inShares does what Run does in shares, each phase in any order, in any
// grouping, and with calls repeated.
func (b *bench) inShares(r *rand.Rand, req preprocess.Request, shareBytes int64) (result preprocess.Result, rounds int, err error) {
	ctx := context.Background()
	plan, err := b.Plan(ctx, preprocess.PlanRequest{Request: req, ShareBytes: shareBytes})
	if err != nil {
		return result, 0, err
	}
	raw, _, err := blob.ReadAll(ctx, b.Store, "runs/"+plan.RunID+"/shares/items.json", 1<<20)
	if err != nil {
		return result, 0, err
	}
	var items []preprocess.ShareItem
	if err := json.Unmarshal(raw, &items); err != nil {
		return result, 0, err
	}
	each := func(do func(context.Context, preprocess.SharesRequest) (preprocess.SharesResult, error)) error {
		r.Shuffle(len(items), func(i, k int) { items[i], items[k] = items[k], items[i] })
		for from := 0; from < len(items); {
			to := min(from+1+r.IntN(3), len(items))
			for range 1 + r.IntN(2) {
				if _, err := do(ctx, preprocess.SharesRequest{RunID: plan.RunID, Round: plan.Round, Items: items[from:to]}); err != nil {
					return err
				}
			}
			from = to
		}
		return nil
	}
	for rounds = 1; ; rounds++ {
		if err := each(b.Scan); err != nil {
			return result, rounds, err
		}
		if plan, err = b.Reduce(ctx, preprocess.RunRequest{RunID: plan.RunID, Round: plan.Round}); err != nil {
			return result, rounds, err
		}
		if plan.Status == "reduced" {
			break
		}
	}
	if err := each(b.Write); err != nil {
		return result, rounds, err
	}
	result, err = b.Seal(ctx, preprocess.RunRequest{RunID: plan.RunID})
	return result, rounds, err
}

// dirtyFiles makes the files of a table with missing values, rows of the wrong
// width, columns that turn out to be text, and labels that contradict.
func dirtyFiles(r *rand.Rand) []string {
	late, word := r.IntN(8), r.IntN(8)
	var files []string
	for f := range 1 + r.IntN(5) {
		var b strings.Builder
		b.WriteString("x,units,colour,flag,day,code,note,y\n")
		for i := range 20 + r.IntN(150) {
			x, y, code := fmt.Sprintf("%.6g", r.NormFloat64()*1e5), fmt.Sprint(r.IntN(3)), fmt.Sprint(r.IntN(100000))
			switch {
			case i%30 == 5:
				x = "NA"
			case i%41 == 7:
				y = ""
			case f == late && i == 11:
				code = "A-1"
			}
			units := fmt.Sprint(r.IntN(4))
			if f == word && i > 20 {
				units += ".5"
			}
			fmt.Fprintf(&b, "%s,%s,%s,%s,2026-%02d-%02d,%s,%d,%s\n", x, units, []string{"red", "green", "", "blue"}[r.IntN(4)],
				[]string{"true", "false"}[r.IntN(2)], 1+r.IntN(12), 1+r.IntN(28), code, r.IntN(40), y)
			if i%70 == 3 {
				b.WriteString("1,2\n")
			}
		}
		files = append(files, b.String())
	}
	return files
}

// TestSharesMakeTheRun divides runs, and compares answer, recipe, digests,
// rejected rows and every row of the processed data with those of Run.
func TestSharesMakeTheRun(t *testing.T) {
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 2))
		req, rounds := preprocess.Request{Target: []string{"y", "x", "colour", "flag", "units"}[r.IntN(5)]}, 1
		switch r.IntN(3) {
		case 0:
			req.Split = map[string]any{"group_column": "note"}
		case 1: // many rows of a day
			req.Split, rounds = map[string]any{"time_column": "day", "test_fraction": 0.1 + 0.5*r.Float64()}, 2
		}
		compareShares(t, fmt.Sprint("seed ", seed), r, dirtyFiles(r), req, rounds)
	}
}

// TestSharesOfAllKinds has tables that take several scans, and the other formats.
func TestSharesOfAllKinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	var codes strings.Builder
	codes.WriteString("code,x,y\n")
	for i := range 5000 {
		fmt.Fprintf(&codes, "%d,%d,%d\n", 7*i, r.IntN(9), r.IntN(2))
	}
	commas := ""
	for i := range 80 {
		commas += fmt.Sprintf("%d,5;%d,25;%s\n", i%17, i%23, []string{"a", "b"}[i%2])
	}
	files := dirtyFiles(rand.New(rand.NewPCG(8, 2)))
	for name, c := range map[string]struct {
		files  []string
		rounds int
		time   string // column that the split goes by
	}{
		"a text after many numbers":      {[]string{codes.String(), "code,x,y\nA-1,0,1\n3,1,0\n"}, 2, ""},
		"a point where commas were":      {[]string{"x;u;y\n" + commas, "x;u;y\n" + commas + "3.5;1,5;a\n"}, 2, ""},
		"gzip":                           {[]string{files[0], gzipped(t, files[len(files)-1])}, 1, ""},
		"JSON Lines with different keys": {[]string{objectLines(`{"x":%d.5,"y":"a"}`), objectLines(`{"y":"b","z":[1],"w":"t%d"}`), objectLines(`{"w":"u","y":"a","x":%d}`)}, 1, ""},
		"Parquet by time":                {parquetFiles(t, files), 2, "day"},
		"numbers for times":              {[]string{leaking(400), leaking(300)}, 2, "x"},
		"Parquet":                        {parquetFiles(t, files), 1, ""},
		"a leak, scored on a sample":     {[]string{leaking(400), leaking(700), leaking(500)}, 1, ""},
	} {
		req := preprocess.Request{Target: "y"}
		if c.time != "" {
			req.Split = map[string]any{"time_column": c.time}
		}
		compareShares(t, name, r, c.files, req, c.rounds)
	}
}

// compareShares runs the step over files in shares and as a whole.
func compareShares(t *testing.T, name string, r *rand.Rand, files []string, req preprocess.Request, wantRounds int) {
	t.Helper()
	whole, divided := newBench(), newBench()
	for i, text := range files {
		for _, b := range []*bench{whole, divided} {
			if _, err := b.data.Put(context.Background(), fmt.Sprintf("in/%03d", i), []byte(text), blob.Condition{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	bad := 0.5
	req.DataPath, req.ModelParams, req.MaxBadRowFraction = "s3://data/in/", map[string]any{}, &bad
	want, err := whole.Run(context.Background(), req)
	got, rounds, shareErr := divided.inShares(r, req, 1+r.Int64N(20_000))
	if err != nil || shareErr != nil {
		t.Fatalf("%s: error %v of shares, %v of the whole", name, shareErr, err)
	}
	want.DurationMS, got.DurationMS = 0, 0
	if diff := cmp.Diff(want, got) + cmp.Diff(whole.document(t, want.RunID), divided.document(t, got.RunID)); diff != "" {
		t.Errorf("%s (-whole +shares):\n%s", name, diff)
	}
	if want.RejectedPath != "" && whole.object(t, want.RunID, "rejected.csv") != divided.object(t, got.RunID, "rejected.csv") {
		t.Errorf("%s: other rejected rows", name)
	}
	if rounds != wantRounds {
		t.Errorf("%s took %d scans, want %d", name, rounds, wantRounds)
	}
	divided.readAll(t, got)
}

// leaking makes rows whose column u tells the target but for a few rows.
func leaking(n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 4))
	text := "x,u,y\n"
	for i := range n {
		y := r.IntN(2)
		u := float64(y) + r.Float64()
		if i%300 == 7 {
			u = 1.2*float64(1-y) + 0.1
		}
		text += fmt.Sprintf("%d,%.4f,%d\n", r.IntN(90), u, y)
	}
	return text
}

func objectLines(form string) string {
	text := ""
	for i := range 60 {
		text += fmt.Sprintf(form, i%29) + "\n"
	}
	return text
}

// parquetFiles writes the files of a CSV table as Parquet.
func parquetFiles(t *testing.T, texts []string) (files []string) {
	t.Helper()
	var sources []dataset.Source
	for i, text := range texts {
		sources = append(sources, dataset.Source{Name: fmt.Sprint(i), Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}})
	}
	schema, _, err := dataset.Scan(context.Background(), dataset.Files(sources), dataset.Options{})
	for i := 0; i < len(texts) && err == nil; i++ {
		var out bytes.Buffer
		var w *dataset.Writer
		if w, err = dataset.NewWriter(&out, schema, schema.Names(), nil); err != nil {
			break
		}
		options := dataset.Options{Part: dataset.Part{From: i, To: i + 1}}
		_, err = dataset.Read(context.Background(), dataset.Files(sources), schema, options, func(b *dataset.Batch) error {
			rows := make([]int, b.Rows)
			for r := range rows {
				rows[r] = r
			}
			return w.WriteRows(dataset.Train, b, rows)
		})
		err = errors.Join(err, w.Close())
		files = append(files, out.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (b *bench) object(t *testing.T, runID, name string) string {
	t.Helper()
	raw, _, err := blob.ReadAll(context.Background(), b.Store, processed.Path(runID, name), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// document returns a run's document but for its parts.
func (b *bench) document(t *testing.T, runID string) map[string]any {
	t.Helper()
	var sealed struct{ Document map[string]any }
	if err := json.NewDecoder(bytes.NewReader([]byte(b.object(t, runID, processed.DocumentFile)))).Decode(&sealed); err != nil {
		t.Fatal(err)
	}
	delete(sealed.Document, "parts")
	return sealed.Document
}

// readAll reads the processed data, which checks its digests.
func (b *bench) readAll(t *testing.T, r preprocess.Result) {
	t.Helper()
	d, err := processed.Open(context.Background(), b.Store, r.ProcessedDataPath)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for side, rows := range map[string]int64{"train": r.Rows.Train, "holdout": r.Rows.Test} {
		read := int64(0)
		err := d.Each(context.Background(), map[string]dataset.Side{"train": dataset.Train, "holdout": dataset.Holdout}[side], &d.Recipe, func(b *processed.Block) error {
			read += int64(b.Rows)
			return nil
		})
		if err != nil || read != rows {
			t.Fatalf("%s has %d rows, want %d: %v", side, read, rows, err)
		}
	}
}

// TestSharesSayWhatIsWrong has the calls of a run fail: the call that follows a
// map's says what a share of it has said.
func TestSharesSayWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	plan := func(b *bench, req preprocess.Request) (preprocess.Plan, error) {
		req.DataPath, req.ModelParams = "s3://data/in/", map[string]any{}
		return b.Plan(ctx, preprocess.PlanRequest{Request: req, ShareBytes: 1})
	}
	put := func(b *bench, texts ...string) {
		for i, text := range texts {
			if _, err := b.data.Put(ctx, fmt.Sprint("in/", i), []byte(text), blob.Condition{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	item := func(share int) []preprocess.ShareItem { return []preprocess.ShareItem{{Share: share}} }
	rows := strings.Repeat("1,a\n2,b\n3,a\n4,b\n", 60)

	b := newBench()
	put(b, "x,y\n"+rows, "x,z\n"+rows)
	p, err := plan(b, preprocess.Request{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Reduce(ctx, preprocess.RunRequest{RunID: p.RunID})
	wantFault(t, "nothing scanned", err, fault.DataNotFound, "missing")
	for range 2 {
		_, err = b.Scan(ctx, preprocess.SharesRequest{RunID: p.RunID, Items: item(1)})
		wantFault(t, "a share with other columns", err, fault.InvalidData, `lacks the column "y"`)
	}
	_, err = b.Reduce(ctx, preprocess.RunRequest{RunID: p.RunID})
	wantFault(t, "reduce after that", err, fault.InvalidData, `lacks the column "y"`)
	_, err = b.Scan(ctx, preprocess.SharesRequest{RunID: p.RunID, Items: item(2)})
	wantFault(t, "a share that there is not", err, fault.InvalidRequest, "2 shares")
	_, err = b.Seal(ctx, preprocess.RunRequest{RunID: "another"})
	wantFault(t, "a run that was not planned", err, fault.DataNotFound, "no plan")

	b = newBench()
	put(b, "x,y,z\n"+strings.ReplaceAll(rows, "\n", ",0\n")+strings.ReplaceAll(rows, "\n", ",1\n"))
	if p, err = plan(b, preprocess.Request{Target: "x", Split: map[string]any{"time_column": "y"}}); err == nil {
		_, err = b.Scan(ctx, preprocess.SharesRequest{RunID: p.RunID, Items: item(0)})
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Reduce(ctx, preprocess.RunRequest{RunID: p.RunID})
	wantFault(t, "a split by what is no time", err, fault.InvalidData, "neither numbers nor times")

	b = newBench()
	put(b, "x,y\n"+rows, "x,y\n"+rows)
	if p, err = plan(b, preprocess.Request{}); err == nil {
		_, err = b.Scan(ctx, preprocess.SharesRequest{RunID: p.RunID, Items: []preprocess.ShareItem{{Share: 1}, {Share: 0}}})
	}
	if err == nil {
		p, err = b.Reduce(ctx, preprocess.RunRequest{RunID: p.RunID})
	}
	if err != nil || p.Status != "reduced" {
		t.Fatalf("%+v, %v", p, err)
	}
	put(b, "x,y\n"+rows+"9,b\n")
	_, err = b.Write(ctx, preprocess.SharesRequest{RunID: p.RunID, Items: item(0)})
	wantFault(t, "a file that changed", err, fault.InvalidData, "changed")
	_, err = b.Seal(ctx, preprocess.RunRequest{RunID: p.RunID})
	wantFault(t, "seal after that", err, fault.InvalidData, "changed")
	b.Engine = "another"
	_, err = b.Seal(ctx, preprocess.RunRequest{RunID: p.RunID})
	wantFault(t, "another version", err, fault.RunConflict, "version")
}

func wantFault(t *testing.T, what string, err error, kind fault.Kind, says string) {
	t.Helper()
	f := fault.From(err)
	if err == nil || f.Kind != kind || !strings.Contains(f.Detail+fmt.Sprint(f.Fields), says) {
		t.Errorf("%s: %v, want %v that says %q", what, err, kind, says)
	}
}
