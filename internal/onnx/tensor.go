package onnx

import (
	"encoding/binary"
	"math"

	pb "retrain/internal/onnx/onnxpb"
)

// doubles returns a tensor of doubles; without dims it is a scalar.
func doubles(name string, values []float64, dims ...int64) *pb.TensorProto {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return &pb.TensorProto{Name: name, DataType: int32(pb.TensorProto_DOUBLE), Dims: dims, RawData: raw}
}

// row returns a tensor of one row, which broadcasts over the rows of a batch.
func row(name string, values []float64) *pb.TensorProto {
	return doubles(name, values, 1, int64(len(values)))
}

// octets returns a vector of uint8.
func octets(values []byte) *pb.TensorProto {
	return &pb.TensorProto{DataType: int32(pb.TensorProto_UINT8), Dims: []int64{int64(len(values))}, RawData: values}
}

// doublesIn reads what doubles wrote. A tensor of another form yields nothing:
// its bytes cannot come out the same again.
func doublesIn(t *pb.TensorProto) []float64 {
	raw := t.GetRawData()
	values := make([]float64, len(raw)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return values
}

func attrInt(name string, v int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INT, I: v}
}

func attrInts(name string, v []int64) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INTS, Ints: v}
}

func attrStrings(name string, v []string) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_STRINGS, Strings: byteStrings(v)}
}

func attrTensor(name string, t *pb.TensorProto) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_TENSOR, T: t}
}

func byteStrings(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i, s := range texts {
		out[i] = []byte(s)
	}
	return out
}
