package processed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
)

func plainRecipe() model.Recipe {
	return model.Recipe{Target: "label", Task: model.Multiclass, Classes: []string{"no", "perhaps", "yes"}, Features: features()}
}

func TestOpenTakesOnlyWhatPreprocessAnswered(t *testing.T) {
	r := write(t, people(40), plainRecipe())
	r.put(t, "train.json", []byte("{}"))
	for _, c := range []struct {
		uri  string
		kind fault.Kind
	}{
		{"s3://elsewhere/prefix/runs/run-1/processed.parquet", fault.AccessDenied},
		{"s3://store/runs/run-1/processed.parquet", fault.AccessDenied},
		{"s3://store/prefix-2/runs/run-1/processed.parquet", fault.AccessDenied},
		{"/etc/passwd", fault.AccessDenied},
		{"file:///etc/passwd", fault.AccessDenied},
		{"http://169.254.169.254/latest/meta-data", fault.InvalidRequest},
		{"s3://store/prefix/runs/run-1/recipe.json", fault.InvalidRequest},
		{"s3://store/prefix/runs/run-1/train.json", fault.InvalidRequest},
		{"s3://store/prefix/models/default/champion.json", fault.InvalidRequest},
		{"s3://store/prefix/models/run-1/processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs/run-1/deeper/processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs/processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs/../runs/run-1/processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs/../processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs//processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs/.hidden/processed.parquet", fault.InvalidRequest},
		{"s3://store/prefix/runs/run-1/processed.parquet/", fault.InvalidRequest},
		{"s3://store/prefix/", fault.InvalidRequest},
		{"s3://store/prefix/runs/run%2d1/processed.parquet", fault.InvalidRequest},
		{"", fault.InvalidRequest},
		{"s3://store/prefix/runs/run-2/processed.parquet", fault.DataNotFound},
	} {
		d, err := Open(ctx, r.store, c.uri)
		if d != nil {
			t.Fatalf("%q was opened", c.uri)
		}
		f := fault.From(err)
		if f.Kind != c.kind || len(f.Fields) != 1 || fmt.Sprint(f.Fields[0].Loc) != "[body processed_data_path]" {
			t.Errorf("%q: got %v at %v, want %v", c.uri, f, f.Fields, c.kind)
		}
	}
}

