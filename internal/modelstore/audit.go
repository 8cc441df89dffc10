package modelstore

import (
	"context"

	"retrain/internal/fault"
)

// Audit checks what a model's champion pointer promises, and returns the first
// broken promise as a fault.InvalidData:
//
//   - the champion's files are there, attachments included, and have their digests;
//   - each promotion in the history names an evaluation that is stored, is the
//     very document that the promotion rested on, says yes, and compared the
//     new champion with exactly the one that it replaced;
//   - each rollback in the history brought back the model that it says.
//
// That generations rise by one and promotion ids are their own is checked
// whenever the pointer is read. A model without a champion promises nothing.
func (s *Store) Audit(ctx context.Context, name string) error {
	champion, _, err := s.Champion(ctx, name)
	if err != nil || champion == nil {
		return err
	}
	if _, err := s.loadWhole(ctx, name, champion.Digest); err != nil {
		return broken(champion.Change, err)
	}
	for _, change := range champion.changes() {
		if err := s.auditChange(ctx, name, champion, change); err != nil {
			return broken(change, err)
		}
	}
	return nil
}

func broken(change Change, cause error) error {
	if !decided(cause) {
		return cause
	}
	return fault.Wrap(fault.InvalidData, cause, "Version %d is not as the champion pointer promises.", change.Generation)
}

// auditChange checks one change against its evidence. The change before it may
// lie beyond the history; then what it says of itself has to do.
func (s *Store) auditChange(ctx context.Context, name string, champion *Champion, change Change) error {
	if change.Kind == RolledBack {
		restored, known := champion.at(change.RestoredGeneration)
		if known && restored.Digest != change.Digest {
			return fault.New(fault.InvalidData, "the rollback brought another model back")
		}
		return nil
	}
	e, err := s.Evaluation(ctx, name, change.EvaluationID)
	if err != nil {
		return err
	}
	replaced, known := champion.at(change.ReplacedGeneration)
	known = known || change.ReplacedGeneration == 0
	switch {
	case e.SHA256 != change.EvaluationSHA256 || !e.ShouldUpdate || e.ModelDigest != change.Digest:
		return fault.New(fault.InvalidData, "its evaluation does not let it in")
	case e.ChampionGeneration != change.ReplacedGeneration, known && e.ChampionDigest != replaced.Digest:
		return fault.New(fault.InvalidData, "it was not compared with the champion that it replaced")
	}
	return nil
}
