package api

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5/static"
)

const docsPath = "/docs"

// page holds the documentation page and its start script; Swagger UI itself
// comes from swgui's assets. Everything is served from here, by relative
// addresses, so the page works behind any prefix and without a network.
//
//go:embed page
var page embed.FS

// policy keeps the page from asking anybody else for anything.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

func (s *service) addDocs() {
	document := s.openAPI()
	s.router.Get("/", s.index)
	s.router.Get("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		serveText(w, jsonType, document())
	})
	s.router.Get(docsPath, func(w http.ResponseWriter, _ *http.Request) {
		html, err := page.ReadFile("page/index.html")
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Security-Policy", policy)
		serveText(w, htmlType, html)
	})
	s.router.Get(docsPath+"/{asset}", s.asset)
}

// index tells whoever asks for the service's root what is here.
func (s *service) index(w http.ResponseWriter, _ *http.Request) {
	text, err := Encode(map[string]any{
		"service": "retrain", "version": s.Version, "routes": s.paths(), "docs": "docs", "openapi": "openapi.json",
	})
	if err != nil {
		panic(err)
	}
	serveText(w, jsonType, text)
}

// asset serves one of the documentation page's files: packed to clients that
// take gzip, else as text. Behind a REST API of API Gateway without binary media
// types only text arrives unharmed; a front for one leaves Accept-Encoding out.
func (s *service) asset(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "asset")
	mediaType, ok := assets[name]
	if !ok {
		s.noSuchRoute(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("Vary", "Accept-Encoding")
	if text, err := page.ReadFile("page/" + name); err == nil {
		serveText(w, mediaType, text)
		return
	}
	packed, err := fs.ReadFile(static.FS, name+".gz")
	if err != nil {
		panic(err)
	}
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		serveText(w, mediaType, packed)
		return
	}
	serveText(w, mediaType, unpack(packed))
}

// assets are the files of the page, with their media types.
var assets = map[string]string{
	"start.js":             "text/javascript; charset=utf-8",
	"page.css":             "text/css; charset=utf-8",
	"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
	"swagger-ui.css":       "text/css; charset=utf-8",
}

func unpack(packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return text
}

func serveText(w http.ResponseWriter, mediaType string, text []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(text)
}
