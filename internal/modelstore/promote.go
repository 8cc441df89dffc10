package modelstore

import (
	"context"

	"retrain/internal/fault"
)

// Check examines a version before it becomes champion. CheckGolden is the one
// to use; a nil Check leaves it at the digests.
type Check func(model []byte, m Manifest) error

// Promote makes the challenger of a stored evaluation champion, if the
// evaluation says so and the champion is still the one that it compared with.
// The gate is thereby a part of the swap: whatever else happens, a champion is
// only ever replaced by a model that was compared with it.
//
// It can be repeated: a promotion that took place is found in the history and
// returned again, with Already set. Errors: fault.GateNotPassed for an
// evaluation that does not exist or says no; fault.ChampionChanged if another
// champion stands; fault.Transient if the store could not be reached, where the
// detail names the promotion and a repetition settles it.
func (s *Store) Promote(ctx context.Context, name, evaluationID string, asked Asked, check Check) (Promotion, error) {
	if err := asked.check(); err != nil {
		return Promotion{}, err
	}
	e, err := s.Evaluation(ctx, name, evaluationID)
	if fault.Is(err, fault.DataNotFound) {
		return Promotion{}, noEvaluation(err)
	}
	if err != nil {
		return Promotion{}, err
	}
	if !e.ShouldUpdate {
		return Promotion{}, saysNo()
	}
	promotion, err := s.swap(ctx, s.promotionIntent(e, asked, check))
	return s.withLatest(ctx, name, promotion, err)
}

// promotionIntent is the intent to let an evaluation's challenger replace the
// champion that it was compared with.
func (s *Store) promotionIntent(e Evaluation, asked Asked, check Check) intent {
	id := promotionID(e.ModelName, e.ID())
	return intent{
		name: e.ModelName, id: id, from: e.ChampionGeneration, fromDigest: e.ChampionDigest,
		change: Change{
			PromotionID: id, Kind: Promoted, Digest: e.ModelDigest,
			EvaluationID: e.ID(), EvaluationSHA256: e.SHA256, RunID: e.RunID,
			By: asked.By, Reason: asked.Reason, At: s.now(),
		},
		ready:  func(ctx context.Context) error { return s.inspect(ctx, e.ModelName, e.ModelDigest, check) },
		advice: "evaluate the model again and update with that evaluation",
	}
}

func noEvaluation(cause error) error {
	return fault.Wrap(fault.GateNotPassed, cause, "There is no stored evaluation that lets this model in; call /evaluate first.")
}

func saysNo() error {
	return fault.New(fault.GateNotPassed, "The evaluation of this model says that it must not replace the champion.")
}

// promotionID names the intention to promote on the strength of an evaluation.
// The evaluation's id holds the generation that it compared with, so each
// champion that a model meets makes a promotion of its own.
func promotionID(name, evaluationID string) string {
	return changeID("promote", name, evaluationID)
}

// changeID is the first half of a SHA-256 over the parts, none of which can
// hold a line feed.
func changeID(kind, name, rest string) string {
	return Digest([]byte(kind + "\n" + name + "\n" + rest))[:32]
}

// inspect makes sure that a version is all there before a pointer names it.
func (s *Store) inspect(ctx context.Context, name, digest string, check Check) error {
	if err := s.checkCondemned(ctx, name, digest); err != nil {
		return err
	}
	version, err := s.loadWhole(ctx, name, digest)
	if err != nil {
		return err
	}
	if check == nil {
		return nil
	}
	return check(version.Model, version.Manifest)
}
