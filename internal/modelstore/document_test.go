package modelstore

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"retrain/internal/fault"
)

type note struct {
	A string          `json:"a"`
	B map[string]int  `json:"b"`
	C json.RawMessage `json:"c"`
}

func sealed(t testing.TB, document any) []byte {
	t.Helper()
	out, err := seal(document, maxDocument)
	must(t, err)
	return out
}

func TestSealedForm(t *testing.T) {
	got := string(sealed(t, note{A: "<&>", B: map[string]int{"y": 2, "x": 1}, C: json.RawMessage(` { "k" : [1, 2] } `)}))
	body := `{"a":"<&>","b":{"x":1,"y":2},"c":{"k":[1,2]}}`
	want := body[:len(body)-1] + `,"sha256":"` + Digest([]byte(body)) + `"}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !json.Valid([]byte(got)) {
		t.Error("a sealed document is not JSON")
	}
	_, err := seal(note{A: strings.Repeat("x", 100)}, 100)
	wantKind(t, err, fault.TooLarge)
}

func TestSealRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := note{A: rapid.String().Draw(t, "a"), B: map[string]int{rapid.String().Draw(t, "k"): 1}, C: json.RawMessage("[]")}
		first, err := seal(want, maxDocument)
		if err != nil {
			t.Fatal(err)
		}
		var got note
		if _, err := open(first, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Every single-byte change of a document is refused, in every position and to
// every value; so is every cut, and every byte too many.
func TestSealFindsEveryByte(t *testing.T) {
	whole := sealed(t, note{A: "text", B: map[string]int{"x": 1}, C: json.RawMessage("null")})
	refuse := func(data []byte, what string, at int) {
		t.Helper()
		if _, err := open(data, new(note)); err == nil {
			t.Fatalf("%s at byte %d is accepted: %q", what, at, data)
		}
	}
	for at := range whole {
		changed := append([]byte(nil), whole...)
		for value := range 256 {
			if changed[at] = byte(value); changed[at] != whole[at] {
				refuse(changed, "a change", at)
			}
		}
		refuse(whole[:at], "a cut", at)
		refuse(append(append(append([]byte(nil), whole[:at]...), ' '), whole[at:]...), "a space", at)
	}
	refuse(append(append([]byte(nil), whole...), '\n'), "a line", len(whole))
}

func TestOpenIsStrict(t *testing.T) {
	type more struct {
		note
		D int `json:"d"`
	}
	if _, err := open(sealed(t, more{}), new(note)); err == nil {
		t.Error("an unknown field is accepted")
	}
	two := `{"a":"x"}{"a":"y"`
	forged := two + sealPrefix + Digest([]byte(two+"}")) + sealSuffix
	if _, err := open([]byte(forged), new(note)); err == nil {
		t.Error("two documents in one are accepted")
	}
	if _, err := open(sealed(t, struct {
		A int `json:"a"`
	}{1}), new(note)); err == nil {
		t.Error("a number is accepted for a text")
	}
}
