package modelstore

import (
	"context"
	"fmt"

	"retrain/internal/fault"
)

// Rollback makes the model of an earlier version champion again, under a new
// generation. It needs no evaluation, and so must have a reason. The versions
// that it can go back to are those in the history.
//
// With expected, the version that the caller saw standing, it is carried out at
// most once, however often it is repeated: its promotion id is made of the
// generation that it replaces and the one that it restores, and is looked up
// like that of a promotion. Who asks and why are not part of the id, for the
// same move asked for by two operators is one move.
//
// Without expected the request means "let that version's model serve", whatever
// stands. If it is champion already, nothing is done; so a repetition after a
// lost answer settles, unless a promotion came in between, which is then rolled
// back too. A champion that comes in while the call is running is never rolled
// back unseen: that is a fault.ChampionChanged.
//
// Errors besides those of Promote: fault.InvalidRequest without a reason,
// fault.DataNotFound for a version that the history does not have.
func (s *Store) Rollback(ctx context.Context, name string, toVersion int64, expected *int64, asked Asked, check Check) (Promotion, error) {
	if err := asked.check(); err != nil {
		return Promotion{}, err
	}
	if asked.Reason == "" {
		return Promotion{}, fault.New(fault.InvalidRequest, "A rollback needs a reason.").
			At("Say why, for the history.", "missing", "body", "reason")
	}
	standing, _, err := s.Champion(ctx, name)
	if err != nil {
		return Promotion{}, err
	}
	target, ok := standing.at(toVersion)
	if !ok {
		return Promotion{}, fault.New(fault.DataNotFound, "The history of this model has no such version.").
			At("No such version", "not_found", "body", "to_version")
	}
	from := standing.Change
	if expected != nil && *expected != standing.Generation {
		from, _ = standing.at(*expected)
		from.Generation = *expected
	} else if standing.Digest == target.Digest {
		done := Promotion{Change: standing.Change, Already: true, Standing: standing.Generation}
		return s.withLatest(ctx, name, done, nil)
	}
	promotion, err := s.swap(ctx, s.rollbackIntent(name, from, target, asked, check))
	return s.withLatest(ctx, name, promotion, err)
}

// rollbackIntent is the intent to let target's model replace the champion from.
func (s *Store) rollbackIntent(name string, from, target Change, asked Asked, check Check) intent {
	id := rollbackID(name, from.Generation, target.Generation)
	return intent{
		name: name, id: id, from: from.Generation, fromDigest: from.Digest,
		change: Change{
			PromotionID: id, Kind: RolledBack, Digest: target.Digest,
			RestoredGeneration: target.Generation, By: asked.By, Reason: asked.Reason, At: s.now(),
		},
		ready:  func(ctx context.Context) error { return s.inspect(ctx, name, target.Digest, check) },
		advice: "look at the history and ask again",
	}
}

// rollbackID names the intention to go back from one generation to another.
func rollbackID(name string, from, to int64) string {
	return changeID("rollback", name, fmt.Sprintf("%d\n%d", from, to))
}
