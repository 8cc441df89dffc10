package onnx

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// The keys of metadata_props that are ours begin with the prefix; model.Meta
// has the others.
const (
	keyPrefix = "retrain."
	keyFormat = keyPrefix + "format" // formatName
	keyRecipe = keyPrefix + "recipe" // model.Recipe as JSON
	keySchema = keyPrefix + "schema" // the inputs and outputs as JSON, for readers
	keyTask   = keyPrefix + "task"   // for readers
	// What the nodes of the trees are informative about, in preorder, tree
	// after tree, in base64; absent if all are 0. Counts are of all nodes, as
	// unsigned varints; gains are of the splits, as little-endian doubles.
	keyCounts = keyPrefix + "counts"
	keyGains  = keyPrefix + "gains"
	// model.Calibration as JSON; absent if there is none.
	keyCalibration = keyPrefix + "calibration"
)

// metadata returns the entries sorted by key.
func metadata(m *model.Model, e *ensemble) ([]*pb.StringStringEntryProto, error) {
	recipe, err := json.Marshal(&m.Recipe)
	if err != nil {
		return nil, err
	}
	schema, err := json.Marshal(schemaOf(&m.Recipe))
	if err != nil {
		return nil, err
	}
	entries := map[string]string{
		keyFormat: formatName, keyRecipe: string(recipe), keySchema: string(schema), keyTask: string(m.Task),
	}
	if slices.ContainsFunc(e.counts, func(n uint64) bool { return n != 0 }) {
		entries[keyCounts] = packCounts(e.counts)
	}
	if slices.ContainsFunc(e.gains, func(g float64) bool { return g != 0 }) {
		entries[keyGains] = packGains(e.gains)
	}
	if m.Calibration != nil {
		text, err := json.Marshal(m.Calibration)
		if err != nil {
			return nil, err
		}
		entries[keyCalibration] = string(text)
	}
	for key, v := range m.Meta {
		if strings.HasPrefix(key, keyPrefix) {
			return nil, fmt.Errorf("a key of Meta begins with %q", keyPrefix)
		}
		entries[key] = v
	}
	props := make([]*pb.StringStringEntryProto, 0, len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		props = append(props, &pb.StringStringEntryProto{Key: key, Value: entries[key]})
	}
	return props, nil
}

// tensorSchema describes an input or output for readers of the metadata.
type tensorSchema struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // double, string or int64
	Columns []string `json:"columns,omitempty"`
}

type fileSchema struct {
	Inputs  []tensorSchema `json:"inputs"`
	Outputs []tensorSchema `json:"outputs"`
}

func schemaOf(r *model.Recipe) fileSchema {
	var s fileSchema
	for _, c := range r.Columns() {
		kind := "double"
		if r.Features[c.First].Kind == model.Category {
			kind = "string"
		}
		s.Inputs = append(s.Inputs, tensorSchema{Name: c.Name, Type: kind})
	}
	free := namesBeside(r)
	if r.Task != model.Regression {
		kind := "string"
		if r.IntLabels {
			kind = "int64"
		}
		s.Outputs = append(s.Outputs, tensorSchema{Name: free.free(labelOutput), Type: kind})
	}
	s.Outputs = append(s.Outputs, tensorSchema{Name: free.free(outputName(r)), Type: "double", Columns: r.Classes})
	return s
}

func packCounts(counts []uint64) string {
	var raw []byte
	for _, n := range counts {
		raw = binary.AppendUvarint(raw, n)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// unpackCounts reads n counts; "" stands for zeros.
func unpackCounts(packed string, n int) ([]int64, error) {
	counts := make([]int64, n)
	if packed == "" {
		return counts, nil
	}
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, err
	}
	for i := range counts {
		v, size := binary.Uvarint(raw)
		if size <= 0 || v > math.MaxInt64 {
			return nil, fmt.Errorf("count %d is malformed: %w", i, errForeign)
		}
		counts[i], raw = int64(v), raw[size:]
	}
	return counts, nil
}

func packGains(gains []float64) string {
	return base64.StdEncoding.EncodeToString(doubles("", gains).RawData)
}

// unpackGains reads n gains; "" stands for zeros.
func unpackGains(packed string, n int) ([]float64, error) {
	if packed == "" {
		return make([]float64, n), nil
	}
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, err
	}
	if len(raw) != 8*n {
		return nil, fmt.Errorf("the gains have %d bytes for %d splits: %w", len(raw), n, errForeign)
	}
	return doublesIn(&pb.TensorProto{RawData: raw}), nil
}
