package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
)

// Calibration turns raw scores into probabilities by curves that were fitted to
// rows which the learner has not seen. Exactly one of Lines and Curves is set:
// for a binary task with one entry, for class 1; for a multiclass task with one
// for each class, of that class against the rest (Zadrozny and Elkan 2002), and
// the probabilities that they give are divided by their sum.
//
// What the entries take is the log odds of their class by the raw scores.
type Calibration struct {
	Lines  []Line  `json:"lines,omitempty"` // of a multiclass task; over two classes they are part of the model's weights
	Curves []Curve `json:"curves,omitempty"`
}

// Line is Platt's sigmoid: the calibrated log odds are Slope·z + Shift.
type Line struct {
	Slope float64 `json:"slope"` // above 0
	Shift float64 `json:"shift"`
}

// At returns the calibrated log odds.
func (l Line) At(z float64) float64 { return float64(l.Slope*z) + l.Shift }

// MaxKnots is the largest number of knots of a Curve.
const MaxKnots = 256

// Curve is a function that never falls: it joins its knots by straight lines,
// and is constant beyond the first and the last. X ascends strictly; Y is a
// probability above 0 and below 1, so that no log loss is infinite.
type Curve struct {
	X []float64 `json:"x"` // log odds
	Y []float64 `json:"y"`
}

// At returns the probability. From a knot on to the next one it is
// y + (y' - y)·((z - x)/(x' - x)), and at a knot that knot's very y, so that on a
// level stretch all rows are equal to the bit.
func (c *Curve) At(z float64) float64 {
	last := len(c.X) - 1
	if math.IsNaN(z) {
		return z
	}
	z = min(max(z, c.X[0]), c.X[last])
	i := sort.Search(last, func(i int) bool { return c.X[i+1] > z })
	if i == last {
		return c.Y[last]
	}
	return c.Y[i] + float64((c.Y[i+1]-c.Y[i])*((z-c.X[i])/(c.X[i+1]-c.X[i])))
}

// MinRest is the least that the other classes have together against a class of
// e to the power 0, so that log odds are finite.
const MinRest = 1e-300

// LogOdds writes the log odds of each class against the rest, Width() numbers:
// of a binary task the raw score as it is; of several classes, with s for the
// raw scores and t for the largest, s[k] - t - ln Σ exp(s[j] - t) over the other
// classes j. The sum is that of the classes before k and of those behind, and
// none is a difference, which would lose the digits of rare classes.
func (m *Model) LogOdds(dst, raw []float64) {
	if m.Task != Multiclass {
		copy(dst, raw)
		return
	}
	top := slices.Max(raw)
	before := 0.0
	for k, r := range raw {
		dst[k] = before
		before += Exp(r - top)
	}
	behind := 0.0
	for k, r := range slices.Backward(raw) {
		r -= top
		dst[k] = r - Log(max(dst[k]+behind, MinRest))
		behind += Exp(r)
	}
}

// calibrate writes the probabilities of a row.
func (m *Model) calibrate(dst, raw []float64) {
	c := m.Calibration
	if m.Task == Binary {
		dst[1] = c.Curves[0].At(raw[0])
		dst[0] = 1 - dst[1]
		return
	}
	m.LogOdds(dst, raw)
	sum := 0.0
	for k, z := range dst {
		if c.Lines != nil {
			dst[k] = Sigmoid(c.Lines[k].At(z))
		} else {
			dst[k] = c.Curves[k].At(z)
		}
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// checkDecision wants a calibration and a threshold that fit the task.
func (m *Model) checkDecision() error {
	if m.Threshold != 0 && (m.Task != Binary || !(m.Threshold > 0 && m.Threshold < 1)) {
		return errors.New("model: a threshold that is not between 0 and 1, or for other than two classes")
	}
	c := m.Calibration
	switch {
	case c == nil:
		return nil
	case m.Task == Regression, (c.Lines == nil) == (c.Curves == nil), c.Lines != nil && m.Task == Binary,
		len(c.Lines)+len(c.Curves) != m.Width():
		return errors.New("model: a calibration that does not fit the task")
	}
	for k, l := range c.Lines {
		if !(l.Slope > 0) || !finite(l.Slope, l.Shift) {
			return fmt.Errorf("model: line %d of the calibration falls, or is not finite", k)
		}
	}
	for k := range c.Curves {
		if err := c.Curves[k].check(); err != nil {
			return fmt.Errorf("model: curve %d of the calibration %w", k, err)
		}
	}
	return nil
}

func (c *Curve) check() error {
	if len(c.X) != len(c.Y) || len(c.X) < 2 || len(c.X) > MaxKnots || !finite(c.X...) {
		return errors.New("has too few or too many knots, or one that is not finite")
	}
	for i, y := range c.Y {
		if !(y > 0 && y < 1) {
			return fmt.Errorf("has no probability at knot %d", i)
		}
		if i > 0 && !(c.X[i] > c.X[i-1] && y >= c.Y[i-1] && finite(c.X[i]-c.X[i-1])) {
			return fmt.Errorf("does not ascend at knot %d", i)
		}
	}
	return nil
}
