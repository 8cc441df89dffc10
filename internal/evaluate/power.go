package evaluate

import (
	"fmt"
	"math"

	"retrain/internal/metric"
)

// Below these numbers a holdout is small whatever it shows: a score of so few
// rows, or of so few rows of some class, is hardly a number.
const (
	fewRows    = 100
	fewOfClass = 10
)

// warnOfChance says how many rows would be needed where the challenger is ahead
// by more than the margin and the holdout cannot tell that from chance: either
// the rule failed for it, or it looks at the points alone and passed.
func (j *job) warnOfChance(v *verdict, r *Reason, c metric.Comparison, margin float64) {
	gain, low, _ := c.Gain()
	needed := c.RowsNeeded(margin)
	if low > margin || needed == 0 {
		if !r.Passed {
			j.warnIfSmall(v)
		}
		return
	}
	needed = roundUp(needed)
	r.RowsNeeded = &needed
	j.warnings = append(j.warnings, fmt.Sprintf(
		"the challenger's lead in %s (%s, where more than %s is asked for) may be chance: the holdout has %d rows, and about %d would show a lead of this size four times out of five",
		c.Metric, signed(c.Metric, gain), signed(c.Metric, margin), c.Rows, needed))
}

// warnIfSmall says what a small holdout can show at all.
func (j *job) warnIfSmall(v *verdict) {
	rows, rarest := v.rows(), v.rarest()
	if rows >= fewRows && rarest >= fewOfClass {
		return
	}
	text := fmt.Sprintf("the holdout has only %d rows", rows)
	if rarest < fewOfClass && rarest < rows {
		text += fmt.Sprintf(", %d of them of the rarest class", rarest)
	}
	if v.comparisons == nil {
		j.warnings = append(j.warnings, text+": its scores are rough")
		return
	}
	if visible := v.comparison(v.primary).Visible(); visible > 0 {
		text += fmt.Sprintf(": it can show differences in %s of about %s and more", v.primary, figure(visible))
	}
	j.warnings = append(j.warnings, text)
}

// roundUp rounds to two digits, since the estimate is no better than that.
func roundUp(n int64) int64 {
	unit := math.Pow(10, max(0, math.Floor(math.Log10(float64(n)))-1))
	return int64(math.Ceil(float64(n)/unit) * unit)
}
