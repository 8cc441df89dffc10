package retrain_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms says which room may know which: folders of this module by their path
// below internal/, and other modules by their import path. The standard library
// is open to all, except for net/http. A folder that is not listed fails: a new
// room has to be explained here and in ARCHITECTURE.md.
var rooms = map[string][]string{
	// Edges.
	"cmd/api": {
		"api", "lambda", "preprocess", "train", "evaluate", "modelstore", "predict", "retrain", "search", "approval", "blob", "blob/s3blob", "usage", "fault",
		"net/http", "github.com/aws/aws-lambda-go", "github.com/alecthomas/kong", "github.com/schollz/progressbar/v3", "golang.org/x/term",
	},
	"internal/lambda": {"fault", "net/http", "github.com/aws/aws-lambda-go", "github.com/awslabs/aws-lambda-go-api-proxy"},
	"internal/api": {
		"preprocess", "train", "evaluate", "modelstore", "predict", "retrain", "approval", "usage", "fault",
		"net/http", "github.com/go-chi/chi/v5", "github.com/danielgtaylor/huma/v2", "github.com/swaggest/swgui", "github.com/go-json-experiment/json",
	},
	// Verbs.
	"internal/retrain":    {"usage", "preprocess", "train", "evaluate", "modelstore", "fault"},
	"internal/preprocess": {"usage", "search", "modelstore", "processed", "dataset", "model", "onnx", "blob", "settings", "fault"},
	"internal/train":      {"usage", "search", "modelstore", "processed", "rowset", "drift", "dataset", "gbdt", "linear", "calibrate", "model", "onnx", "metric", "blob", "settings", "fault"},
	"internal/evaluate":   {"usage", "search", "modelstore", "processed", "rowset", "drift", "dataset", "model", "onnx", "metric", "explain", "report", "blob", "settings", "fault"},
	"internal/modelstore": {"usage", "model", "onnx", "blob", "fault"},
	"internal/predict":    {"modelstore", "model", "onnx", "dataset", "fault"},
	"internal/approval":   {"fault", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	// Nouns.
	"internal/processed":   {"dataset", "model", "metric", "blob", "fault"},
	"internal/dataset":     {"fault", "github.com/parquet-go/parquet-go", "github.com/klauspost/compress"},
	"internal/gbdt":        {"model", "fault"},
	"internal/linear":      {"model", "fault"},
	"internal/calibrate":   {"model"},
	"internal/metric":      {"model", "fault", "gonum.org/v1/gonum"},
	"internal/drift":       {"metric", "model", "fault"},
	"internal/explain":     {"metric", "model"},
	"internal/report":      {"metric", "explain"},
	"internal/onnx":        {"onnx/onnxpb", "model", "fault", "google.golang.org/protobuf"},
	"internal/onnx/onnxpb": {"google.golang.org/protobuf"},
	"internal/model":       {},
	"internal/rowset":      {"fault"},
	"internal/search":      {"model", "settings", "fault"},
	"internal/settings":    {"fault"},
	"internal/blob":        {"fault"},
	"internal/blob/s3blob": {"blob", "fault", "net/http", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"internal/usage":       {},
	"internal/fault":       {},
}

// testRooms hold what tests and tools need, and may import what they like; no
// other room may import them outside of tests.
var testRooms = []string{".", "internal/api/apitest", "internal/blob/blobtest", "internal/blob/s3blob/s3test", "internal/lambda/runtimetest", "internal/model/modeltest", "statemachine", "test", "bench", "examples"}

func TestRoomsKnowOnlyWhomTheyMay(t *testing.T) {
	seen := map[string]bool{}
	for dir, imports := range importsByFolder(t) {
		if isTestRoom(dir) {
			continue
		}
		allowed, listed := rooms[dir]
		if !listed {
			t.Errorf("%s is not in the table of rooms: explain it there and in ARCHITECTURE.md", dir)
			continue
		}
		seen[dir] = true
		for _, imported := range imports {
			if !mayImport(allowed, imported) {
				t.Errorf("%s must not import %s", dir, imported)
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(rooms)) {
		if !seen[dir] {
			t.Errorf("%s is in the table of rooms, but has no Go files", dir)
		}
	}
}

func isTestRoom(dir string) bool {
	return slices.ContainsFunc(testRooms, func(room string) bool {
		return dir == room || room != "." && strings.HasPrefix(dir, room+"/")
	})
}

func mayImport(allowed []string, imported string) bool {
	if room, ours := strings.CutPrefix(imported, "retrain/internal/"); ours {
		return slices.Contains(allowed, room)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") && imported != "net/http" {
		return true
	}
	return slices.ContainsFunc(allowed, func(a string) bool {
		return imported == a || strings.HasPrefix(imported, a+"/")
	})
}

// importsByFolder parses every Go file but tests and returns, for each folder,
// what its files import.
func importsByFolder(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := entry.Name()
			if name != "." && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(name))
		found[dir] = append(found[dir], []string{}...)
		for _, spec := range file.Imports {
			found[dir] = append(found[dir], strings.Trim(spec.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
