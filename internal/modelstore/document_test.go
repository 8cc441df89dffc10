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
	Format int             `json:"format"`
	A      string          `json:"a"`
	B      map[string]int  `json:"b"`
	C      json.RawMessage `json:"c"`
}

// openNote opens a note of format 7.
func openNote(sealed []byte, document any) error {
	_, err := open(sealed, 7, document)
	return err
}

func sealed(t testing.TB, document any) []byte {
	t.Helper()
	out, err := seal(document, maxDocument)
	must(t, err)
	return out
}

func TestSealedForm(t *testing.T) {
	got := string(sealed(t, note{Format: 7, A: "<&>", B: map[string]int{"y": 2, "x": 1}, C: json.RawMessage(` { "k" : [1, 2] } `)}))
	body := `{"format":7,"a":"<&>","b":{"x":1,"y":2},"c":{"k":[1,2]}}`
	want := body[:len(body)-1] + `,"sha256":"` + Digest([]byte(body)) + `"}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !json.Valid([]byte(got)) {
		t.Error("a sealed document is not JSON")
	}
	_, err := seal(note{Format: 7, A: strings.Repeat("x", 100)}, 100)
	wantKind(t, err, fault.TooLarge)
}

func TestSealRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := note{Format: 7, A: rapid.String().Draw(t, "a"), B: map[string]int{rapid.String().Draw(t, "k"): 1}, C: json.RawMessage("[]")}
		first, err := seal(want, maxDocument)
		if err != nil {
			t.Fatal(err)
		}
		var got note
		if err := openNote(first, &got); err != nil {
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
	whole := sealed(t, note{Format: 7, A: "text", B: map[string]int{"x": 1}, C: json.RawMessage("null")})
	refuse := func(data []byte, what string, at int) {
		t.Helper()
		if openNote(data, new(note)) == nil {
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
	for what, document := range map[string]any{
		"an unknown field": struct {
			note
			D int `json:"d"`
		}{note: note{Format: 7}},
		"a number for a text": struct {
			Format int `json:"format"`
			A      int `json:"a"`
		}{Format: 7},
		"an earlier format": note{Format: 6},
		"no format":         map[string]int{"a": 1},
		"a list":            []int{1, 2},
	} {
		if openNote(sealed(t, document), new(note)) == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	two := `{"format":7}{"a":"y"`
	forged := two + sealPrefix + Digest([]byte(two+"}")) + sealSuffix
	if openNote([]byte(forged), new(note)) == nil {
		t.Error("two documents in one are accepted")
	}
	err := damaged(openNote(sealed(t, map[string]int{"format": 8, "new": 1}), new(note)), "note")
	wantKind(t, err, fault.InvalidData)
	if got := fault.From(err).Detail; !strings.Contains(got, "later release") {
		t.Errorf("a later format is refused with %q", got)
	}
}
