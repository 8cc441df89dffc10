package model

import (
	"math"
	"sort"
)

// Code returns the code of a category, or Unseen. Missing is "".
func (f *Feature) Code(s string) int {
	i := sort.SearchStrings(f.Categories, s)
	if i < len(f.Categories) && f.Categories[i] == s {
		return i
	}
	return Unseen
}

// Codes returns the code of each value of a dictionary, so that a column of
// dictionary codes is encoded with one look-up a row.
func (f *Feature) Codes(dict []string) []int {
	codes := make([]int, len(dict))
	for i, s := range dict {
		codes[i] = f.Code(s)
	}
	return codes
}

// Class returns the index of a label in Classes, or -1.
func (r *Recipe) Class(label string) int {
	for i, c := range r.Classes {
		if c == label {
			return i
		}
	}
	return -1
}

// EncodeStrings writes a categorical feature's codes into column j of the
// row-major block x (stride columns a row): codes[i] indexes dict, and a
// negative one is missing.
func (f *Feature) EncodeStrings(x []float64, stride, j int, codes []int32, dict []string) {
	byCode := f.Codes(dict)
	missing := float64(f.Code(""))
	for i, c := range codes {
		v := missing
		if c >= 0 {
			v = float64(byCode[c])
		}
		x[i*stride+j] = v
	}
}

// EncodeNumbers writes a numeric feature's part of its column's values into
// column j of the row-major block x.
func (f *Feature) EncodeNumbers(x []float64, stride, j int, values []float64) {
	if !f.Part.OfTime() {
		for i, v := range values {
			x[i*stride+j] = v
		}
		return
	}
	for i, v := range values {
		x[i*stride+j] = f.Part.Of(v)
	}
}

// EncodeBooleans writes a categorical feature's codes of booleans, as numbers,
// into column j of the row-major block x.
func (f *Feature) EncodeBooleans(x []float64, stride, j int, values []float64) {
	codes := [2]float64{float64(f.BooleanCode(false)), float64(f.BooleanCode(true))}
	for i, v := range values {
		x[i*stride+j] = f.MissingValue()
		if !math.IsNaN(v) {
			x[i*stride+j] = codes[int(v)]
		}
	}
}

// BooleanCode returns the code of the category that a boolean stands for: true,
// True or TRUE, in the spelling that the training data had; else Unseen.
func (f *Feature) BooleanCode(b bool) int {
	spellings := [3]string{"false", "False", "FALSE"}
	if b {
		spellings = [3]string{"true", "True", "TRUE"}
	}
	for _, s := range spellings {
		if code := f.Code(s); code != Unseen {
			return code
		}
	}
	return Unseen
}

// MissingValue returns how a missing value of the feature is encoded.
func (f *Feature) MissingValue() float64 {
	if f.Kind == Number {
		return math.NaN()
	}
	return float64(f.Code(""))
}
