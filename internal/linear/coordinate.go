package linear

import "math"

// quadratic is a convex function of n variables with a kink at zero in each of
// the first n-1:
//
//	½ βᵀHβ - bᵀβ + l1·Σ|βⱼ|
//
// The last variable is an intercept, which has no penalty. Of H, row-major, all
// entries are there; those on the diagonal are above zero or their row is zero.
type quadratic struct {
	h, b []float64
	n    int
	l1   float64
}

// kink is the penalty of variable j.
func (q *quadratic) kink(j int) float64 {
	if j == q.n-1 {
		return 0
	}
	return q.l1
}

// maxSweeps bounds the search for a quadratic's minimum, which as a rule takes
// some ten of them.
const maxSweeps = 1000

// minimize moves beta to the minimum: cyclic coordinate descent, which finds
// the variables that are not zero (Friedman, Hastie and Tibshirani, Regularization
// Paths for Generalized Linear Models via Coordinate Descent, 2010, section 2),
// in turn with a Newton step among those, which finds their values however
// much they depend on each other. It ends where no variable's residual is
// larger than goal, and reports whether it came there.
func (q *quadratic) minimize(beta []float64, goal float64) bool {
	r := q.gradient(beta)
	for range maxSweeps {
		if q.residual(beta, r) <= goal {
			return true
		}
		for j := range q.n {
			q.move(beta, r, j)
		}
		for range 4 {
			for j, v := range beta {
				if v != 0 {
					q.move(beta, r, j)
				}
			}
		}
		q.leap(beta)
		r = q.gradient(beta)
	}
	return q.residual(beta, r) <= goal
}

// gradient returns Hβ - b.
func (q *quadratic) gradient(beta []float64) []float64 {
	r := make([]float64, q.n)
	addScaled(r, -1, q.b)
	for j, v := range beta {
		if v != 0 {
			addScaled(r, v, q.h[j*q.n:][:q.n])
		}
	}
	return r
}

// residual is by how much the conditions of the minimum are missed, r being the
// gradient at beta.
func (q *quadratic) residual(beta, r []float64) float64 {
	top := 0.0
	for j := range beta {
		top = max(top, missed(beta[j], r[j], q.kink(j)))
	}
	return top
}

// missed is the distance from zero of the slopes that a variable with the given
// value and gradient has under the penalty l1·|value|.
func missed(value, gradient, l1 float64) float64 {
	switch {
	case value > 0:
		return math.Abs(gradient + l1)
	case value < 0:
		return math.Abs(gradient - l1)
	}
	return max(0, math.Abs(gradient)-l1)
}

// move minimizes over variable j, and keeps the gradient r.
func (q *quadratic) move(beta, r []float64, j int) {
	row := q.h[j*q.n:][:q.n]
	if !(row[j] > 0) {
		return
	}
	to := shrunk(float64(row[j]*beta[j])-r[j], q.kink(j)) / row[j]
	if by := to - beta[j]; by != 0 {
		beta[j] = to
		addScaled(r, by, row)
	}
}

// shrunk is x moved towards zero by l1, and not beyond.
func shrunk(x, l1 float64) float64 {
	switch {
	case x > l1:
		return x - l1
	case x < -l1:
		return x + l1
	}
	return 0
}

// leap goes towards the minimum among the points where every variable keeps its
// sign, and zeros stay, as far as all signs allow; a variable that stops it
// becomes zero. Where the minimum is not unique it does nothing.
func (q *quadratic) leap(beta []float64) {
	var own []int
	for j, v := range beta {
		if v != 0 || j == q.n-1 && q.h[len(q.h)-1] > 0 {
			own = append(own, j)
		}
	}
	n := len(own)
	if float64(n)*float64(n)*float64(n)/6 > maxFactorWork {
		return
	}
	h, r, by := make([]float64, n*n), q.gradient(beta), make([]float64, n)
	for i, j := range own {
		for k, other := range own {
			h[i*n+k] = q.h[j*q.n+other]
		}
		by[i] = -r[j]
		if beta[j] != 0 {
			by[i] -= math.Copysign(q.kink(j), beta[j])
		}
	}
	if !factorize(h, n) {
		return
	}
	solve(h, n, by)
	step, stops := 1.0, -1
	for i, j := range own {
		if end := -beta[j] / by[i]; j < q.n-1 && end > 0 && end < step {
			step, stops = end, j
		}
	}
	for i, j := range own {
		beta[j] += float64(step * by[i])
	}
	if stops >= 0 {
		beta[stops] = 0
	}
}
