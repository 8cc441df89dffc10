package preprocess

import (
	"retrain/internal/dataset"
	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
	"retrain/internal/settings"
)

// defaultBadRows is the share of unusable rows from which on data is refused.
const defaultBadRows = 0.01

// check fills in the request's defaults and refuses what cannot be carried
// out, all violations at once.
func (s *Step) check(req *Request) (Split, dataset.Dialect, error) {
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	if req.DataPath == "" {
		bad.At("Field required", "missing", "body", "data_path")
	}
	if len(req.MoreDataPaths) >= maxFiles {
		bad.At("Too many files", "too_long", "body", "more_data_paths")
	}
	if req.ModelParams == nil {
		bad.At("Field required", "missing", "body", "model_params")
	}
	if req.ModelName == "" {
		req.ModelName = modelstore.DefaultName
	}
	switch req.Task {
	case "", "auto", string(model.Binary), string(model.Multiclass), string(model.Regression):
	default:
		bad.At("Input should be 'auto', 'binary', 'multiclass' or 'regression'", "enum", "body", "task")
	}
	if f := req.MaxBadRowFraction; f != nil && (*f < 0 || *f > 1) {
		bad.At("Input should be between 0 and 1", "range", "body", "max_bad_row_fraction")
	}
	settings.Collect(bad, modelstore.CheckName(req.ModelName))
	if req.RunID != "" {
		settings.Collect(bad, processed.CheckRunID(req.RunID))
	}
	targetFromParams(bad, req)
	settings.Collect(bad, s.CheckParams(req.ModelParams, req.Task))
	settings.Collect(bad, s.CheckGate(req.Gate, req.Task))
	split, err := parseSplit(req.Split)
	settings.Collect(bad, err)
	dialect, err := parseRead(req.Read)
	settings.Collect(bad, err)
	return split, dialect, settings.Err(bad)
}

// targetFromParams moves model_params.target to the request's target.
func targetFromParams(bad *fault.Error, req *Request) {
	given, ok := req.ModelParams["target"]
	if !ok {
		return
	}
	name, isString := given.(string)
	switch {
	case !isString:
		bad.At("Input should be a valid string", "string_type", "body", "model_params", "target")
	case req.Target != "" && req.Target != name:
		bad.At("target and model_params.target differ", "value_error", "body", "model_params", "target")
	default:
		req.Target = name
	}
	params := make(map[string]any, len(req.ModelParams))
	for k, v := range req.ModelParams {
		if k != "target" {
			params[k] = v
		}
	}
	req.ModelParams = params
}
