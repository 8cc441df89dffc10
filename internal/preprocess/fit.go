package preprocess

import (
	"cmp"
	"math"
	"slices"

	"retrain/internal/dataset"
	"retrain/internal/model"
)

// maxCategories bounds the categories of a feature that are told apart: the
// most frequent on the training side. The others count as unseen. With the
// missing one they fit the learner's 255 bins.
const maxCategories = 254

// fit gathers, over the training side, what the recipe needs to know. Rows count
// alike, whatever they weigh, as in scikit-learn's SimpleImputer and, within a
// pipeline, its StandardScaler: what a missing cell is filled with does not follow
// the weights.
type fit struct {
	Numbers []moments   // by column; unused for text
	Parts   [][]moments // by column and part, of times only
	Counts  [][]int64   // by column; the missing, then those of each dictionary code
}

func newFit(columns int) *fit {
	return &fit{Numbers: make([]moments, columns), Parts: make([][]moments, columns), Counts: make([][]int64, columns)}
}

// countsOf returns a column's counts, for a dictionary of so many texts.
func (f *fit) countsOf(column, texts int) []int64 {
	f.Counts[column] = append(f.Counts[column], make([]int64, 1+texts-len(f.Counts[column]))...)
	return f.Counts[column]
}

// merge takes in what was gathered over other rows.
func (f *fit) merge(other *fit) {
	for i := range f.Numbers {
		f.Numbers[i].merge(&other.Numbers[i])
		if f.Parts[i] == nil {
			f.Parts[i] = make([]moments, len(other.Parts[i]))
		}
		for k := range other.Parts[i] {
			f.Parts[i][k].merge(&other.Parts[i][k])
		}
		counts := f.countsOf(i, max(len(f.Counts[i]), len(other.Counts[i]))-1)
		for c, n := range other.Counts[i] {
			counts[c] += n
		}
	}
}

// add takes the given rows of a column into account.
func (f *fit) add(column int, v *dataset.Values, rows []int) {
	if v.Kind == dataset.Text {
		counts := f.countsOf(column, len(v.Dict))
		for _, r := range rows {
			if c := v.Codes[r]; c >= dataset.MissingCode {
				counts[c+1]++
			}
		}
		return
	}
	m := &f.Numbers[column]
	for _, r := range rows {
		m.add(v.Numbers[r])
	}
	if v.Kind == dataset.Time && f.Parts[column] == nil {
		f.Parts[column] = make([]moments, len(model.TimeParts))
	}
	for k := range f.Parts[column] {
		m, part := &f.Parts[column][k], model.TimeParts[k]
		for _, r := range rows {
			m.add(part.Of(v.Numbers[r]))
		}
	}
}

// moments holds count, sum and sum of squares of a column. The sums are exact,
// so that a column of large, close numbers keeps its variance, and the order of
// the rows does not matter.
type moments struct {
	N, Missing int64
	Sum, Sq    exactSum
	Low, High  float64
}

func (m *moments) add(x float64) {
	if math.IsNaN(x) {
		m.Missing++
		return
	}
	if m.N == 0 {
		m.Low, m.High = x, x
	}
	m.Low, m.High = min(m.Low, x), max(m.High, x)
	m.N++
	m.Sum.add(x)
	p := float64(x * x) // rounded, lest the compiler fuses it with a sum
	m.Sq.add(p)
	m.Sq.add(math.FMA(x, x, -p)) // the rounding error of the square, exactly
}

// merge takes in the moments of other rows.
func (m *moments) merge(other *moments) {
	switch {
	case m.N == 0:
		m.Low, m.High = other.Low, other.High
	case other.N > 0:
		m.Low, m.High = min(m.Low, other.Low), max(m.High, other.High)
	}
	m.N, m.Missing = m.N+other.N, m.Missing+other.Missing
	m.Sum.merge(&other.Sum)
	m.Sq.merge(&other.Sq)
}

// constant reports whether all rows, missing ones included, are alike.
func (m *moments) constant() bool {
	return m.N == 0 || (m.Missing == 0 && m.Low == m.High)
}

