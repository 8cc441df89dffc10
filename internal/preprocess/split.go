package preprocess

import (
	"hash/fnv"
	"math"

	"retrain/internal/fault"
	"retrain/internal/settings"
)

// Split says how the holdout is chosen. By default a row's side follows from a
// hash of its features, salted by the model's name and not by the run: a row
// that trained yesterday's champion can then never judge today's challenger,
// and rows alike in all features land on the same side.
type Split struct {
	TestFraction float64 `json:"test_fraction"`
	GroupColumn  string  `json:"group_column,omitempty"` // rows of a group stay together
	TimeColumn   string  `json:"time_column,omitempty"`  // the latest rows are the holdout
}

const defaultTestFraction = 0.2

// parseSplit reads the request's split, naming every key that is wrong.
func parseSplit(given map[string]any) (Split, error) {
	s := Split{TestFraction: defaultTestFraction}
	err := settings.Read(given, []settings.Field{
		{Name: "test_fraction", Value: settings.Number{To: &s.TestFraction}},
		{Name: "group_column", Value: settings.Name{To: &s.GroupColumn}},
		{Name: "time_column", Value: settings.Name{To: &s.TimeColumn}},
	}, "body", "split")
	bad := fault.New(fault.InvalidRequest, "The request is not valid.")
	settings.Collect(bad, err)
	if s.TestFraction < 0.01 || s.TestFraction > 0.9 {
		bad.At("Input should be between 0.01 and 0.9", "range", "body", "split", "test_fraction")
	}
	if s.GroupColumn != "" && s.TimeColumn != "" {
		bad.At("group_column and time_column exclude each other", "value_error", "body", "split")
	}
	return s, settings.Err(bad)
}

// sides assigns rows to the training side or the holdout.
type sides struct {
	salt      uint64
	threshold uint64 // hashes below it are holdout
	timeCut
}

func newSides(modelName string, s Split, cut timeCut) *sides {
	h := fnv.New64a()
	h.Write([]byte("retrain split v1\x00" + modelName))
	return &sides{salt: h.Sum64(), threshold: uint64(math.Ldexp(s.TestFraction, 63)) << 1, timeCut: cut}
}

// holdout reports whether a row belongs to the holdout, by the hash of its
// features (or group).
func (s *sides) holdout(hash uint64) bool { return mix(hash^s.salt) < s.threshold }

// mix is the finalizer of MurmurHash3 (Appleby): every bit of the input
// changes every bit of the output with probability close to one half.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
