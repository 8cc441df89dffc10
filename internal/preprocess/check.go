package preprocess

import (
	"maps"

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
	columnsFromParams(bad, req)
	settings.Collect(bad, s.CheckParams(req.ModelParams, req.Task))
	settings.Collect(bad, s.CheckGate(req.Gate, req.Task))
	split, err := parseSplit(req.Split)
	settings.Collect(bad, err)
	dialect, err := parseRead(req.Read)
	settings.Collect(bad, err)
	return split, dialect, settings.Err(bad)
}

// columnsFromParams moves the names of columns that stand in model_params to the
// request's own fields.
func columnsFromParams(bad *fault.Error, req *Request) {
	columnFromParams(bad, req, "target", &req.Target, "target")
	columnFromParams(bad, req, "sample_weight", &req.SampleWeight, "sample_weight", "weight_column")
}

// columnFromParams moves the parameter that has one of the names to a field.
func columnFromParams(bad *fault.Error, req *Request, field string, to *string, names ...string) {
	params := maps.Clone(req.ModelParams)
	for _, name := range names {
		given, ok := params[name]
		if !ok {
			continue
		}
		column, isString := given.(string)
		switch {
		case given == nil: // as if it were not there
		case !isString:
			bad.At("Input should be a valid string", "string_type", "body", "model_params", name)
		case *to != "" && *to != column:
			bad.At(field+" and model_params."+name+" differ", "value_error", "body", "model_params", name)
		default:
			*to = column
		}
		delete(params, name)
	}
	req.ModelParams = params
}