// The address that later steps get is the store's own, however the request
// spelled it: a relative one would mean another place to another process.
func TestOpenAnswersTheStoresAddress(t *testing.T) {
	dir := t.TempDir()
	folder, err := blob.OpenRoot(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := write(t, people(40), plainRecipe())
	for _, name := range []string{DataFile, DocumentFile} {
		if _, err := folder.Put(ctx, Path("run-1", name), r.get(t, name), blob.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	d, err := Open(ctx, folder, "./runs/run-1/processed.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if want := folder.URI("runs/run-1/processed.parquet"); d.URI != want {
		t.Errorf("URI is %q, want %q", d.URI, want)
	}
}

func TestOpenReadsWhatWriteDocumentWrote(t *testing.T) {
	r := write(t, people(40), plainRecipe())
	r.doc.Params = map[string]any{"max_iter": 3.0, "text": "<&> ☃"}
	r.doc.Gate = map[string]any{"policy": "better"}
	r.doc.Sources = []Source{{URI: "s3://data/d.csv", ETag: "e", Size: 7, SHA256: "abc"}}
	if err := WriteDocument(ctx, r.store, r.doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*r.doc, r.open(t, 0).Document); diff != "" {
		t.Error(diff)
	}
}

// Any byte of the recipe may change, and it is refused; never is it a panic.
func TestARecipeWithOneByteChangedIsRefused(t *testing.T) {
	r := write(t, people(40), plainRecipe())
	whole := r.get(t, DocumentFile)
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		r.put(t, DocumentFile, changed)
		_, err := Open(ctx, r.store, r.uri)
		if !fault.Is(err, fault.InvalidData) {
			t.Fatalf("byte %d of %d, %q: %v", at, len(whole), whole[max(0, at-10):at+1], err)
		}
	}
}

// reseal stores a document with a seal of its own, as somebody would who may
// write to the store.
func (r *run) reseal(t *testing.T, change func(*Document)) {
	t.Helper()
	doc := *r.doc
	change(&doc)
	inner, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(sealed{sum(inner), inner})
	if err != nil {
		t.Fatal(err)
	}
	r.put(t, DocumentFile, raw)
}

func TestADocumentThatDoesNotGoWithItsDataIsRefused(t *testing.T) {
	r := write(t, people(40), plainRecipe())
	for name, change := range map[string]func(*Document){
		"format":                    func(d *Document) { d.Format = 2 },
		"another run's":             func(d *Document) { d.RunID = "run-2" },
		"a class too few":           func(d *Document) { d.Recipe.Task, d.Recipe.Classes = model.Binary, []string{"no"} },
		"no features":               func(d *Document) { d.Recipe.Features = nil },
		"a feature that is not":     func(d *Document) { d.Recipe.Features = []model.Feature{number("height")} },
		"a feature of another kind": func(d *Document) { d.Recipe.Features = []model.Feature{number("colour")} },
		"a category of numbers":     func(d *Document) { d.Recipe.Features = []model.Feature{category("code", "1")} },
		"more rows":                 func(d *Document) { d.Train.Rows = 1 << 60 },
		"fewer rows":                func(d *Document) { d.Holdout.Rows-- },
		"classes not counted":       func(d *Document) { d.Train.Classes = nil },
	} {
		r.reseal(t, change)
		_, err := Open(ctx, r.store, r.uri)
		if f := fault.From(err); f == nil || f.Kind != fault.InvalidData || fmt.Sprint(f.Fields[0].Loc) != "[body processed_data_path]" {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.reseal(t, func(d *Document) { d.Digested = append(slices.Clone(d.Digested), "unused") })
	if err := r.open(t, 0).Each(ctx, dataset.Holdout, &r.doc.Recipe, func(*Block) error { return nil }); !fault.Is(err, fault.InvalidData) {
		t.Errorf("a column digested twice: %v", err)
	}
	r.reseal(t, func(d *Document) { d.Digested = append(slices.Clone(d.Digested), "height") })
	if err := r.open(t, 0).Each(ctx, dataset.Holdout, &r.doc.Recipe, func(*Block) error { return nil }); !fault.Is(err, fault.InvalidData) {
		t.Errorf("a column digested that is not: %v", err)
	}
}

// Another table of the same form, under the old document, must not pass: not
// even if only a column differs that no feature is read from.
func TestOtherValuesAreFoundOut(t *testing.T) {
	text := people(40)
	lines := strings.SplitAfter(string(text), "\n")
	cells := func(line string, column int, value string) string {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		parts[column] = value
		return strings.Join(parts, ",") + "\n"
	}
	swapped := slices.Clone(lines)
	swapped[2], swapped[3] = swapped[3], swapped[2] // rows 1 and 2, both to train on
	for name, c := range map[string]struct {
		line, column int
		value        string
		lines        []string
		side         dataset.Side
	}{
		"a number":             {line: 2, column: ageColumn, value: "1.25", side: dataset.Train},
		"a text":               {line: 6, column: colourColumn, value: "violet", side: dataset.Holdout},
		"a target":             {line: 6, column: priceColumn, value: "3", side: dataset.Holdout},
		"an unused column":     {line: 6, column: 3, value: "9", side: dataset.Holdout},
		"rows in other places": {lines: swapped, side: dataset.Train},
	} {
		if c.lines == nil {
			c.lines = slices.Clone(lines)
			c.lines[c.line] = cells(c.lines[c.line], c.column, c.value)
		}
		r := write(t, text, plainRecipe())
		before := *r.doc
		r.put(t, DataFile, r.parquet(t, table(strings.Join(c.lines, ""))))
		*r.doc = before
		d := r.open(t, 0)
		for _, side := range []dataset.Side{dataset.Train, dataset.Holdout} {
			err := d.Each(ctx, side, &r.doc.Recipe, func(*Block) error { return nil })
			if changed := fault.Is(err, fault.InvalidData); changed != (side == c.side) {
				t.Errorf("%s, side %d: %v", name, side, err)
			}
			if _, _, err := d.Groups(ctx, side, "label"); fault.Is(err, fault.InvalidData) != (side == c.side) {
				t.Errorf("%s, groups of side %d: %v", name, side, err)
			}
		}
	}
}

// Of a Parquet file with one byte changed, either nothing of meaning changed or
// it is refused.
func TestAParquetFileWithOneByteChangedGivesNoOtherRows(t *testing.T) {
	r := write(t, people(30), plainRecipe())
	whole := r.get(t, DataFile)
	want := r.rows(t, nil)
	for at := 0; at < len(whole); at += 3 {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << (at % 8)
		r.put(t, DataFile, changed)
		d, err := Open(ctx, r.store, r.uri)
		if err != nil {
			refused(t, at, err)
			continue
		}
		if got := r.rows(t, func(err error) { refused(t, at, err) }); got != "" && got != want {
			t.Errorf("byte %d: other rows were read", at)
		}
		d.Close()
	}
}

func refused(t *testing.T, at int, err error) {
	t.Helper()
	if f := fault.From(err); f.Kind != fault.InvalidData && f.Kind != fault.TooLarge {
		t.Errorf("byte %d: %v", at, err)
	}
}

// rows returns what both sides hold, or "" after an error.
func (r *run) rows(t *testing.T, failed func(error)) string {
	t.Helper()
	d := r.open(t, 0)
	var all strings.Builder
	for _, side := range []dataset.Side{dataset.Train, dataset.Holdout} {
		err := d.Each(ctx, side, &r.doc.Recipe, func(b *Block) error {
			_, err := fmt.Fprintln(&all, b.X, b.Y)
			return err
		})
		if err != nil {
			failed(err)
			return ""
		}
	}
	return all.String()
}

// A learner panics on a target that is none. Data that was changed must not get
// that far.
func TestLearnRefusesTargetsThatAreNone(t *testing.T) {
	known := plainRecipe()
	learn := func(r *run) error {
		return r.open(t, 0).Learn(ctx, func(b *Block) {
			for _, y := range b.Y {
				if !(y >= 0) {
					t.Errorf("a learner was given the target %v", y)
				}
			}
		})
	}
	r := write(t, people(40), known)
	if err := learn(r); err != nil {
		t.Fatal(err)
	}
	r.reseal(t, func(d *Document) {
		d.Recipe.Classes, d.Train.Classes, d.Holdout.Classes = []string{"no", "yes"}, []int64{1, 1}, []int64{1, 1}
	})
	if err := learn(r); !fault.Is(err, fault.InvalidData) {
		t.Errorf("an unknown class: %v", err)
	}
	r = write(t, people(40), model.Recipe{Target: "age", Task: model.Regression, Features: features()[:2]})
	if err := learn(r); !fault.Is(err, fault.InvalidData) {
		t.Errorf("a missing value: %v", err)
	}
}

// replaced is a bucket in which an object is written anew before it is read.
type replaced struct {
	*blob.Memory
	key string
}

func (b *replaced) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	if key == b.key {
		if _, err := b.Put(ctx, key, []byte("PAR1 something else PAR1"), blob.Condition{}); err != nil {
			return nil, blob.Info{}, err
		}
	}
	return b.Memory.Open(ctx, key, span)
}

func TestDataThatIsWrittenAnewMeanwhileMayBeReadAgain(t *testing.T) {
	r := write(t, people(40), plainRecipe())
	r.store.Bucket = &replaced{r.bucket, Path("run-1", DataFile)}
	if _, err := Open(ctx, r.store, r.uri); !fault.Is(err, fault.Transient) {
		t.Errorf("got %v", err)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	r := write(t, people(40), plainRecipe())
	brief, cancel := context.WithTimeout(ctx, time.Hour)
	d, err := Open(brief, r.store, r.uri)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cancel()
	if err := d.Each(brief, dataset.Train, &d.Recipe, func(*Block) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
