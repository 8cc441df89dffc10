package onnx_test

import (
	"bytes"
	"encoding/base64"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/model/modeltest"
	"retrain/internal/onnx"
	pb "retrain/internal/onnx/onnxpb"
)

// node returns the graph's first node of the operator.
func node(p *pb.ModelProto, op string) *pb.NodeProto {
	for _, n := range p.Graph.Node {
		if n.OpType == op {
			return n
		}
	}
	panic("no such operator: " + op)
}

func attr(p *pb.ModelProto, op, name string) *pb.AttributeProto {
	for _, a := range node(p, op).Attribute {
		if a.Name == name {
			return a
		}
	}
	panic("no such attribute: " + name)
}

func constant(p *pb.ModelProto, name string) *pb.TensorProto {
	for _, c := range p.Graph.Initializer {
		if c.Name == name {
			return c
		}
	}
	panic("no such constant: " + name)
}

func prop(p *pb.ModelProto, key string) *string {
	for _, e := range p.MetadataProps {
		if e.Key == key {
			return &e.Value
		}
	}
	panic("no such key: " + key)
}

func packed(values ...float64) []byte {
	var raw []byte
	for _, v := range values {
		raw = protowire.AppendFixed64(raw, math.Float64bits(v))
	}
	return raw
}

// Each change leaves a file that ONNX Runtime may well load.
func TestDecodeRefusesTrees(t *testing.T) {
	const trees = "TreeEnsemble"
	for name, harm := range map[string]func(p *pb.ModelProto){
		"another operator":              func(p *pb.ModelProto) { node(p, "Sigmoid").OpType = "Tanh" },
		"another domain":                func(p *pb.ModelProto) { node(p, "Sigmoid").Domain = "com.example" },
		"another opset":                 func(p *pb.ModelProto) { p.OpsetImport[0].Version = 18 },
		"another IR version":            func(p *pb.ModelProto) { p.IrVersion = 9 },
		"another producer":              func(p *pb.ModelProto) { p.ProducerName = "skl2onnx" },
		"a function":                    func(p *pb.ModelProto) { p.Functions = []*pb.FunctionProto{{Name: "f"}} },
		"a note":                        func(p *pb.ModelProto) { p.DocString = "note" },
		"no graph":                      func(p *pb.ModelProto) { p.Graph = nil },
		"no nodes":                      func(p *pb.ModelProto) { p.Graph.Node = nil },
		"no constants":                  func(p *pb.ModelProto) { p.Graph.Initializer = nil },
		"no inputs":                     func(p *pb.ModelProto) { p.Graph.Input = nil },
		"no attributes":                 func(p *pb.ModelProto) { node(p, trees).Attribute = nil },
		"a node more":                   func(p *pb.ModelProto) { p.Graph.Node = append(p.Graph.Node, p.Graph.Node[0]) },
		"a constant more":               func(p *pb.ModelProto) { p.Graph.Initializer = append(p.Graph.Initializer, p.Graph.Initializer[0]) },
		"inputs in another order":       func(p *pb.ModelProto) { in := p.Graph.Input; in[0], in[1] = in[1], in[0] },
		"an input of floats":            func(p *pb.ModelProto) { p.Graph.Input[0].Type.GetTensorType().ElemType = 1 },
		"ties to the last class":        func(p *pb.ModelProto) { attr(p, "ArgMax", "select_last_index").I = 1 },
		"classes exchanged":             func(p *pb.ModelProto) { s := p.Graph.Initializer[2].StringData; s[0], s[1] = s[1], s[0] },
		"codes exchanged":               func(p *pb.ModelProto) { v := attr(p, "LabelEncoder", "values_int64s").Ints; v[0], v[1] = v[1], v[0] },
		"a code for unseen ones":        func(p *pb.ModelProto) { attr(p, "LabelEncoder", "default_int64").I = 0 },
		"minimum instead of sum":        func(p *pb.ModelProto) { attr(p, trees, "aggregate_function").I = 2 },
		"a post-transform":              func(p *pb.ModelProto) { attr(p, trees, "post_transform").I = 2 },
		"a target more":                 func(p *pb.ModelProto) { attr(p, trees, "n_targets").I = 2 },
		"another leaf's target":         func(p *pb.ModelProto) { attr(p, trees, "leaf_targetids").Ints[0] = 1 },
		"another root":                  func(p *pb.ModelProto) { attr(p, trees, "tree_roots").Ints[1] = 0 },
		"a root too few":                func(p *pb.ModelProto) { a := attr(p, trees, "tree_roots"); a.Ints = a.Ints[:1] },
		"a root too many":               func(p *pb.ModelProto) { a := attr(p, trees, "tree_roots"); a.Ints = append(a.Ints, 3) },
		"a child that is the node":      func(p *pb.ModelProto) { attr(p, trees, "nodes_falsenodeids").Ints[0] = 0 },
		"a child behind the end":        func(p *pb.ModelProto) { attr(p, trees, "nodes_falsenodeids").Ints[0] = 99 },
		"a negative child":              func(p *pb.ModelProto) { attr(p, trees, "nodes_truenodeids").Ints[0] = -1 },
		"another leaf":                  func(p *pb.ModelProto) { attr(p, trees, "nodes_truenodeids").Ints[1] = 0 },
		"a leaf that is a node":         func(p *pb.ModelProto) { attr(p, trees, "nodes_trueleafs").Ints[0] = 0 },
		"a node that is a leaf":         func(p *pb.ModelProto) { attr(p, trees, "nodes_falseleafs").Ints[0] = 1 },
		"a leaf flag of 2":              func(p *pb.ModelProto) { attr(p, trees, "nodes_trueleafs").Ints[0] = 2 },
		"a missing flag of 2":           func(p *pb.ModelProto) { attr(p, trees, "nodes_missing_value_tracks_true").Ints[0] = 2 },
		"a missing flag for categories": func(p *pb.ModelProto) { attr(p, trees, "nodes_missing_value_tracks_true").Ints[1] = 1 },
		"missing flags too few":         func(p *pb.ModelProto) { attr(p, trees, "nodes_missing_value_tracks_true").Ints = []int64{1} },
		"an unknown feature":            func(p *pb.ModelProto) { attr(p, trees, "nodes_featureids").Ints[0] = 3 },
		"a negative feature":            func(p *pb.ModelProto) { attr(p, trees, "nodes_featureids").Ints[0] = -1 },
		"a feature beyond 32 bits":      func(p *pb.ModelProto) { attr(p, trees, "nodes_featureids").Ints[0] = 1 << 32 },
		"features too few":              func(p *pb.ModelProto) { attr(p, trees, "nodes_featureids").Ints = nil },
		"less than instead of at most":  func(p *pb.ModelProto) { attr(p, trees, "nodes_modes").T.RawData[0] = 1 },
		"an unknown mode":               func(p *pb.ModelProto) { attr(p, trees, "nodes_modes").T.RawData[0] = 7 },
		"a number by membership":        func(p *pb.ModelProto) { attr(p, trees, "nodes_modes").T.RawData[0] = 6 },
		"a category by threshold":       func(p *pb.ModelProto) { attr(p, trees, "nodes_modes").T.RawData[1] = 0 },
		"modes too few":                 func(p *pb.ModelProto) { attr(p, trees, "nodes_modes").T.RawData = nil },
		"a threshold that is NaN":       func(p *pb.ModelProto) { copy(attr(p, trees, "nodes_splits").T.RawData, packed(math.NaN())) },
		"a threshold for categories":    func(p *pb.ModelProto) { copy(attr(p, trees, "nodes_splits").T.RawData[8:], packed(1)) },
		"thresholds too few":            func(p *pb.ModelProto) { attr(p, trees, "nodes_splits").T.RawData = packed(30.5) },
		"half a threshold more":         func(p *pb.ModelProto) { t := attr(p, trees, "nodes_splits").T; t.RawData = append(t.RawData, 0, 0, 0) },
		"another shape":                 func(p *pb.ModelProto) { attr(p, trees, "nodes_splits").T.Dims[0] = 2 },
		"thresholds of floats":          func(p *pb.ModelProto) { attr(p, trees, "nodes_splits").T.DataType = 1 },
		"data in another file":          func(p *pb.ModelProto) { attr(p, trees, "nodes_splits").T.DataLocation = pb.TensorProto_EXTERNAL },
		"a leaf that is infinite":       func(p *pb.ModelProto) { copy(attr(p, trees, "leaf_weights").T.RawData, packed(math.Inf(1))) },
		"leaves too few":                func(p *pb.ModelProto) { attr(p, trees, "leaf_weights").T.RawData = packed(1, 2) },
		"leaves too many": func(p *pb.ModelProto) {
			t := attr(p, trees, "leaf_weights").T
			t.RawData = append(t.RawData, packed(1)...)
		},
		"an empty set":                func(p *pb.ModelProto) { attr(p, trees, "membership_values").T.RawData = packed(math.NaN()) },
		"a set without an end":        func(p *pb.ModelProto) { attr(p, trees, "membership_values").T.RawData = packed(0, 2) },
		"a set more":                  func(p *pb.ModelProto) { setsTo(p, 0, 2, math.NaN(), 1, math.NaN()) },
		"a set out of order":          func(p *pb.ModelProto) { setsTo(p, 2, 0, math.NaN()) },
		"a set with half a code":      func(p *pb.ModelProto) { setsTo(p, 0, 0.5, math.NaN()) },
		"a set with unseen ones":      func(p *pb.ModelProto) { setsTo(p, -1, 0, math.NaN()) },
		"a set with infinity":         func(p *pb.ModelProto) { setsTo(p, 0, math.Inf(1), math.NaN()) },
		"a set behind the categories": func(p *pb.ModelProto) { setsTo(p, 0, 3, math.NaN()) },
		"two ensembles":               func(p *pb.ModelProto) { p.Graph.Node = append(p.Graph.Node, node(p, trees)) },
		"no recipe":                   func(p *pb.ModelProto) { *prop(p, "retrain.recipe") = "" },
		"a recipe that is no JSON":    func(p *pb.ModelProto) { *prop(p, "retrain.recipe") = "{{{{" },
		"a space in the recipe":       func(p *pb.ModelProto) { *prop(p, "retrain.recipe") += " " },
		"another task":                func(p *pb.ModelProto) { *prop(p, "retrain.task") = "regression" },
		"another schema":              func(p *pb.ModelProto) { *prop(p, "retrain.schema") = "{}" },
		"a later format":              func(p *pb.ModelProto) { *prop(p, "retrain.format") = "2" },
		"an unknown key of ours":      func(p *pb.ModelProto) { p.MetadataProps[0].Key = "retrain.more" },
		"metadata out of order":       func(p *pb.ModelProto) { e := p.MetadataProps; e[0], e[1] = e[1], e[0] },
		"a key twice":                 func(p *pb.ModelProto) { p.MetadataProps[1].Key = p.MetadataProps[0].Key },
		"counts that are no base64":   func(p *pb.ModelProto) { *prop(p, "retrain.counts") = "*" },
		"counts too few":              func(p *pb.ModelProto) { *prop(p, "retrain.counts") = base64.StdEncoding.EncodeToString([]byte{1}) },
		"counts that are zero": func(p *pb.ModelProto) {
			*prop(p, "retrain.counts") = base64.StdEncoding.EncodeToString(make([]byte, 6))
		},
		"a count beyond 63 bits":   func(p *pb.ModelProto) { *prop(p, "retrain.counts") = "/////////////wEBAQEBAQ==" },
		"gains too few":            func(p *pb.ModelProto) { *prop(p, "retrain.gains") = base64.StdEncoding.EncodeToString(packed(1)) },
		"gains that are no base64": func(p *pb.ModelProto) { *prop(p, "retrain.gains") = "*" },
		"a gain that is NaN": func(p *pb.ModelProto) {
			*prop(p, "retrain.gains") = base64.StdEncoding.EncodeToString(packed(1, math.NaN()))
		},
		"an unknown field": func(p *pb.ModelProto) {
			p.ProtoReflect().SetUnknown(protowire.AppendTag(nil, 999, protowire.VarintType))
		},
	} {
		t.Run(name, func(t *testing.T) { mustRefuseAfter(t, "trees-binary", harm) })
	}
}

