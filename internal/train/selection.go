package train

import (
	"context"
	"math"
	"slices"

	"retrain/internal/gbdt"
	"retrain/internal/linear"
	"retrain/internal/model"
	"retrain/internal/processed"
	"retrain/internal/settings"
)

// Auto lets boosting and the linear model compete, and trains the winner.
const Auto = "auto"

// The rows that a contest is held on at most, and the cells (rows × features ×
// raw scores) that bound its memory and time; of a wide table it takes some rows
// nevertheless.
const (
	contestRows    = 50_000
	contestCells   = 1 << 22
	contestMinRows = 2_000
)

// Selection tells how "auto" came to its algorithm: by the loss of rows of the
// training side that the contestants did not learn from.
type Selection struct {
	Metric string `json:"metric" enum:"log_loss,squared_error"`
	Method string `json:"method" doc:"How rows of the training side judged"`
	Rows   int    `json:"rows" doc:"Rows of the training side that the contest was held on"`
	// The contestants, the chosen one first.
	Contestants   []Contestant `json:"contestants"`
	Difference    *float64     `json:"difference" doc:"Linear's loss minus boosting's, in the mean over the same rows; null if only one of them competed"`
	StandardError *float64     `json:"standard_error" doc:"Of the difference, robust to groups; boosting is chosen if it is ahead by more"`
	Reason        string       `json:"reason"`
}

// Contestant is an algorithm with the parameters that the contest found.
type Contestant struct {
	Algorithm     string             `json:"algorithm"`
	Params        map[string]float64 `json:"params" doc:"What the contest has settled: C or alpha, or max_iter"`
	Value         float64            `json:"value" doc:"Mean loss"`
	StandardError float64            `json:"standard_error"`
	Chosen        bool               `json:"chosen"`
}

// choice is what a contest has decided: enough to train the winner.
type choice struct {
	Algorithm string     `json:"algorithm"`
	MaxIter   int        `json:"max_iter,omitempty"` // 0: as the parameters have it
	Penalty   float64    `json:"penalty,omitempty"`
	Selection *Selection `json:"selection"`
}

// autoFields lists the parameters of both learners, by boosting's names where
// both have them. While the task is not known, both linear learners count.
func autoFields(p *Params, recipe *model.Recipe) []settings.Field {
	fields := fieldsOf(p, GradientBoosting, recipe)
	theirs := fieldsOf(p, linearOf(recipe.Task), recipe)
	if recipe.Task == "" {
		theirs = append(theirs, fieldsOf(p, LinearRegression, recipe)...)
	}
	taken := map[string]bool{}
	for _, f := range fields {
		taken[f.Name] = true
	}
	for _, f := range theirs {
		if !taken[f.Name] {
			taken[f.Name] = true
			fields = append(fields, settings.Field{Name: f.Name, Value: f.Value})
		}
	}
	return fields
}

// linearOf names the linear algorithm of a task.
func linearOf(task model.Task) string {
	if task == model.Regression {
		return LinearRegression
	}
	return LogisticRegression
}

// boostingsOwn are parameters that the linear learners have too, but with
// another meaning: with auto, they are boosting's.
var boostingsOwn = []string{"max_iter", "tol"}

// routed returns those of the parameters that belong to one of auto's
// algorithms.
func (p *Params) routed(algorithm string, recipe *model.Recipe) map[string]any {
	scratch := &Params{}
	boosting := settings.Names(fieldsOf(scratch, GradientBoosting, recipe))
	theirs := map[string]string{}
	for _, f := range fieldsOf(scratch, linearOf(recipe.Task), recipe) {
		theirs[f.Name] = f.Name
	}
	given := map[string]any{"algorithm": algorithm}
	for key, v := range p.given {
		name, ours := boosting[key]
		switch {
		case algorithm == GradientBoosting && ours:
			given[key] = v
		case algorithm == GradientBoosting || slices.Contains(boostingsOwn, name):
		case ours && theirs[name] != "":
			given[name] = v
		case !ours && theirs[key] != "":
			given[key] = v
		}
	}
	return given
}

