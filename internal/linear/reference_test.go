package linear

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"retrain/internal/model"
)

// reference is testdata/reference.json, which testdata/reference.py writes.
type reference struct {
	Numbers           [][]*float64
	Codes             [][]int
	Widths            []int
	Fill, Mean, Scale []float64
	Targets           map[string][]float64
	Weights           []float64
	Fits              []referenceFit
}

type referenceFit struct {
	Name        string
	Target      string
	C, Alpha    float64
	L1Ratio     *float64 `json:"l1_ratio"`
	Balanced    bool
	Weighted    bool
	ClassWeight []float64 `json:"class_weight"`
	Coef        [][]float64
	Intercept   []float64
	Objective   float64
	Predictions []float64
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// recipe returns the recipe of the reference's features.
func (r *reference) recipe(target string) *model.Recipe {
	recipe := &model.Recipe{Target: "y", Task: model.Task(target)}
	switch target {
	case "binary":
		recipe.Classes = []string{"a", "b"}
	case "multiclass":
		recipe.Classes = []string{"a", "b", "c"}
	default:
		recipe.Task = model.Regression
	}
	for j := range r.Fill {
		recipe.Features = append(recipe.Features, model.Feature{
			Name: fmt.Sprint("n", j), Kind: model.Number, Fill: r.Fill[j], Mean: r.Mean[j], Scale: r.Scale[j]})
	}
	for c, width := range r.Widths {
		recipe.Features = append(recipe.Features, category(fmt.Sprint("c", c), width))
	}
	return recipe
}

// category returns a categorical feature with so many categories.
func category(name string, width int) model.Feature {
	f := model.Feature{Name: name, Kind: model.Category}
	for k := range width {
		f.Categories = append(f.Categories, fmt.Sprintf("%06d", k))
	}
	return f
}

// rows returns the reference's rows as Data.Append takes them.
func (r *reference) rows() (x []float64) {
	for i, row := range r.Numbers {
		for _, v := range row {
			if v == nil {
				x = append(x, math.NaN())
			} else {
				x = append(x, *v)
			}
		}
		for _, code := range r.Codes[i] {
			x = append(x, float64(code))
		}
	}
	return x
}

// The optima are those of LogisticRegression, Ridge and ElasticNet. Iterative fits are held to the objective, of which the optimum is the only
// point, and to the probabilities; that the rows are kept as float32 shows in
// the eighth digit. Ridge regression has no such excuse.
func TestOptimaAreThoseOfScikitLearn(t *testing.T) {
	r := readReference(t)
	for _, want := range r.Fits {
		t.Run(want.Name, func(t *testing.T) {
			recipe := r.recipe(want.Target)
			data := NewData(recipe, 0)
			var w []float64
			if want.Weighted {
				w = r.Weights
			}
			data.Append(r.rows(), r.Targets[want.Target], w)
			p := Defaults()
			p.Balanced, p.ClassWeight, p.L1Ratio = want.Balanced, want.ClassWeight, want.L1Ratio
			tolerance, objective := 1e-8, 1e-9
			if want.Target == "value" {
				p.Alpha = want.Alpha
			} else {
				p.C, tolerance, objective = want.C, 1e-5, 1e-6
			}
			got, err := Fit(context.Background(), data, p)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Converged || len(got.Warnings) > 0 {
				t.Errorf("converged %v, warnings %v", got.Converged, got.Warnings)
			}
			if gap := relative(got.Objective, want.Objective); gap > objective {
				t.Errorf("objective %v, scikit-learn has %v", got.Objective, want.Objective)
			}
			if want.L1Ratio != nil {
				sameZeros(t, got.Linear.Coef, want.Coef)
			}
			m := &model.Model{Recipe: *recipe, Linear: got.Linear}
			predictions := make([]float64, len(want.Predictions))
			m.Predict(predictions, r.rows())
			worst := 0.0
			for i := range predictions {
				worst = max(worst, relative(predictions[i], want.Predictions[i]))
			}
			t.Logf("%d iterations; objective off by %.1e, predictions by %.1e", got.Iterations, relative(got.Objective, want.Objective), worst)
			if worst > tolerance {
				t.Errorf("predictions are off by %v", worst)
			}
		})
	}
}

// sameZeros checks that the coefficients which are zero in scikit-learn are zero
// here, to the bit, and no others.
func sameZeros(t *testing.T, got, want [][]float64) {
	t.Helper()
	for k := range want {
		for j, v := range want[k] {
			if zero := math.Abs(v) < 1e-7; zero != (got[k][j] == 0) {
				t.Errorf("coefficient %d of score %d is %v, scikit-learn has %v", j, k, got[k][j], v)
			}
		}
	}
}

// relative is the distance of two numbers, relative to the second if that is
// larger than 1.
func relative(got, want float64) float64 { return math.Abs(got-want) / max(1, math.Abs(want)) }