func setsTo(p *pb.ModelProto, values ...float64) {
	t := attr(p, "TreeEnsemble", "membership_values").T
	t.RawData, t.Dims = packed(values...), []int64{int64(len(values))}
}

func TestDecodeRefusesWeights(t *testing.T) {
	for name, harm := range map[string]func(p *pb.ModelProto){
		"no weights":                 func(p *pb.ModelProto) { constant(p, "coefficients").RawData = nil },
		"a weight too few":           func(p *pb.ModelProto) { c := constant(p, "coefficients"); c.RawData = c.RawData[8:] },
		"a row of weights too few":   func(p *pb.ModelProto) { c := constant(p, "coefficients"); c.RawData = c.RawData[24:] },
		"a weight that is NaN":       func(p *pb.ModelProto) { copy(constant(p, "coefficients").RawData, packed(math.NaN())) },
		"weights in another shape":   func(p *pb.ModelProto) { d := constant(p, "coefficients").Dims; d[0], d[1] = d[1], d[0] },
		"no intercept":               func(p *pb.ModelProto) { constant(p, "intercept").RawData = nil },
		"an intercept too few":       func(p *pb.ModelProto) { c := constant(p, "intercept"); c.RawData = c.RawData[8:] },
		"another fill than recipe's": func(p *pb.ModelProto) { copy(constant(p, "fill").RawData, packed(1)) },
		"another mean than recipe's": func(p *pb.ModelProto) { copy(constant(p, "mean").RawData, packed(1)) },
		"a scale of zero":            func(p *pb.ModelProto) { copy(constant(p, "scale").RawData, packed(0)) },
		"a number with categories": func(p *pb.ModelProto) {
			r := prop(p, "retrain.recipe")
			*r = strings.Replace(*r, `"category"`, `"number"`, 1)
		},
		"other categories":         func(p *pb.ModelProto) { attr(p, "OneHotEncoder", "cats_strings").Strings[1] = []byte("red") },
		"an error for unseen ones": func(p *pb.ModelProto) { attr(p, "OneHotEncoder", "zeros").I = 0 },
		"inputs in another order":  func(p *pb.ModelProto) { in := node(p, "Concat").Input; in[0], in[1] = in[1], in[0] },
	} {
		t.Run(name, func(t *testing.T) { mustRefuseAfter(t, "linear-multiclass", harm) })
	}
}

