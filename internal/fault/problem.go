package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// MaxDocument bounds a problem document, in bytes. It is counted as if the
// document were quoted inside another JSON document, for that is how a state
// machine meets it: Step Functions keeps 32,768 characters of a Cause, and the
// Cause of a failed Lambda holds the document as a string.
const MaxDocument = 24 << 10

// The longest texts a document carries, in bytes, before they are clipped.
const (
	maxDetail    = 2 << 10
	maxInstance  = 512
	maxRequestID = 128
	maxMsg       = 512
	maxLocPart   = 256
	maxLocDepth  = 32
)

// Problem is the document that tells a caller what went wrong: RFC 9457 with
// the extension members code, retryable, request_id and errors. The items of
// errors have FastAPI's members loc, msg and type.
type Problem struct {
	Type      string  `json:"type"`             // "urn:retrain:error:" and the kind's slug
	Title     string  `json:"title"`            // fixed for each kind
	Status    int     `json:"status,omitempty"` // the HTTP status; absent where HTTP cannot meet the kind
	Detail    string  `json:"detail"`           // one sentence
	Instance  string  `json:"instance,omitempty"`
	Code      string  `json:"code"` // also the Lambda errorType and the state machine's error name
	Retryable bool    `json:"retryable"`
	RequestID string  `json:"request_id,omitempty"`
	Errors    []Field `json:"errors,omitempty"`
}

// NewProblem describes e for the caller. instance is the path that was asked
// for and requestID what finds the request in the log; either may be "". The
// cause of e is left out. The texts are clipped and the errors trimmed, with a
// last item that counts what was left out, so that the encoded document stays
// under MaxDocument.
func NewProblem(e *Error, instance, requestID string) Problem {
	info := e.Kind.Info()
	p := Problem{
		Type:      "urn:retrain:error:" + info.Slug,
		Title:     info.Title,
		Status:    info.Status,
		Detail:    clip(e.Detail, maxDetail),
		Instance:  clip(instance, maxInstance),
		Code:      info.Code,
		Retryable: e.Kind.Retryable(),
		RequestID: clip(requestID, maxRequestID),
	}
	p.Errors = trim(e.Fields, MaxDocument-cost(p)-noteCost)
	return p
}

// JSON returns the document's bytes, without a final newline.
func (p Problem) JSON() []byte { return encode(p) }

// Document returns the problem document of e as JSON; see NewProblem.
func Document(e *Error, instance, requestID string) []byte {
	return NewProblem(e, instance, requestID).JSON()
}

// noteCost is set aside for the item that counts the trimmed errors, and for
// the name and brackets of the list.
const noteCost = 192

// trim returns clipped copies of the first fields, as many as fit the budget.
func trim(fields []Field, budget int) []Field {
	var kept []Field
	for i, f := range fields {
		f = f.clipped()
		budget -= cost(f) + len(",")
		if budget < 0 {
			note := fmt.Sprintf("%d further errors are left out here.", len(fields)-i)
			return append(kept, Field{Loc: []any{}, Msg: note, Type: "errors_trimmed"})
		}
		kept = append(kept, f)
	}
	return kept
}

// clipped returns the field with every text shortened. The parts of Loc become
// strings or integers, the two things a path is made of.
func (f Field) clipped() Field {
	loc := make([]any, 0, len(f.Loc))
	for _, part := range f.Loc[:min(len(f.Loc), maxLocDepth)] {
		switch part := part.(type) {
		case int, int32, int64, uint, uint32, uint64:
			loc = append(loc, part)
		case string:
			loc = append(loc, clip(part, maxLocPart))
		default:
			loc = append(loc, clip(fmt.Sprint(part), maxLocPart))
		}
	}
	return Field{Loc: loc, Msg: clip(f.Msg, maxMsg), Type: clip(f.Type, maxLocPart)}
}

// clip shortens s to at most n bytes, at a character's border, and marks the
// cut with an ellipsis.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	cut := n - len(mark)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

// cost is the size of v's JSON when it is quoted once more.
func cost(v any) int {
	b := encode(v)
	return len(b) + bytes.Count(b, []byte{'"'}) + bytes.Count(b, []byte{'\\'})
}

// encode returns v as JSON without escaping <, > and &: the document is never
// put into HTML. What it is given has only strings, numbers and booleans.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("fault: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
