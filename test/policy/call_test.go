package policy

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
)

// call is a request to S3 as IAM sees it (Service Authorization Reference,
// "Actions, resources, and condition keys for Amazon S3").
type call struct {
	action   string
	resource string
	keys     map[string]string // the condition keys that it has
}

// callOf translates a request in path style.
func callOf(r *http.Request) call {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := call{resource: "arn:aws:s3:::" + bucket, keys: map[string]string{"aws:SecureTransport": "true"}}
	if key == "" {
		c.action = map[string]string{http.MethodGet: "s3:ListBucket"}[r.Method]
		return c
	}
	c.resource += "/" + key
	multipart := r.URL.Query().Has("uploadId")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		c.action = "s3:GetObject"
	case http.MethodPut, http.MethodPost:
		c.action = "s3:PutObject"
	case http.MethodDelete:
		c.action = "s3:DeleteObject"
		if multipart {
			c.action = "s3:AbortMultipartUpload"
		}
	}
	for header, name := range map[string]string{"If-Match": "s3:if-match", "If-None-Match": "s3:if-none-match"} {
		if v := r.Header.Get(header); v != "" && c.action == "s3:PutObject" {
			c.keys[name] = v
		}
	}
	return c
}

// matches reports whether the statement is about the call.
func (s *statement) matches(t *testing.T, c call) bool {
	t.Helper()
	about := slices.ContainsFunc(s.Action, func(a string) bool { return a == c.action || a == "s3:*" }) &&
		slices.ContainsFunc(s.Resource, func(r string) bool { return wildcard(r, c.resource) })
	for operator, tests := range s.Condition {
		for key, want := range tests {
			value, present := c.keys[key]
			switch operator {
			case "Null":
				about = about && present == (want == "false")
			case "Bool":
				about = about && value == want
			default:
				t.Fatalf("%s: this test does not know the condition %s", s.Sid, operator)
			}
		}
	}
	return about
}

// wildcard matches as IAM does: a star stands for any characters, slashes too.
func wildcard(pattern, s string) bool {
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x01") }
	ok, err := path.Match(flat(pattern), flat(s))
	return err == nil && ok
}

func deniedBy(t *testing.T, denied []statement, c call) string {
	t.Helper()
	for i := range denied {
		if denied[i].matches(t, c) {
			return denied[i].Sid
		}
	}
	return ""
}

// What the protocol never does is refused to everybody.
func TestBucketPolicyRefusesWhatTheProtocolNeverDoes(t *testing.T) {
	_, denied := policies(t)
	const models = "arn:aws:s3:::" + storeBucket + "/retrain/models/churn/"
	put := func(key string, keys ...string) call {
		c := call{"s3:PutObject", models + key, map[string]string{"aws:SecureTransport": "true"}}
		for _, k := range keys {
			c.keys[k] = "x"
		}
		return c
	}
	plain := put("latest/model.onnx")
	plain.keys["aws:SecureTransport"] = "false"
	for _, test := range []struct {
		name string
		call call
		want string
	}{
		{"the pointer without a condition", put("champion.json"), "PointerOnlyByCompareAndSwap"},
		{"the pointer, compared", put("champion.json", "s3:if-match"), ""},
		{"the first pointer", put("champion.json", "s3:if-none-match"), ""},
		{"a version over another", put("sha256/abc/model.onnx"), "VersionsAreWrittenOnce"},
		{"a version over another, compared", put("sha256/abc/model.onnx", "s3:if-match"), "VersionsAreWrittenOnce"},
		{"a new version", put("sha256/abc/model.onnx", "s3:if-none-match"), ""},
		{"the copy under a fixed name", put("latest/model.onnx"), ""},
		{"without encryption", plain, "OnlyEncryptedConnections"},
	} {
		if got := deniedBy(t, denied, test.call); got != test.want {
			t.Errorf("%s: denied by %q, want %q", test.name, got, test.want)
		}
	}
}
