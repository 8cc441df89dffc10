package linear

import (
	"context"
	"math"
)

// memory is the number of steps that L-BFGS remembers.
const memory = 10

// history holds the last steps s and the changes y of the gradient on them.
type history struct {
	s, y [][]float64
	rho  []float64 // 1/sᵀy
}

// remember adds a step, and forgets the oldest if there are too many. A step
// along which the gradient did not grow, which only rounding can cause here,
// is left out.
func (h *history) remember(s, y []float64) {
	sy := dot(s, y)
	if !(sy > 0) || math.IsInf(1/sy, 0) {
		return
	}
	h.s, h.y, h.rho = append(h.s, s), append(h.y, y), append(h.rho, 1/sy)
	if len(h.s) > memory {
		h.s, h.y, h.rho = h.s[1:], h.y[1:], h.rho[1:]
	}
}

// direction returns the quasi-Newton direction for a gradient: the two-loop
// recursion (Nocedal and Wright, Numerical Optimization, algorithm 7.4), which
// starts from the curvature in place of a multiple of the identity.
func (h *history) direction(gradient []float64, c *curvature) []float64 {
	q := make([]float64, len(gradient))
	addScaled(q, -1, gradient)
	alpha := make([]float64, len(h.s))
	for i := len(h.s) - 1; i >= 0; i-- {
		alpha[i] = float64(h.rho[i] * dot(h.s[i], q))
		addScaled(q, -alpha[i], h.y[i])
	}
	c.solve(q)
	for i := range h.s {
		beta := float64(h.rho[i] * dot(h.y[i], q))
		addScaled(q, alpha[i]-beta, h.s[i])
	}
	return q
}

// point is a place on the way: the variable, and the objective there.
type point struct {
	theta, gradient []float64
	value           float64
}

func (p *passer) at(ctx context.Context, theta []float64) (point, error) {
	q := point{theta: theta, gradient: make([]float64, len(theta))}
	var err error
	q.value, err = p.value(ctx, theta, q.gradient)
	return q, err
}

// freshFor is the number of iterations after which the curvature is measured
// anew. Most searches are over by then. Where classes can nearly be told apart it
// becomes another one on the way: with that of the start alone, logistic
// regression on the shuttle data takes 1,300 iterations instead of 100.
const freshFor = 10

// slopeShare is how much of a row's slope its curvature counts at least, when it is
// measured on the way. A class that the search takes to be impossible for the moment
// has hardly any curvature left; steps by that alone lead out of sight.
const slopeShare = 0.1

// minimize goes from theta towards the optimum until the largest component of
// the gradient is at most goal, or for maxIter iterations. measure is newCurvature
// of some problem.
func (p *passer) minimize(ctx context.Context, theta []float64, measure func(theta []float64, share float64) *curvature, goal float64, maxIter int) (best point, iterations int, err error) {
	best, err = p.at(ctx, theta)
	var h history
	var c *curvature
	for err == nil && iterations < maxIter && !(largest(best.gradient) <= goal) {
		if iterations%freshFor == 0 {
			c = measure(best.theta, min(float64(iterations), slopeShare))
		}
		direction := h.direction(best.gradient, c)
		next, moved, failed := p.search(ctx, best, direction)
		if failed != nil {
			return best, iterations, failed
		}
		if !moved {
			break
		}
		iterations++
		h.remember(less(next.theta, best.theta), less(next.gradient, best.gradient))
		best = next
	}
	return best, iterations, err
}

// less returns a - b.
func less(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

// search goes from a point along a direction, by a step that satisfies the weak
// Wolfe conditions: the value falls enough, and the slope is less steep. On a
// convex function the steps that do form an interval, which bisection finds.
// moved is false where rounding leaves no step that helps.
func (p *passer) search(ctx context.Context, from point, direction []float64) (to point, moved bool, err error) {
	const (
		fall     = 1e-4
		flatter  = 0.9
		rounding = 1e-14 // of a value, which is a sum
		maxTries = 30
	)
	slope := dot(from.gradient, direction)
	if !(slope < 0) {
		return from, false, nil
	}
	low, high, step := 0.0, math.Inf(1), 1.0
	for range maxTries {
		theta := append([]float64(nil), from.theta...)
		addScaled(theta, step, direction)
		to, err = p.at(ctx, theta)
		if err != nil {
			return from, false, err
		}
		bound := from.value + float64(fall*step*slope) + float64(rounding*math.Abs(from.value))
		switch {
		case !(to.value <= bound):
			high = step
		case dot(to.gradient, direction) < flatter*slope:
			low = step
		default:
			return to, true, nil
		}
		if math.IsInf(high, 1) {
			step *= 2
		} else {
			step = (low + high) / 2
		}
	}
	return from, false, nil
}
