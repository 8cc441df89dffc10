package modelstore

import (
	"math"
	"testing"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/onnx"
)

// churn is a logistic model of a number and a category.
func churn() *model.Model {
	return &model.Model{
		Recipe: model.Recipe{
			Target: "churn", Task: model.Binary, Classes: []string{"no", "yes"},
			Features: []model.Feature{
				{Name: "age", Kind: model.Number, Fill: 40, Mean: 42, Scale: 11},
				{Name: "plan", Kind: model.Category, Categories: []string{"", "basic", "gold"}},
			},
		},
		Linear: &model.Linear{Coef: [][]float64{{0.3, 0.2, -0.1, -0.4}}, Intercept: []float64{-1}},
	}
}

// price is a regression whose terms nearly cancel out.
func price() *model.Model {
	return &model.Model{
		Recipe: model.Recipe{
			Target: "price", Task: model.Regression,
			Features: []model.Feature{{Name: "rooms", Kind: model.Number, Scale: 1}},
		},
		Trees: &model.Trees{Base: []float64{1e6}, Trees: []model.Tree{{Nodes: []model.Node{
			{Feature: 0, Left: 1, Right: 2, Set: -1, Threshold: 3},
			{Feature: -1, Set: -1, Value: -1e6 + 1e-6},
			{Feature: -1, Set: -1, Value: 5e5},
		}}}},
	}
}

// scored returns golden rows with what the model says of them.
func scored(t *testing.T, m *model.Model, inputs ...map[string]any) []Golden {
	t.Helper()
	var rows []Golden
	for _, in := range inputs {
		g := Golden{Inputs: in, Outputs: make([]float64, m.Outputs())}
		row, err := g.encode(m)
		must(t, err)
		m.Predict(g.Outputs, row)
		rows = append(rows, g)
	}
	return rows
}

func file(t *testing.T, m *model.Model) []byte {
	t.Helper()
	data, err := onnx.Encode(m)
	must(t, err)
	return data
}

func churnRows(t *testing.T) []Golden {
	return scored(t, churn(),
		map[string]any{"age": 31.0, "plan": "gold"}, map[string]any{"age": nil, "plan": nil},
		map[string]any{"age": 55.5, "plan": "platinum"}, map[string]any{"age": -1e300, "plan": ""})
}

// The rows pass as they were scored, and after a trip through the store.
func TestGoldenRowsPass(t *testing.T) {
	for _, c := range []struct {
		m    *model.Model
		rows []Golden
	}{
		{churn(), churnRows(t)},
		{price(), scored(t, price(), map[string]any{"rooms": 2.0}, map[string]any{"rooms": 4.0}, map[string]any{"rooms": nil})},
	} {
		s, m := newStore(), manifest()
		m.Golden = c.rows
		v, err := s.Add(t.Context(), "default", file(t, c.m), m)
		must(t, err)
		loaded, err := s.Load(t.Context(), "default", v.Digest)
		must(t, err)
		if err := CheckGolden(loaded.Model, loaded.Manifest); err != nil {
			t.Errorf("%v: %v", c.m, err)
		}
	}
}

func TestGoldenRowsFail(t *testing.T) {
	other := churn()
	other.Linear.Intercept[0] += 1e-9
	for what, rows := range map[string][]Golden{
		"no rows":             nil,
		"another model's":     scored(t, other, map[string]any{"age": 31.0, "plan": "gold"}),
		"a feature too few":   edited(churnRows(t), func(g *Golden) { delete(g.Inputs, "age") }),
		"a feature too many":  edited(churnRows(t), func(g *Golden) { g.Inputs["x"] = 1.0 }),
		"another name":        edited(churnRows(t), func(g *Golden) { g.Inputs = map[string]any{"age": 1.0, "plans": "gold"} }),
		"a text for a number": edited(churnRows(t), func(g *Golden) { g.Inputs["age"] = "31" }),
		"a number for a text": edited(churnRows(t), func(g *Golden) { g.Inputs["plan"] = 2.0 }),
		"a truth for a text":  edited(churnRows(t), func(g *Golden) { g.Inputs["plan"] = true }),
		"an output too few":   edited(churnRows(t), func(g *Golden) { g.Outputs = g.Outputs[:1] }),
		"an undefined output": edited(churnRows(t), func(g *Golden) { g.Outputs[1] = math.NaN() }),
	} {
		if err := CheckGolden(file(t, churn()), Manifest{Golden: rows}); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := CheckGolden([]byte("no model"), Manifest{Golden: churnRows(t)}); !fault.Is(err, fault.InvalidData) {
		t.Errorf("a file that is no model: %v", err)
	}
}

// edited changes the last of the rows.
func edited(rows []Golden, edit func(*Golden)) []Golden {
	edit(&rows[len(rows)-1])
	return rows
}

// Probabilities may differ by 1e-12 of 1, and predictions by 1e-12 of the
// largest among the rows.
func TestGoldenTolerance(t *testing.T) {
	for _, c := range []struct {
		m    *model.Model
		in   []map[string]any
		size float64
	}{
		{churn(), []map[string]any{{"age": -1e6, "plan": "gold"}}, 1},
		{price(), []map[string]any{{"rooms": 4.0}, {"rooms": 2.0}}, 1.5e6},
	} {
		for _, share := range []float64{-0.9, 0.9, -1.1, 1.1} {
			rows := edited(scored(t, c.m, c.in...), func(g *Golden) { g.Outputs[0] += share * 1e-12 * c.size })
			err := CheckGolden(file(t, c.m), Manifest{Golden: rows})
			if passed := err == nil; passed != (math.Abs(share) < 1) {
				t.Errorf("%v: an error of %v tolerances: %v", c.m, share, err)
			}
		}
	}
}

// The steps score the golden rows unless they are told otherwise.
func TestStepsCheckGoldenRows(t *testing.T) {
	s := newStore()
	put := func(m *model.Model, rows []Golden) Evaluation {
		t.Helper()
		mf := manifest()
		mf.Golden = rows
		v, err := s.Add(t.Context(), "churn", file(t, m), mf)
		must(t, err)
		e, _, err := s.PutEvaluation(t.Context(), verdict(comparison(t, s, "churn", v.Digest), true))
		must(t, err)
		return e
	}
	_, err := Update{Store: s}.Run(t.Context(), yes(s, put(churn(), churnRows(t))))
	must(t, err)
	other := churn()
	other.Linear.Intercept[0] = 0.5
	_, err = Update{Store: s}.Run(t.Context(), yes(s, put(other, churnRows(t))))
	wantKind(t, err, fault.InvalidData)
	wantChampion(t, s, 1, string(file(t, churn())))

	crown(t, s, "churn", "no model at all")
	_, err = Rollback{Store: s}.Run(t.Context(), RollbackRequest{ModelName: "churn", ToVersion: 1, Reason: "r"})
	must(t, err)
	_, err = Rollback{Store: s}.Run(t.Context(), RollbackRequest{ModelName: "churn", ToVersion: 2, Reason: "r"})
	wantKind(t, err, fault.InvalidData)
}
