package modelstore

import (
	"context"
	"errors"
	"fmt"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// Promotion is a change of champion that took place, by this call or before.
type Promotion struct {
	Change
	// Already says that the change had been made before this call: by an
	// earlier request whose answer was lost, or by another process with the
	// same evaluation in hand.
	Already bool
	// Standing is the generation that stands now; it is later than that of the
	// change if others have replaced it since.
	Standing int64
	Warnings []string
}

// intent is a change of champion that is to take place.
type intent struct {
	name string
	id   string // the promotion id
	// from and fromDigest are the champion that it replaces, and no other.
	from       int64
	fromDigest string
	change     Change // what it makes; its place in the line is filled in
	// ready checks that all that the pointer will promise is there. It is
	// called once, before the first write.
	ready func(context.Context) error
	// advice is what the caller can do if another champion stands.
	advice string

	wrote   bool  // whether a write has been tried
	refusal error // what the last write ended with
}

// swap carries out an intent: at most once, whatever happens to the answers of
// the store, and only if the champion is still the one that it replaces.
//
// Each round reads the pointer anew and looks the promotion id up in the whole
// history before anything else, for no failed write says that it was not done.
// The AWS SDK repeats a PUT whose answer was lost; the repetition meets the tag
// of our own write, and S3 answers 412 although we won. The three refusals of
// a conditional write then differ in what the round finds:
//
//	412 ErrCondition  someone wrote. Our id in the history: it was us. Else the
//	                  generation has moved on, and the champion is another one.
//	409 ErrConflict   nothing was decided; the same is tried again after a pause.
//	404 ErrNotFound   the pointer is gone, which no part of the protocol does.
//	                  Generation 0 stands, which is not the one compared with.
//
// Anything else is a doubtful outcome: a round is run to see, and if the store
// stays out of reach until the tries or the deadline are used up, the answer is
// a fault.Transient with the promotion id, and a repetition of the request
// settles it.
//
// The history is cut off at 256 changes, and yet forgets nothing that matters.
// An intent is bound to the generation that it replaces. If that generation
// stands, the intent's change would be the very next one, so it has not been
// made. If a later one stands, the comparison of generations refuses the intent
// whether or not its id is still known: it cannot be carried out twice. All
// that is lost after 256 further changes is the good news that it was carried
// out, and its caller is told to evaluate again.
//
// A write that was given up on can still arrive later. It is conditional on the
// tag that it was made for, and no pointer has the same bytes as an earlier one
// since the generation rises; so it is applied while its intent still holds, or
// never.
func (s *Store) swap(ctx context.Context, in intent) (Promotion, error) {
	var last error
	for try := range maxTries {
		if err := pause(ctx, try); err != nil {
			return Promotion{}, in.unsettled(errors.Join(err, last))
		}
		promotion, done, err := s.round(ctx, &in)
		if done {
			return promotion, err
		}
		last = err
	}
	return Promotion{}, in.unsettled(last)
}

// round reads the pointer, and either finds that there is nothing more to do
// or tries the write once. An error without done leaves the outcome open.
func (s *Store) round(ctx context.Context, in *intent) (p Promotion, done bool, err error) {
	standing, etag, err := s.Champion(ctx, in.name)
	if err != nil {
		return p, decided(err) && !in.wrote, err
	}
	if change, ok := standing.find(in.id); ok {
		return Promotion{Change: change, Already: !in.wrote, Standing: standing.Generation}, true, nil
	}
	if standing.generation() != in.from || standing.digest() != in.fromDigest {
		return p, true, in.overtaken(standing)
	}
	if decided(in.refusal) {
		return p, true, in.refusal
	}
	if !in.wrote {
		if err := in.ready(ctx); err != nil {
			return p, true, err
		}
	}
	next := standing.succeed(in.name, in.change)
	in.wrote, in.refusal = true, s.replace(ctx, next, etag)
	return Promotion{Change: next.Change, Standing: next.Generation}, in.refusal == nil, in.refusal
}

// replace writes the pointer over the one that has the tag; with "", where none
// stands.
func (s *Store) replace(ctx context.Context, next *Champion, etag string) error {
	sealed, err := seal(next, maxPointer)
	if err != nil {
		return err
	}
	condition := blob.IfAbsent()
	if etag != "" {
		condition = blob.IfMatch(etag)
	}
	_, err = s.Root.Put(ctx, championKey(next.ModelName), sealed, condition)
	return err
}

// decided reports whether an error will be the same however often the call is
// repeated.
func decided(err error) bool {
	var f *fault.Error
	if !errors.As(err, &f) {
		return false
	}
	switch f.Kind {
	case fault.Transient, fault.Throttled, fault.DeadlineExceeded:
		return false
	}
	return true
}

// overtaken is the error for an intent whose champion has been replaced.
func (in *intent) overtaken(standing *Champion) error {
	return fault.New(fault.ChampionChanged, "%s; %s.",
		moved(in.from, standing.generation()), in.advice)
}

// moved says how the champion changed between two generations, of which 0 is
// "no champion".
func moved(from, to int64) string {
	switch {
	case to == 0:
		return fmt.Sprintf("The champion, version %d, has been removed", from)
	case from == 0:
		return fmt.Sprintf("There was no champion then, and now version %d stands", to)
	case from == to:
		return fmt.Sprintf("Another model has become champion as version %d", to)
	}
	return fmt.Sprintf("The champion was version %d then, and now version %d stands", from, to)
}

// unsettled is the error for an intent whose outcome could not be found out.
func (in *intent) unsettled(cause error) error {
	return fault.Wrap(fault.Transient, cause,
		"The model store could not be reached to finish promotion %s; repeat the request to settle it.", in.id)
}
