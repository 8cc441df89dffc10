package report

import (
	"fmt"
	"math"

	"retrain/internal/metric"
)

// The width and height of a row of the forest plot.
const forestWidth, forestHeight = 200, 22

// Forest draws the interval of a score's difference, turned so that right is
// better for the challenger. The scores of a classification share a scale;
// those of a regression have units of their own and each its own scale.
func (r *Report) Forest(s Score) *chart {
	if s.Difference == nil {
		return nil
	}
	gain, low, high := s.Difference.Gain()
	reach := r.reach(s)
	at := func(v float64) float64 { return forestWidth/2 + v/reach*(forestWidth/2-8) }
	c := &chart{Width: forestWidth, Height: forestHeight}
	c.line("zero", forestWidth/2, 0, forestWidth/2, forestHeight)
	class := "unsure"
	switch {
	case low > 0:
		class = "ahead"
	case high < 0:
		class = "behind"
	}
	c.line("reach "+class, at(low), forestHeight/2, at(high), forestHeight/2)
	c.path("point "+class, disc(at(gain), forestHeight/2, 4))
	return c
}

// reach is what the ends of a row's scale stand for.
func (r *Report) reach(s Score) float64 {
	reach := 0.0
	for _, other := range r.Scores {
		if other.Difference != nil && (r.Values == nil || other.Metric == s.Metric) {
			reach = max(reach, math.Abs(other.Difference.Low), math.Abs(other.Difference.High), math.Abs(other.Difference.Difference))
		}
	}
	if reach == 0 {
		return 1
	}
	return reach
}

// Interval returns the difference's interval, for the template.
func (s Score) Interval() *metric.Interval {
	if s.Difference == nil {
		return nil
	}
	return &metric.Interval{Low: s.Difference.Low, High: s.Difference.High}
}

// Standing says in a word how certain a difference is.
func (s Score) Standing() string {
	if s.Difference == nil {
		return ""
	}
	switch _, low, high := s.Difference.Gain(); {
	case low > 0:
		return "better"
	case high < 0:
		return "worse"
	}
	return "not certain"
}

// Level writes the confidence, such as "95 %".
func (r *Report) Level() string { return fmt.Sprintf("%g %%", math.Round(1e6*r.Confidence)/1e4) }
