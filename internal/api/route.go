package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"retrain/internal/fault"
)

// methods are those that any route has, in the order of the Allow header.
// HEAD is answered where GET is, OPTIONS everywhere.
var methods = []string{http.MethodGet, http.MethodPost}

// route passes the request to the router. A trailing slash does not matter, so
// /train/ is /train; the documentation page alone has to redirect, since its
// links are relative.
func (s *service) route(w http.ResponseWriter, r *http.Request) {
	if path := strings.TrimRight(r.URL.Path, "/"); path != r.URL.Path && path != "" {
		if path == docsPath {
			redirect(w, "../docs")
			return
		}
		r.URL = &url.URL{Path: path, RawQuery: r.URL.RawQuery}
	}
	if r.Method == http.MethodOptions {
		s.options(w, r)
		return
	}
	s.router.ServeHTTP(w, r)
}

// redirect sends the caller to a place relative to the address that the caller
// sees, which may have a stage prefix that we do not see.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// allow lists the methods of a path, for the Allow header; "" if it has none.
func (s *service) allow(path string) string {
	var allowed []string
	for _, method := range methods {
		if s.router.Match(chi.NewRouteContext(), method, path) {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return ""
	}
	if slices.Contains(allowed, http.MethodGet) {
		allowed = append(allowed, http.MethodHead)
	}
	return strings.Join(append(allowed, http.MethodOptions), ", ")
}

func (s *service) options(w http.ResponseWriter, r *http.Request) {
	allow := s.allow(r.URL.Path)
	if allow == "" {
		s.noSuchRoute(w, r)
		return
	}
	w.Header().Set("Allow", allow)
	w.WriteHeader(http.StatusNoContent)
}

func (s *service) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allow := s.allow(r.URL.Path)
	w.Header().Set("Allow", allow)
	writeProblem(w, r, fault.New(fault.MethodNotAllowed, "This route takes other methods: %s.", allow))
}

// noSuchRoute names the nearest route, or all of them.
func (s *service) noSuchRoute(w http.ResponseWriter, r *http.Request) {
	paths := s.paths()
	if near := fault.Nearest(r.URL.Path, paths); near != "" {
		writeProblem(w, r, fault.New(fault.NoSuchRoute, "There is no such route; did you mean %s?", near))
		return
	}
	writeProblem(w, r, fault.New(fault.NoSuchRoute, "There is no such route; there are %s.", strings.Join(paths, ", ")))
}

// paths lists the routes that a caller may mean.
func (s *service) paths() []string {
	var paths []string
	for _, route := range s.router.Routes() {
		if !strings.Contains(route.Pattern, "{") {
			paths = append(paths, route.Pattern)
		}
	}
	return paths
}
