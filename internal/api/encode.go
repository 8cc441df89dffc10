package api

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Encode returns v as this service answers it: an absent list is [] and an
// absent map {}, the names of a map are sorted, and a number that is not finite
// is an error, never null.
func Encode(v any) ([]byte, error) { return json.Marshal(v, encoding) }

// EncodeIndented is Encode for readers.
func EncodeIndented(v any) ([]byte, error) {
	return json.Marshal(v, encoding, jsontext.WithIndent("  "))
}

// omitempty keeps the meaning that it has in encoding/json, since the steps
// store their results with that package.
var encoding = json.JoinOptions(json.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true))
