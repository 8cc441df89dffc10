package linear

import "math"

// blockRows is the number of rows that the kernels take at a time: few enough
// that a block of some dozens of columns stays in the second-level cache
// between the way forward and back, and many enough to hide the loops' ends.
const blockRows = 2048

// maxInput bounds a standardized number. Among n values with their own mean and
// deviation none exceeds √n, so one that does was standardized with others'.
const maxInput = 1e12

// rows is a value for each row of a block. Rows that a block lacks hold zeros.
type rows = [blockRows]float64

// block holds up to blockRows rows by columns. Rows that are missing at the
// end are zero everywhere, weight included, so kernels need not know of them.
//
//	numbers  column 0: 2048 standardized values   column 1: …
//	bytes    column 0: 2048 codes                 column 1: …
//
// Iterative fits keep their blocks as float32: the values are rounded by 6e-8
// of a standard deviation, far less than the data says, and half the memory is
// also half the time, since a pass is bound by how fast memory is read. All
// sums are float64. Ridge regression sums up its blocks as they come, and takes
// float64.
type block[F float32 | float64] struct {
	n       int
	numbers [][blockRows]F
	bytes   [][blockRows]uint8
	words   [][blockRows]uint16
	y       rows
	w       rows // weights; 1 if none were given
	extreme int  // 1 + a feature with a value that is too large to be summed, or 0
}

func newBlock[F float32 | float64](l *layout) *block[F] {
	return &block[F]{
		numbers: make([][blockRows]F, len(l.numbers)),
		bytes:   make([][blockRows]uint8, len(l.bytes)),
		words:   make([][blockRows]uint16, len(l.words)),
	}
}

// clear makes the block empty.
func (b *block[F]) clear() {
	clear(b.numbers)
	clear(b.bytes)
	clear(b.words)
	clear(b.y[:])
	clear(b.w[:])
	b.n, b.extreme = 0, 0
}

// fill takes as many rows as fit, from row-major x as model.Predict takes it,
// and returns their number. w may be nil.
func (b *block[F]) fill(l *layout, x, y, w []float64) int {
	features, at := len(l.recipe.Features), b.n
	n := min(blockRows-at, len(y))
	for _, c := range l.numbers {
		f := &l.recipe.Features[c.feature]
		to := b.numbers[c.index][at:][:n]
		for i := range to {
			z := f.Standardize(x[i*features+c.feature])
			if !(math.Abs(z) < maxInput) {
				b.extreme = 1 + c.feature
			}
			to[i] = F(z)
		}
	}
	for _, c := range l.bytes {
		fillCodes(b.bytes[c.index][at:][:n], x[c.feature:], features, c.width)
	}
	for _, c := range l.words {
		fillCodes(b.words[c.index][at:][:n], x[c.feature:], features, c.width)
	}
	copy(b.y[at:], y[:n])
	for i := range n {
		b.w[at+i] = 1
	}
	if w != nil {
		copy(b.w[at:], w[:n])
	}
	b.n += n
	return n
}

func fillCodes[C uint8 | uint16](to []C, x []float64, stride, width int) {
	for i := range to {
		to[i] = C(width)
		if code := x[i*stride]; code >= 0 && code < float64(width) {
			to[i] = C(code)
		}
	}
}

// forward adds coef·x of every row to z; coef has an entry for each input.
// scratch has one more entry than the widest column has categories.
func (b *block[F]) forward(l *layout, z *rows, coef, scratch []float64) {
	numbers := l.numbers
	for len(numbers) >= 4 {
		i := numbers[0].index
		addFour(z, b.numbers[i:i+4], coef[numbers[0].at], coef[numbers[1].at], coef[numbers[2].at], coef[numbers[3].at])
		numbers = numbers[4:]
	}
	for _, c := range numbers {
		addOne(z, &b.numbers[c.index], coef[c.at])
	}
	for _, c := range l.bytes {
		addCodes(z, &b.bytes[c.index], coef[c.at:][:c.width], scratch)
	}
	for _, c := range l.words {
		addCodes(z, &b.words[c.index], coef[c.at:][:c.width], scratch)
	}
}

func addFour[F float32 | float64](z *rows, x [][blockRows]F, c0, c1, c2, c3 float64) {
	x0, x1, x2, x3 := &x[0], &x[1], &x[2], &x[3]
	for i := range z {
		low := float64(c0*float64(x0[i])) + float64(c1*float64(x1[i]))
		high := float64(c2*float64(x2[i])) + float64(c3*float64(x3[i]))
		z[i] += low + high
	}
}

func addOne[F float32 | float64](z *rows, x *[blockRows]F, c float64) {
	for i := range z {
		z[i] += float64(c * float64(x[i]))
	}
}

func addCodes[C uint8 | uint16](z *rows, codes *[blockRows]C, coef, scratch []float64) {
	table := scratch[:len(coef)+1]
	copy(table, coef)
	table[len(coef)] = 0
	for i, c := range codes {
		z[i] += table[c]
	}
}

// backward adds Σ rᵢ·xᵢ over the rows to g, which has an entry for each input,
// and leaves out the first skip columns of numbers. scratch is as forward
// takes it.
func (b *block[F]) backward(l *layout, g []float64, r *rows, skip int, scratch []float64) {
	numbers := l.numbers[skip:]
	for len(numbers) >= 4 {
		i := numbers[0].index
		s0, s1, s2, s3 := sumFour(r, b.numbers[i:i+4])
		g[numbers[0].at] += s0
		g[numbers[1].at] += s1
		g[numbers[2].at] += s2
		g[numbers[3].at] += s3
		numbers = numbers[4:]
	}
	for _, c := range numbers {
		g[c.at] += sumOne(r, &b.numbers[c.index])
	}
	for _, c := range l.bytes {
		sumCodes(g[c.at:][:c.width], r, &b.bytes[c.index], scratch)
	}
	for _, c := range l.words {
		sumCodes(g[c.at:][:c.width], r, &b.words[c.index], scratch)
	}
}

func sumFour[F float32 | float64](r *rows, x [][blockRows]F) (s0, s1, s2, s3 float64) {
	x0, x1, x2, x3 := &x[0], &x[1], &x[2], &x[3]
	for i, v := range r {
		s0 += float64(v * float64(x0[i]))
		s1 += float64(v * float64(x1[i]))
		s2 += float64(v * float64(x2[i]))
		s3 += float64(v * float64(x3[i]))
	}
	return s0, s1, s2, s3
}

// sumOne is sumFour for one column. A column's sum must not depend on which of
// the two takes it, or the Gram matrix would not be symmetric.
func sumOne[F float32 | float64](r *rows, x *[blockRows]F) (s float64) {
	for i, v := range r {
		s += float64(v * float64(x[i]))
	}
	return s
}

func sumCodes[C uint8 | uint16](g []float64, r *rows, codes *[blockRows]C, scratch []float64) {
	table := scratch[:len(g)+1]
	clear(table)
	for i, c := range codes {
		table[c] += r[i]
	}
	add(g, table)
}
