package modelstore

import (
	"context"

	"retrain/internal/blob"
)

// latestWarning is what a caller is told when the copy could not be written.
const latestWarning = "The copy under latest/ could not be brought up to date; the champion is not affected, and the next update writes it again."

// withLatest brings the copy up to date after a change of champion that took
// place, by this call or before: so the repeated request repairs what an
// interrupted one left. The copy is never the truth, and a failure to write it
// is a warning.
func (s *Store) withLatest(ctx context.Context, name string, p Promotion, err error) (Promotion, error) {
	if err != nil {
		return Promotion{}, err
	}
	if err := s.copyLatest(ctx, name); err != nil {
		p.Warnings = append(p.Warnings, latestWarning)
	}
	return p, nil
}

// copyLatest copies the champion's model file to the fixed key. Writers of
// different generations may overtake each other here, for the copy has no
// condition that would hold them apart; so each one looks at the pointer again
// when it is done, and writes once more if the champion has moved on.
func (s *Store) copyLatest(ctx context.Context, name string) error {
	copied := int64(0)
	for range maxTries {
		champion, _, err := s.Champion(ctx, name)
		if err != nil || champion == nil || champion.Generation == copied {
			return err
		}
		version, err := s.Load(ctx, name, champion.Digest)
		if err != nil {
			return err
		}
		if _, err := s.Root.Put(ctx, latestKey(name), version.Model, blob.Condition{}); err != nil {
			return err
		}
		copied = champion.Generation
	}
	return nil
}
