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

// Data holds the training rows in bins. A row takes stride bytes, which is the
// number of columns rounded up to a whole word of eight; beside it a label of
// two bytes or a target of eight, and a weight of four if there are weights.
//
//	cells   row 0: c0 c1 c2 … c24 · · · · · · ·   row 1: c0 c1 …
//	        └─ word 0 ─┘ └─ word 1 ─┘ …           a word is a group of columns
type Data struct {
	bins    *Bins
	task    model.Task
	outputs int // classes, or 1 for regression
	rows    int
	stride  int
	cells   []byte
	labels  []uint16  // class of each row; nil for regression
	targets []float64 // value of each row; nil for classes
	weights []float32 // of each row; nil if all are 1
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
	d := &Data{bins: bins, task: task, outputs: outputs, stride: (len(bins.columns) + group - 1) / group * group}
	d.cells = make([]byte, 0, rowsHint*d.stride)
	if task == model.Regression {
		d.targets = make([]float64, 0, rowsHint)
	} else {
		d.labels = make([]uint16, 0, rowsHint)
	}
	return d
}

// Rows returns how many rows were appended.
func (d *Data) Rows() int { return d.rows }

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
	start := len(d.cells)
	d.cells = extend(d.cells, len(y)*d.stride)
	d.binRows(d.cells[start:], x, len(y))
	d.rows += len(y)
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
func extend(s []byte, n int) []byte {
	if cap(s)-len(s) < n {
		s = append(make([]byte, 0, max(len(s)+n, len(s)*5/4)), s...)
	}
	s = s[:len(s)+n]
	clear(s[len(s)-n:])
	return s
}

// parallelCells is the size of a block from which on more than one goroutine
// bins it: some 30 µs of work for each.
const parallelCells = 1 << 13

// binRows writes the bins of the rows of x to dst.
func (d *Data) binRows(dst []byte, x []float64, rows int) {
	width := len(d.bins.features)
	parts := min(runtime.GOMAXPROCS(0), 1+rows*len(d.bins.columns)/parallelCells)
	var wait sync.WaitGroup
	for p := 1; p < parts; p++ {
		from, to := rows*p/parts, rows*(p+1)/parts
		wait.Go(func() {
			d.binPart(dst[from*d.stride:to*d.stride], x[from*width:to*width], to-from)
		})
	}
	d.binPart(dst, x, rows/parts)
	wait.Wait()
}

// binPart bins the first rows of x, column by column.
func (d *Data) binPart(dst []byte, x []float64, rows int) {
	width := len(d.bins.features)
	for k := range d.bins.columns {
		c := &d.bins.columns[k]
		for i := range rows {
			dst[i*d.stride+k] = c.bin(x[i*width+c.feature])
		}
	}
}

// groups returns the number of words that a row's cells take.
func (d *Data) groups() int { return d.stride / group }

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
