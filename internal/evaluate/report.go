package evaluate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"retrain/internal/explain"
	"retrain/internal/metric"
	"retrain/internal/model"
	"retrain/internal/modelstore"
	"retrain/internal/processed"
	"retrain/internal/report"
	"retrain/internal/search"
)

// How fine the report's charts are.
const (
	calibrationGroups = 10
	errorBins         = 40
	gridCells         = 28
	shownImportances  = 20
	shownClasses      = 4
)

// report writes the verdict as a page. Whatever is not part of the verdict is
// told by what the run's other steps left behind; what they did not leave is
// missing from the page, and no reason to fail.
func (j *job) report(ctx context.Context, v *verdict, r *Result, at time.Time) ([]byte, error) {
	p := &report.Report{
		ModelName: j.name, Target: r.Target, Task: r.Task, Decision: r.Decision, Passed: r.ShouldUpdate, Summary: r.Summary,
		Rules: rulesOf(r.Reasons), Primary: r.Primary, Confidence: j.gate.Confidence, Scores: v.shownScores(r, j.challenger.manifest.Baselines),
		Importances: importances(j.challenger.model, r.Importances), Permuted: r.Importances, Dependences: r.Dependences,
		Slices:  v.shownSlices(),
		Lineage: j.lineage(r, at), Params: params(j.challenger.manifest.Params),
	}
	if j.champion != nil {
		p.Champion, p.Incompatible = fmt.Sprintf("version %d", j.champion.Generation), j.unfit
	}
	for i := range j.leaderboard {
		p.Candidates = append(p.Candidates, candidateOf(&j.leaderboard[i]))
	}
	p.Drift, p.DriftUnknown = j.shownDrift(), j.drift.unknown
	if v.task == model.Regression {
		p.Values = v.valueCharts()
	} else {
		p.Classes = v.classCharts()
		j.describeDecisions(p.Classes)
	}
	if err := j.describeRun(ctx, p); err != nil {
		return nil, err
	}
	p.Warnings = append(slices.Clone(r.Warnings), p.Warnings...)
	return p.HTML()
}

// rulesOf lists the rules. Slices that passed are told in one row; the page has
// a part of its own for them.
func rulesOf(reasons []Reason) []report.Rule {
	var rules []report.Rule
	passed, at := 0, 0
	for _, r := range reasons {
		if r.Rule == "slice" && r.Passed {
			passed++
			at = len(rules)
			continue
		}
		rules = append(rules, ruleOf(r))
	}
	if passed > 0 {
		one := report.Rule{Name: "slice", Metric: reasons[0].Metric, Needed: fmt.Sprintf("no larger drop than is allowed in %d slices", passed), Passed: true}
		rules = slices.Insert(rules, at, one)
	}
	return rules
}

// candidateOf shows what became of a candidate of a search.
func candidateOf(s *search.Standing) report.Candidate {
	c := report.Candidate{Rank: s.Rank, Iterations: int64(s.BestIteration), Seconds: float64(s.DurationMS) / 1000, Chosen: s.Chosen, Error: s.Error}
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		text, err := json.Marshal(s.Params[name])
		if err != nil {
			panic("evaluate: " + err.Error()) // it came out of JSON
		}
		c.Params = append(c.Params, report.Fact{Name: name, Value: strings.Trim(string(text), `"`)})
	}
	if v := s.Validation; v != nil {
		c.Metric, c.Loss, c.StandardError = v.Metric, &v.Value, v.StandardError
	}
	return c
}

func ruleOf(r Reason) report.Rule {
	rule := report.Rule{Name: r.Rule, Metric: r.Metric, Needed: r.Required, Passed: r.Passed}
	if r.Challenger != nil {
		rule.Found = &report.Found{Score: r.Challenger, Difference: r.Difference}
		if r.CI != nil {
			rule.Found.CI = &metric.Interval{Low: r.CI[0], High: r.CI[1]}
		}
	}
	return rule
}

// shownScores lists the metrics, the one that decides first, with those that the
// baselines have.
func (v *verdict) shownScores(r *Result, baselines map[string]modelstore.Scores) []report.Score {
	names := v.metrics()
	slices.SortStableFunc(names, func(a, b string) int {
		if (a == v.primary) == (b == v.primary) {
			return 0
		}
		return map[bool]int{true: -1, false: 1}[a == v.primary]
	})
	var all []report.Score
	for _, name := range names {
		s := report.Score{Metric: name, Challenger: r.Metrics[name], Undefined: r.MetricsUndefined[name]}
		if own, ok := v.intervals[name]; ok {
			s.Own = &own
		}
		if v.champion != nil {
			s.Challenger, s.Champion, s.Undefined = v.mine.Metrics()[name], r.Champion.Metrics[name], v.mine.Undefined[name]
			if c := v.comparison(name); c.Undefined == "" {
				s.Difference = &c
			}
		}
		for _, baseline := range slices.Sorted(maps.Keys(baselines)) {
			if score := baselines[baseline][name]; score != nil {
				s.Baselines = append(s.Baselines, report.Baseline{Name: baseline, Score: *score})
			}
		}
		all = append(all, s)
	}
	return all
}

