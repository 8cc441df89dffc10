package metric

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// power is the probability with which a difference that exists should be seen.
const power = 0.8

// RowsNeeded estimates how many rows such as these would let the whole
// confidence interval of the gain lie above the margin, four times out of five,
// if the gain is really as large as it was found here: the standard error
// shrinks with the square root of the rows (Chow, Shao and Wang, Sample Size
// Calculations in Clinical Research, 2008, section 3.1). It is 0 if the gain
// does not reach the margin, where no number of rows would, or if the
// comparison has no interval to go by.
func (c Comparison) RowsNeeded(margin float64) int64 {
	gain, _, _ := c.Gain()
	needed := float64(c.Rows) * math.Pow(c.reach()/(gain-margin), 2)
	if c.Undefined != "" || !(gain > margin) || c.reach() == 0 || needed > 1e15 {
		return 0
	}
	return max(int64(math.Ceil(needed)), 1)
}

// Visible estimates the smallest true gain over the margin that so many rows
// show four times out of five; 0 if the comparison has no interval to go by.
func (c Comparison) Visible() float64 {
	if c.Undefined != "" {
		return 0
	}
	return c.reach()
}

// reach is the standard error that the interval implies, times the sum of the
// normal quantiles of confidence and power.
func (c Comparison) reach() float64 {
	z := Options{Confidence: c.Confidence}.z()
	return (c.High - c.Low) / 2 / z * (z + distuv.UnitNormal.Quantile(power))
}