func TestDecodeRefusesCalibrations(t *testing.T) {
	const calibration = "retrain.calibration"
	for name, harm := range map[string]func(p *pb.ModelProto){
		"no calibration":       func(p *pb.ModelProto) { *prop(p, calibration) = "" },
		"no JSON":              func(p *pb.ModelProto) { *prop(p, calibration) = "{" },
		"null":                 func(p *pb.ModelProto) { *prop(p, calibration) = "null" },
		"a space":              func(p *pb.ModelProto) { *prop(p, calibration) += " " },
		"too long a text":      func(p *pb.ModelProto) { *prop(p, calibration) += strings.Repeat(" ", 30_000) },
		"another knot":         func(p *pb.ModelProto) { replaceProp(p, calibration, "0.5", "0.625") },
		"another height":       func(p *pb.ModelProto) { replaceProp(p, calibration, "0.75", "0.875") },
		"a knot in the graph":  func(p *pb.ModelProto) { copy(constant(p, "knots_0").RawData, packed(0.625)) },
		"a width in the graph": func(p *pb.ModelProto) { copy(constant(p, "widths_0").RawData, packed(2)) },
		"a rise in the graph":  func(p *pb.ModelProto) { copy(constant(p, "rises_0").RawData, packed(0.25)) },
		"above instead of from": func(p *pb.ModelProto) {
			node(p, "GreaterOrEqual").OpType = "Greater"
		},
		"a threshold of 1":        func(p *pb.ModelProto) { copy(constant(p, "threshold").RawData, packed(1)) },
		"two thresholds":          func(p *pb.ModelProto) { constant(p, "threshold").RawData = packed(0.375, 0.375) },
		"no threshold":            func(p *pb.ModelProto) { constant(p, "threshold").RawData = nil },
		"from the threshold on":   func(p *pb.ModelProto) { node(p, "Greater").OpType = "GreaterOrEqual" },
		"a threshold, not in use": func(p *pb.ModelProto) { node(p, "Greater").OpType = "Less" },
	} {
		t.Run(name, func(t *testing.T) { mustRefuseAfter(t, "calibrated-binary", harm) })
	}
	for name, harm := range map[string]func(p *pb.ModelProto){
		"another slope":     func(p *pb.ModelProto) { copy(constant(p, "slopes").RawData, packed(3)) },
		"a slope below 0":   func(p *pb.ModelProto) { replaceProp(p, calibration, `"slope":1`, `"slope":-1`) },
		"another axis":      func(p *pb.ModelProto) { copy(constant(p, "axis").RawData, []byte{0}) },
		"a class's own too": func(p *pb.ModelProto) { attr(p, "CumSum", "exclusive").I = 0 },
	} {
		t.Run(name, func(t *testing.T) { mustRefuseAfter(t, "calibrated-lines", harm) })
	}
}

