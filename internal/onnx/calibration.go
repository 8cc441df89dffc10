package onnx

import (
	"encoding/json"
	"fmt"

	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// thresholdTensor is the constant that holds a model's threshold.
const thresholdTensor = "threshold"

// addOneCurve adds the calibrated probability of class 1, [N,1], to a binary
// task's raw score.
func (g *graph) addOneCurve(c *model.Calibration, scores string) string {
	return g.addCurve(&c.Curves[0], scores, 0, "positive")
}

// addEach adds the probabilities of several classes: each class's own, as
// model.Model.LogOdds and model.Calibration have it, divided by their sum.
func (g *graph) addEach(c *model.Calibration, scores string) string {
	odds := g.addLogOdds(scores)
	own := ""
	if c.Lines != nil {
		own = g.addLines(c.Lines, odds)
	} else {
		columns := make([]string, len(c.Curves))
		for k := range c.Curves {
			at := g.constant(integers(numbered("class", k), int64(k)))
			column := g.op("Gather", numbered("odds", k), []string{odds, at}, attrInt("axis", 1))
			columns[k] = g.addCurve(&c.Curves[k], column, k, numbered("calibrated", k))
		}
		own = g.op("Concat", "calibrated", columns, attrInt("axis", 1))
	}
	sum := g.op("ReduceSum", "sum", []string{own, g.axis()}, attrInt("keepdims", 1))
	return g.op("Div", probabilitiesOutput, []string{own, sum})
}

// addLogOdds adds the log odds of each class against the rest.
func (g *graph) addLogOdds(scores string) string {
	top := g.op("ReduceMax", "top", []string{scores}, attrInts("axes", []int64{1}), attrInt("keepdims", 1))
	below := g.op("Sub", "below", []string{scores, top})
	powers := g.op("Exp", "powers", []string{below})
	axis := g.axis()
	before := g.op("CumSum", "before", []string{powers, axis}, attrInt("exclusive", 1))
	behind := g.op("CumSum", "behind", []string{powers, axis}, attrInt("exclusive", 1), attrInt("reverse", 1))
	rest := g.op("Add", "rest", []string{before, behind})
	least := g.constant(doubles("least", []float64{model.MinRest}))
	rest = g.op("Max", "rest_at_least", []string{rest, least})
	return g.op("Sub", "odds", []string{below, g.op("Log", "log_rest", []string{rest})})
}

// axis returns the name of the constant that says the axis of the classes,
// which is added when it is first used.
func (g *graph) axis() string {
	if g.classAxis == "" {
		g.classAxis = g.constant(integers("axis", 1))
	}
	return g.classAxis
}

func (g *graph) addLines(lines []model.Line, odds string) string {
	var slopes, shifts []float64
	for _, l := range lines {
		slopes, shifts = append(slopes, l.Slope), append(shifts, l.Shift)
	}
	sloped := g.op("Mul", "sloped", []string{odds, g.constant(row("slopes", slopes))})
	shifted := g.op("Add", "shifted", []string{sloped, g.constant(row("shifts", shifts))})
	return g.op("Sigmoid", "calibrated", []string{shifted})
}

// addCurve adds curve k's values at the log odds z, [N,1], operator by operator
// as model.Curve.At has it: the number of knots behind the first that are not
// above z tells the stretch, whose beginning, width, height and rise are looked
// up. The last stretch is level.
func (g *graph) addCurve(c *model.Curve, z string, k int, output string) string {
	last := len(c.X) - 1
	width, rise := make([]float64, last+1), make([]float64, last+1)
	width[last] = 1
	for i := range last {
		width[i], rise[i] = c.X[i+1]-c.X[i], c.Y[i+1]-c.Y[i]
	}
	table := func(name string, values []float64) string {
		return g.constant(doubles(numbered(name, k), values, int64(len(values))))
	}
	number := func(name string, v float64) string { return g.constant(doubles(numbered(name, k), []float64{v})) }
	z = g.op("Clip", numbered("clipped", k), []string{z, number("lowest", c.X[0]), number("highest", c.X[last])})
	passed := g.op("GreaterOrEqual", numbered("passed", k), []string{z, g.constant(row(numbered("knots", k), c.X[1:]))})
	ones := g.op("Cast", numbered("ones", k), []string{passed}, attrInt("to", int64(pb.TensorProto_INT64)))
	at := g.op("ReduceSum", numbered("stretch", k), []string{ones, g.axis()}, attrInt("keepdims", 1))
	look := func(name string, values []float64) string {
		return g.op("Gather", numbered(name, k), []string{table(name+"s", values), at}, attrInt("axis", 0))
	}
	from, wide, low, up := look("start", c.X), look("width", width), look("height", c.Y), look("rise", rise)
	way := g.op("Sub", numbered("way", k), []string{z, from})
	share := g.op("Div", numbered("share", k), []string{way, wide})
	climbed := g.op("Mul", numbered("climbed", k), []string{share, up})
	return g.op("Add", output, []string{low, climbed})
}

// integers returns a vector of int64.
func integers(name string, values ...int64) *pb.TensorProto {
	t := &pb.TensorProto{Name: name, DataType: int32(pb.TensorProto_INT64), Dims: []int64{int64(len(values))}}
	return appendIntegers(t, values...)
}

// curveText bounds the text of one class's entry: two numbers a knot, of at most
// 24 characters and a comma each.
const curveText = 64 + model.MaxKnots*2*25

// calibrationIn reads a calibration; "" is none. That the graph computes the
// same is seen when the model is encoded again. The text's length is bounded
// first, and with it what it becomes in memory.
func calibrationIn(text string, r *model.Recipe) (*model.Calibration, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > curveText*len(r.Classes)+64 {
		return nil, fmt.Errorf("%w: the calibration is larger than any", errForeign)
	}
	var c model.Calibration
	return &c, json.Unmarshal([]byte(text), &c)
}

// thresholdIn reads the threshold; 0 is none.
func thresholdIn(g *pb.GraphProto, r *model.Recipe) (float64, error) {
	switch v := constantIn(g, namesBeside(r).free(thresholdTensor)); len(v) {
	case 0:
		return 0, nil
	case 1:
		return v[0], nil
	}
	return 0, fmt.Errorf("%w: more than one threshold", errForeign)
}
