package preprocess

import (
	"context"
	"errors"

	"retrain/internal/fault"
)

// problem is a share's error that no retry mends. It is stored, since what a
// distributed map says of a failed child is only that there is one: the call that
// follows the map says the rest.
type problem struct {
	Code   string
	Detail string
	Fields []fault.Field
}

// report stores such an error in place of the result of that name, and returns it.
func (j *job) report(ctx context.Context, name string, err error) error {
	f := fault.From(err)
	if err == nil || f.Kind == fault.Internal || f.Kind.Retryable() || ctx.Err() != nil {
		return err
	}
	return errors.Join(err, j.keep(ctx, name+".problem", problem{f.Kind.Code(), f.Detail, f.Fields}))
}

// reported returns the error of the first share that has reported one, or else
// the given one.
func (j *job) reported(ctx context.Context, shares int, name func(share int) string, otherwise error) error {
	for share := range shares {
		var p problem
		if err := j.load(ctx, name(share)+".problem", &p); err != nil {
			continue
		}
		for _, kind := range fault.Kinds() {
			if kind.Code() == p.Code {
				told := fault.New(kind, "%s", p.Detail)
				told.Fields = p.Fields
				return told
			}
		}
	}
	return otherwise
}
