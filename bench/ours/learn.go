package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/model"
	"retrain/internal/onnx"
)

// arrays is a data set in a folder: meta.json, and little-endian float64 in x
// and y (the training rows) and tx (the rows to score). Scores go to p.
type arrays struct {
	folder   string
	Kinds    []int // by feature: 0 is a number, else how many categories
	Task     model.Task
	Classes  int
	Means    []float64 // by feature, and
	Scales   []float64 // of numbers that are to be standardized; nil if none are
	x, y, tx []float64
}

func load(folder string) (*arrays, error) {
	a := &arrays{folder: folder}
	text, err := os.ReadFile(filepath.Join(folder, "meta.json"))
	if err == nil {
		err = json.Unmarshal(text, a)
	}
	for name, to := range map[string]*[]float64{"x": &a.x, "y": &a.y, "tx": &a.tx} {
		if err == nil {
			*to, err = floats(filepath.Join(folder, name))
		}
	}
	return a, err
}

func floats(path string) ([]float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(text)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(text[8*i:]))
	}
	return values, nil
}

func (a *arrays) recipe() *model.Recipe {
	r := &model.Recipe{Task: a.Task, Target: "y"}
	for j, kind := range a.Kinds {
		f := model.Feature{Name: fmt.Sprint("f", j), Kind: model.Number, Scale: 1}
		if a.Means != nil {
			f.Fill, f.Mean, f.Scale = a.Means[j], a.Means[j], a.Scales[j]
		}
		if kind > 0 {
			f = model.Feature{Name: f.Name, Kind: model.Category}
			for k := range kind {
				f.Categories = append(f.Categories, fmt.Sprintf("%05d", k))
			}
		}
		r.Features = append(r.Features, f)
	}
	for k := range a.Classes {
		r.Classes = append(r.Classes, fmt.Sprintf("%05d", k))
	}
	return r
}

// batches calls do with the places of successive rows.
func (a *arrays) batches(do func(from, to int)) {
	const rows = 8192
	for from := 0; from < len(a.y); from += rows {
		do(from, min(from+rows, len(a.y)))
	}
}

func boost(args []string) error {
	a, err := load(args[0])
	if err != nil {
		return err
	}
	m, width, start := &model.Model{Recipe: *a.recipe()}, len(a.Kinds), time.Now()
	params := gbdt.Defaults()
	binner := gbdt.NewBinner(m.Features, params.MaxBins, 0)
	a.batches(func(from, to int) { binner.Observe(int64(from), a.x[from*width:to*width]) })
	data := gbdt.NewData(binner.Bins(), m.Task, m.Outputs(), len(a.y))
	a.batches(func(from, to int) { data.Append(a.x[from*width:to*width], a.y[from:to], nil) })
	result, err := gbdt.Train(context.Background(), data, params, gbdt.Options{})
	if err != nil {
		return err
	}
	m.Trees = result.Trees
	return a.finish(m, map[string]float64{"fit": time.Since(start).Seconds()})
}

func fitLinear(args []string) error {
	a, err := load(args[0])
	if err != nil {
		return err
	}
	m, width, start := &model.Model{Recipe: *a.recipe()}, len(a.Kinds), time.Now()
	cpu := cpuSeconds()
	data := linear.NewData(&m.Recipe, len(a.y))
	a.batches(func(from, to int) { data.Append(a.x[from*width:to*width], a.y[from:to], nil) })
	result, err := linear.Fit(context.Background(), data, linear.Defaults())
	if err != nil {
		return err
	}
	m.Linear = result.Linear
	return a.finish(m, map[string]float64{"fit": time.Since(start).Seconds(), "fit_cpu": cpuSeconds() - cpu, "objective": result.Objective})
}

// finish scores the rows, all at once and one by one, and stores the model too,
// so that ONNX Runtime can score with it. It prints what was measured, after
// what is said already.
func (a *arrays) finish(m *model.Model, said map[string]float64) error {
	width, outputs := len(a.Kinds), m.Outputs()
	rows := len(a.tx) / width
	p := make([]float64, rows*outputs)
	start := time.Now()
	m.Predict(p, a.tx)
	all := time.Since(start)
	single := min(rows, 10_000)
	start = time.Now()
	for i := range single {
		m.Predict(p[i*outputs:(i+1)*outputs], a.tx[i*width:(i+1)*width])
	}
	one := time.Since(start) / time.Duration(single)
	text, err := binary.Append(nil, binary.LittleEndian, p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(a.folder, "p"), text, 0o644); err != nil {
		return err
	}
	stored, err := onnx.Encode(m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(a.folder, "model.onnx"), stored, 0o644); err != nil {
		return err
	}
	said["rows_per_second"], said["row_us"] = float64(rows)/all.Seconds(), float64(one.Nanoseconds())/1000
	return json.NewEncoder(os.Stdout).Encode(said)
}

// cpuSeconds is what this process has taken of all cores until now.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
