package modelstore

import (
	"fmt"
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/onnx"
)

// Golden is a row whose outcome is written down when a model is stored, and
// which must come out the same before the model becomes champion.
type Golden struct {
	// Inputs holds a value for each of the model's columns: a float64, a
	// string, or nil for a missing one. A boolean is 1 or 0, a time the seconds
	// since 1970.
	Inputs map[string]any `json:"inputs"`
	// Outputs holds the probability of each class, or the one prediction.
	Outputs []float64 `json:"outputs"`
}

// goldenTolerance is how far an output may lie from the one written down, as a
// share of the outputs' size: room for a release that sums in another order,
// and for nothing else.
const goldenTolerance = 1e-12

// CheckGolden decodes a model and scores the golden rows of its manifest. It
// returns a fault.InvalidData if the model does not decode, has no golden rows,
// or scores one of them differently.
func CheckGolden(file []byte, m Manifest) error {
	decoded, err := onnx.Decode(file)
	if err != nil {
		return err
	}
	if len(m.Golden) == 0 {
		return fault.New(fault.InvalidData, "The model has no golden rows to check it with.")
	}
	scale := goldenScale(decoded.Task, m.Golden)
	for i := range m.Golden {
		if err := m.Golden[i].check(decoded, scale); err != nil {
			return fault.Wrap(fault.InvalidData, err, "The stored model does not score its golden row %d as it did when it was trained.", i+1)
		}
	}
	return nil
}

// goldenScale is what an output's error is relative to: 1 for probabilities
// (which are differences from 1, and so as wrong as 1 is), and the largest
// prediction among the rows for a regression (whose terms may cancel out).
func goldenScale(task model.Task, rows []Golden) float64 {
	if task != model.Regression {
		return 1
	}
	scale := 0.0
	for i := range rows {
		for _, y := range rows[i].Outputs {
			scale = max(scale, math.Abs(y))
		}
	}
	return scale
}

func (g *Golden) check(m *model.Model, scale float64) error {
	row, err := g.encode(m)
	if err != nil {
		return err
	}
	if len(g.Outputs) != m.Outputs() {
		return fmt.Errorf("%d outputs, not %d", len(g.Outputs), m.Outputs())
	}
	got := make([]float64, m.Outputs())
	m.Predict(got, row)
	for k, want := range g.Outputs {
		if !(math.Abs(got[k]-want) <= goldenTolerance*scale) {
			return fmt.Errorf("output %d is %v, not %v", k, got[k], want)
		}
	}
	return nil
}

// encode returns the row of numbers that the model takes.
func (g *Golden) encode(m *model.Model) ([]float64, error) {
	columns := m.Columns()
	if len(g.Inputs) != len(columns) {
		return nil, fmt.Errorf("%d inputs, not %d", len(g.Inputs), len(columns))
	}
	row := make([]float64, len(m.Features))
	for _, c := range columns {
		f := &m.Features[c.First]
		value, ok := g.Inputs[c.Name]
		number, isNumber := value.(float64)
		text, isText := value.(string)
		switch {
		case ok && value == nil:
			m.Encode(row, c, f.MissingValue())
		case isNumber && f.Kind == model.Number:
			m.Encode(row, c, number)
		case isText && f.Kind == model.Category:
			m.Encode(row, c, float64(f.Code(text)))
		default:
			return nil, fmt.Errorf("input %q is absent or of another type", c.Name)
		}
	}
	return row, nil
}