func replaceProp(p *pb.ModelProto, key, from, to string) {
	text := prop(p, key)
	*text = strings.Replace(*text, from, to, 1)
}

// mustRefuseAfter harms a golden file and wants it refused.
func mustRefuseAfter(t *testing.T, golden string, harm func(*pb.ModelProto)) {
	t.Helper()
	p := unmarshal(t, encode(t, goldenModels()[golden]))
	harm(p)
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, b)
}

func TestDecodeRefusesOtherBytes(t *testing.T) {
	good := encode(t, goldenModels()["trees-binary"])
	for name, b := range map[string][]byte{
		"nothing":          nil,
		"text":             []byte("id,age\n1,2\n"),
		"half of the file": good[:len(good)/2],
		"a byte more":      append(bytes.Clone(good), 0),
		"the file twice":   append(bytes.Clone(good), good...),
		"too many bytes":   make([]byte, onnx.MaxBytes+1),
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, b) })
	}
}

// Both the walk over the wire format and the tree reader recurse, and a Go stack
// that overflows ends the process: it has to be these checks that refuse.
func TestDecodeBoundsRecursion(t *testing.T) {
	graphs := []byte{}
	for range 1000 {
		graphs = message(1, message(5, message(6, graphs))) // node, attribute, g
	}
	chain := unmarshal(t, encode(t, goldenModels()["trees-regression"]))
	splits := 100 * model.MaxDepth
	zeros, ones := make([]int64, splits), bytes.Repeat([]byte{1}, splits)
	for _, a := range node(chain, "TreeEnsemble").Attribute {
		if strings.HasPrefix(a.Name, "nodes_") && a.Ints != nil {
			a.Ints = zeros
		}
	}
	attr(chain, "TreeEnsemble", "nodes_modes").T.RawData = make([]byte, splits)
	attr(chain, "TreeEnsemble", "nodes_splits").T.RawData = bytes.Repeat(ones, 8)
	deep, err := proto.Marshal(chain)
	if err != nil {
		t.Fatal(err)
	}
	for want, b := range map[string][]byte{
		"its messages are nested too deep": message(7, graphs),
		"too many splits above each other": deep,
	} {
		mustRefuse(t, b)
		if _, err := onnx.Decode(b); !strings.Contains(err.Error(), want) {
			t.Errorf("Decode: %v, want it to say %q", err, want)
		}
	}
}

