package s3test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// corrected makes gofakes3 answer conditional requests as S3 does.
//
// It checks If-Match on reads, which gofakes3 ignores; answers 404 where a
// write's If-Match meets no object, where gofakes3 says 412 (S3 User Guide,
// "Conditional requests"); and lets the end of a multipart upload answer the
// tag that the object then has.
type corrected struct {
	inner   http.Handler
	backend gofakes3.Backend
}

func (c corrected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch tag := r.Header.Get("If-Match"); {
	case r.Method == http.MethodPost && r.URL.Query().Has("uploadId"):
		c.complete(w, r)
	case tag != "":
		checked := &conditional{ResponseWriter: w, tag: tag, request: r, backend: c.backend}
		c.inner.ServeHTTP(checked, r)
		checked.WriteHeader(http.StatusOK) // where the answer has no body
	default:
		c.inner.ServeHTTP(w, r)
	}
}

var tagElement = regexp.MustCompile(`<ETag>[^<]*</ETag>`)

func (c corrected) complete(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	c.inner.ServeHTTP(answer, r)
	body := answer.Body.Bytes()
	if object, err := head(c.backend, r); err == nil {
		body = tagElement.ReplaceAll(body, fmt.Appendf(nil, "<ETag>%x</ETag>", object.Hash))
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	w.Write(body)
}

// head returns the object that a request in path style names.
func head(backend gofakes3.Backend, r *http.Request) (*gofakes3.Object, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	object, err := backend.HeadObject(bucket, key)
	if err == nil {
		err = object.Contents.Close()
	}
	return object, err
}

// conditional replaces the answer to a request with If-Match where it is
// wrong. The answer's own ETag is compared, so that no write comes between.
type conditional struct {
	http.ResponseWriter
	tag      string
	request  *http.Request
	backend  gofakes3.Backend
	begun    bool
	replaced bool
}

func (c *conditional) WriteHeader(status int) {
	if c.begun {
		return
	}
	c.begun = true
	switch {
	case c.reads() && status < 300 && c.Header().Get("ETag") != c.tag:
		c.replace(http.StatusPreconditionFailed, "PreconditionFailed")
	case c.request.Method == http.MethodPut && status == http.StatusPreconditionFailed && c.missing():
		c.replace(http.StatusNotFound, "NoSuchKey")
	default:
		c.ResponseWriter.WriteHeader(status)
	}
}

func (c *conditional) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if c.replaced {
		return len(p), nil
	}
	return c.ResponseWriter.Write(p)
}

func (c *conditional) reads() bool {
	return c.request.Method == http.MethodGet || c.request.Method == http.MethodHead
}

func (c *conditional) missing() bool {
	_, err := head(c.backend, c.request)
	return gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey)
}

func (c *conditional) replace(status int, code string) {
	c.replaced = true
	for _, name := range []string{"Content-Length", "Content-Range", "ETag", "Last-Modified"} {
		c.Header().Del(name)
	}
	c.Header().Set("Content-Type", "application/xml")
	c.ResponseWriter.WriteHeader(status)
	if c.request.Method != http.MethodHead {
		c.ResponseWriter.Write([]byte("<Error><Code>" + code + "</Code></Error>"))
	}
}
