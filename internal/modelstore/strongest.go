package modelstore

import "context"

// strongest returns the stored evaluation on which a promotion of the version
// can best rest: one against the champion that stands, else one by which the
// version was promoted already, else any that passed, which Promote will refuse
// with the reason. With expected, evaluations against that generation go first.
func (s *Store) strongest(ctx context.Context, name, digest string, standing *Champion, expected *int64) (Evaluation, error) {
	all, err := s.Evaluations(ctx, name, digest)
	if err != nil {
		return Evaluation{}, err
	}
	var best Evaluation
	strength, refused := 0, false
	for _, e := range all {
		against := e.ChampionGeneration == standing.generation() && e.ChampionDigest == standing.digest()
		if !e.ShouldUpdate {
			refused = refused || against
			continue
		}
		weight := passed
		if _, ok := standing.find(promotionID(name, e.ID())); ok {
			weight += made
		}
		if against {
			weight += current
		}
		if expected == nil || *expected == e.ChampionGeneration {
			weight += asExpected
		}
		if weight > strength {
			best, strength = e, weight
		}
	}
	switch {
	case strength&(made|current) != 0:
		return best, nil
	case refused:
		return Evaluation{}, saysNo()
	case strength == 0:
		return Evaluation{}, noEvaluation(nil)
	}
	return best, nil
}

// What makes an evaluation strong; each outweighs those before it together.
const (
	passed     = 1 << iota // it says that the model must be let in
	made                   // the promotion by it took place
	current                // it compared with the champion that stands
	asExpected             // it compared with the champion that the caller expects
)
