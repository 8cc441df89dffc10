package dataset

import "math"

// parseBoolean reads the spellings of a boolean that pandas.read_csv takes:
// true, True and TRUE, and those of false. Others, such as yes and t, are text,
// and 0 and 1 are integers.
func parseBoolean(b []byte) (value, ok bool) {
	switch string(b) {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// BooleanText is how a boolean is written where text is called for: as pandas
// writes it into CSV.
func BooleanText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// boolNumber is how a boolean is held in a column.
func boolNumber(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// booleansAsText returns the codes of booleans in a dictionary of spellings,
// written over the given ones.
func booleansAsText(codes []int32, numbers []float64, dict []string) []int32 {
	codes = codes[:0]
	var byValue [2]int32
	for i := range dict {
		if v, ok := parseBoolean([]byte(dict[i])); ok {
			byValue[int(boolNumber(v))] = int32(i)
		}
	}
	for _, x := range numbers {
		code := MissingCode
		if !math.IsNaN(x) {
			code = byValue[int(x)]
		}
		codes = append(codes, code)
	}
	return codes
}
