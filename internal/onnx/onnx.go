// Package onnx writes models as ONNX files and reads back what it wrote.
//
// The file is the stored form of a model: any runtime can serve it, and the
// service scores the very same bytes with its own code. Everything is computed
// in doubles, with the operators of ai.onnx 17 and ai.onnx.ml 5 (IR version 8):
//
//	inputs   one for each raw column, named as it, [N,1] of double or string (NaN
//	         is a missing number, "" a missing text; a boolean is 1 or 0, a time
//	         the seconds since 1970, whose parts the graph computes)
//	outputs  label [N] of string or int64, and probabilities [N,C] of double,
//	         the classes in ascending order; for regression prediction [N,1]
//	metadata retrain.format, .recipe, .schema, .task, .counts, .gains,
//	         .calibration, and the entries of model.Meta under their own keys
//
// A tensor that would have the name of a column has underscores appended, the
// outputs too: a column called label makes the output label_.
//
// The room knows models and nothing of how they are trained, scored or kept.
// It is the only one that knows protocol buffers.
package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"retrain/internal/fault"
	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// MaxBytes is the size of the largest file that is written or read. It has room
// for about two million splits.
const MaxBytes = 64 << 20

// The versions of the format's parts. IR version 8 and these operator sets came
// out by 2023; ONNX Runtime reads ai.onnx.ml 5 since about 1.21.
const (
	irVersion  = 8
	opset      = 17
	opsetML    = 5
	domainML   = "ai.onnx.ml"
	formatName = "1" // of retrain.format: what the rest of our metadata means
)

// Encode returns the model as an ONNX file. The same model gives the same
// bytes: fields and metadata have a fixed order, the nodes of the trees are
// written in preorder, and there is no time stamp. A model that Model.Check
// refuses is an internal error, for learners do not make one; a file above
// MaxBytes is fault.TooLarge.
//
// Trees that are empty are written with one tree of a single leaf of 0, as the
// TreeEnsemble operator wants at least one.
func Encode(m *model.Model) ([]byte, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("onnx: encode: %w", err)
	}
	p, err := protoOf(m, opsetML)
	if err != nil {
		return nil, fmt.Errorf("onnx: encode: %w", err)
	}
	if proto.Size(p) > MaxBytes {
		return nil, fault.New(fault.TooLarge, "The model is larger than %d MiB; train fewer trees, or smaller ones.", MaxBytes>>20)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(p)
}

// protoOf writes the model with the operators of ai.onnx.ml 5 or 3.
func protoOf(m *model.Model, ml int64) (*pb.ModelProto, error) {
	g := newGraph(&m.Recipe)
	var e ensemble
	scores := scoresName(m)
	switch {
	case m.Trees == nil:
		g.addLinear(m, scores)
	case ml == opsetML3:
		if err := g.addForest(m, scores); err != nil {
			return nil, err
		}
	default:
		e = ensembleOf(m.Trees)
		g.addTrees(m, &e, scores)
	}
	switch {
	case m.Task != model.Regression:
		g.addClasses(m, scores)
	case scores == logarithmTensor:
		g.addExp()
	}
	g.declare(&m.Recipe)
	props, err := metadata(m, &e)
	if err != nil {
		return nil, err
	}
	if ml == opsetML3 {
		props = withoutOurs(props)
	}
	return &pb.ModelProto{
		IrVersion:     irVersion,
		ProducerName:  "retrain",
		Graph:         g.proto,
		OpsetImport:   []*pb.OperatorSetIdProto{{Version: opset}, {Domain: domainML, Version: ml}},
		MetadataProps: props,
	}, nil
}

// errForeign says that a file has parts that Encode does not write.
var errForeign = errors.New("onnx: not written by this service")
