package gbdt

import (
	"math"
	"runtime"
	"sync"

	"retrain/internal/model"
)

// maxRows bounds the rows of a training: a sum of fixed-point numbers over
// them must fit 32 bits with some bits left for each.
const maxRows = 1 << 29

// maxClasses bounds the labels' size to two bytes.
const maxClasses = math.MaxUint16

// group is the number of lanes that share a word.
const group = 8

// Data holds the training rows in bins, a byte each or less, see lane. Eight
// lanes, a group, share a word, the first in its lowest byte, and each group has
// an array of its own: what is done for one column reads an eighth of a cache
// line of a row, and the groups' histograms are built one after the other. Beside them a
// row has a label of two bytes or a target of eight, and a weight of four if
// there are weights.
//
//	words[0]   row 0: l7…l0    row 1: l7…l0    …
//	words[1]   row 0: l15…l8   row 1: l15…l8   …
type Data struct {
	bins    *Bins
	task    model.Task
	outputs int // classes, or 1 for regression
	rows    int
	words   [][]uint64 // of each group, of each row
	labels  []uint16   // class of each row; nil for regression
	targets []float64  // value of each row; nil for classes
	weights []float32  // of each row; nil if all are 1
	judging []bool     // by number, what Judge was told; nil if it never was

	// Training moves the rows about, with all that belongs to them. numbers
	// tells which row is in each place.
	numbers []uint32
	bitmap  []uint64 // scratch of divide
}

// NewData returns empty data for a task with the given number of outputs
// (model.Recipe.Outputs). Memory for rowsHint rows is set aside at once. It
// panics if outputs does not fit the task.
func NewData(bins *Bins, task model.Task, outputs, rowsHint int) *Data {
	switch {
	case task == model.Regression && outputs != 1,
		task == model.Binary && outputs != 2,
		task == model.Multiclass && (outputs < 2 || outputs > maxClasses):
		panic("gbdt: the number of outputs does not fit the task")
	}
	d := &Data{bins: bins, task: task, outputs: outputs}
	d.words = make([][]uint64, (len(bins.lanes)+group-1)/group)
	for g := range d.words {
		d.words[g] = make([]uint64, 0, rowsHint)
	}
	d.numbers = make([]uint32, 0, rowsHint)
	if task == model.Regression {
		d.targets = make([]float64, 0, rowsHint)
	} else {
		d.labels = make([]uint16, 0, rowsHint)
	}
	return d
}

// Append bins a block of rows, row-major as Binner.Observe takes them, and adds
// them with their targets y (class index, or value) and their weights w. A nil
// w stands for weights of 1; either all blocks have weights or none has. A row
// of weight 0 takes no part in the training. It panics if the lengths do not
// agree, or if a target or weight is not one: negative, not finite, no class.
func (d *Data) Append(x, y, w []float64) {
	width := len(d.bins.features)
	if len(x) != len(y)*width || w != nil && len(w) != len(y) {
		panic("gbdt: lengths of x, y and w do not agree")
	}
	if d.rows > 0 && (w == nil) != (d.weights == nil) {
		panic("gbdt: some blocks have weights and some have not")
	}
	d.appendTargets(y)
	d.appendWeights(w)
	for g := range d.words {
		d.words[g] = extend(d.words[g], len(y))
	}
	d.binRows(d.rows, x, len(y))
	for range y {
		d.numbers = append(d.numbers, uint32(d.rows))
		d.rows++
	}
}

// Judge says which of the rows that have been appended since it was called last
// are of the validation part, should there be one. It is called after each Append
// or not at all: then Validates decides by the rows' numbers. It panics if it is
// not told as many as there are rows.
func (d *Data) Judge(judging []bool) {
	if len(d.judging)+len(judging) != d.rows {
		panic("gbdt: what is said of the rows and the rows do not agree")
	}
	d.judging = append(d.judging, judging...)
}

func (d *Data) appendTargets(y []float64) {
	for _, v := range y {
		switch {
		case d.task != model.Regression:
			if !(v >= 0 && v < float64(d.outputs) && v == math.Trunc(v)) {
				panic("gbdt: a target is not the index of a class")
			}
			d.labels = append(d.labels, uint16(v))
		case math.IsNaN(v) || math.IsInf(v, 0):
			panic("gbdt: a target is not a finite number")
		default:
			d.targets = append(d.targets, v)
		}
	}
}

func (d *Data) appendWeights(w []float64) {
	for _, v := range w {
		if !(v >= 0 && v <= math.MaxFloat32) {
			panic("gbdt: a weight is not a finite number of at least 0")
		}
		d.weights = append(d.weights, float32(v))
	}
}

// extend returns s with n more elements, all zero.
func extend(s []uint64, n int) []uint64 {
	if cap(s)-len(s) < n {
		s = append(make([]uint64, 0, max(len(s)+n, len(s)*5/4)), s...)
	}
	s = s[:len(s)+n]
	clear(s[len(s)-n:])
	return s
}

// parallelCells is the size of a block from which on more than one goroutine
// bins it: some 30 µs of work for each.
const parallelCells = 1 << 13

// binRows writes the bins of the rows of x, which go to the places from first on.
func (d *Data) binRows(first int, x []float64, rows int) {
	width := len(d.bins.features)
	parts := min(runtime.GOMAXPROCS(0), 1+rows*len(d.bins.columns)/parallelCells)
	var wait sync.WaitGroup
	for p := 1; p < parts; p++ {
		from, to := rows*p/parts, rows*(p+1)/parts
		wait.Go(func() { d.binPart(first+from, x[from*width:to*width], to-from) })
	}
	d.binPart(first, x, rows/parts)
	wait.Wait()
}

// binTile is the number of rows that are binned column by column: so few that
// they stay in the first-level cache.
const binTile = 64

// binPart bins the first rows of x. Their words are zero before.
func (d *Data) binPart(first int, x []float64, rows int) {
	width := len(d.bins.features)
	for from := 0; from < rows; from += binTile {
		to := min(from+binTile, rows)
		for k := range d.bins.columns {
			c := &d.bins.columns[k]
			words, shift := d.words[c.lane/group][first+from:first+to], c.lane%group*8
			at := from*width + c.feature
			for i := range words {
				words[i] += uint64(c.encode(c.bin(x[at]))) << (shift & 63)
				at += width
			}
		}
	}
}

// lane returns words of the rows in places from..to-1, and by how many bits to
// shift them for a lane's byte.
func (d *Data) lane(lane, from, to int) (words []uint64, shift int) {
	return d.words[lane/group][from:to], lane % group * 8
}

// byte returns a lane's byte of the row in a place.
func (d *Data) byte(place, lane int) uint8 {
	return uint8(d.words[lane/group][place] >> (lane % group * 8 & 63))
}

// weight returns the weight of the row in a place.
func (d *Data) weight(place int) float64 {
	if d.weights == nil {
		return 1
	}
	return float64(d.weights[place])
}
