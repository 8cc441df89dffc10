package modelstore

import (
	"context"
	"errors"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// create writes an object where none stands, and returns the bytes that stand
// under the key afterwards: these, or those of an earlier writer.
func (s *Store) create(ctx context.Context, key string, data []byte, limit int64) ([]byte, error) {
	return s.createOrMend(ctx, key, data, limit, func([]byte) error { return nil })
}

// createOrMend is create for an object that tells by itself whether it is as it
// was written. One that check calls damaged is replaced, by compare-and-swap:
// of several who mend it the first one counts, and no sound object is lost.
func (s *Store) createOrMend(ctx context.Context, key string, data []byte, limit int64, check func([]byte) error) ([]byte, error) {
	condition := blob.IfAbsent()
	var last error
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return nil, err
		}
		_, err := s.Root.Put(ctx, key, data, condition)
		switch {
		case err == nil:
			return data, nil
		case errors.Is(err, blob.ErrCondition), errors.Is(err, blob.ErrNotFound) && !condition.Absent():
			stands, info, err := blob.ReadAll(ctx, s.Root, key, limit)
			switch {
			case errors.Is(err, blob.ErrNotFound):
				condition = blob.IfAbsent()
			case err != nil || info.ETag == "" || !errors.Is(check(stands), ErrDamaged):
				return stands, err
			default:
				condition = blob.IfMatch(info.ETag)
			}
		case !errors.Is(err, blob.ErrConflict):
			return nil, err
		}
		// Another write was under way, or what stood has been deleted since, or
		// is damaged.
		last = err
	}
	return nil, fault.Wrap(fault.Transient, last, "The store was too busy to take a new object.")
}
