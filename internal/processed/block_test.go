package processed

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// people makes a table of n rows with missing cells in each column but the
// targets: a text, a whole number, a fraction.
func people(n int) table {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("age,colour,code,unused,label,level,price\n")
	for range n {
		age, colour, code := fmt.Sprintf("%.3g", 50*rng.Float64()), []string{"red", "green", "blue", "", "naïve"}[rng.IntN(5)], strconv.Itoa(rng.IntN(4)-1)
		if rng.IntN(6) == 0 {
			age = ""
		}
		if rng.IntN(9) == 0 {
			code = ""
		}
		fmt.Fprintf(&b, "%s,%s,%s,%d,%s,%d,%g\n", age, colour, code, rng.IntN(3),
			[]string{"no", "yes", "perhaps"}[rng.IntN(3)], rng.IntN(4), []float64{-1.5, 0, 2, 1e20}[rng.IntN(4)])
	}
	return table(b.String())
}

const ageColumn, colourColumn, codeColumn, labelColumn, levelColumn, priceColumn = 0, 1, 2, 4, 5, 6

// features are those of people's recipes. Blue is unknown to them.
func features() []model.Feature {
	return []model.Feature{category("colour", "", "green", "naïve", "red"), number("code"), number("age")}
}

// naive encodes a row cell by cell, straight from its text.
func naive(row []string, r *model.Recipe, targetColumn int) (x []float64, y float64) {
	numberOf := func(cell string) float64 {
		if cell == "" {
			return math.NaN()
		}
		v, _ := strconv.ParseFloat(cell, 64)
		return v
	}
	colour := float64(slices.Index(r.Features[0].Categories, row[colourColumn]))
	x = []float64{colour, numberOf(row[codeColumn]), numberOf(row[ageColumn])}
	if r.Task == model.Regression {
		return x, numberOf(row[targetColumn])
	}
	return x, float64(slices.Index(r.Classes, row[targetColumn]))
}

func TestEachEncodesAsTheNaiveTwinDoes(t *testing.T) {
	text := people(203)
	for _, c := range []struct {
		name   string
		recipe model.Recipe
		column int
	}{
		{"texts", model.Recipe{Target: "label", Task: model.Multiclass, Classes: []string{"no", "perhaps", "yes"}}, labelColumn},
		{"a label that the recipe does not know", model.Recipe{Target: "label", Task: model.Binary, Classes: []string{"no", "yes"}}, labelColumn},
		{"whole numbers", model.Recipe{Target: "level", Task: model.Multiclass, Classes: []string{"0", "2", "3"}, IntLabels: true}, levelColumn},
		{"fractions", model.Recipe{Target: "price", Task: model.Multiclass, Classes: []string{"-1.5", "1e+20", "2"}}, priceColumn},
		{"values", model.Recipe{Target: "price", Task: model.Regression}, priceColumn},
	} {
		c.recipe.Features = features()
		r := write(t, text, c.recipe)
		for _, batchRows := range []int{1, 7, 0} {
			d := r.open(t, batchRows)
			for _, side := range []dataset.Side{dataset.Train, dataset.Holdout} {
				var want, got [][]float64
				for i, row := range text.rows(t) {
					if everyFifth(i) == side {
						x, y := naive(row, &c.recipe, c.column)
						want = append(want, append(x, y))
					}
				}
				err := d.Each(ctx, side, &c.recipe, func(b *Block) error {
					if b.FirstRow != int64(len(got)) {
						t.Errorf("%s: a block begins at row %d, not %d", c.name, b.FirstRow, len(got))
					}
					for i := range b.Rows {
						got = append(got, append(slices.Clone(b.X[3*i:3*i+3]), b.Y[i]))
					}
					return nil
				})
				if err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
					t.Errorf("%s, side %d, batches of %d (-want +got):\n%s", c.name, side, batchRows, diff)
				}
			}
		}
	}
}

func TestAMissingLabelIsOfNoClass(t *testing.T) {
	for _, text := range []table{"x,y\n1,a\n2,b\n3,b\n4,a\n5,b\n6,\n", "x,y\n1,0\n2,1\n3,1\n4,0\n5,1\n6,\n"} {
		recipe := model.Recipe{Target: "y", Task: model.Binary, Classes: []string{"a", "b"}, Features: []model.Feature{number("x")}}
		if strings.Contains(string(text), "0") {
			recipe.Classes = []string{"0", "1"}
		}
		err := write(t, text, recipe).open(t, 0).Each(ctx, dataset.Holdout, &recipe, func(b *Block) error {
			if diff := cmp.Diff([]float64{0, -1}, b.Y); diff != "" {
				t.Error(diff)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A column without any value is stored as one of numbers, whatever it was
// before, and serves both kinds of features.
func TestAColumnWithoutValuesIsMissingForEveryFeature(t *testing.T) {
	recipe := model.Recipe{Target: "y", Task: model.Binary, Classes: []string{"a", "b"},
		Features: []model.Feature{number("x"), category("with", "", "red"), category("without", "red")}}
	d := write(t, "x,with,without,y\n,,,a\n,,,b\n", recipe).open(t, 0)
	err := d.Each(ctx, dataset.Holdout, &recipe, func(b *Block) error {
		if diff := cmp.Diff([]float64{math.NaN(), 0, model.Unseen}, b.X, cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAModelThatTheDataCannotServeIsIncompatible(t *testing.T) {
	own := model.Recipe{Target: "label", Task: model.Multiclass, Classes: []string{"no", "perhaps", "yes"}, Features: features()}
	d := write(t, people(40), own).open(t, 0)
	for _, c := range []struct {
		name, column, says string
		recipe             model.Recipe
	}{
		{"column gone", "height", "not in the data", model.Recipe{Target: "label", Task: model.Binary, Features: []model.Feature{number("height")}}},
		{"now text", "colour", "is text in the data; the model takes a number", model.Recipe{Target: "label", Features: []model.Feature{number("age"), number("colour")}}},
		{"now whole numbers", "code", "is integer in the data; the model takes a category", model.Recipe{Target: "label", Features: []model.Feature{category("code", "1")}}},
		{"now fractions", "age", "is float in the data; the model takes a category", model.Recipe{Target: "label", Features: []model.Feature{category("age", "1")}}},
		{"target gone", "churn", "target and not in the data", model.Recipe{Target: "churn", Features: features()}},
		{"target now text", "label", "is text in the data", model.Recipe{Target: "label", Task: model.Regression, Features: features()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := d.Each(ctx, dataset.Holdout, &c.recipe, func(*Block) error { return nil })
			var unfit *IncompatibleError
			if !errors.As(err, &unfit) || unfit.Column != c.column || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), strconv.Quote(c.column)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEachPassesTheVisitorsErrorOn(t *testing.T) {
	recipe := model.Recipe{Target: "price", Task: model.Regression, Features: features()}
	d := write(t, people(40), recipe).open(t, 4)
	stop, blocks := errors.New("stop"), 0
	err := d.Each(ctx, dataset.Train, &recipe, func(*Block) error { blocks++; return stop })
	if !errors.Is(err, stop) || blocks != 1 {
		t.Errorf("%v after %d blocks", err, blocks)
	}
}

func TestLabelIsTheShortestSpelling(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -12: "-12", 1.5: "1.5", 0.1: "0.1",
		1<<53 - 1: "9007199254740991", 1 << 53: "9.007199254740992e+15", 1e300: "1e+300",
	} {
		if got := Label(x); got != want {
			t.Errorf("Label(%v) = %q, want %q", x, got, want)
		}
	}
}
