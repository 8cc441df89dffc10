package onnx

import (
	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// addTrees adds the computation of raw scores by trees: categories become their
// codes, the features are put side by side, and the ensemble's sums are added to
// the base.
func (g *graph) addTrees(m *model.Model, e *ensemble, output string) {
	sums := g.opML("TreeEnsemble", "sums", []string{g.addFeatures(m)}, e.attributes(m.Width())...)
	base := g.constant(row(baseTensor, m.Trees.Base))
	g.op("Add", output, []string{sums, base})
}

// addFeatures puts the features side by side, categories as their codes.
func (g *graph) addFeatures(m *model.Model) string {
	columns := make([]string, len(m.Features))
	for j := range m.Features {
		if f := &m.Features[j]; f.Kind == model.Category {
			columns[j] = g.addCodes(f, j)
		} else {
			columns[j] = g.addNumber(&m.Recipe, j)
		}
	}
	return g.op("Concat", "features", columns, attrInt("axis", 1))
}

const baseTensor = "base"

// addCodes adds the look-up of a category's code, -1 for one that was not seen
// in training, as model.Feature.Code has it.
func (g *graph) addCodes(f *model.Feature, j int) string {
	codes := make([]int64, len(f.Categories))
	for i := range codes {
		codes[i] = int64(i)
	}
	category := g.opML("LabelEncoder", numbered("category", j), []string{f.Name},
		attrStrings("keys_strings", f.Categories), attrInts("values_int64s", codes), attrInt("default_int64", model.Unseen))
	return g.op("Cast", numbered("code", j), []string{category}, attrInt("to", int64(pb.TensorProto_DOUBLE)))
}
