package blob

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"retrain/internal/fault"
)

// ownFolder is where a Folder keeps its lock and its unfinished writes. It is
// no part of any key, in any Bucket, so that objects can move between them and
// a Folder that lies within another shows nothing of its own there.
const ownFolder = ".blob"

// maxKey is S3's limit for a key, in bytes.
const maxKey = 1024

// CheckKey returns a fault.InvalidRequest for a string that is no key. Keys
// are relative, separated by slashes, in UTF-8 without control characters (a
// listing in XML could not hold them), at most 1024 bytes long, and have no
// empty, ".", ".." or ".blob" element, of which the last is reserved.
func CheckKey(key string) error {
	if rule := brokenRule(key); rule != "" {
		return fault.New(fault.InvalidRequest, "An object's name %s.", rule)
	}
	return nil
}

func brokenRule(key string) string {
	switch {
	case key == "":
		return "must not be empty"
	case len(key) > maxKey:
		return "must not be longer than 1024 bytes"
	case !utf8.ValidString(key):
		return "must be valid UTF-8"
	case strings.ContainsFunc(key, unprintable):
		return "must not contain control characters"
	}
	for _, element := range strings.Split(key, "/") {
		switch element {
		case "":
			return "must not begin or end with a slash or contain two in a row"
		case ".", "..":
			return `must not contain "." or ".." as an element`
		case ownFolder:
			return `must not contain the reserved element ".blob"`
		}
	}
	return ""
}

// unprintable reports characters that XML 1.0 (section 2.2) cannot carry, and
// the other control characters besides.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF'
}

// CheckFolderPrefix reports whether keys can begin with a prefix that Folders
// takes. One that it does not take is a caller's bug: it panics.
func CheckFolderPrefix(prefix string) bool {
	folder, slash := strings.CutSuffix(prefix, "/")
	if prefix != "" && !slash {
		panic("blob: Folders of a prefix that is no folder")
	}
	return prefix == "" || CheckKey(folder) == nil
}
