package train_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"retrain/internal/model"
	"retrain/internal/preprocess"
	"retrain/internal/processed"
	"retrain/internal/train"
)

// grouped makes rows of 60 groups. The features tell the group, and the target
// is the group's own value, drawn with variance 1, with little noise: a row of a
// known group is easy, and of a new group nothing is known.
func grouped() string {
	rng := rand.New(rand.NewPCG(31, 32))
	var text strings.Builder
	text.WriteString("g,a,y\n")
	for g := range 60 {
		a, effect := rng.Float64(), rng.NormFloat64()
		for range 20 {
			fmt.Fprintf(&text, "group %d,%.5f,%.4f\n", g, a, effect+0.1*rng.NormFloat64())
		}
	}
	return text.String()
}

// Whatever judges within the training side is honest where groups are kept
// together, and finds rows that it knows by heart where they are not.
func TestGroupsJudgeWithinTheTrainingSide(t *testing.T) {
	b := newBench()
	text := grouped()
	request := func(column string, params map[string]any) train.Request {
		split := map[string]any{}
		if column != "" {
			split["group_column"] = column
		}
		return b.preprocess(t, text, preprocess.Request{Split: split, ModelParams: params})
	}
	t.Run("auto", func(t *testing.T) {
		loss := func(column string) float64 {
			s := b.run(t, request(column, nil)).Selection
			if c := s.Contestants[0]; column != "" && c.StandardError < 0.1*c.Value {
				t.Errorf("the standard error of %g is %g, as if there were no groups", c.Value, c.StandardError)
			}
			best := s.Contestants[0].Value
			for _, c := range s.Contestants {
				best = min(best, c.Value)
			}
			return best
		}
		if honest, fooled := loss("g"), loss(""); honest < 0.5 || fooled > 0.1 {
			t.Errorf("the loss is %g with groups and %g without", honest, fooled)
		}
	})
	t.Run("early stopping", func(t *testing.T) {
		rounds := func(column string) int {
			return b.run(t, request(column, small("max_iter", 60.0, "early_stopping", true, "validation_fraction", 0.3))).BestIteration
		}
		if honest, fooled := rounds("g"), rounds(""); honest > 20 || fooled < 40 {
			t.Errorf("%d rounds with groups and %d without", honest, fooled)
		}
	})
	t.Run("search", func(t *testing.T) {
		loss := func(column string) float64 {
			req := request(column, small("max_iter", 60.0))
			req.ValidateOn = 0.3
			v := b.run(t, req).Validation
			if column != "" && v.StandardError < 0.1*v.Value {
				t.Errorf("the standard error of %g is %g, as if there were no groups", v.Value, v.StandardError)
			}
			return v.Value
		}
		if honest, fooled := loss("g"), loss(""); honest < 0.5 || fooled > 0.1 {
			t.Errorf("the loss is %g with groups and %g without", honest, fooled)
		}
	})
}

// Rows of a group have one key, and those of another group another one, in
// blocks of any length; without groups the key is the row's number.
func TestKeysFollowGroups(t *testing.T) {
	b := newBench()
	for _, column := range []string{"g", ""} {
		split := map[string]any{}
		if column != "" {
			split["group_column"] = column
		}
		d := b.open(t, b.preprocess(t, grouped(), preprocess.Request{Split: split}))
		keyOf, n := map[float64]uint64{}, uint64(0)
		keys := map[uint64]bool{}
		err := d.Learn(ctx, func(b *processed.Block) {
			wide := len(d.Recipe.Features)
			for i := range b.Rows {
				a := b.X[(i+1)*wide-1] // a group has one value of it
				known, seen := keyOf[a]
				if column != "" && seen && known != b.Key(i) || column == "" && b.Key(i) != n {
					t.Fatalf("row %d has the key %d", n, b.Key(i))
				}
				keyOf[a], keys[b.Key(i)] = b.Key(i), true
				n++
			}
		})
		if err != nil || column != "" && len(keys) != len(keyOf) {
			t.Errorf("%d keys of %d groups, %v", len(keys), len(keyOf), err)
		}
	}
}

// Rows without a group are one group: they are on one side of the split, and have
// one key there.
func TestRowsWithoutAGroupStayTogether(t *testing.T) {
	b, text := newBench(), table(800, model.Regression)
	d := b.open(t, b.preprocess(t, text, preprocess.Request{Split: map[string]any{"group_column": "x"}}))
	rows := map[uint64]int{}
	err := d.Learn(ctx, func(b *processed.Block) {
		for i := range b.Rows {
			rows[b.Key(i)]++
		}
	})
	most := slices.Max(slices.Collect(maps.Values(rows)))
	if want := strings.Count(text, "\n,"); err != nil || most != want || len(rows) < 400 {
		t.Errorf("the largest of %d groups has %d rows; %d rows have no group; %v", len(rows), most, want, err)
	}
}