// meanStd returns the mean of the values, and the population standard
// deviation of the column with its missing values filled by that mean.
// A column without spread has 1, so that it can be divided by.
func (m *moments) meanStd() (mean, std float64) {
	if m.N == 0 {
		return 0, 1
	}
	n := float64(m.N)
	sum, ss := m.Sum.value(), m.Sq.value()
	mean = sum.value() / n
	// Σ(x-mean)² = Σx² - mean·(2Σx - n·mean), in twofold precision.
	ss.addProduct(-2*mean, sum.hi)
	ss.addProduct(-2*mean, sum.lo)
	square := float64(mean * mean)
	ss.addProduct(n, square)
	ss.addProduct(n, math.FMA(mean, mean, -square))
	std = math.Sqrt(max(0, ss.value()) / float64(m.N+m.Missing))
	if !(std > 1e-300) || math.IsInf(std, 0) || math.IsInf(mean, 0) {
		return mean, 1
	}
	return mean, std
}

// twofold is an unevaluated sum of two float64, twice the working precision
// (Dekker 1971; Knuth, TAOCP 4.2.2).
type twofold struct{ hi, lo float64 }

func (t *twofold) add(x float64) {
	s := t.hi + x
	b := s - t.hi
	e := (t.hi - (s - b)) + (x - b)
	t.lo += e
	t.hi = s
}

func (t *twofold) addProduct(x, y float64) {
	p := float64(x * y) // rounded, lest the compiler fuses it with a sum
	t.add(p)
	t.add(math.FMA(x, y, -p))
}

func (t *twofold) value() float64 { return t.hi + t.lo }

// categories returns a text column's most frequent categories in ascending
// order, and whether rarer ones were left out. Ties go to the smaller text. The
// counts are those of the missing one and of each text.
func categories(counts []int64, dict []string) (kept []string, cut bool) {
	var seen []int
	for c := range dict {
		if counts[c+1] > 0 {
			seen = append(seen, c)
		}
	}
	if cut = len(seen) > maxCategories; cut {
		slices.SortFunc(seen, func(a, b int) int {
			if counts[a+1] != counts[b+1] {
				return cmp.Compare(counts[b+1], counts[a+1])
			}
			return compareText(dict[a], dict[b])
		})
		seen = seen[:maxCategories]
	}
	for _, c := range seen {
		kept = append(kept, dict[c])
	}
	if counts[0] > 0 {
		kept = append(kept, "")
	}
	slices.Sort(kept)
	return kept, cut
}

func compareText(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// features builds a column's entries in the recipe, or says why it has none.
// The names of parts end in underscores where the data has a column so called.
func (f *fit) features(i int, schema *dataset.Schema) (features []model.Feature, reason string, cut bool) {
	c := &schema.Columns[i]
	switch c.Kind {
	case dataset.Text:
		var kept []string
		if kept, cut = categories(f.countsOf(i, len(c.Dict)), c.Dict); len(kept) > 1 {
			features = append(features, model.Feature{Name: c.Name, Kind: model.Category, Categories: kept})
		}
	case dataset.Time:
		for k, part := range model.TimeParts {
			// That a time is missing, its epoch tells.
			if m := &f.Parts[i][k]; !m.constant() && (part == model.Epoch || m.Low < m.High) {
				feature := m.feature(partName(schema, c.Name, part), c.Name, part)
				feature.Slashes = slashes(c.Form)
				features = append(features, feature)
			}
		}
	default:
		part := model.Whole
		if c.Kind == dataset.Boolean {
			part = model.Flag
		}
		if m := &f.Numbers[i]; !m.constant() {
			features = append(features, m.feature(c.Name, "", part))
		}
	}
	if len(features) == 0 {
		reason = "it is constant on the training side"
	}
	return features, reason, cut
}

// slashes returns the order in which times of the form have day and month.
func slashes(form dataset.Form) string {
	switch {
	case form&dataset.FormDayFirst != 0:
		return model.DayFirst
	case form&dataset.FormMonthFirst != 0:
		return model.MonthFirst
	}
	return ""
}

// feature returns a number's entry in the recipe.
func (m *moments) feature(name, column string, part model.Part) model.Feature {
	mean, std := m.meanStd()
	return model.Feature{Name: name, Kind: model.Number, Column: column, Part: part, Fill: mean, Mean: mean, Scale: std}
}

func partName(schema *dataset.Schema, column string, part model.Part) string {
	name := column + "." + string(part)
	for schema.Index(name) >= 0 {
		name += "_"
	}
	return name
}
