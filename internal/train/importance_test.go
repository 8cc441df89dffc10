package train

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"retrain/internal/model"
)

// The weights: 1 for age, -0.5 and 2.5 for the colours, -1.5 for tenure; and for
// a second raw score half as much.
func TestALinearModelsImportancesAreItsReach(t *testing.T) {
	m := &model.Model{Recipe: *recipe(model.Multiclass), Linear: &model.Linear{
		Coef:      [][]float64{{1, -0.5, 2.5, -1.5}, {0.5, -0.25, 1.25, -0.75}},
		Intercept: []float64{9, 9},
	}}
	want := []Importance{{"colour", 1.5 / 4}, {"tenure", 1.5 / 4}, {"age", 1.0 / 4}}
	if diff := cmp.Diff(want, importances(m), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Error(diff)
	}
	m.Linear.Coef = [][]float64{{0, 1, 1, 0}}
	if got := importances(m); got == nil || len(got) != 0 {
		t.Errorf("a model that tells nothing apart has importances %v", got)
	}
}

func TestOnlyTheLargestImportancesAreShown(t *testing.T) {
	m := &model.Model{Recipe: model.Recipe{Task: model.Regression}, Linear: &model.Linear{Coef: [][]float64{{}}, Intercept: []float64{0}}}
	for i := range 60 {
		m.Features = append(m.Features, number(fmt.Sprint("x", i)))
		m.Linear.Coef[0] = append(m.Linear.Coef[0], float64(i))
	}
	list := importances(m)
	if len(list) != maxImportances || list[0].Feature != "x59" || list[49].Feature != "x10" {
		t.Errorf("%d importances: %v", len(list), list)
	}
}

func number(name string) model.Feature {
	return model.Feature{Name: name, Kind: model.Number, Scale: 1}
}
