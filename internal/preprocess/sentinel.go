package preprocess

import (
	"cmp"
	"math"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// sentinels watch the rows that go by for what makes a model look better than
// it is: a column that gives the target away, rows that stand on both sides of
// the split, and rows alike in all features with different targets. They see a
// sample of the rows, so that their memory is bounded whatever comes.
type sentinels struct {
	target int
	sample sample
	twins  twins
}

// newSentinels returns sentinels for tables of so many columns. set is which
// of a batch's hashes is that of the columns that can describe a row.
func newSentinels(columns, target, set int) *sentinels {
	limit := min(max(sampleCells/columns, minSampleRows), maxSampleRows)
	return &sentinels{target: target, sample: sample{limit: limit, columns: columns}, twins: twins{set: set, seen: map[twinKey]*[2]int64{}}}
}

// add shows them the rows of a batch: those of the training side and those of
// the holdout.
func (s *sentinels) add(b *dataset.Batch, rows [2][]int) {
	s.sample.add(b, rows[0])
	target := &b.Columns[s.target]
	for side, some := range rows {
		for _, r := range some {
			s.twins.add(side, b.Hashes[s.twins.set][r], math.Float64bits(cell(target, r)))
		}
	}
}

// describingColumns are those in which rows are compared: not the target, not
// what the rows are split or weighed by, and nothing that is called an identifier.
func (j *job) describingColumns() []string {
	var names []string
	for i := range j.schema.Columns {
		name := j.schema.Columns[i].Name
		if i != j.target && i != j.weight && name != j.split.GroupColumn && name != j.split.TimeColumn && !idName.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// How many training rows the sample holds: a share of all that grow with their
// number, within a bound on the cells of wide tables.
const (
	minSampleRows = 1_000
	maxSampleRows = 16_384
	sampleCells   = 4 << 20
)

// sample is a sample of the training side, chosen by the rows' numbers: every
// row is as likely as another, and the batches make no difference. A row's number
// is that among the training rows of its file, and the file's: rows can be sampled
// file by file.
type sample struct {
	limit, columns int
	shift          int // one row in 2^shift is in the sample
	next           uint64
	numbers        []uint64  // of the rows
	cells          []float64 // row-major; a text is its code, NaN is missing
}

// fileRows is more than a file has rows.
const fileRows = 1 << 40

func (s *sample) add(b *dataset.Batch, rows []int) {
	s.next = max(s.next, uint64(b.FileIndex)*fileRows)
	for _, r := range rows {
		number := s.next
		s.next++
		if !chosen(number, s.shift) {
			continue
		}
		s.numbers = append(s.numbers, number)
		for i := range b.Columns {
			s.cells = append(s.cells, cell(&b.Columns[i], r))
		}
		s.shrink()
	}
}

// shrink keeps the sample within its limit.
func (s *sample) shrink() {
	for len(s.numbers) > s.limit {
		s.thin()
	}
}

// merge takes in the sample of rows that follow.
func (s *sample) merge(next *sample) {
	for s.shift < next.shift {
		s.thin()
	}
	s.numbers, s.cells = append(s.numbers, next.numbers...), append(s.cells, next.cells...)
	if s.shift > next.shift {
		s.filter()
	}
	s.shrink()
}

// chosen reports whether a number belongs to a sample of one in 2^shift. The
// upper bits decide; the lower ones say which half of the sample it is in.
func chosen(number uint64, shift int) bool { return mix(number+1)>>(64-shift) == 0 }

func (s *sample) thin() {
	s.shift++
	s.filter()
}

// filter leaves the rows that are chosen.
func (s *sample) filter() {
	kept := 0
	for i, number := range s.numbers {
		if chosen(number, s.shift) {
			copy(s.cells[kept*s.columns:], s.cells[i*s.columns:(i+1)*s.columns])
			s.numbers[kept] = number
			kept++
		}
	}
	s.numbers, s.cells = s.numbers[:kept], s.cells[:kept*s.columns]
}

// column returns a column's sampled cells.
func (s *sample) column(i int) []float64 {
	x := make([]float64, len(s.numbers))
	for r := range x {
		x[r] = s.cells[r*s.columns+i]
	}
	return x
}

// cell returns a cell as a number: a text as its code, NaN if it is missing.
func cell(v *dataset.Values, r int) float64 {
	switch {
	case v.Kind == dataset.Empty || missing(v, r):
		return math.NaN()
	case v.Kind == dataset.Text && v.Codes[r] < 0: // beyond the dictionary
		return math.NaN()
	case v.Kind == dataset.Text:
		return float64(v.Codes[r])
	}
	return v.Numbers[r]
}

// twins counts rows that are alike, by the hash of what describes them.
type twins struct {
	set   int
	shift int // one hash in 2^shift is counted
	seen  map[twinKey]*[2]int64
	rows  [2]int64 // that were counted, by side
}

// twinKey stands for the rows that are alike in what describes them and in
// their target.
type twinKey struct{ hash, target uint64 }

// maxTwins bounds how many different rows are told apart.
const maxTwins = 1 << 16

func (t *twins) add(side int, hash, target uint64) {
	if !chosen(hash, t.shift) {
		return
	}
	var one [2]int64
	one[side] = 1
	t.addAll(twinKey{hash, target}, one)
}

// addAll counts rows that are alike.
func (t *twins) addAll(key twinKey, rows [2]int64) {
	counts := t.seen[key]
	for counts == nil && len(t.seen) >= maxTwins {
		t.thin()
		if !chosen(key.hash, t.shift) {
			return
		}
	}
	if counts == nil {
		counts = new([2]int64)
		t.seen[key] = counts
	}
	for side, n := range rows {
		counts[side] += n
		t.rows[side] += n
	}
}

// merge takes in the counts of other rows.
func (t *twins) merge(other *twins) {
	for t.shift < other.shift {
		t.thin()
	}
	for key, counts := range other.seen {
		if chosen(key.hash, t.shift) {
			t.addAll(key, *counts)
		}
	}
}

// thin halves what is counted. A hash leaves with all of its rows, so that
// those of the ones that stay are still counted in full.
func (t *twins) thin() {
	t.shift++
	for key, counts := range t.seen {
		if !chosen(key.hash, t.shift) {
			t.rows[0] -= counts[0]
			t.rows[1] -= counts[1]
			delete(t.seen, key)
		}
	}
}

// group is the rows that are alike but for their target.
type group struct {
	rows, most int64 // in all; of the most frequent target
	targets    int
}

// groups returns the counts by description, in no order.
func (t *twins) groups() map[uint64]*group {
	all := map[uint64]*group{}
	for key, counts := range t.seen {
		g := all[key.hash]
		if g == nil {
			g = &group{}
			all[key.hash] = g
		}
		n := counts[0] + counts[1]
		g.rows, g.most, g.targets = g.rows+n, max(g.most, n), g.targets+1
	}
	return all
}

// acrossSplit returns how many of the counted holdout rows have a training row
// that is alike, target included.
func (t *twins) acrossSplit() (rows int64) {
	for _, counts := range t.seen {
		if counts[0] > 0 {
			rows += counts[1]
		}
	}
	return rows
}

// scoreAlone says how well one column predicts the target by itself: values
// are put into bins on one half of the sample, and the bins' answers judged on
// the other half. 1 is perfect, 0 no better than knowing nothing. Which score
// it is depends on the task: the area under the ROC curve, brought from ½…1 to
// 0…1; how much of the majority's errors are avoided; or the share of variance
// explained, of the target's ranks, which a few huge values cannot decide.
// Without enough rows it is 0.
func (s *sample) scoreAlone(x, y []float64, isText bool, task model.Task) float64 {
	bins := binsOf(x, isText)
	var learn, judge []int
	for r, number := range s.numbers {
		if mix(number+1)&1 == 0 {
			learn = append(learn, r)
		} else {
			judge = append(judge, r)
		}
	}
	if len(learn) < minSupport || len(judge) < minSupport {
		return 0
	}
	switch task {
	case model.Regression:
		return explained(bins, ranksOf(y), learn, judge)
	case model.Binary:
		return separated(bins, y, learn, judge)
	}
	return recovered(bins, y, learn, judge)
}

const (
	minSupport  = 100 // rows in each half of the sample
	minMinority = 10  // rows of the rarer class in each half
	numberBins  = 64
)

// binsOf puts a column's values into bins: a text each into its own, numbers
// into 64 of about equally many rows, of which equal values share one. Missing
// is bin 0.
func binsOf(x []float64, isText bool) []int {
	bins := make([]int, len(x))
	order := make([]int, 0, len(x))
	for r, v := range x {
		switch {
		case math.IsNaN(v):
		case isText:
			bins[r] = int(v) + 1
		default:
			order = append(order, r)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	bin, size := 1, 0
	for i, r := range order {
		if i > 0 && x[r] != x[order[i-1]] && size*numberBins >= len(order) {
			bin, size = bin+1, 0
		}
		bins[r] = bin
		size++
	}
	return bins
}

// ranksOf returns the values' mid-ranks.
func ranksOf(y []float64) []float64 {
	order := make([]int, len(y))
	for r := range order {
		order[r] = r
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	ranks := make([]float64, len(y))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && y[order[to]] == y[order[from]] {
			to++
		}
		for _, r := range order[from:to] {
			ranks[r] = float64(from+to-1) / 2
		}
		from = to
	}
	return ranks
}

// means returns the mean of y in each bin, over some rows. Bins without a row
// have the mean of all.
func means(bins []int, y []float64, rows []int) []float64 {
	sums, counts := make([]float64, slices.Max(bins)+1), make([]float64, slices.Max(bins)+1)
	all := 0.0
	for _, r := range rows {
		sums[bins[r]] += y[r]
		counts[bins[r]]++
		all += y[r]
	}
	for b := range sums {
		if counts[b] == 0 {
			sums[b], counts[b] = all, float64(len(rows))
		}
		sums[b] /= counts[b]
	}
	return sums
}

// explained is the coefficient of determination.
func explained(bins []int, y []float64, learn, judge []int) float64 {
	predicted := means(bins, y, learn)
	mean := 0.0
	for _, r := range judge {
		mean += y[r] / float64(len(judge))
	}
	var wrong, spread float64
	for _, r := range judge {
		e, d := y[r]-predicted[bins[r]], y[r]-mean
		wrong += float64(e * e)
		spread += float64(d * d)
	}
	if spread == 0 {
		return 0
	}
	return 1 - wrong/spread
}

// separated is twice the area under the ROC curve, less one, by the ranks of
// Mann and Whitney. The class with the higher value counts as positive.
func separated(bins []int, y []float64, learn, judge []int) float64 {
	high := slices.Max(y)
	positive := make([]float64, len(y))
	for r := range y {
		if y[r] == high {
			positive[r] = 1
		}
	}
	predicted := means(bins, positive, learn)
	scores := make([]float64, len(judge))
	for i, r := range judge {
		scores[i] = predicted[bins[r]]
	}
	var ranks, n float64
	for i, rank := range ranksOf(scores) {
		if positive[judge[i]] == 1 {
			ranks += rank + 1
			n++
		}
	}
	others := float64(len(judge)) - n
	if min(n, others) < minMinority {
		return 0
	}
	return 2*(ranks-n*(n+1)/2)/(n*others) - 1
}

// recovered is the share of the majority's errors that the bins' most frequent
// classes avoid.
func recovered(bins []int, y []float64, learn, judge []int) float64 {
	top, best := majorities(bins, y, learn)
	var right, usual float64
	for _, r := range judge {
		guess, known := best[bins[r]]
		if !known {
			guess = top
		}
		if guess == y[r] {
			right++
		}
		if y[r] == top {
			usual++
		}
	}
	n := float64(len(judge))
	if n-usual < minMinority {
		return 0
	}
	return (right - usual) / (n - usual)
}

// majorities returns the most frequent class of all rows and of each bin; of
// equally frequent ones the lowest.
func majorities(bins []int, y []float64, rows []int) (top float64, best map[int]float64) {
	type binClass struct {
		bin   int
		class float64
	}
	counts, all := map[binClass]int{}, map[float64]int{}
	for _, r := range rows {
		counts[binClass{bins[r], y[r]}]++
		all[y[r]]++
	}
	best = map[int]float64{}
	for key, n := range counts {
		known, ok := best[key.bin]
		m := counts[binClass{key.bin, known}]
		if !ok || n > m || n == m && key.class < known {
			best[key.bin] = key.class
		}
	}
	most := 0
	for class, n := range all {
		if n > most || n == most && class < top {
			top, most = class, n
		}
	}
	return top, best
}

// oneToOne reports whether each value of the column goes with one value of the
// target, and each value of the target with one of the column.
func oneToOne(x, y []float64) bool {
	there, back := map[float64]float64{}, map[float64]float64{}
	for r := range x {
		if math.IsNaN(x[r]) {
			return false
		}
		to, met := there[x[r]]
		from, known := back[y[r]]
		if met != known || met && (to != y[r] || from != x[r]) {
			return false
		}
		there[x[r]], back[y[r]] = y[r], x[r]
	}
	return len(there) > 1
}
