package modelstore

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"retrain/internal/fault"
)

// Asked says who asked for a change of champion and why. It is kept in the
// history, and decides nothing.
type Asked struct {
	By     string // may be empty
	Reason string // may be empty for a promotion
}

// maxNote is the length of the longest text in the history, in bytes. The
// pointer must have room for 257 changes with three texts each, and encoding
// may double their length.
const maxNote = 500

func (a *Asked) check() error {
	if err := checkNote(a.By, "by"); err != nil {
		return err
	}
	return checkNote(a.Reason, "reason")
}

// checkNote refuses a text that has no place in the history.
func checkNote(text, field string) error {
	if len(text) <= maxNote && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) {
		return nil
	}
	return fault.New(fault.InvalidRequest, "The text in %s cannot be kept.", field).
		At(fmt.Sprintf("At most %d bytes of UTF-8 without control characters", maxNote), "string_invalid", "body", field)
}
