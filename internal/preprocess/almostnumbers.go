package preprocess

import (
	"fmt"
	"strconv"
	"strings"

	"retrain/internal/dataset"
)

// One text in ten, at most, may be no number for a column to be almost numeric.
const numbersToOdd = 9

// explainTexts names the columns that a few cells keep from being numbers: a
// mark for what is missing, most often, that the reader has never heard of.
func (j *job) explainTexts() {
	for i := range j.schema.Columns {
		if why := j.almostNumbers(&j.schema.Columns[i]); why != "" {
			j.warn(fmt.Sprintf("column %q is text, though %s", j.schema.Columns[i].Name, why))
		}
	}
}

// almostNumbers says how nearly a column holds numbers, and what to do about the
// rest; "" if it is none of these, or has been declared to be text. Parquet tells
// its types itself.
func (j *job) almostNumbers(c *dataset.Column) string {
	d := &j.schema.Dialect
	_, declared := d.Types[c.Name]
	if c.Kind != dataset.Text || c.Nested || declared || d.Format == dataset.Parquet {
		return ""
	}
	odd := 0
	for _, text := range c.Dict {
		if !isNumber(text, d.Decimal) {
			odd++
		}
	}
	if odd == 0 || numbersToOdd*odd > len(c.Dict)-odd {
		return ""
	}
	return fmt.Sprintf(`all but %d of its %d different texts are numbers; if the rest means that a value is missing, pass "read":{"na_values":[…]}`, odd, len(c.Dict))
}

// isNumber reports whether a text would be a number in a column of numbers that
// have this decimal sign.
func isNumber(text string, decimal byte) bool {
	if decimal == ',' {
		text = strings.Replace(text, ",", ".", 1)
	}
	_, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return err == nil
}
