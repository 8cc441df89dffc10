package train

import (
	"context"
	"regexp"
	"slices"

	"retrain/internal/fault"
	"retrain/internal/model"
	"retrain/internal/processed"
	"retrain/internal/search"
	"retrain/internal/settings"
)

// searched is a search for a recipe.
type searched struct {
	*search.Plan
	params      []*Params         // of the candidates, in the plan's order; nil for those that fail the check
	refused     []error           // why a candidate's params are nil, which only the data may tell
	leaderboard []search.Standing // nil until it is known
}

// searchStep is the name under which a run keeps how its search came out.
const searchStep = "search"

// parseSearch reads the search that model_params ask for, nil if they ask for
// none, and the parameters of each candidate.
func parseSearch(given map[string]any, recipe *model.Recipe) (*searched, error) {
	plan, err := search.Parse(given)
	if err != nil || plan == nil {
		return nil, err
	}
	s := &searched{Plan: plan}
	var first *Params
	for i := range plan.Candidates {
		c := &plan.Candidates[i]
		p, err := ParseParams(c.Params, recipe)
		if err != nil {
			err = inSearch(err, c)
		}
		s.params, s.refused = append(s.params, p), append(s.refused, err)
		if first == nil {
			first = p
		}
		if p != nil && (p.lossName(recipe.Task) != first.lossName(recipe.Task) || p.Boosting.Quantile != first.Boosting.Quantile) {
			bad := fault.New(fault.InvalidRequest, "The request is not valid.").
				At("Candidates with different losses cannot be compared", "value_error", "body", "model_params", search.Key)
			return nil, settings.Err(bad)
		}
	}
	return s, nil
}

// check returns what is wrong with the first candidate that is refused.
func (s *searched) check() error {
	for _, err := range s.refused {
		if err != nil {
			return err
		}
	}
	return nil
}

// inSearch says of the fields that an error names, where the search gives them.
func inSearch(err error, c *search.Candidate) error {
	f := fault.From(err)
	for i, field := range f.Fields {
		if len(field.Loc) < 3 {
			continue
		}
		name, _ := field.Loc[2].(string)
		if _, ours := c.Searched[name]; ours {
			f.Fields[i].Loc = slices.Insert(slices.Clone(field.Loc), 2, any(search.Key))
		}
	}
	return settings.Err(f)
}

// effective returns what names a search: its candidates and who judges them.
func (s *searched) effective() map[string]any {
	var all []map[string]any
	for i, p := range s.params {
		if p == nil {
			all = append(all, s.Candidates[i].Params)
			continue
		}
		all = append(all, p.Effective())
	}
	return map[string]any{"candidates": all, "validation_fraction": s.ValidationFraction}
}

// takeBest makes the best candidate's parameters those of the training. Which
// one that is, is decided once in a run: what the leaderboard says then stands,
// however many calls the training takes.
func (j *job) takeBest(ctx context.Context) error {
	var board []search.Standing
	known, err := processed.LoadResult(ctx, j.Store, j.runID, searchStep, j.fingerprint, &board)
	if err == nil && !known {
		board, err = j.settleBoard(ctx)
	}
	if err != nil {
		return err
	}
	j.search.leaderboard = board
	for i, p := range j.search.params {
		if p == nil {
			continue
		}
		run, err := j.candidateRun(i)
		if err != nil {
			return err
		}
		if run.id == board[0].RunID {
			j.params = p
		}
	}
	if j.params == nil {
		return fault.New(fault.Internal, "The stored choice of this search is none of its candidates.")
	}
	return nil
}

// settleBoard ranks the candidates and stores how they came out.
func (j *job) settleBoard(ctx context.Context) ([]search.Standing, error) {
	board, err := j.rank(ctx)
	if err != nil {
		return nil, err
	}
	if err := j.claim(ctx); err != nil {
		return nil, err
	}
	if err := processed.SaveResult(ctx, j.Store, j.runID, searchStep, j.fingerprint, board); err != nil {
		return nil, err
	}
	_, err = processed.LoadResult(ctx, j.Store, j.runID, searchStep, j.fingerprint, &board)
	return board, err
}

// rank reads how the candidates did from their runs.
func (j *job) rank(ctx context.Context) ([]search.Standing, error) {
	var board []search.Standing
	for i := range j.search.Candidates {
		c, err := j.look(ctx, i)
		if err != nil {
			return nil, err
		}
		board = append(board, c)
	}
	search.Rank(board)
	if board[0].Validation == nil {
		return nil, noneTrained(board)
	}
	return board, nil
}

// notTrained is the error of a candidate that nobody has trained.
const notTrained = "not trained"

func noneTrained(board []search.Standing) error {
	for _, c := range board {
		if c.Error != notTrained {
			return fault.New(fault.InvalidData, "None of the search's %d candidates could be trained; one failed with %s.", len(board), c.Error)
		}
	}
	return fault.New(fault.InvalidRequest, "None of the search's candidates has been trained: call /train with each of those that /preprocess answered, and then with its whole answer.").
		At("No candidate has been trained", "value_error", "body", "candidates")
}

// candidateRun is the training of a candidate.
type candidateRun struct{ id, fingerprint string }

func (j *job) candidateRun(i int) (candidateRun, error) {
	fingerprint, err := j.fingerprintOf(j.search.params[i], nil, j.search.ValidationFraction)
	if err != nil {
		return candidateRun{}, err
	}
	return candidateRun{fingerprint[:20], fingerprint}, nil
}

// look reads how a candidate did. What its training answered counts, and nothing
// that the request says of it, but for the name of an error.
func (j *job) look(ctx context.Context, i int) (search.Standing, error) {
	c := search.Standing{Params: j.search.Candidates[i].Searched}
	if err := j.search.refused[i]; err != nil {
		c.Error = fault.From(err).Kind.Code()
		return c, nil
	}
	c.Algorithm = j.search.params[i].Algorithm
	run, err := j.candidateRun(i)
	if err != nil {
		return c, err
	}
	c.RunID = run.id
	var r Result
	found, err := processed.LoadResult(ctx, j.Store, run.id, stepName, run.fingerprint, &r)
	switch {
	case fault.Is(err, fault.InvalidData), fault.Is(err, fault.RunConflict):
		c.Error = fault.From(err).Kind.Code()
	case err != nil:
		return c, err
	case !found || r.Validation == nil:
		c.Error = j.errorOf(i)
	default:
		c.Algorithm, c.Validation, c.BestIteration, c.DurationMS = r.Algorithm, r.Validation, r.BestIteration, r.DurationMS
	}
	return c, nil
}

// errorCode is what the name of an error looks like.
var errorCode = regexp.MustCompile(`^[A-Za-z][A-Za-z.]{0,63}$`)

// errorOf returns the code of the error that the request gives for a candidate.
func (j *job) errorOf(i int) string {
	if i < len(j.req.Candidates) {
		if code, _ := j.req.Candidates[i]["error"].(string); errorCode.MatchString(code) {
			return code
		}
	}
	return notTrained
}
