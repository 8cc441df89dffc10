package onnx

import (
	"encoding/binary"
	"strconv"

	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// What the outputs are called where no column has the name.
const (
	labelOutput         = "label"
	probabilitiesOutput = "probabilities"
	predictionOutput    = "prediction"
)

// outputName returns the name of the output that Model.Predict computes.
func outputName(r *model.Recipe) string {
	if r.Task == model.Regression {
		return predictionOutput
	}
	return probabilitiesOutput
}

// scoresName returns the name of the raw scores: of a regression, they are the
// prediction, or its logarithm.
func scoresName(m *model.Model) string {
	switch {
	case m.Task != model.Regression:
		return "scores"
	case m.Trees != nil && m.Trees.Log:
		return logarithmTensor
	}
	return predictionOutput
}

const logarithmTensor = "logarithm"

// addExp turns the logarithms of predictions into these.
func (g *graph) addExp() {
	g.op("Exp", predictionOutput, []string{g.names.free(logarithmTensor)})
}

// addClasses turns raw scores into probabilities and a label.
func (g *graph) addClasses(m *model.Model, scores string) {
	scores = g.names.free(scores)
	if m.Task != model.Binary {
		g.addLabel(m, g.addProbabilities(m, scores), "")
		return
	}
	var positive string
	if m.Calibration != nil {
		positive = g.addOneCurve(m.Calibration, scores)
	} else {
		positive = g.op("Sigmoid", "positive", []string{scores})
	}
	one := g.constant(doubles("one", []float64{1}))
	negative := g.op("Sub", "negative", []string{one, positive})
	g.addLabel(m, g.op("Concat", probabilitiesOutput, []string{negative, positive}, attrInt("axis", 1)), positive)
}

// addProbabilities turns the raw scores of several classes into probabilities.
func (g *graph) addProbabilities(m *model.Model, scores string) string {
	if m.Calibration != nil {
		return g.addEach(m.Calibration, scores)
	}
	return g.op("Softmax", probabilitiesOutput, []string{scores}, attrInt("axis", 1))
}

// addLabel adds the label, as model.Model.Label has it: the class of the largest
// probability, the first of them on a tie; with a threshold, class 1 only if its
// probability, positive, is above it.
func (g *graph) addLabel(m *model.Model, probabilities, positive string) {
	classes := g.constant(labels(&m.Recipe))
	var best string
	if m.Threshold != 0 {
		threshold := g.constant(doubles(thresholdTensor, []float64{m.Threshold}))
		above := g.op("Greater", "above", []string{positive, threshold})
		column := g.op("Cast", "best_column", []string{above}, attrInt("to", int64(pb.TensorProto_INT64)))
		best = g.op("Squeeze", "best", []string{column, g.axis()})
	} else {
		best = g.op("ArgMax", "best", []string{probabilities}, attrInt("axis", 1), attrInt("keepdims", 0), attrInt("select_last_index", 0))
	}
	g.op("Gather", labelOutput, []string{classes, best}, attrInt("axis", 0))
}

// labels returns the classes as a vector of strings, or of int64.
func labels(r *model.Recipe) *pb.TensorProto {
	t := &pb.TensorProto{Name: "classes", Dims: []int64{int64(len(r.Classes))}}
	if !r.IntLabels {
		t.DataType, t.StringData = int32(pb.TensorProto_STRING), byteStrings(r.Classes)
		return t
	}
	t.DataType = int32(pb.TensorProto_INT64)
	for _, class := range r.Classes {
		v, err := strconv.ParseInt(class, 10, 64)
		if err != nil {
			panic("onnx: labels: the recipe was not checked")
		}
		appendIntegers(t, v)
	}
	return t
}

// appendIntegers adds numbers to a tensor of int64.
func appendIntegers(t *pb.TensorProto, values ...int64) *pb.TensorProto {
	for _, v := range values {
		t.RawData = binary.LittleEndian.AppendUint64(t.RawData, uint64(v))
	}
	return t
}
