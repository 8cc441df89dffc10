package processed

import (
	"regexp"

	"retrain/internal/fault"
)

// runID leaves the length to its caller: a repetition with a count is unrolled,
// and each start of the process would pay for it.
var runID = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)

const maxRunID = 128

// CheckRunID refuses a run id that cannot be part of a store key.
func CheckRunID(id string) error {
	if len(id) <= maxRunID && runID.MatchString(id) {
		return nil
	}
	return fault.New(fault.InvalidRequest, "run_id is not a valid identifier.").
		At("Use up to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit", "string_pattern_mismatch", "body", "run_id")
}
