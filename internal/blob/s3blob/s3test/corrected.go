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
// "Conditional requests"); lets the end of a multipart upload answer the tag
// that the object then has; and sends no checksums, which gofakes3 repeats from
// the upload even where only a part of the object is sent.
type corrected struct {
	inner   http.Handler
	backend gofakes3.Backend
}

func (c corrected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
		c.complete(w, r)
		return
	}
	checked := &answer{ResponseWriter: w, request: r, backend: c.backend}
	c.inner.ServeHTTP(checked, r)
	checked.WriteHeader(http.StatusOK) // where there is no body
}

var tagElement = regexp.MustCompile(`<ETag>[^<]*</ETag>`)

func (c corrected) complete(w http.ResponseWriter, r *http.Request) {
	recorded := httptest.NewRecorder()
	c.inner.ServeHTTP(recorded, r)
	body := recorded.Body.Bytes()
	if object, err := head(c.backend, r); err == nil {
		body = tagElement.ReplaceAll(body, fmt.Appendf(nil, "<ETag>%x</ETag>", object.Hash))
	}
	maps.Copy(w.Header(), recorded.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(recorded.Code)
	_, _ = w.Write(body) // a client that went away
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

// answer is an answer on its way, which is replaced where it is wrong. Its own
// ETag is what a read's condition is held against, so that no write can come
// between.
type answer struct {
	http.ResponseWriter
	request  *http.Request
	backend  gofakes3.Backend
	begun    bool
	replaced bool
}

func (a *answer) WriteHeader(status int) {
	if a.begun {
		return
	}
	a.begun = true
	for name := range a.Header() {
		if strings.HasPrefix(name, "X-Amz-Checksum-") {
			a.Header().Del(name)
		}
	}
	tag := a.request.Header.Get("If-Match")
	switch {
	case tag == "":
		a.ResponseWriter.WriteHeader(status)
	case a.reads() && status < 300 && a.Header().Get("ETag") != tag:
		a.replace(http.StatusPreconditionFailed, "PreconditionFailed")
	case a.request.Method == http.MethodPut && status == http.StatusPreconditionFailed && a.missing():
		a.replace(http.StatusNotFound, "NoSuchKey")
	default:
		a.ResponseWriter.WriteHeader(status)
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.replaced {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

func (a *answer) reads() bool {
	return a.request.Method == http.MethodGet || a.request.Method == http.MethodHead
}

func (a *answer) missing() bool {
	_, err := head(a.backend, a.request)
	return gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey)
}

func (a *answer) replace(status int, code string) {
	a.replaced = true
	for _, name := range []string{"Content-Length", "Content-Range", "ETag", "Last-Modified"} {
		a.Header().Del(name)
	}
	a.Header().Set("Content-Type", "application/xml")
	a.ResponseWriter.WriteHeader(status)
	if a.request.Method != http.MethodHead {
		_, _ = a.ResponseWriter.Write([]byte("<Error><Code>" + code + "</Code></Error>"))
	}
}
