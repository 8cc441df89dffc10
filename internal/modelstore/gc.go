package modelstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// Retention says what GC keeps besides what is reachable.
type Retention struct {
	ModelName string        // the model to clean up, and no runs; "" is every model and all runs
	Keep      int           // how many versions that never were champion stay, the newest of each model; at least 0
	OlderThan time.Duration // what was written to more recently stays; at least MinRetention
	DryRun    bool          // tell what would go, and write nothing
}

// The defaults of a Retention, and the least age of what may go. No request
// lasts as long as MinRetention, and no clock is so wrong, so that what a
// retraining under way has written is never old.
const (
	DefaultKeep      = 5
	DefaultRetention = 7 * 24 * time.Hour
	MinRetention     = 24 * time.Hour
)

// Garbage is something that nothing can reach any more: a version with its
// evaluations and their pages, evaluations whose version is gone, or a run.
type Garbage struct {
	Kind      string    `json:"kind"` // version, evaluations, run, or mark: what an interrupted GC left at a version that stays
	ModelName string    `json:"model_name,omitempty"`
	Name      string    `json:"name"` // the version's digest, the first 16 digits of it, or the run id
	Objects   int       `json:"objects"`
	Bytes     int64     `json:"bytes"`
	Modified  time.Time `json:"modified"` // when it was last written to

	keys []string // in the order in which they are deleted
}

// Cleaning is what GC did, or would do.
type Cleaning struct {
	DryRun  bool      `json:"dry_run"`
	Removed []Garbage `json:"removed"` // if DryRun: what would be
	Objects int       `json:"objects"` // of all that is in Removed
	Bytes   int64     `json:"bytes"`
	Kept    []Garbage `json:"kept_after_all"` // it was garbage, and then somebody evaluated it anew
}

// GC deletes what nothing can reach and nobody has written to for long. There
// stay, of each model:
//
//   - the champion and every version in its history, since a rollback may go there;
//   - each version that a stored evaluation lets in over the champion that stands;
//   - the newest versions besides, as many as Retention.Keep;
//   - all that was written, or evaluated, within Retention.OlderThan;
//   - the evaluations and pages of the versions that stay.
//
// A run stays while a version that was never champion, and stays, needs its
// holdout to be evaluated again. champion.json and latest/ are not looked at.
//
// It is safe beside retrainings, promotions and rollbacks. Before a version is
// deleted it is condemned, by an object that every change of champion looks for
// after its evaluation is stored; only then is it asked once more whether an
// evaluation lets the version in. So of a promotion and a deletion that meet, at
// least one sees the other and gives way. Then go the manifest, without which a
// version is not listed, its other files, its evaluations, and the mark last:
// wherever the process dies, Audit's promises hold, and the next GC goes on.
//
// A pointer, or the manifest of a version that stays, which cannot be read is an
// error, and nothing is deleted.
func (s *Store) GC(ctx context.Context, r Retention) (Cleaning, error) {
	done := Cleaning{DryRun: r.DryRun, Removed: []Garbage{}, Kept: []Garbage{}}
	if err := r.check(); err != nil {
		return done, err
	}
	garbage, err := s.survey(ctx, r)
	if err != nil {
		return done, err
	}
	for i := range garbage {
		gone := true
		if !r.DryRun {
			if gone, err = s.remove(ctx, &garbage[i]); err != nil {
				return done, err
			}
		}
		done.count(&garbage[i], gone)
	}
	return done, nil
}

func (c *Cleaning) count(g *Garbage, gone bool) {
	if !gone {
		c.Kept = append(c.Kept, *g)
		return
	}
	c.Removed = append(c.Removed, *g)
	c.Objects += g.Objects
	c.Bytes += g.Bytes
}

func (r *Retention) check() error {
	switch {
	case r.Keep < 0:
		return fault.New(fault.InvalidRequest, "The number of versions to keep is not valid.").
			At("At least 0", "greater_than_equal", "body", "keep")
	case r.OlderThan < MinRetention:
		return fault.New(fault.InvalidRequest, "What is to be deleted must be older.").
			At(fmt.Sprintf("At least %v", MinRetention), "greater_than_equal", "body", "older-than")
	case r.ModelName != "":
		return CheckName(r.ModelName)
	}
	return nil
}

// remove deletes garbage, unless it is a version that has come into use since.
func (s *Store) remove(ctx context.Context, g *Garbage) (gone bool, err error) {
	if g.Kind != garbageVersion {
		return true, s.deleteAll(ctx, g.keys)
	}
	ours, err := s.condemn(ctx, g)
	if err != nil || !ours {
		return false, err
	}
	mark := condemnedKey(g.ModelName, g.Name)
	needed, err := s.needed(ctx, g.ModelName, g.Name)
	switch {
	case err != nil:
		return false, err
	case needed:
		return false, s.Root.Delete(ctx, mark)
	}
	return true, s.deleteAll(ctx, append(slices.Clone(g.keys), mark))
}

// condemn marks a version. A fresh mark that stands is another GC's, and the
// version is left to it; an old one was left behind by one that died.
func (s *Store) condemn(ctx context.Context, g *Garbage) (ours bool, err error) {
	key := condemnedKey(g.ModelName, g.Name)
	_, err = s.Root.Put(ctx, key, []byte("This version is being deleted.\n"), blob.IfAbsent())
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, blob.ErrCondition) && !errors.Is(err, blob.ErrConflict) {
		return false, err
	}
	mark, err := s.Root.Stat(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	return err == nil && old(mark, s.now(), MinRetention), err
}

// old reports whether an object was written so long ago. One that does not tell
// its time is young.
func old(info blob.Info, now time.Time, age time.Duration) bool {
	return !info.Modified.IsZero() && now.Sub(info.Modified) > age
}

// checkCondemned refuses a version that GC is deleting. Whoever is about to name
// a version in the pointer calls it before looking at the version's files.
func (s *Store) checkCondemned(ctx context.Context, name, digest string) error {
	_, err := s.Root.Stat(ctx, condemnedKey(name, digest))
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return fault.New(fault.DataNotFound, "The version is being deleted by gc; train it again, or let gc run once more if it was interrupted.")
}

// needed reports whether a version is, was, or may become champion.
func (s *Store) needed(ctx context.Context, name, digest string) (bool, error) {
	standing, _, err := s.Champion(ctx, name)
	if err != nil {
		return false, err
	}
	for _, change := range standing.changes() {
		if change.Digest == digest {
			return true, nil
		}
	}
	ids, err := s.evaluationIDs(ctx, name, digest)
	if err != nil {
		return false, err
	}
	return s.promotable(ctx, name, standing.generation(), ids)
}

// promotable reports whether one of the evaluations lets its model in over the
// generation that stands. Those of earlier generations never will again. One of
// a later generation means that the pointer has moved meanwhile.
func (s *Store) promotable(ctx context.Context, name string, standing int64, ids []string) (bool, error) {
	for _, id := range ids {
		if generationOf(id) < standing {
			continue
		}
		e, err := s.Evaluation(ctx, name, id)
		switch {
		case fault.Is(err, fault.DataNotFound):
		case err != nil && !fault.Is(err, fault.InvalidData):
			return false, err
		case err != nil, e.ShouldUpdate: // a damaged one is made anew when it is asked for again
			return true, nil
		}
	}
	return false, nil
}

func (s *Store) deleteAll(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := s.Root.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
