package onnx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"retrain/internal/fault"
	"retrain/internal/model"
	pb "retrain/internal/onnx/onnxpb"
)

// Decode reads a file that Encode wrote; anything else is fault.InvalidData.
//
// The bytes are not trusted. Their size and what they would take in memory are
// bounded first, the parameters are read out with every index checked, and the
// model must pass Model.Check. Then the model is encoded again, and must give
// the very same bytes: so nothing in the file is left over that was not
// understood, and what the service's own scorer computes from the model is what
// the file's graph says to every other runtime.
func Decode(b []byte) (*model.Model, error) {
	m, err := decode(b)
	if err != nil {
		return nil, fault.Wrap(fault.InvalidData, err, "The model file is not a model that this service wrote.")
	}
	return m, nil
}

func decode(b []byte) (*model.Model, error) {
	if len(b) > MaxBytes {
		return nil, errors.New("onnx: the file is larger than any that is written")
	}
	var p pb.ModelProto
	if err := checkWire(b, p.ProtoReflect().Descriptor()); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(b, &p); err != nil {
		return nil, err
	}
	m, err := modelOf(&p)
	if err != nil {
		return nil, err
	}
	again, err := Encode(m)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, b) {
		return nil, fmt.Errorf("%w: encoded again, it has other bytes", errForeign)
	}
	return m, nil
}

// modelOf reads a model's parameters out of a file. What the recipe decides is
// not read; that the file says the same is seen when the model is encoded again.
func modelOf(p *pb.ModelProto) (*model.Model, error) {
	props := make(map[string]string, len(p.GetMetadataProps()))
	for _, e := range p.GetMetadataProps() {
		props[e.GetKey()] = e.GetValue()
	}
	recipe, err := recipeIn(props[keyRecipe], len(p.GetGraph().GetInput()))
	if err != nil {
		return nil, err
	}
	m := &model.Model{Recipe: *recipe}
	for key, v := range props {
		if !strings.HasPrefix(key, keyPrefix) {
			if m.Meta == nil {
				m.Meta = map[string]string{}
			}
			m.Meta[key] = v
		}
	}
	if m.Calibration, err = calibrationIn(props[keyCalibration], recipe); err != nil {
		return nil, err
	}
	if m.Threshold, err = thresholdIn(p.GetGraph(), recipe); err != nil {
		return nil, err
	}
	if attrs := ensembleIn(p.GetGraph()); attrs != nil {
		m.Trees, err = treesIn(p.GetGraph(), attrs, recipe, props)
	} else {
		m.Linear, err = linearIn(p.GetGraph(), recipe)
	}
	return m, err
}

// recipeIn reads a recipe. The number of its JSON objects is bounded by that of
// the graph's inputs, and is counted before they are made: an empty object takes
// three bytes of text and a hundred of memory.
func recipeIn(text string, inputs int) (*model.Recipe, error) {
	if features := objects(text) - 1; features < inputs || features > inputs*len(model.TimeParts) {
		return nil, fmt.Errorf("%w: the recipe has not as many features as the graph", errForeign)
	}
	var r model.Recipe
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, err
	}
	return &r, r.Check()
}

// objects counts the objects in a JSON text.
func objects(text string) int {
	count, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == '{' && !quoted:
			count++
		}
	}
	return count
}

// constantIn returns the numbers of the graph's constant.
func constantIn(g *pb.GraphProto, name string) []float64 {
	for _, t := range g.GetInitializer() {
		if t.GetName() == name {
			return doublesIn(t)
		}
	}
	return nil
}

func linearIn(g *pb.GraphProto, r *model.Recipe) (*model.Linear, error) {
	free := namesBeside(r)
	weights := constantIn(g, free.free(coefficientsTensor))
	intercept := constantIn(g, free.free(interceptTensor))
	order, width := graphOrder(r), len(intercept)
	if width == 0 || len(weights)%width != 0 || len(weights)/width != len(order) {
		return nil, fmt.Errorf("%w: %d weights for %d inputs", errForeign, len(weights), len(order))
	}
	l := &model.Linear{Intercept: intercept, Coef: make([][]float64, width)}
	for k := range l.Coef {
		l.Coef[k] = make([]float64, len(order))
		for i, to := range order {
			l.Coef[k][to] = weights[i*width+k]
		}
	}
	return l, nil
}
