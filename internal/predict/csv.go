package predict

import (
	"bytes"
	"encoding/csv"
	"strconv"
)

// CSV returns the predictions as CSV without a header, one a line, as SageMaker
// hands them on: labels, or numbers in the shortest form that reads back the same.
func (r *Result) CSV() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, p := range r.Predictions {
		cell := ""
		switch p := p.(type) {
		case string:
			cell = p
		case int64:
			cell = strconv.FormatInt(p, 10)
		case float64:
			cell = strconv.FormatFloat(p, 'g', -1, 64)
		}
		_ = w.Write([]string{cell}) // a buffer takes everything
	}
	w.Flush()
	return out.Bytes()
}
