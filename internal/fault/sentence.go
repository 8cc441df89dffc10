package fault

import "strings"

// Sentence ends text with a full stop, unless it ends like a sentence already.
func Sentence(text string) string {
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}