// message wraps bytes as the field of a message.
func message(field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), content)
}

// A small file must not take a large memory before it is refused.
func TestDecodeBoundsMemory(t *testing.T) {
	recipe := []byte(`{"target":"y","task":"regression","features":[` + strings.Repeat("{},", 20<<20) + `{}]}`)
	for name, b := range map[string][]byte{
		"empty nodes":      message(7, bytes.Repeat(message(1, nil), 8<<20)),
		"empty metadata":   bytes.Repeat(message(14, nil), 8<<20),
		"empty strings":    message(7, message(1, message(5, bytes.Repeat(message(9, nil), 12<<20)))),
		"a list of zeros":  message(7, message(1, message(5, message(8, make([]byte, 60<<20))))),
		"features of {}":   message(14, append(message(1, []byte("retrain.recipe")), message(2, recipe)...)),
		"a list of floats": message(7, message(1, message(5, message(7, make([]byte, 60<<20))))),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			mustRefuse(t, b)
			runtime.ReadMemStats(&after)
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 640 {
				t.Errorf("%d MiB of file took %d MiB", len(b)>>20, took)
			}
		})
	}
}

// One changed byte either is refused, or makes a file that Encode would write
// of another model: a leaf's value, say. That it is not the file that was
// stored, its digest tells.
func TestDecodeOfOneChangedByte(t *testing.T) {
	for name, m := range goldenModels() {
		good := encode(t, m)
		refused := 0
		for i := range good {
			for _, flip := range []byte{1, 0x80, 0xff} {
				b := bytes.Clone(good)
				b[i] ^= flip
				if !accepted(t, b) {
					refused++
				}
			}
		}
		if refused < len(good) {
			t.Errorf("%s: of %d changed files, only %d were refused", name, 3*len(good), refused)
		}
	}
}

