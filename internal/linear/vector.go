package linear

import "math"

// The kernels here have one result on every machine: the order of their sums
// is written down, and every product is rounded before it is added. Here and in
// the rest of the package that takes an explicit float64(x*y): the compiler may
// fuse a product with an addition across statements, and assigning it does not
// round it.

// dot is Σ aᵢ·bᵢ in four interleaved sums, so that an addition need not wait
// for the one before.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// addScaled adds s·x to dst.
func addScaled(dst []float64, s float64, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += float64(s * x[i])
	}
}

// add adds x to dst.
func add(dst, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += x[i]
	}
}

// largest is the largest |xᵢ|, or NaN if any is NaN.
func largest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	return top
}

// total is the sum over the rows of a block, in four interleaved sums.
func total(x *rows) float64 {
	var s0, s1, s2, s3 float64
	for i := 0; i < blockRows; i += 4 {
		s0 += x[i]
		s1 += x[i+1]
		s2 += x[i+2]
		s3 += x[i+3]
	}
	return (s0 + s1) + (s2 + s3)
}
