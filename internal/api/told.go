package api

import (
	"maps"

	"retrain/internal/evaluate"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
	"retrain/internal/retrain"
	"retrain/internal/train"
	"retrain/internal/usage"
)

// What the steps' results tell for the metrics. Scores have the prefix of
// whose they are, so that a dashboard can lay one over the other.

func preprocessTold(r *preprocess.Result, took *usage.Usage) (model string, figures map[string]float64) {
	r.Usage = took
	return r.ModelName, map[string]float64{"rows_read": float64(r.Rows.Read), "rows_rejected": float64(r.Rows.Rejected)}
}

func trainTold(r *train.Result, took *usage.Usage) (model string, figures map[string]float64) {
	r.Usage = took
	return r.ModelName, scores("challenger_", r.Metrics)
}

func evaluateTold(r *evaluate.Result, took *usage.Usage) (model string, figures map[string]float64) {
	r.Usage = took
	figures = scores("challenger_", r.Metrics)
	figures["should_update"] = count(r.ShouldUpdate)
	if r.Champion != nil {
		maps.Copy(figures, scores("champion_", r.Champion.Metrics))
	}
	return r.ModelName, figures
}

func updateModelTold(r *modelstore.UpdateResult, took *usage.Usage) (model string, figures map[string]float64) {
	r.Usage = took
	return r.ModelName, map[string]float64{"promoted": count(r.Updated && !r.AlreadyCurrent)}
}

func retrainTold(r *retrain.Result, took *usage.Usage) (model string, figures map[string]float64) {
	_, figures = evaluateTold(&r.Evaluate, nil)
	_, rows := preprocessTold(&r.Preprocess, nil)
	maps.Copy(figures, rows)
	figures["promoted"] = count(r.Updated && !r.UpdateModel.AlreadyCurrent)
	r.Usage = took
	return r.ModelName, figures
}

// scores returns the metrics that are defined.
func scores(prefix string, metrics map[string]*float64) map[string]float64 {
	figures := make(map[string]float64, len(metrics)+1)
	for name, v := range metrics {
		if v != nil {
			figures[prefix+name] = *v
		}
	}
	return figures
}

func count(happened bool) float64 {
	if happened {
		return 1
	}
	return 0
}