// choose settles what auto stands for, unless it is settled, and returns the
// pass over the data if it has made one.
func (j *job) choose(ctx context.Context) (*reading, error) {
	if j.params.Algorithm != Auto {
		return nil, nil
	}
	if j.keeper != nil && j.keeper.found.Choice != nil {
		return nil, j.settle(j.keeper.found.Choice)
	}
	if only := j.boostingOnly(); only != "" {
		return nil, j.settle(&choice{Algorithm: GradientBoosting, Selection: &Selection{
			Contestants: []Contestant{{Algorithm: GradientBoosting, Params: map[string]float64{}, Chosen: true}}, Reason: only,
		}})
	}
	c, read, err := j.newContest(ctx)
	if err != nil {
		return nil, err
	}
	decided, err := j.hold(ctx, c)
	if err != nil {
		return nil, err
	}
	return read, j.settle(decided)
}

// boostingOnly says why the linear model cannot compete, if so.
func (j *job) boostingOnly() string {
	p := &j.params.Boosting
	switch {
	case p.Loss != "" && p.Loss != gbdt.SquaredError && p.Loss != gbdt.LogLoss:
		return "The loss that is asked for is one of boosting only."
	case p.MonotonicCst != nil:
		return "monotonic_cst is a promise of boosting only."
	}
	return ""
}

// newContest reads the training side once, and keeps the contest's rows and
// boosting's bins.
func (j *job) newContest(ctx context.Context) (*contest, *reading, error) {
	recipe, rows := &j.data.Recipe, int(j.data.Train.Rows)
	width := max(1, len(recipe.Features))
	wanted := min(contestRows, max(contestMinRows, contestCells/(width*rawScores(recipe))))
	draw := newSampler(rows, wanted, width, 3)
	c := &contest{recipe: recipe, boosting: j.params.Boosting}
	c.boosting.Threads = j.req.Threads
	read, err := j.findBins(ctx, func(b *processed.Block) {
		x, y, w := draw.pick(b.X, b.Y, b.W)
		c.x, c.y, c.weights = append(c.x, x...), append(c.y, y...), append(c.weights, w...)
		c.groups, c.times = appendPicked(&draw, c.groups, b.Groups), appendPicked(&draw, c.times, b.Times)
	})
	if err != nil {
		return nil, nil, err
	}
	c.bins = read.bins
	theirs, err := ParseParams(j.params.routed(linearOf(recipe.Task), recipe), recipe)
	if err != nil {
		return nil, nil, err
	}
	c.linear = theirs.Linear
	c.whole = draw.all()
	c.weigh()
	c.divide(j.params.Boosting.ValidationFraction)
	if c.judging > 1 && !c.boosting.EarlyStopping && !j.params.gave("max_iter") {
		c.boosting.MaxIter = foldedIter
	}
	return c, read, nil
}

// rawScores is how many raw scores a model of the recipe has.
func rawScores(recipe *model.Recipe) int {
	return (&model.Model{Recipe: *recipe}).Width()
}

// The penalties that a linear model competes with unless one is given: the
// default, and then the others if that is not hopelessly behind.
var (
	pathOfC     = []float64{1, 0.1, 10, 0.01, 100}
	pathOfAlpha = []float64{1, 10, 0.1, 100, 1000}
)

// hopeless is the lead, in standard errors, that no other penalty makes up for.
const hopeless = 10

// sharesOfNet are an elastic net's alphas, for each unit of the target's standard
// deviation: at 1 or below, L1 leaves no coefficient of a standardized input.
var sharesOfNet = []float64{0.01, 0.001, 0.1, 0.0001, 1}