func (v *verdict) classCharts() *report.Classes {
	c := &report.Classes{Names: v.names, Challenger: v.answers(v.challenger)}
	if v.champion != nil {
		theirs := v.answers(*v.champion)
		c.Champion = &theirs
	}
	if v.classes > 2 {
		for _, k := range v.mostFrequent(shownClasses) {
			c.Each = append(c.Each, report.ClassCurves{
				Class: k, ROC: metric.ROC(v.labels, v.challenger.P, v.classes, k),
				PrecisionRecall: metric.PrecisionRecall(v.labels, v.challenger.P, v.classes, k),
			})
		}
	}
	return c
}

// mostFrequent returns at most so many classes, those with the most rows, in
// the classes' order.
func (c *compared) mostFrequent(most int) []int {
	rows, all := make([]int, c.classes), make([]int, c.classes)
	for k := range all {
		all[k] = k
	}
	for _, label := range c.labels {
		if label >= 0 {
			rows[label]++
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(rows[b], rows[a]) })
	all = all[:min(len(all), most)]
	slices.Sort(all)
	return all
}

// describeDecisions says what comes after the models' raw scores.
func (j *job) describeDecisions(c *report.Classes) {
	describe := func(a *report.Answers, m *model.Model) {
		a.Calibrated, a.Threshold = m.Meta["calibration"], m.Threshold
	}
	describe(&c.Challenger, j.challenger.model)
	if c.Champion != nil {
		describe(c.Champion, j.rival.model)
	}
}

// answers draws one model's answers to the rows.
func (c *compared) answers(of metric.Answers) report.Answers {
	a := report.Answers{
		Calibration: metric.Calibrate(c.labels, of.P, c.classes, calibrationGroups),
		Confusion:   metric.Confusion(c.labels, of, c.classes),
	}
	if c.classes == 2 {
		a.ROC, a.PrecisionRecall = metric.ROC(c.labels, of.P, 2, 1), metric.PrecisionRecall(c.labels, of.P, 2, 1)
	}
	return a
}

func (v *verdict) valueCharts() *report.Values {
	models := [][]float64{v.challenger.P}
	if v.champion != nil {
		models = append(models, v.champion.P)
	}
	values := &report.Values{Errors: metric.Errors(v.values, errorBins, models...)}
	for _, predicted := range models {
		values.Against = append(values.Against, metric.Against(v.values, predicted, gridCells))
	}
	return values
}

// importances lists the columns, those that the score needs most first, then
// those with the largest part in the model.
func importances(m *model.Model, measured *explain.Importances) []report.Importance {
	drops := map[string]*explain.Importance{}
	if measured != nil {
		for i := range measured.Columns {
			drops[measured.Columns[i].Column] = &measured.Columns[i]
		}
	}
	var all []report.Importance
	for _, s := range explain.Shares(m) {
		all = append(all, report.Importance{Column: s.Column, Share: s.Share, Drop: drops[s.Column]})
	}
	drop := func(i report.Importance) float64 {
		if i.Drop == nil {
			return math.Inf(-1)
		}
		return i.Drop.Mean
	}
	slices.SortStableFunc(all, func(a, b report.Importance) int { return cmp.Compare(drop(b), drop(a)) })
	return all[:min(len(all), shownImportances)]
}

func (v *verdict) shownSlices() []report.Slice {
	var all []report.Slice
	for _, s := range v.slices {
		all = append(all, report.Slice{
			Column: s.Column, Value: s.value, Rows: int64(s.rows), Challenger: s.reason.Challenger, Champion: s.reason.Champion,
			MaxDrop: s.MaxDrop, Passed: s.reason.Passed,
		})
	}
	return all
}

// shownDrift lists every alarm, and some of the columns that come next.
func (j *job) shownDrift() []report.Drift {
	var all []report.Drift
	for _, c := range j.drift.columns {
		if c.Alarm() || len(all) < 12 {
			all = append(all, report.Drift{Column: c.Column, Level: c.Level, PSI: c.PSI, Floor: c.Floor, Target: c.Target})
		}
	}
	return all
}

