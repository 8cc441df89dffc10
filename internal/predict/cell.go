package predict

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"retrain/internal/model"
)

// trouble is what is wrong with a value, in the words of FastAPI; the zero
// trouble is none.
type trouble struct{ typ, msg string }

var (
	noNumber      = trouble{"float_type", "Input should be a valid number"}
	quotedNumber  = trouble{"float_type", "Input should be a valid number, not a string"}
	noText        = trouble{"string_type", "Input should be a valid string"}
	unparsable    = trouble{"float_parsing", "Input should be a valid number"}
	outOfRange    = trouble{"finite_number", "Input should be a finite number"}
	requiredField = "Field required"
)

// value encodes a JSON value: nil, bool, float64, string, or something that no
// feature takes. A category may be given as a number or a boolean, in which case
// it stands for the text that a CSV file would have.
func value(f *model.Feature, v any) (float64, trouble) {
	switch v := v.(type) {
	case nil:
		return f.MissingValue(), trouble{}
	case float64:
		if f.Kind == model.Category {
			return float64(f.Code(numberText(v))), trouble{}
		}
		return v + 0, trouble{} // -0 + 0 = +0, as training has it
	case string:
		if f.Kind == model.Category {
			return category(f, v), trouble{}
		}
		return 0, quotedNumber
	case bool:
		if f.Kind == model.Category {
			return float64(boolCode(f, v)), trouble{}
		}
	}
	if f.Kind == model.Category {
		return 0, noText
	}
	return 0, noNumber
}

// text encodes a CSV file's cell as training reads it.
func text(f *model.Feature, cell string) (float64, trouble) {
	switch {
	case f.Kind == model.Category:
		return category(f, cell), trouble{}
	case isMissing(cell):
		return f.MissingValue(), trouble{}
	}
	cell = strings.Trim(cell, " \t")
	if strings.Trim(cell, "+-.0123456789eE") != "" {
		return 0, unparsable // what ParseFloat would take besides: hexadecimal, inf, nan, underscores
	}
	x, err := strconv.ParseFloat(cell, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, outOfRange
	case err != nil:
		return 0, unparsable
	}
	return x + 0, trouble{}
}

// category encodes a text. A spelling of "no value" is one here as it was in
// the training data, unless the model has a category of that name all the same.
func category(f *model.Feature, s string) float64 {
	code := f.Code(s)
	if code == model.Unseen && isMissing(s) {
		return f.MissingValue()
	}
	return float64(code)
}

// numberText writes a number as CSV files have it: whole ones without a point.
func numberText(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) <= 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// boolCode finds the category that a boolean stands for: true, True or TRUE, in
// the spelling that the training data had.
func boolCode(f *model.Feature, b bool) int {
	word := strconv.FormatBool(b)
	for _, spelling := range []string{word, strings.ToUpper(word[:1]) + word[1:], strings.ToUpper(word)} {
		if code := f.Code(spelling); code != model.Unseen {
			return code
		}
	}
	return model.Unseen
}

// isMissing reports whether a text, blanks around it aside, is empty or one of
// the spellings of a missing value that pandas.read_csv knows and that training
// goes by.
func isMissing(s string) bool {
	switch strings.Trim(s, " \t") {
	case "", "NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA",
		"NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
		"null", "NULL", "None":
		return true
	}
	return false
}