// path returns the name of the linear model's penalty, and the values to try.
func (j *job) path(c *contest) (string, []float64) {
	name, path, given := "C", pathOfC, c.linear.C
	if c.recipe.Task == model.Regression {
		name, path, given = "alpha", pathOfAlpha, c.linear.Alpha
		if c.linear.L1Ratio != nil {
			path = c.alphasOfNet()
		}
	}
	if j.params.gave(name) || c.recipe.Task != model.Regression && c.linear.PenaltyName() == linear.NoPenalty {
		path = []float64{given}
	}
	return name, path
}

// alphasOfNet returns the alphas that an elastic net competes with.
func (c *contest) alphasOfNet() []float64 {
	mean, standardError := meanAndError(c.y, c.w, nil)
	deviation := standardError * math.Sqrt(float64(len(c.y)))
	if !(deviation > 0) || math.IsInf(mean, 0) {
		deviation = 1
	}
	path := slices.Clone(sharesOfNet)
	for i := range path {
		path[i] *= deviation
	}
	return path
}

// hold holds the contest. Boosting has to be ahead by more than one standard
// error of the difference: else the simpler model is chosen, as Breiman et al.
// (Classification and Regression Trees, 1984) choose the smaller tree.
func (j *job) hold(ctx context.Context, c *contest) (*choice, error) {
	name, penalties := j.path(c)
	plain := &Contestant{Algorithm: linearOf(c.recipe.Task), Params: map[string]float64{}}
	boosted := &Contestant{Algorithm: GradientBoosting, Params: map[string]float64{}}
	s := &Selection{Metric: "log_loss", Method: c.method(), Rows: len(c.y)}
	if c.recipe.Task == model.Regression {
		s.Metric = "squared_error"
	}
	if !slices.ContainsFunc(c.parts, func(part int) bool { return part >= 0 && part < c.judging }) {
		s.Reason = "There are too few rows for a comparison."
		return s.choose(plain, &choice{Algorithm: plain.Algorithm}), nil
	}
	ours, err := c.boost(ctx)
	if err != nil {
		return nil, err
	}
	theirs, why, err := c.fitPath(ctx, penalties, ours)
	if err != nil {
		return nil, err
	}
	boosted.Value, boosted.StandardError = ours.score()
	boosting := &choice{Algorithm: GradientBoosting}
	if c.whole && !c.boosting.EarlyStopping {
		boosting.MaxIter = ours.iteration
		boosted.Params["max_iter"] = float64(ours.iteration)
	}
	if theirs == nil {
		s.Reason = "The linear model could not be fitted: " + why
		return s.choose(boosted, boosting), nil
	}
	plain.Params[name] = theirs.penalty
	plain.Value, plain.StandardError = theirs.score()
	lead, standardError := ours.lead(theirs)
	s.Difference, s.StandardError = &lead, &standardError
	if lead > standardError {
		s.Reason = "Boosting's loss is lower by more than one standard error of the difference."
		return s.choose(boosted, boosting, plain), nil
	}
	s.Reason = "Boosting's loss is not lower by more than one standard error of the difference; the simpler model is preferred."
	return s.choose(plain, &choice{Algorithm: plain.Algorithm, Penalty: theirs.penalty}, boosted), nil
}

// choose completes the selection, and the choice with it.
func (s *Selection) choose(chosen *Contestant, c *choice, others ...*Contestant) *choice {
	chosen.Chosen = true
	s.Contestants = []Contestant{*chosen}
	for _, other := range others {
		s.Contestants = append(s.Contestants, *other)
	}
	c.Selection = s
	return c
}

// settle replaces auto by what was chosen.
func (j *job) settle(c *choice) error {
	recipe := &j.data.Recipe
	params, err := ParseParams(j.params.routed(c.Algorithm, recipe), recipe)
	if err != nil {
		return err
	}
	if c.MaxIter > 0 {
		params.Boosting.MaxIter = c.MaxIter
	}
	if c.Penalty > 0 {
		params.Linear.C, params.Linear.Alpha = c.Penalty, c.Penalty
	}
	j.params, j.choice = params, c
	return nil
}