// answered is what the run's earlier steps answered, as far as it is shown.
type answered struct {
	Rows struct {
		Read     int64 `json:"read"`
		Rejected int64 `json:"rejected"`
	} `json:"rows"`
	RejectedPath string `json:"rejected_path"`
	Columns      []struct {
		Name     string `json:"name"`
		Role     string `json:"role"`
		Kind     string `json:"kind"`
		Missing  int64  `json:"missing"`
		Distinct int64  `json:"distinct"`
		Reason   string `json:"reason"`
	} `json:"columns"`
	BestIteration int      `json:"best_iteration"`
	Warnings      []string `json:"warnings"`
	Selection     struct { // how auto chose the algorithm
		Metric      string `json:"metric"`
		Method      string `json:"method"`
		Reason      string `json:"reason"`
		Contestants []struct {
			Algorithm     string  `json:"algorithm"`
			Value         float64 `json:"value"`
			StandardError float64 `json:"standard_error"`
		} `json:"contestants"`
	} `json:"selection"`
}

// selected tells how the algorithm was chosen, if it was.
func (a *answered) selected() []report.Fact {
	s := &a.Selection
	if s.Reason == "" {
		return nil
	}
	facts := []report.Fact{{Name: "algorithm chosen by auto", Value: s.Reason}}
	for _, c := range s.Contestants {
		if s.Method != "" && c.StandardError > 0 {
			facts = append(facts, report.Fact{
				Name:  c.Algorithm + ", " + s.Method,
				Value: fmt.Sprintf("%s %.5g ± %.2g", s.Metric, c.Value, c.StandardError),
			})
		}
	}
	return facts
}

// describeRun tells what became of the data, and what the earlier steps warned
// of.
func (j *job) describeRun(ctx context.Context, p *report.Report) error {
	var prepared, trained answered
	known, err := processed.ShowResult(ctx, j.Store, j.data.RunID, "preprocess", &prepared)
	if err != nil {
		return err
	}
	if _, err := processed.ShowResult(ctx, j.Store, j.challenger.manifest.RunID, "train", &trained); err != nil {
		return err
	}
	if known {
		p.Data.Rows = append(p.Data.Rows, fact("Rows read", prepared.Rows.Read), fact("Rejected", prepared.Rows.Rejected))
		if prepared.RejectedPath != "" {
			p.Lineage = append(p.Lineage, report.Fact{Name: "Rejected rows", Value: prepared.RejectedPath})
		}
	}
	p.Data.Rows = append(p.Data.Rows, fact("Trained on", j.data.Train.Rows), fact("Held out", j.data.Holdout.Rows))
	if trained.BestIteration > 0 {
		p.Params = append([]report.Fact{fact("best iteration", int64(trained.BestIteration))}, p.Params...)
	}
	p.Params = append(trained.selected(), p.Params...)
	for _, c := range prepared.Columns {
		p.Data.Columns = append(p.Data.Columns, report.Column{
			Name: c.Name, Role: c.Role, Kind: c.Kind, Distinct: c.Distinct, Reason: c.Reason,
			Missing: float64(c.Missing) / float64(max(1, prepared.Rows.Read-prepared.Rows.Rejected)),
		})
	}
	p.Warnings = append(prepared.Warnings, trained.Warnings...)
	return nil
}

func fact(name string, n int64) report.Fact { return report.Fact{Name: name, Value: report.Count(n)} }

// lineage says what was compared, and where it came from.
func (j *job) lineage(r *Result, at time.Time) []report.Fact {
	m := j.challenger.manifest
	facts := []report.Fact{
		{Name: "Evaluated at", Value: at.Format("2006-01-02 15:04:05 UTC")},
		{Name: "Evaluation", Value: r.EvaluationPath},
		{Name: "Challenger", Value: r.ModelSHA256},
		{Name: "Run", Value: m.RunID},
		{Name: "Learner", Value: m.Algorithm},
		{Name: "Data", Value: sourcesOf(m.Data)},
		{Name: "Digest of the data", Value: m.Data.Digest},
		{Name: "Digest of the holdout", Value: m.Data.HoldoutSHA256},
		{Name: "Engine", Value: strings.Join(slices.Compact([]string{j.Engine, m.Engine}), ", trained by ")},
	}
	if j.champion != nil {
		facts = slices.Insert(facts, 3,
			report.Fact{Name: "Champion", Value: j.champion.Digest},
			report.Fact{Name: "Champion since", Value: fmt.Sprintf("%s, as version %d", j.champion.At.UTC().Format("2006-01-02 15:04:05 UTC"), j.champion.Generation)})
	}
	return slices.DeleteFunc(facts, func(f report.Fact) bool { return f.Value == "" })
}

func sourcesOf(d modelstore.Data) string {
	var all []string
	for _, s := range d.Sources {
		all = append(all, s.URI)
	}
	return strings.Join(all, ", ")
}

// params lists the learner's parameters by their names.
func params(raw json.RawMessage) []report.Fact {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	var facts []report.Fact
	for _, name := range slices.Sorted(maps.Keys(all)) {
		facts = append(facts, report.Fact{Name: name, Value: strings.Trim(string(all[name]), `"`)})
	}
	return facts
}
