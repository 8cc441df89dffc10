package api

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/openapi.json anew")

// The document is kept in testdata, where reviewers and other tools can read
// it: go test ./internal/api -update writes it anew.
func TestOpenAPIDocument(t *testing.T) {
	const golden = "testdata/openapi.json"
	w := ask(plainService(), "GET", "/openapi.json", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	got := w.Body.String() + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("testdata/openapi.json is stale; see go test -update (-want +got):\n%s", diff)
	}
}

// Every reference leads somewhere, every schema is used, and every error is a
// problem document.
func TestOpenAPIReferences(t *testing.T) {
	text := ask(plainService(), "GET", "/openapi.json", "").Body.Bytes()
	var doc struct {
		OpenAPI    string
		Components struct{ Schemas, Examples map[string]any }
		Paths      map[string]map[string]struct {
			Summary   string
			Responses map[string]struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, found := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllSubmatch(text, -1) {
		used[string(found[1])] = true
		if _, ok := doc.Components.Schemas[string(found[1])]; !ok {
			t.Errorf("there is no schema %s", found[1])
		}
	}
	for name := range doc.Components.Schemas {
		if !used[name] {
			t.Errorf("the schema %s is not used", name)
		}
	}
	for _, found := range regexp.MustCompile(`"#/components/examples/([^"]+)"`).FindAllSubmatch(text, -1) {
		if _, ok := doc.Components.Examples[string(found[1])]; !ok {
			t.Errorf("there is no example %s", found[1])
		}
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) != 24 {
		t.Errorf("OpenAPI %s, %d paths", doc.OpenAPI, len(doc.Paths))
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			if op.Summary == "" || len(op.Responses) < 2 {
				t.Errorf("%s %s: %+v", method, path, op)
			}
			for status, response := range op.Responses {
				_, isProblem := response.Content["application/problem+json"]
				degraded := path == "/health" && status == "503"
				if isProblem == (status == "200" || degraded) {
					t.Errorf("%s %s %s: %v", method, path, status, response)
				}
			}
		}
	}
}

// Each documented example of a request is one that the route takes.
func TestOpenAPIExamplesWork(t *testing.T) {
	h := plainService()
	h.whole()
	n := 0
	for path, item := range h.document.Paths {
		if item.Post == nil {
			continue
		}
		for name, example := range item.Post.RequestBody.Content["application/json"].Examples {
			body, err := Encode(example.Value)
			if err != nil {
				t.Fatal(err)
			}
			if w := ask(h, "POST", strings.ReplaceAll(path, "{name}", "default"), string(body)); w.Code != 200 || strings.Contains(w.Body.String(), "unknown") {
				t.Errorf("%s, %s: %d %s", path, name, w.Code, w.Body)
			}
			n++
		}
	}
	if n < 5 {
		t.Errorf("there are only %d examples", n)
	}
}

func TestDocsAskNobodyElse(t *testing.T) {
	h := plainService()
	w := ask(h, "GET", "/docs", "")
	html := w.Body.String()
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Content-Security-Policy") == "" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(html, -1)
	if len(links) < 5 {
		t.Fatalf("only %d links", len(links))
	}
	for _, link := range links {
		switch {
		case strings.HasPrefix(link[1], "data:"):
		case strings.Contains(link[1], ":") || strings.HasPrefix(link[1], "/"):
			t.Errorf("%s is not relative", link[1])
		default:
			if w := ask(h, "GET", "/"+link[1], ""); w.Code != 200 || w.Body.Len() < 50 {
				t.Errorf("%s: %d, %d bytes", link[1], w.Code, w.Body.Len())
			}
		}
	}
	if w := ask(h, "GET", "/docs/", ""); w.Code != 308 || w.Header().Get("Location") != "../docs" {
		t.Errorf("/docs/: %d %v", w.Code, w.Header())
	}
}

func TestAssetsArePackedWhereThatIsTaken(t *testing.T) {
	h := plainService()
	plain := ask(h, "GET", "/docs/swagger-ui.css", "").Body.String()
	w := ask(h, "GET", "/docs/swagger-ui.css", "", "Accept-Encoding", "gzip, br")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() >= len(plain) {
		t.Fatalf("%v, %d of %d bytes", w.Header(), w.Body.Len(), len(plain))
	}
	r, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(r); err != nil || string(unpacked) != plain {
		t.Errorf("differs: %v", err)
	}
}
