package modelstore

import "context"

// findEvaluation returns the stored evaluation on which a promotion of the
// version over the given generation can rest: one that says yes to it, of
// several with different gates. If there is none, and none that says no either,
// it is the newest one that let the version in over another generation; Promote
// then finds that it was carried out, or that another champion stands.
func (s *Store) findEvaluation(ctx context.Context, name, digest string, over int64) (Evaluation, error) {
	all, err := s.Evaluations(ctx, name, digest)
	if err != nil {
		return Evaluation{}, err
	}
	var newest *Evaluation
	refused := false
	for i := range all {
		e := &all[i]
		switch {
		case e.ShouldUpdate && e.ChampionGeneration == over:
			return *e, nil
		case e.ShouldUpdate && newest == nil:
			newest = e
		case !e.ShouldUpdate && e.ChampionGeneration == over:
			refused = true
		}
	}
	switch {
	case refused:
		return Evaluation{}, saysNo()
	case newest == nil:
		return Evaluation{}, noEvaluation(nil)
	}
	return *newest, nil
}
