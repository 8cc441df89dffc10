package train

import (
	"context"
	"encoding/json"
	"errors"
	"math"

	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/onnx"
	"retrain/internal/processed"
)

// lineage is what a model file says about where it comes from. It depends on
// the data's content, the parameters and the program's version alone, so that
// the same training gives the same bytes.
func (j *job) lineage(scores metric.Scores) (map[string]string, error) {
	params, err := json.Marshal(j.params.Effective())
	if err != nil {
		return nil, err
	}
	metrics, err := json.Marshal(scores)
	return map[string]string{
		"algorithm": j.params.Algorithm, "params": string(params), "metrics": string(metrics), "engine": j.Engine,
		"data_sha256": j.data.Train.Digest, "holdout_sha256": j.data.Holdout.Digest,
	}, err
}

// store encodes the challenger, reads it back, and adds it to the model store
// with its manifest.
func (j *job) store(ctx context.Context, challenger *model.Model, scores metric.Scores, baselines map[string]metric.Scores) (modelstore.Version, error) {
	file, err := onnx.Encode(challenger)
	if err != nil {
		return modelstore.Version{}, err
	}
	back, err := onnx.Decode(file)
	if err != nil {
		return modelstore.Version{}, fault.Wrap(fault.Internal, err, "The trained model does not read back.")
	}
	manifest, err := j.manifest(scores, baselines)
	if err != nil {
		return modelstore.Version{}, err
	}
	if manifest.Golden, err = j.golden(ctx, back); err != nil {
		return modelstore.Version{}, err
	}
	return j.Models.Add(ctx, j.data.ModelName, file, manifest)
}

func (j *job) manifest(scores metric.Scores, baselines map[string]metric.Scores) (modelstore.Manifest, error) {
	d := j.data
	params, err := json.Marshal(j.params.Effective())
	if err != nil {
		return modelstore.Manifest{}, err
	}
	recipe, err := processed.Fingerprint(d.Recipe)
	if err != nil {
		return modelstore.Manifest{}, err
	}
	digest, err := processed.Fingerprint([]string{d.Train.Digest, d.Holdout.Digest})
	m := modelstore.Manifest{
		RunID: d.RunID, Engine: j.Engine, Task: string(d.Recipe.Task), Target: d.Recipe.Target,
		Algorithm: j.params.Algorithm, Params: params, RecipeSHA256: recipe,
		Data: modelstore.Data{
			Sources: []modelstore.Source{{URI: d.Source.URI, ETag: d.Source.ETag, SHA256: d.Source.SHA256, Size: d.Source.Size}},
			Digest:  digest, ProcessedPath: d.URI, HoldoutSHA256: d.Holdout.Digest,
			TrainRows: d.Train.Rows, HoldoutRows: d.Holdout.Rows,
		},
		Metrics: scores.Metrics(), Undefined: scores.Undefined, Baselines: map[string]modelstore.Scores{},
	}
	for name, s := range baselines {
		m.Baselines[name] = s.Metrics()
	}
	return m, err
}

// goldenRows is how many holdout rows are written down with their outcome.
const goldenRows = 16

var errEnough = errors.New("enough rows")

// golden writes down the first rows of the holdout as they are scored now.
func (j *job) golden(ctx context.Context, m *model.Model) ([]modelstore.Golden, error) {
	var rows []modelstore.Golden
	outputs, features := m.Outputs(), len(m.Features)
	err := j.data.Each(ctx, dataset.Holdout, &m.Recipe, func(b *processed.Block) error {
		n := min(b.Rows, goldenRows-len(rows))
		p := make([]float64, n*outputs)
		m.Predict(p, b.X[:n*features])
		for i := range n {
			inputs := make(map[string]any, features)
			for f := range m.Features {
				inputs[m.Features[f].Name] = value(&b.Batch.Columns[f], i)
			}
			rows = append(rows, modelstore.Golden{Inputs: inputs, Outputs: p[i*outputs : (i+1)*outputs]})
		}
		if len(rows) == goldenRows {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

// value returns a cell as JSON shows it: a number, a text, or nil.
func value(v *dataset.Values, row int) any {
	switch {
	case v.Kind == dataset.Text && v.Codes[row] >= 0:
		return v.Dict[v.Codes[row]]
	case v.Kind.Numeric() && !math.IsNaN(v.Numbers[row]):
		return v.Numbers[row]
	}
	return nil
}

func (j *job) result(challenger *model.Model, version modelstore.Version, f *fitted, scored *processed.Scored, scores metric.Scores, baselines map[string]metric.Scores) Result {
	r := Result{
		Status: "success", RunID: j.runID, ModelName: j.data.ModelName, ProcessedDataPath: j.data.URI,
		ModelParams: j.req.ModelParams, Params: j.params.Effective(), Target: challenger.Target, Task: string(challenger.Task),
		Algorithm: j.params.Algorithm, ModelPath: version.URI, ModelSHA256: version.Digest,
		Metrics: scores.Metrics(), MetricsUndefined: scores.Undefined, MetricsCI: intervals(scored),
		Baselines: map[string]ScoreList{}, Importances: importances(challenger),
		BestIteration: f.iterations, Warnings: append([]string{}, j.warnings...),
	}
	for name, s := range baselines {
		r.Baselines[name] = s.Metrics()
	}
	return r
}

// intervals returns the 95 % confidence intervals of the challenger's scores.
func intervals(s *processed.Scored) map[string]metric.Interval {
	if s.Recipe.Task == model.Regression {
		return metric.RegressionIntervals(s.Y, s.P, metric.Options{})
	}
	return metric.ClassificationIntervals(s.Labels(), s.P, len(s.Recipe.Classes), metric.Options{})
}
