package onnx

import (
	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// The tensors that hold a linear model's parameters.
const (
	coefficientsTensor = "coefficients" // [inputs, raw scores]
	interceptTensor    = "intercept"    // [1, raw scores]
)

// addLinear adds the computation of raw scores by weights. The graph has its
// inputs in another order than the model: all numbers first, for they are
// standardized together, and then the categories' indicators.
func (g *graph) addLinear(m *model.Model, output string) {
	var parts []string
	if numbers := g.addNumbers(&m.Recipe); numbers != "" {
		parts = append(parts, numbers)
	}
	for j := range m.Features {
		if m.Features[j].Kind == model.Category {
			parts = append(parts, g.addIndicators(&m.Features[j], j))
		}
	}
	inputs := parts[0]
	if len(parts) > 1 {
		inputs = g.op("Concat", "inputs", parts, attrInt("axis", 1))
	}
	order, width := graphOrder(&m.Recipe), m.Width()
	weights := make([]float64, 0, len(order)*width)
	for _, from := range order {
		for k := range width {
			weights = append(weights, m.Linear.Coef[k][from])
		}
	}
	coefficients := g.constant(doubles(coefficientsTensor, weights, int64(len(order)), int64(width)))
	products := g.op("MatMul", "products", []string{inputs, coefficients})
	g.op("Add", output, []string{products, g.constant(row(interceptTensor, m.Linear.Intercept))})
}

// addNumbers adds the standardized numbers, side by side, and returns their
// name, or "" if the recipe has none. Scaler and Imputer of ai.onnx.ml would do
// it in single precision, so plain arithmetic does, as in
// model.Feature.Standardize.
func (g *graph) addNumbers(r *model.Recipe) string {
	var columns []string
	var fill, mean, scale []float64
	for j := range r.Features {
		if f := &r.Features[j]; f.Kind == model.Number {
			columns = append(columns, g.addNumber(r, j))
			fill, mean, scale = append(fill, f.Fill), append(mean, f.Mean), append(scale, f.Scale)
		}
	}
	if len(columns) == 0 {
		return ""
	}
	numbers := g.op("Concat", "numbers", columns, attrInt("axis", 1))
	missing := g.op("IsNaN", "missing", []string{numbers})
	filled := g.op("Where", "filled", []string{missing, g.constant(row("fill", fill)), numbers})
	centred := g.op("Sub", "centred", []string{filled, g.constant(row("mean", mean))})
	return g.op("Div", "standardized", []string{centred, g.constant(row("scale", scale))})
}

// addIndicators adds a category's columns of ones and zeros: all zeros for one
// that was not seen in training. OneHotEncoder yields [N,1,C] of float.
func (g *graph) addIndicators(f *model.Feature, j int) string {
	hot := g.opML("OneHotEncoder", numbered("hot", j), []string{f.Name}, attrStrings("cats_strings", f.Categories), attrInt("zeros", 1))
	flat := g.op("Flatten", numbered("flat", j), []string{hot}, attrInt("axis", 1))
	return g.op("Cast", numbered("indicators", j), []string{flat}, attrInt("to", int64(pb.TensorProto_DOUBLE)))
}

// graphOrder returns, for each input of the graph's matrix, its index among the
// inputs of model.Linear.
func graphOrder(r *model.Recipe) []int {
	var numbers, indicators []int
	at := 0
	for j := range r.Features {
		f := &r.Features[j]
		if f.Kind == model.Number {
			numbers = append(numbers, at)
		}
		for i := range f.Categories {
			indicators = append(indicators, at+i)
		}
		at += f.Width()
	}
	return append(numbers, indicators...)
}
