package fault

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDocument(t *testing.T) {
	e := Wrap(InvalidRequest, errors.New("secret"), "The request has 1 error.").
		At("Unknown parameter; did you mean 'max_iter'?", "extra_forbidden", "body", "model_params", "num_tree")
	got := string(Document(e, "/preprocess", "r-1"))
	want := `{"type":"urn:retrain:error:invalid-request","title":"Invalid request","status":422,` +
		`"detail":"The request has 1 error.","instance":"/preprocess","code":"Retrain.InvalidRequest",` +
		`"retryable":false,"request_id":"r-1","errors":[{"loc":["body","model_params","num_tree"],` +
		`"msg":"Unknown parameter; did you mean 'max_iter'?","type":"extra_forbidden"}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
}

func TestDocumentOfEveryKind(t *testing.T) {
	slugs := map[string]bool{}
	for _, k := range Kinds() {
		var p Problem
		if err := json.Unmarshal(Document(New(k, "x"), "", ""), &p); err != nil {
			t.Fatalf("%v: %v", k, err)
		}
		want := Problem{
			Type: "urn:retrain:error:" + k.Info().Slug, Title: k.Info().Title, Status: k.Info().Status,
			Detail: "x", Code: k.Code(), Retryable: k.Retryable(),
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%v (-want +got):\n%s", k, diff)
		}
		if slugs[p.Type] || p.Title == "" {
			t.Errorf("%v: type %q is used twice or the title is missing", k, p.Type)
		}
		slugs[p.Type] = true
	}
}

// Whatever an error carries, its document is valid JSON and stays under the
// limit even when it is quoted once more.
func TestDocumentIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			unit := rapid.SampledFrom([]string{"a", `"`, `\`, "\x00", "é", "\xff", "<", "日"}).Draw(t, "unit")
			return strings.Repeat(unit, rapid.IntRange(0, 5000).Draw(t, "times"))
		})
		e := New(InvalidData, "%s", text.Draw(t, "detail"))
		for range rapid.IntRange(0, 400).Draw(t, "fields") {
			e = e.At("A message.", "value_error", "body", 7, text.Draw(t, "loc"))
		}
		doc := Document(e, text.Draw(t, "instance"), text.Draw(t, "id"))
		quoted := encode(string(doc))
		var p Problem
		if err := json.Unmarshal(doc, &p); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
		if !utf8.Valid(doc) || len(quoted) > MaxDocument {
			t.Fatalf("document has %d bytes (%d quoted)", len(doc), len(quoted))
		}
		if len(p.Errors) > len(e.Fields) {
			t.Fatalf("%d errors became %d", len(e.Fields), len(p.Errors))
		}
	})
}

func TestTrimmedErrorsAreCounted(t *testing.T) {
	e := New(InvalidRequest, "The request has many errors.")
	for i := range 2000 {
		e = e.At("Field required", "missing", "body", i)
	}
	p := NewProblem(e, "/train", "")
	last := p.Errors[len(p.Errors)-1]
	if last.Type != "errors_trimmed" || !strings.Contains(last.Msg, "further errors") {
		t.Fatalf("last item is %+v", last)
	}
	if kept := len(p.Errors) - 1; kept < 100 || !strings.HasPrefix(last.Msg, strconv.Itoa(2000-kept)) {
		t.Errorf("%d errors are kept, and the note says %q", kept, last.Msg)
	}
}

func TestLocBecomesStringsAndIntegers(t *testing.T) {
	e := New(InvalidData, "x").At("m", "t", "line", 12, int64(13), math.NaN(), nil)
	p := NewProblem(e, "", "")
	want := []any{"line", 12, int64(13), "NaN", "<nil>"}
	if diff := cmp.Diff(want, p.Errors[0].Loc); diff != "" {
		t.Errorf("loc (-want +got):\n%s", diff)
	}
	if got := string(Document(New(InvalidData, "x").At("m", "t"), "", "")); !strings.Contains(got, `"loc":[]`) {
		t.Errorf("an empty loc is not a list: %s", got)
	}
}
