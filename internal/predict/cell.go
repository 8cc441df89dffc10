package predict

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"retrain/internal/dataset"
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
	noBoolean     = trouble{"bool_parsing", "Input should be a valid boolean: true, false, or 1 or 0"}
	noTime        = trouble{"datetime_parsing", "Input should be a valid datetime, like 2006-01-02T15:04:05Z, or the seconds since 1970"}
	outOfRange    = trouble{"finite_number", "Input should be a finite number"}
	requiredField = "Field required"
)

// value encodes a JSON value: nil, bool, float64, string, or something that no
// feature takes. A category may be given as a number or a boolean, in which case
// it stands for the text that a CSV file would have; a boolean as 1 or 0 or in
// its spellings; a time as text or in seconds since 1970. Of a column with
// several features, any of them encodes the value that is not yet taken apart.
func value(f *model.Feature, v any) (float64, trouble) {
	switch {
	case f.Part == model.Flag:
		return boolean(v)
	case f.Part.OfTime():
		return moment(f, v)
	}
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
			return float64(f.BooleanCode(v)), trouble{}
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
	case f.Part == model.Flag:
		return boolean(cell)
	case f.Part.OfTime():
		if x, err := strconv.ParseFloat(strings.Trim(cell, " \t"), 64); err == nil {
			return moment(f, x)
		}
		return moment(f, cell)
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

// boolean encodes true and false, given as such, as a number or as a text.
func boolean(v any) (float64, trouble) {
	if text, ok := v.(string); ok {
		switch strings.Trim(text, " \t") {
		case "true", "True", "TRUE", "1":
			v = true
		case "false", "False", "FALSE", "0":
			v = false
		}
		if isMissing(text) {
			v = nil
		}
	}
	switch v {
	case nil:
		return math.NaN(), trouble{}
	case true, 1.0:
		return 1, trouble{}
	case false, 0.0:
		return 0, trouble{}
	}
	return 0, noBoolean
}

var orders = map[string]dataset.DateOrder{model.DayFirst: dataset.OrderDayFirst, model.MonthFirst: dataset.OrderMonthFirst}

// moment encodes a time of the years 1 to 9999.
func moment(f *model.Feature, v any) (float64, trouble) {
	const first, end = -62_135_596_800, 253_402_300_800 // as seconds since 1970
	switch v := v.(type) {
	case nil:
		return math.NaN(), trouble{}
	case float64:
		if first <= v && v < end {
			return v + 0, trouble{}
		}
	case string:
		if isMissing(v) {
			return math.NaN(), trouble{}
		}
		if seconds, ok := dataset.ParseTime(v, orders[f.Slashes]); ok {
			return seconds, trouble{}
		}
	}
	return 0, noTime
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
