package processed

import (
	"regexp"

	"retrain/internal/fault"
)

var runID = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$`)

// CheckRunID refuses a run id that cannot be part of a store key.
func CheckRunID(id string) error {
	if runID.MatchString(id) {
		return nil
	}
	return fault.New(fault.InvalidRequest, "run_id is not a valid identifier.").
		At("Use up to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit", "string_pattern_mismatch", "body", "run_id")
}