// accepted reports whether Decode accepts the bytes. If so, it wants
// a model that is sound, can be scored, and has these very bytes.
func accepted(t testing.TB, b []byte) bool {
	t.Helper()
	m, err := onnx.Decode(b)
	if err != nil {
		if !fault.Is(err, fault.InvalidData) {
			t.Fatalf("Decode: %v, want fault.InvalidData", err)
		}
		return false
	}
	if err := m.Check(); err != nil {
		t.Fatalf("Decode let an unsound model through: %v", err)
	}
	if !bytes.Equal(encode(t, m), b) {
		t.Fatal("Decode let bytes through that Encode does not write")
	}
	table := modeltest.Rows(rand.New(rand.NewPCG(1, 1)), &m.Recipe, 10)
	m.Predict(make([]float64, 10*m.Outputs()), table.Encode(&m.Recipe))
	return true
}

func FuzzDecode(f *testing.F) {
	for _, m := range goldenModels() {
		f.Add(encode(f, m))
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for _, task := range tasks {
		f.Add(encode(f, modeltest.Trees(rng, task, 5, 8)))
		f.Add(encode(f, modeltest.Linear(rng, task)))
		if task != model.Regression {
			f.Add(encode(f, modeltest.Calibrate(rng, modeltest.Linear(rng, task))))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { accepted(t, b) })
}

// large returns a model of 100 trees with 31 leaves.
func large() *model.Model {
	rng := rand.New(rand.NewPCG(4, 4))
	m := modeltest.Trees(rng, model.Binary, 0, 1)
	for range 100 {
		m.Trees.Trees = append(m.Trees.Trees, modeltest.Tree(rng, &m.Recipe, 31))
	}
	return m
}

func BenchmarkEncode(b *testing.B) {
	m := large()
	b.SetBytes(int64(len(encode(b, m))))
	for b.Loop() {
		encode(b, m)
	}
}

func BenchmarkDecode(b *testing.B) {
	file := encode(b, large())
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := onnx.Decode(file); err != nil {
			b.Fatal(err)
		}
	}
}
