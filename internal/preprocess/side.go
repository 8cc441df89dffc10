package preprocess

import (
	"retrain/internal/dataset"
	"retrain/internal/model"
	"retrain/internal/processed"
)

// sideTally counts one side of the split and digests its rows. Whether the
// target holds classes or quantities may be known only in the end.
type sideTally struct {
	rows    int64
	digest  rowDigest
	target  moments           // of a numeric target
	numbers map[float64]int64 // its values, counted up to one more than there may be classes
	codes   []int64           // of a text target, by code
	dict    []string
	classes map[string]int64 // from finish on, unless the task is a regression
}

// rowDigest takes the rows' hashes in their order.
type rowDigest interface{ Add(hashes ...uint64) }

func newSideTally() sideTally {
	return sideTally{digest: processed.NewDigest(), numbers: map[float64]int64{}}
}

// add takes the targets of rows of a batch, none of which is missing.
func (s *sideTally) add(target *dataset.Values, rows []int) {
	s.rows += int64(len(rows))
	if target.Kind == dataset.Text {
		s.dict = target.Dict
		s.codes = append(s.codes, make([]int64, len(s.dict)-len(s.codes))...)
		for _, r := range rows {
			if c := target.Codes[r]; c >= 0 {
				s.codes[c]++
			}
		}
		return
	}
	for _, r := range rows {
		x := target.Numbers[r]
		s.target.add(x)
		if len(s.numbers) <= maxClasses {
			s.numbers[x]++
		}
	}
}

// merge takes in what was counted of other rows; their hashes go to the digest by
// themselves.
func (s *sideTally) merge(other *sideTally, dict []string) {
	s.rows += other.rows
	s.target.merge(&other.target)
	for x, n := range other.numbers {
		if len(s.numbers) <= maxClasses {
			s.numbers[x] += n
		}
	}
	s.dict = dict
	s.codes = append(s.codes, make([]int64, max(0, len(other.codes)-len(s.codes)))...)
	for c, n := range other.codes {
		s.codes[c] += n
	}
}

// finish names the classes.
func (s *sideTally) finish(task model.Task) {
	s.classes = map[string]int64{}
	if task == model.Regression {
		return
	}
	for x, n := range s.numbers {
		s.classes[processed.Label(x)] += n
	}
	for c, n := range s.codes {
		if n > 0 {
			s.classes[s.dict[c]] = n
		}
	}
}

// side describes the side for the run's document.
func (s *sideTally) side(r *model.Recipe) processed.Side {
	side := processed.Side{Rows: s.rows, Digest: s.digest.(*processed.Digest).String()}
	for _, label := range r.Classes {
		side.Classes = append(side.Classes, s.classes[label])
	}
	if r.Task == model.Regression {
		side.MeanTarget, _ = s.target.meanStd()
	}
	return side
}
