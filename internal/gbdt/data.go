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

// group is the number of columns whose bins share a word.
const group = 8

// Data holds the training rows in bins, a byte each, row by row: so a row that
// is added to the histograms of all columns takes one or two cache lines. The
// bins of eight columns, a group, share a word, the first in its lowest byte.
// Beside them a row has a label of two bytes or a target of eight, and a weight
// of four if there are weights.
//
//	words   row 0: c7…c0 c15…c8 c23…c16 ·…c24   row 1: c7…c0 …
type Data struct {
	bins    *Bins
	task    model.Task
	outputs int // classes, or 1 for regression
	rows    int
	groups  int       // words of a row
	words   []uint64  // groups × rows
	labels  []uint16  // class of each row; nil for regression
	targets []float64 // value of each row; nil for classes
	weights []float32 // of each row; nil if all are 1

	// Training moves the rows of words about. numbers tells which row is in
	// each place; labels, targets and weights stay in the order of the rows.
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
	d := &Data{bins: bins, task: task, outputs: outputs, groups: (len(bins.columns) + group - 1) / group}
	d.words = make([]uint64, 0, rowsHint*d.groups)
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
	start := len(d.words)
	d.words = extend(d.words, len(y)*d.groups)
	d.binRows(d.words[start:], x, len(y))
	for range y {
		d.numbers = append(d.numbers, uint32(d.rows))
		d.rows++
	}
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

// binRows writes the bins of the rows of x to dst.
func (d *Data) binRows(dst []uint64, x []float64, rows int) {
	width := len(d.bins.features)
	parts := min(runtime.GOMAXPROCS(0), 1+rows*len(d.bins.columns)/parallelCells)
	var wait sync.WaitGroup
	for p := 1; p < parts; p++ {
		from, to := rows*p/parts, rows*(p+1)/parts
		wait.Go(func() {
			d.binPart(dst[from*d.groups:to*d.groups], x[from*width:to*width], to-from)
		})
	}
	d.binPart(dst, x, rows/parts)
	wait.Wait()
}

// binPart bins the first rows of x, column by column. dst is zero before.
func (d *Data) binPart(dst []uint64, x []float64, rows int) {
	width := len(d.bins.features)
	for k := range d.bins.columns {
		c := &d.bins.columns[k]
		for i := range rows {
			b := c.bin(x[i*width+c.feature])
			dst[i*d.groups+k/group] |= uint64(b) << (k % group * 8)
		}
	}
}

// row returns the words of the row in a place.
func (d *Data) row(place int) []uint64 {
	return d.words[place*d.groups : (place+1)*d.groups]
}

// bin returns the bin of column k in a row's words.
func bin(row []uint64, k int) uint8 { return uint8(row[k/group] >> (k % group * 8)) }

// groupColumns returns the range of columns in a group.
func (d *Data) groupColumns(g int) (from, to int) {
	return g * group, min((g+1)*group, len(d.bins.columns))
}

// weight returns a row's weight.
func (d *Data) weight(row int) float64 {
	if d.weights == nil {
		return 1
	}
	return float64(d.weights[row])
}
