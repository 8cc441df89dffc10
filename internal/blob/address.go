package blob

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"retrain/internal/fault"
)

// address is a parsed address in the form of Root.Base, with what follows it.
type address struct {
	base string // "s3://bucket", or "" for a folder
	path string // from the base on: "/key/of/object", or an absolute file name
}

// scheme is a URI's scheme with the two slashes (RFC 3986, section 3.1).
var scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://`)

// bucketName is S3's rule for names of buckets, of 3 to 63 characters, without
// its finer points. (A repetition with a count would be unrolled at each start.)
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)

// parse takes an address apart. Names in s3 addresses are literal: nothing in
// them is decoded and nothing is tidied, since S3 keys are mere strings. In
// file addresses percent signs are decoded, once; files' paths are tidied as
// text (a/../b is b), which is safe because a Folder follows no way out.
func parse(uri string) (address, error) {
	if strings.ContainsFunc(uri, unprintable) || uri == "" {
		return address{}, malformed("must not be empty or contain control characters")
	}
	found := scheme.FindStringSubmatch(uri)
	switch {
	case found == nil:
		return parsePath(uri)
	case strings.EqualFold(found[1], "s3"):
		return parseS3(uri[len(found[0]):])
	case strings.EqualFold(found[1], "file"):
		return parseFile(uri)
	}
	return address{}, malformed("must begin with s3:// or file://, or be a plain path")
}

func parseS3(rest string) (address, error) {
	bucket, key, _ := strings.Cut(rest, "/")
	if len(bucket) > 63 || !bucketName.MatchString(bucket) {
		return address{}, malformed("must name an S3 bucket after s3://")
	}
	if err := checkAddressKey(key); err != nil {
		return address{}, err
	}
	return address{base: "s3://" + bucket, path: "/" + key}, nil
}

func parseFile(uri string) (address, error) {
	u, err := url.Parse(uri)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return address{}, malformed("must be a plain file URL, file:///path; write ?, # and % as %3F, %23 and %25")
	}
	if (u.Host != "" && u.Host != "localhost") || !strings.HasPrefix(u.Path, "/") {
		return address{}, malformed("must name an absolute path on this machine after file://")
	}
	if strings.ContainsFunc(u.Path, unprintable) {
		return address{}, malformed("must not be empty or contain control characters")
	}
	return parsePath(u.Path)
}

func parsePath(name string) (address, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return address{}, err
	}
	if strings.HasSuffix(name, "/") && abs != "/" {
		abs += "/"
	}
	return address{path: abs}, nil
}

// below returns what follows the base in the address, if it lies there.
func (a address) below(base string) (rest string, inside bool) {
	whole := a.base + a.path
	if whole == base {
		return "", true
	}
	return strings.CutPrefix(whole, base+"/")
}

// checkAddressKey is CheckKey for keys that may also be "" or a folder.
func checkAddressKey(key string) error {
	if key == "" {
		return nil
	}
	return CheckKey(strings.TrimSuffix(key, "/"))
}

func malformed(rule string) error {
	return fault.New(fault.InvalidRequest, "The address %s.", rule)
}
