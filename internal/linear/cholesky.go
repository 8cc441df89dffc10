package linear

import "math"

// tile is the number of rows that are factorized together: each row before them
// is then read once for all, and they stay in the cache.
const tile = 64

// factorize replaces the lower triangle of the symmetric n × n matrix a
// (row-major) by its Cholesky factor L, with a = L·Lᵀ. It reports false, with
// a spoiled, if a is not positive definite beyond rounding: if a pivot keeps
// less than 1e-12 of its diagonal entry.
func factorize(a []float64, n int) bool {
	for first := 0; first < n; first += tile {
		last := min(first+tile, n)
		// Against the rows before the tile, its rows are independent.
		const piece = 8
		parallel((last-first+piece-1)/piece, func() func(int) {
			return func(i int) {
				from := first + i*piece
				for j := range first {
					for i := from; i < min(from+piece, last); i++ {
						eliminate(a, n, i, j)
					}
				}
			}
		})
		for i := first; i < last; i++ {
			for j := first; j < i; j++ {
				eliminate(a, n, i, j)
			}
			row := a[i*n:][:i+1]
			pivot := row[i] - dot(row[:i], row[:i])
			if !(pivot > 1e-12*row[i]) {
				return false
			}
			row[i] = math.Sqrt(pivot)
		}
	}
	return true
}

// eliminate computes entry (i, j) of the factor from the entries before it.
func eliminate(a []float64, n, i, j int) {
	row, other := a[i*n:][:j+1], a[j*n:][:j+1]
	row[j] = (row[j] - dot(row[:j], other[:j])) / other[j]
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
