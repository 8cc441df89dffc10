package gbdt

import (
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// maxTarget bounds the targets' size, so that squares stay finite.
const maxTarget = 1e150

// check reports data that nothing can be learned from, and parameters that do
// not fit it.
func (d *Data) check(p *Params) error {
	if err := d.checkParams(p); err != nil {
		return err
	}
	if d.rows > maxRows {
		return fault.New(fault.TooLarge, "There are more than %d training rows.", maxRows)
	}
	if !d.hasWeight() {
		return fault.New(fault.InvalidData, "There are no training rows with a weight above 0.")
	}
	if d.task == model.Regression {
		return d.checkTargets(p.Loss)
	}
	counts, _ := d.classCounts()
	present := 0
	for _, n := range counts {
		if n > 0 {
			present++
		}
	}
	if present < 2 {
		return fault.New(fault.InvalidData, "The training rows are all of one class.")
	}
	return nil
}

func (d *Data) hasWeight() bool {
	for i := range d.rows {
		if d.weight(i) > 0 {
			return true
		}
	}
	return false
}

func (d *Data) checkTargets(loss string) error {
	if loss == Poisson {
		if wrong := d.checkCounts(); wrong != "" {
			return fault.New(fault.InvalidData, "%s", wrong)
		}
	}
	for _, y := range d.targets {
		if math.Abs(y) > maxTarget {
			return fault.New(fault.InvalidData, "The target has values beyond %g.", maxTarget)
		}
	}
	return nil
}

func (d *Data) checkParams(p *Params) error {
	c := checker{}
	features := d.bins.features
	c.that(p.Loss == "" || (p.Loss == LogLoss) != (d.task == model.Regression), "loss", "The loss does not fit the task")
	c.that(p.MonotonicCst == nil || len(p.MonotonicCst) == len(features),
		"monotonic_cst", "Input should have a value for each feature")
	for j, m := range p.MonotonicCst {
		c.that(m == 0 || d.task != model.Multiclass, "monotonic_cst", "Constraints are not possible with more than two classes")
		c.that(m == 0 || j >= len(features) || features[j].Kind == model.Number,
			"monotonic_cst", "A constraint is only possible on a feature that is a number")
	}
	weighted := p.Balanced || p.ClassWeight != nil
	c.that(!weighted || d.task != model.Regression, "class_weight", "Classes have no weight in a regression")
	c.that(p.ClassWeight == nil || len(p.ClassWeight) == d.outputs, "class_weight", "Input should have a weight for each class")
	return c.err()
}
