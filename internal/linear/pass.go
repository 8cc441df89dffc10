package linear

import "context"

// maxParts is the number of parts in which the blocks are summed up. It does
// not depend on the machine, for the parts fix the order of the sums.
const maxParts = 32

// passer is the memory for passes over a problem's rows.
type passer struct {
	*problem
	losses    []float64   // of each part
	gradients [][]float64 // likewise
}

func newPasser(p *problem) *passer {
	parts := min(len(p.blocks), maxParts)
	a := &passer{problem: p, losses: make([]float64, parts), gradients: make([][]float64, parts)}
	for i := range a.gradients {
		a.gradients[i] = make([]float64, p.scores*p.size())
	}
	return a
}

// part returns the blocks of part i.
func (a *passer) part(i int) []*block[float32] {
	n, parts := len(a.blocks), len(a.losses)
	return a.blocks[i*n/parts : (i+1)*n/parts]
}

// value writes the objective's gradient at theta, to which the L1 penalty adds
// nothing, and returns its value: one pass over the rows. If ctx ends, it returns ctx's error.
func (a *passer) value(ctx context.Context, theta, gradient []float64) (float64, error) {
	parallel(len(a.losses), func() func(int) {
		s := newScorer(a.problem)
		return func(i int) {
			a.losses[i] = 0
			clear(a.gradients[i])
			for _, b := range a.part(i) {
				if ctx.Err() != nil {
					return
				}
				a.losses[i] += s.descend(b, theta, a.gradients[i])
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	value := 0.0
	clear(gradient)
	for i, loss := range a.losses {
		value += loss
		add(gradient, a.gradients[i])
	}
	for i := range gradient {
		gradient[i] = float64(a.scale * gradient[i])
	}
	norm, size := 0.0, 0.0
	for k := range a.scores {
		coef, intercept := a.of(theta, k)
		norm += dot(coef, coef)
		size += absolute(coef)
		addScaled(gradient[intercept-len(coef):intercept], a.penalty, coef)
	}
	return float64(a.scale*value) + float64(a.penalty*norm)/2 + float64(a.l1*size), nil
}

// scorer is one goroutine's memory for a pass.
type scorer struct {
	*problem
	z       []rows
	scratch []float64
}

func newScorer(p *problem) *scorer {
	return &scorer{p, make([]rows, p.scores), make([]float64, p.layout.widest()+1)}
}

// score computes the raw scores of a block.
func (s *scorer) score(b *block[float32], theta []float64) {
	for k := range s.z {
		coef, intercept := s.of(theta, k)
		for i := range s.z[k] {
			s.z[k][i] = theta[intercept]
		}
		b.forward(s.layout, &s.z[k], coef, s.scratch)
	}
}

// descend adds the gradient of a block's loss and returns the loss.
func (s *scorer) descend(b *block[float32], theta, gradient []float64) float64 {
	s.score(b, theta)
	loss := s.loss.residuals(s.z, b)
	for k := range s.z {
		coef, intercept := s.of(gradient, k)
		b.backward(s.layout, coef, &s.z[k], 0, s.scratch)
		gradient[intercept] += total(&s.z[k])
	}
	return loss
}
