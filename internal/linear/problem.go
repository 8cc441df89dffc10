package linear

import (
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// problem is an objective over some blocks of rows:
//
//	scale · Σ loss(coef·x + intercept) + penalty/2 · ‖coef‖² + l1 · ‖coef‖₁
//
// Its variable theta holds, for each raw score, the coefficients and then the
// intercept.
type problem struct {
	layout  *layout
	blocks  []*block[float32]
	loss    loss
	scores  int
	classes int // 0 for values
	penalty float64
	l1      float64
	scale   float64 // rows of the whole problem for each one here
	// unit is the size of a gradient: the rows' weights, times the deviation of
	// the target if that has one.
	unit   float64
	priors []float64 // the best intercepts without any coefficients
}

// newProblem returns the problem over all rows of d.
func newProblem(d *Data, params Params) (*problem, error) {
	p := &problem{layout: d.layout, blocks: d.blocks, scores: 1, scale: 1}
	if d.layout.recipe.Task == model.Regression {
		return p, p.ofValues(params)
	}
	return p, p.ofClasses(params)
}

// ofClasses fills in what logistic regression is about.
func (p *problem) ofClasses(params Params) error {
	p.classes = len(p.layout.recipe.Classes)
	p.l1, p.penalty = params.ofClasses()
	if params.ClassWeight != nil && len(params.ClassWeight) != p.classes {
		return fault.New(fault.InvalidRequest, "The parameter class_weight is not valid.").
			At("Input should have a weight for each class", "value_error", "body", "model_params", "class_weight")
	}
	totals := classTotals(p.blocks, p.classes)
	weight := sumOf(totals)
	if !(weight > 0) {
		return emptyData()
	}
	weights := make([]float64, p.classes)
	for k, total := range totals {
		if !(total > 0) {
			return fault.New(fault.InvalidData, "The training rows are all of one class, or lack one of the classes.")
		}
		weights[k] = 1
		if params.Balanced {
			weights[k] = weight / (float64(p.classes) * total)
		}
		if params.ClassWeight != nil {
			weights[k] = params.ClassWeight[k]
		}
		totals[k] = float64(weights[k] * total)
	}
	p.unit = sumOf(totals)
	p.loss, p.priors = logistic{weights}, []float64{model.Log(totals[1] / totals[0])}
	if p.layout.recipe.Task == model.Multiclass {
		p.loss, p.scores, p.priors = multinomial{weights}, p.classes, nil
		for _, total := range totals {
			p.priors = append(p.priors, model.Log(total/p.unit))
		}
	}
	return nil
}

// ofValues fills in what ridge regression is about.
func (p *problem) ofValues(params Params) error {
	p.loss = squared{}
	weight, first, second := 0.0, 0.0, 0.0
	for _, b := range p.blocks {
		for i, y := range b.y {
			weight += b.w[i]
			first += float64(b.w[i] * y)
		}
	}
	if !(weight > 0) {
		return emptyData()
	}
	p.l1, p.penalty = params.ofValues(weight)
	mean := first / weight
	for _, b := range p.blocks {
		for i, y := range b.y[:b.n] {
			second += float64(float64(b.w[i]*(y-mean)) * (y - mean))
		}
	}
	// The second part is what rounding leaves where all targets are equal.
	p.priors, p.unit = []float64{mean}, math.Sqrt(weight*second)+1e-12*math.Abs(first)
	return nil
}

// classTotals returns the sum of the rows' weights of each class.
func classTotals(blocks []*block[float32], classes int) []float64 {
	totals := make([]float64, classes)
	for _, b := range blocks {
		for i, class := range b.y[:b.n] {
			totals[int(class)] += b.w[i]
		}
	}
	return totals
}

func sumOf(x []float64) (sum float64) {
	for _, v := range x {
		sum += v
	}
	return sum
}

// start returns the variable with the best intercepts and no coefficients.
func (p *problem) start() []float64 {
	theta := make([]float64, p.scores*p.size())
	for k, prior := range p.priors {
		_, intercept := p.of(theta, k)
		theta[intercept] = prior
	}
	centreScores(theta, p.size())
	return theta
}

func (p *problem) size() int { return p.layout.inputs + 1 }

// of returns the coefficients of raw score k within theta, and the index of
// its intercept.
func (p *problem) of(theta []float64, k int) (coef []float64, intercept int) {
	at := k * p.size()
	return theta[at : at+p.size()-1], at + p.size() - 1
}
