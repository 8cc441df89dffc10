package evaluate

import (
	"context"

	"retrain/internal/fault"
	"retrain/internal/modelstore"
)

// twice reads once more what seems to be damaged or gone. A verdict that was
// reached without the champion's files lasts, so one read that went wrong on
// its way is not enough to reach it.
func twice[T any](read func() (T, error)) (T, error) {
	v, err := read()
	if isLost(err) {
		v, err = read()
	}
	return v, err
}

// isLost reports whether a file is damaged or gone.
func isLost(err error) bool {
	return fault.Is(err, fault.InvalidData) || fault.Is(err, fault.DataNotFound)
}

// attachment reads a file that a contender's version carries.
func (j *job) attachment(ctx context.Context, c *contender, file string) ([]byte, error) {
	version := modelstore.Version{Name: j.name, Digest: c.digest, Manifest: c.manifest}
	return twice(func() ([]byte, error) { return j.Models.Attachment(ctx, version, file) })
}
