package preprocess

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"retrain/internal/blob"
	"retrain/internal/modelstore"
)

// streams counts how often an object is read from its start to its end.
type streams struct {
	blob.Bucket
	n int
}

func (s *streams) Open(ctx context.Context, key string, span blob.Span) (io.ReadCloser, blob.Info, error) {
	if span.Length == 0 {
		s.n++
	}
	return s.Bucket.Open(ctx, key, span)
}

// stored runs the step over a table and returns all objects that it stored, and
// how often it read the table. once is false for the way in two passes.
func stored(t *testing.T, table string, req Request, once bool) (map[string]string, int) {
	t.Helper()
	ctx := context.Background()
	data, store := &streams{Bucket: blob.NewMemory()}, blob.NewMemory()
	if _, err := data.Put(ctx, "d.csv", []byte(table), blob.Condition{}); err != nil {
		t.Fatal(err)
	}
	root := blob.Root{Bucket: store, Base: "s3://store"}
	accept := func(map[string]any, string) error { return nil }
	step := &Step{
		Store: root, Data: blob.Roots{{Bucket: data, Base: "s3://data"}}, Models: &modelstore.Store{Root: root},
		Engine: "test", CheckParams: accept, CheckGate: accept, Now: time.Now,
	}
	req.DataPath, req.ModelParams = "s3://data/d.csv", map[string]any{}
	job, err := step.plan(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if once {
		err = job.read(ctx)
	} else if err = job.scan(ctx); err == nil {
		err = job.transform(ctx)
	}
	if err == nil {
		_, err = job.save(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]string{}
	for info, err := range store.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := blob.ReadAll(ctx, store, info.Key, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		objects[info.Key] = string(raw)
	}
	return objects, data.n
}

// dirty makes a table with missing values and targets, and ragged rows, after
// some rows of its own.
func dirty(rows int, first string) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("x,units,colour,note,y\n" + first)
	for i := range rows {
		y := fmt.Sprint(rng.IntN(3))
		if i%40 == 7 {
			y = ""
		}
		x := fmt.Sprintf("%.4f", rng.NormFloat64())
		if i%30 == 5 {
			x = "NA"
		}
		fmt.Fprintf(&b, "%s,%d,%s,%d,%s\n", x, rng.IntN(50), []string{"red", "green", ""}[rng.IntN(3)], i%9, y)
		if i%70 == 3 {
			b.WriteString("1,2\n")
		}
	}
	return b.String()
}

// TestOnePassStoresWhatTwoPassesDo compares all objects of a run, byte for
// byte. The source is read once, unless its first rows, 4 MiB of them, do not
// tell what the columns are.
func TestOnePassStoresWhatTwoPassesDo(t *testing.T) {
	long := strings.Repeat("0.5,1,"+strings.Repeat("r", 900_000)+",1,1\n", 8)
	bad := 0.5
	for name, c := range map[string]struct {
		table  string
		req    Request
		passes int
	}{
		"classes":                {dirty(500, ""), Request{Target: "y"}, 1},
		"a quantity":             {dirty(500, ""), Request{Target: "x"}, 1},
		"texts as classes":       {dirty(500, ""), Request{Target: "colour"}, 1},
		"by group":               {dirty(500, ""), Request{Target: "y", Split: map[string]any{"group_column": "units"}}, 1},
		"long rows first":        {dirty(500, long), Request{Target: "y"}, 1},
		"a late fraction":        {dirty(500, long) + "0.5,1.5,red,1,1\n", Request{Target: "y"}, 2},
		"a late text":            {dirty(500, long) + "0.5,1,red,late,1\n", Request{Target: "y"}, 2},
		"a late text as target":  {dirty(500, long) + "0.5,1,red,1,late\n", Request{Target: "y"}, 2},
		"a late text among many": {dirty(6000, long) + "late,1,red,1,1\n", Request{Target: "y"}, 3},
	} {
		c.req.MaxBadRowFraction = &bad
		got, passes := stored(t, c.table, c.req, true)
		want, _ := stored(t, c.table, c.req, false)
		if diff := cmp.Diff(want, got); diff != "" || len(got) != 5 {
			t.Errorf("%s: %d objects (-two passes +one):\n%s", name, len(got), diff)
		}
		if passes != c.passes {
			t.Errorf("%s: the source was read %d times, want %d", name, passes, c.passes)
		}
	}
}
