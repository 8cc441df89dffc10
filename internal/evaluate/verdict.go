package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"retrain/internal/drift"
	"retrain/internal/fault"
	"retrain/internal/metric"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
)

// comparison names all that determines how the evaluation comes out.
func (j *job) comparison() (modelstore.Comparison, error) {
	gate, err := processed.Fingerprint(j.gate)
	c := modelstore.Comparison{
		ModelName: j.name, ModelDigest: j.challenger.digest,
		HoldoutDigest: j.data.Holdout.Digest, GateDigest: gate, Engine: j.Engine,
	}
	if j.champion != nil {
		c.ChampionGeneration, c.ChampionDigest = j.champion.Generation, j.champion.Digest
	}
	return c, err
}

// earlier returns the stored verdict of the very same comparison, or nil. One
// that is damaged is none: the comparison is made anew, and its verdict takes
// the place of the damaged one.
func (j *job) earlier(ctx context.Context) (*Result, error) {
	c, err := j.comparison()
	if err != nil {
		return nil, err
	}
	e, err := j.Models.Evaluation(ctx, j.name, c.ID())
	if fault.Is(err, fault.DataNotFound) || errors.Is(err, modelstore.ErrDamaged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return j.cached(e)
}

func (j *job) cached(e modelstore.Evaluation) (*Result, error) {
	var r Result
	if err := json.Unmarshal(e.Result, &r); err != nil {
		return nil, err
	}
	r.Cached = true
	return &r, nil
}

// result writes the verdict down.
func (j *job) result(v *verdict) *Result {
	r := &Result{
		Status: "success", ShouldUpdate: v.passed(), Decision: v.decision, Reasons: v.reasons, Summary: j.summary(v),
		ModelPath: j.Models.ModelURI(j.name, j.challenger.digest), ModelSHA256: j.challenger.digest, ModelName: j.name,
		RunID: j.runID(), Target: j.challenger.model.Target, Task: string(j.challenger.model.Task),
		Gate: j.gate, Primary: v.primary, HoldoutRows: j.data.Holdout.Rows,
		Metrics: v.alone.Metrics(), MetricsUndefined: v.alone.Undefined,
		Drift: append([]drift.Result{}, j.drift.columns...), DriftUnknown: j.drift.unknown,
		MetricsCI: v.intervals, Comparisons: append([]metric.Comparison{}, v.comparisons...),
		Baselines: map[string]float64{}, Warnings: append([]string{}, j.warnings...),
	}
	for name, scores := range j.challenger.manifest.Baselines {
		if score := scores[v.primary]; score != nil {
			r.Baselines[name] = *score
		}
	}
	if j.champion != nil {
		r.ExpectedChampionVersion = j.champion.Generation
		r.Champion = &Champion{
			Version: j.champion.Generation, ModelSHA256: j.champion.Digest,
			ModelPath: j.Models.ModelURI(j.name, j.champion.Digest), Incompatible: j.unfit,
		}
		if v.champion != nil {
			r.Champion.Metrics, r.Champion.MetricsUndefined = v.theirs.Metrics(), v.theirs.Undefined
			r.Seen = j.seen.tell(v)
		}
	}
	return r
}

func (j *job) runID() string {
	if j.req.RunID != "" {
		return j.req.RunID
	}
	return j.challenger.manifest.RunID
}

// summary is the verdict in a sentence.
func (j *job) summary(v *verdict) string {
	score := v.primary + " " + show(v.alone, v.primary)
	failed := v.failed()
	switch {
	case v.decision == promote:
		return fmt.Sprintf("The challenger is %s version %d: %s %s against %s.", v.praise(j.gate.Policy),
			j.champion.Generation, v.primary, show(v.mine, v.primary), show(v.theirs, v.primary))
	case v.decision == bootstrap && len(failed) == 0:
		return fmt.Sprintf("There is no champion yet; the challenger passes with %s.", score)
	case v.decision == incompatible && len(failed) == 0:
		return fmt.Sprintf("Version %d cannot be scored on this data (%s); the challenger passes with %s.", j.champion.Generation, j.unfit, score)
	case j.champion != nil && j.champion.Digest == j.challenger.digest:
		return fmt.Sprintf("The challenger is the champion itself, version %d.", j.champion.Generation)
	}
	return fmt.Sprintf("The challenger, with %s, does not pass: %s.", score, strings.Join(failed, ", "))
}

// praise says what passing the policy means for how both models compare.
func (v *verdict) praise(policy string) string {
	if policy == nonInferior {
		return "no worse, within the margin, than"
	}
	return "better than"
}

func show(s metric.Scores, name string) string {
	if x, ok := s.Values[name]; ok {
		return figure(x)
	}
	return "undefined"
}

// figure writes a score for readers: four digits, or all before the point.
func figure(x float64) string {
	if math.Abs(x) >= 1e4 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

// failed lists the rules that do not hold, each with its metric, once.
func (v *verdict) failed() []string {
	var rules []string
	for _, r := range v.reasons {
		name := r.Rule
		if r.Metric != "" {
			name += " (" + r.Metric + ")"
		}
		if !r.Passed && !slices.Contains(rules, name) {
			rules = append(rules, name)
		}
	}
	return rules
}

// store keeps the verdict, and before it the report that shows it. If another
// evaluation of the same comparison was stored meanwhile, that one stands and is
// returned.
func (j *job) store(ctx context.Context, v *verdict, r *Result) (*Result, error) {
	c, err := j.comparison()
	if err != nil {
		return nil, err
	}
	r.EvaluationPath, r.ReportPath = j.Models.EvaluationURI(j.name, c.ID()), j.Models.ReportURI(j.name, c.ID())
	at := j.Now().UTC().Truncate(time.Millisecond)
	page, err := j.report(ctx, v, r, at)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	stands, existed, err := j.Models.PutEvaluation(ctx, modelstore.Evaluation{
		Comparison: c, Decision: r.Decision, ShouldUpdate: r.ShouldUpdate, RunID: r.RunID, At: at, Result: raw, Page: page,
	})
	if err != nil || !existed {
		return r, err
	}
	return j.cached(stands)
}

// contradictions says where the request's metrics differ from those that were
// measured here. They are not used in any case.
func (j *job) contradictions(measured map[string]*float64) []string {
	for _, name := range slices.Sorted(maps.Keys(j.req.Metrics)) {
		given, here := j.req.Metrics[name], measured[name]
		if (given == nil) != (here == nil) || given != nil && math.Abs(*given-*here) > 1e-9*max(1, math.Abs(*here)) {
			return []string{"metrics in the request are ignored, and contradict what was measured here"}
		}
	}
	return nil
}
