package gbdt

import "retrain/internal/model"

// poisson is half the deviance of counts; the raw score is the logarithm of the
// expected count, so that a prediction is never negative.
type poisson struct {
	data   *Data
	scores []float64
}

// poissonCaution is by what factor, e^0.7, hessians are taken to be larger than
// they are, as LightGBM and XGBoost do by default: the loss bends upward more
// than its second derivative at a point says.
const poissonCaution = 2.0137527074704766

// maxCountStep bounds a leaf's value: one step makes a count at most so many
// times larger, before the learning rate, as e to this power.
const maxCountStep = 2

// maxCount bounds the targets, so that gradients fit single precision.
const maxCount = 1e30

func (l *poisson) base(in *part) []float64 {
	sum, weights, all := 0.0, 0.0, 0.0
	for i, y := range l.data.targets {
		w := l.data.weight(i)
		all += float64(w * y)
		if in.has(i) {
			sum += float64(w * y)
			weights += w
		}
	}
	if sum == 0 {
		sum = all // all counts above 0 are in the validation part
	}
	return []float64{model.Log(sum / weights)}
}

func (l *poisson) prepare(int, int) {}

func (l *poisson) derive(dst []pair, _, from int) {
	var room [blockRows]float64
	weights := room[:len(dst)]
	l.data.weigh(weights, from, nil)
	scores, targets := l.scores[from:from+len(dst)], l.data.targets[from:from+len(dst)]
	for i, w := range weights {
		mean := model.Exp(scores[i])
		dst[i] = rawPair(w*(mean-targets[i]), w*(mean*poissonCaution))
	}
}

func (l *poisson) arrays() [][]float64 { return [][]float64{l.scores} }

func (l *poisson) unit() float64 { return 1 }

func (l *poisson) limit() float64 { return maxCountStep }

func (l *poisson) weight(place int) float64 { return l.data.weight(place) }

func (l *poisson) loss(place int) float64 {
	y, score := l.data.targets[place], l.scores[place]
	saturated := 0.0
	if y > 0 {
		saturated = float64(y*model.Log(y)) - y
	}
	return model.Exp(score) - float64(y*score) + saturated
}

// checkCounts reports targets that are no counts or rates.
func (d *Data) checkCounts() string {
	sum := 0.0
	for i, y := range d.targets {
		if y < 0 || y > maxCount {
			return "The loss poisson needs a target that is not negative, and not above 1e+30."
		}
		sum += float64(y * d.weight(i))
	}
	if sum == 0 {
		return "The loss poisson needs a target that is above 0 in some row."
	}
	return ""
}
