package preprocess

import (
	"math"

	"retrain/internal/dataset"
	"retrain/internal/fault"
)

// findWeight finds the column of the weights, if one is named.
func (j *job) findWeight() error {
	j.weight = -1
	name := j.req.SampleWeight
	if name == "" {
		return nil
	}
	switch j.weight = j.schema.Index(name); {
	case j.weight < 0:
		return j.noSuchColumn("sample_weight", name)
	case j.weight == j.target:
		return badWeight(fault.InvalidRequest, "is the target")
	case name == j.split.GroupColumn || name == j.split.TimeColumn:
		return badWeight(fault.InvalidRequest, "is the one that the rows are split by")
	}
	return nil
}

// checkWeightKind refuses weights that are no numbers.
func (j *job) checkWeightKind() error {
	if j.weight < 0 || j.schema.Columns[j.weight].Kind.Numeric() {
		return nil
	}
	return badWeight(fault.InvalidData, "does not hold numbers")
}

func badWeight(kind fault.Kind, reason string) error {
	return fault.New(kind, "The column of the sample weights %s.", reason).
		At("The column "+reason, "weight_error", "body", "sample_weight")
}

// unusableWeight says why a row's weight is none, or "". Learners keep weights
// in single precision. What is no number is for checkWeightKind to refuse.
func unusableWeight(v *dataset.Values, r int) string {
	switch {
	case missing(v, r):
		return "the weight is missing"
	case v.Kind == dataset.Text:
		return ""
	case v.Numbers[r] < 0:
		return "the weight is negative"
	case v.Numbers[r] > math.MaxFloat32:
		return "the weight is not finite in single precision"
	}
	return ""
}

// weightless reports whether a row that could be used is to count nothing. It is
// left out on both sides, as if it were not in the data.
func (j *job) weightless(b *dataset.Batch, r int) bool {
	at := j.weight
	return at >= 0 && b.Columns[at].Kind != dataset.Text && float32(b.Columns[at].Numbers[r]) == 0
}
