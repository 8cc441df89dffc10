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

// store takes the run, encodes the challenger, reads it back, and adds it to
// the model store with its manifest. It is the first write of a training: what
// fails or runs out of time before leaves nothing behind.
func (j *job) store(ctx context.Context, o *outcome) (modelstore.Version, error) {
	manifest, err := j.manifest(o)
	if err != nil {
		return modelstore.Version{}, err
	}
	if o.challenger.Meta, err = j.lineage(o, manifest.Params); err != nil {
		return modelstore.Version{}, err
	}
	file, err := onnx.Encode(o.challenger)
	if err != nil {
		return modelstore.Version{}, err
	}
	back, err := onnx.Decode(file)
	if err != nil {
		return modelstore.Version{}, fault.Wrap(fault.Internal, err, "The trained model does not read back.")
	}
	if manifest.Golden, err = j.golden(ctx, back); err != nil {
		return modelstore.Version{}, err
	}
	rows, err := j.trainedRows()
	if err != nil {
		return modelstore.Version{}, err
	}
	profile, err := j.profile()
	if err != nil {
		return modelstore.Version{}, err
	}
	if err := j.claim(ctx); err != nil {
		return modelstore.Version{}, err
	}
	return j.Models.Add(ctx, j.data.ModelName, file, manifest, rows, profile)
}

// lineage is what a model file says about where it comes from. It depends on
// the data's content, the parameters and the program's version alone, so that
// the same training gives the same bytes.
func (j *job) lineage(o *outcome, params []byte) (map[string]string, error) {
	metrics, err := json.Marshal(o.scores)
	meta := map[string]string{
		"algorithm": j.params.Algorithm, "params": string(params), "metrics": string(metrics), "engine": j.Engine,
		"data_sha256": j.data.Train.Digest, "holdout_sha256": j.data.Holdout.Digest,
	}
	if o.calibration != "" {
		meta["calibration"] = o.calibration
	}
	return meta, err
}

// manifest says where the challenger comes from, but for the golden rows.
func (j *job) manifest(o *outcome) (m modelstore.Manifest, err error) {
	d := j.data
	m = modelstore.Manifest{
		RunID: j.runID, Engine: j.Engine, Task: string(d.Recipe.Task), Target: d.Recipe.Target, Algorithm: j.params.Algorithm,
		Data: modelstore.Data{
			Sources:       sources(d.Sources),
			ProcessedPath: d.URI, HoldoutSHA256: d.Holdout.Digest,
			TrainRows: d.Train.Rows, HoldoutRows: d.Holdout.Rows,
		},
		Metrics: o.scores.Metrics(), Undefined: o.scores.Undefined, Baselines: map[string]modelstore.Scores{},
	}
	for name, s := range o.baselines {
		m.Baselines[name] = s.Metrics()
	}
	if m.Params, err = json.Marshal(j.params.Effective()); err != nil {
		return m, err
	}
	if m.RecipeSHA256, err = processed.Fingerprint(d.Recipe); err != nil {
		return m, err
	}
	m.Data.Digest, err = processed.Fingerprint([]string{d.Train.Digest, d.Holdout.Digest})
	return m, err
}

// goldenRows is how many holdout rows are written down with their outcome.
const goldenRows = 16

var errEnough = errors.New("enough rows")

// golden writes down the first rows of the holdout as they are scored now.
func (j *job) golden(ctx context.Context, m *model.Model) ([]modelstore.Golden, error) {
	var rows []modelstore.Golden
	outputs, features, columns := m.Outputs(), len(m.Features), m.Columns()
	err := j.data.Each(ctx, dataset.Holdout, &m.Recipe, func(b *processed.Block) error {
		n := min(b.Rows, goldenRows-len(rows))
		p := make([]float64, n*outputs)
		m.Predict(p, b.X[:n*features])
		for i := range n {
			inputs := make(map[string]any, len(columns))
			for k, c := range columns {
				inputs[c.Name] = value(&m.Features[c.First], &b.Batch.Columns[k], i)
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

// value returns a feature's cell as modelstore.Golden has it: a number, a text,
// or nil.
func value(f *model.Feature, v *dataset.Values, row int) any {
	switch {
	case v.Kind == dataset.Text && v.Codes[row] >= 0:
		return v.Dict[v.Codes[row]]
	case v.Kind == dataset.Text || math.IsNaN(v.Numbers[row]):
		return nil
	case v.Kind == dataset.Boolean && f.Kind == model.Category:
		return dataset.BooleanText(v.Numbers[row] != 0)
	}
	return v.Numbers[row]
}

// result describes the challenger. It lasts beyond this answer: a repeated
// training is answered with it.
func (j *job) result(ctx context.Context, o *outcome, version modelstore.Version) (*Result, error) {
	certainty, err := intervals(ctx, o.scored)
	r := &Result{
		Status: "success", RunID: j.runID, ModelName: j.data.ModelName, ProcessedDataPath: j.data.URI,
		Params: j.params.Effective(), Target: o.challenger.Target, Task: string(o.challenger.Task),
		Algorithm: j.params.Algorithm, ModelPath: version.URI, ModelSHA256: version.Digest,
		Metrics: o.scores.Metrics(), MetricsUndefined: o.scores.Undefined, MetricsCI: certainty,
		Baselines: map[string]ScoreList{}, Importances: importances(o.challenger),
		BestIteration: o.iterations, Warnings: append([]string{}, j.warnings...),
	}
	if at := o.challenger.Threshold; at != 0 {
		r.Threshold = &at
	}
	if j.choice != nil {
		r.Selection = j.choice.Selection
	}
	if j.search != nil {
		r.Leaderboard, r.Validation = j.search.leaderboard, j.search.leaderboard[0].Validation
	}
	for name, s := range o.baselines {
		r.Baselines[name] = s.Metrics()
	}
	return r, err
}

// intervals returns the 95 % confidence intervals of the challenger's scores.
func intervals(ctx context.Context, s *processed.Scored) (map[string]metric.Interval, error) {
	if s.Recipe.Task == model.Regression {
		return metric.RegressionIntervals(ctx, s.Y, s.P, metric.Options{Objective: s.Objective})
	}
	return metric.ClassificationIntervals(ctx, s.Labels(), s.Answers(), len(s.Recipe.Classes), metric.Options{})
}

func sources(of []processed.Source) []modelstore.Source {
	out := make([]modelstore.Source, len(of))
	for i, s := range of {
		out[i] = modelstore.Source{URI: s.URI, ETag: s.ETag, SHA256: s.SHA256, Size: s.Size}
	}
	return out
}
