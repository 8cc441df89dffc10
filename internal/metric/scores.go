package metric

import (
	"encoding/json"
	"math"
)

// Scores holds the value of each metric that is defined, and for each of the
// others the reason why it is not.
type Scores struct {
	Values    map[string]float64 // finite
	Undefined map[string]string
}

func newScores() Scores {
	return Scores{Values: map[string]float64{}, Undefined: map[string]string{}}
}

// Metrics returns the values as results show them: nil where undefined.
func (s Scores) Metrics() map[string]*float64 {
	all := make(map[string]*float64, len(s.Values)+len(s.Undefined))
	for name, v := range s.Values {
		all[name] = &v
	}
	for name := range s.Undefined {
		all[name] = nil
	}
	return all
}

// MarshalJSON writes {"metrics":{name:value|null},"metrics_undefined":{name:reason}}.
func (s Scores) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Metrics   map[string]*float64 `json:"metrics"`
		Undefined map[string]string   `json:"metrics_undefined,omitempty"`
	}{s.Metrics(), s.Undefined})
}

// value is a metric's value, or the reason why it has none.
type value struct {
	v         float64
	undefined string
}

func undefined(reason string) value { return value{undefined: reason} }

// ratio is a/b, or undefined for the reason if b is 0.
func ratio(a, b int64, reason string) value {
	if b == 0 {
		return undefined(reason)
	}
	return value{v: float64(a) / float64(b)}
}

// reason says why there is no value, or "". One that overflowed is none.
func (v value) reason() string {
	if v.undefined == "" && !finite(v.v) {
		return reasonOverflow
	}
	return v.undefined
}

func (s Scores) set(name string, v value) {
	if reason := v.reason(); reason != "" {
		s.Undefined[name] = reason
		return
	}
	s.Values[name] = v.v
}

// The reasons why a metric is undefined.
const (
	reasonNoRows      = "There are no rows to score."
	reasonNotFinite   = "A prediction is not a finite number."
	reasonTarget      = "A true value is not a finite number."
	reasonOverflow    = "The value is too large to be represented."
	reasonOneClass    = "Some class has no rows, or all rows are of one class."
	reasonNoPositive  = "No row is of the positive class."
	reasonNoPredicted = "No row is predicted to be of the positive class."
	reasonNoF1        = "No row is, or is predicted to be, of the positive class."
	reasonNoClass     = "No row is of a class that the model knows."
	reasonNegative    = "A true value is negative."
	reasonNotPositive = "A prediction is not positive."
	reasonConstant    = "All true values are equal."
)

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func allFinite(xs []float64) bool {
	for _, x := range xs {
		if !finite(x) {
			return false
		}
	}
	return true
}
