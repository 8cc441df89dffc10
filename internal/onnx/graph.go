package onnx

import (
	"strconv"

	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// graph is a graph under construction: an operator is added once its inputs
// are there, so that the nodes are in topological order.
type graph struct {
	names     names
	numbers   map[int]bool // the constants that number has added
	classAxis string       // the constant that axis has added; or ""
	proto     *pb.GraphProto
}

func newGraph(r *model.Recipe) *graph {
	return &graph{names: namesBeside(r), numbers: map[int]bool{}, proto: &pb.GraphProto{Name: "retrain"}}
}

// names gives tensors names that no column has. Our own names are distinct and
// do not end in an underscore, so they stay distinct.
type names map[string]bool

func namesBeside(r *model.Recipe) names {
	taken := make(names, len(r.Features))
	for _, c := range r.Columns() {
		taken[c.Name] = true
	}
	return taken
}

func (n names) free(want string) string {
	for n[want] {
		want += "_"
	}
	return want
}

// op adds an operator of ai.onnx and returns the name of its output.
func (g *graph) op(op, output string, inputs []string, attrs ...*pb.AttributeProto) string {
	return g.add("", op, output, inputs, attrs)
}

// opML adds an operator of ai.onnx.ml and returns the name of its output.
func (g *graph) opML(op, output string, inputs []string, attrs ...*pb.AttributeProto) string {
	return g.add(domainML, op, output, inputs, attrs)
}

func (g *graph) add(domain, op, output string, inputs []string, attrs []*pb.AttributeProto) string {
	output = g.names.free(output)
	g.proto.Node = append(g.proto.Node, &pb.NodeProto{
		Name: output, OpType: op, Domain: domain, Input: inputs, Output: []string{output}, Attribute: attrs,
	})
	return output
}

// constant adds a tensor and returns its name.
func (g *graph) constant(t *pb.TensorProto) string {
	t.Name = g.names.free(t.Name)
	g.proto.Initializer = append(g.proto.Initializer, t)
	return t.Name
}

// declare lists the graph's inputs and outputs.
func (g *graph) declare(r *model.Recipe) {
	for _, c := range r.Columns() {
		kind := pb.TensorProto_DOUBLE
		if r.Features[c.First].Kind == model.Category {
			kind = pb.TensorProto_STRING
		}
		g.proto.Input = append(g.proto.Input, value(c.Name, kind, 1))
	}
	scores := value(g.names.free(outputName(r)), pb.TensorProto_DOUBLE, int64(r.Outputs()))
	if r.Task != model.Regression {
		kind := pb.TensorProto_STRING
		if r.IntLabels {
			kind = pb.TensorProto_INT64
		}
		g.proto.Output = append(g.proto.Output, value(g.names.free(labelOutput), kind, 0))
	}
	g.proto.Output = append(g.proto.Output, scores)
}

// value describes a tensor of N rows and the given number of columns, or, of 0
// columns, a vector of N.
func value(name string, kind pb.TensorProto_DataType, columns int64) *pb.ValueInfoProto {
	shape := &pb.TensorShapeProto{Dim: []*pb.TensorShapeProto_Dimension{
		{Value: &pb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}},
	}}
	if columns > 0 {
		shape.Dim = append(shape.Dim, &pb.TensorShapeProto_Dimension{Value: &pb.TensorShapeProto_Dimension_DimValue{DimValue: columns}})
	}
	tensor := &pb.TypeProto_Tensor{ElemType: int32(kind), Shape: shape}
	return &pb.ValueInfoProto{Name: name, Type: &pb.TypeProto{Value: &pb.TypeProto_TensorType{TensorType: tensor}}}
}

// numbered returns the name of feature j's part of a computation.
func numbered(name string, j int) string { return name + "_" + strconv.Itoa(j) }
