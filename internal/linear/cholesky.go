package linear

import "math"

// factorize replaces the lower triangle of the symmetric n × n matrix a
// (row-major) by its Cholesky factor L, with a = L·Lᵀ. It reports false, with
// a spoiled, if a is not positive definite beyond rounding: if a pivot keeps
// less than 1e-12 of its diagonal entry.
func factorize(a []float64, n int) bool {
	for i := range n {
		row := a[i*n:][:n]
		diagonal := row[i]
		for j := range i {
			other := a[j*n:][:n]
			row[j] = (row[j] - dot(row[:j], other[:j])) / other[j]
		}
		pivot := diagonal - dot(row[:i], row[:i])
		if !(pivot > 1e-12*diagonal) {
			return false
		}
		row[i] = math.Sqrt(pivot)
	}
	return true
}

// solve replaces x by the solution of L·Lᵀ·x = x.
func solve(l []float64, n int, x []float64) {
	for i := range n {
		row := l[i*n:][:n]
		x[i] = (x[i] - dot(row[:i], x[:i])) / row[i]
	}
	for i := n - 1; i >= 0; i-- {
		row := l[i*n:][:n]
		x[i] /= row[i]
		addScaled(x[:i], -x[i], row[:i])
	}
}
