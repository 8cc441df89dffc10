package gbdt

// judge follows the validation loss and ends a training that no longer lowers
// it.
type judge struct {
	patience int     // rounds without a better loss that are enough
	tol      float64 // how much lower a loss must be to be better
	history  []float64
	best     int // index of the best loss in history
}

// hear takes the loss after a round.
func (j *judge) hear(loss float64) {
	j.history = append(j.history, loss)
	if loss < j.history[j.best]-j.tol {
		j.best = len(j.history) - 1
	}
}

// enough reports whether the training should end.
func (j *judge) enough() bool { return len(j.history)-1-j.best >= j.patience }

// validationLoss returns the weighted mean loss of the validation part.
func (t *trainer) validationLoss() float64 {
	rows := t.part.judging
	sums := make([][2]float64, (len(rows)+chunkRows-1)/chunkRows)
	t.pool.run(len(sums), func(i, _ int) {
		for _, r := range rows[i*chunkRows : min((i+1)*chunkRows, len(rows))] {
			w := t.weight(int(r))
			sums[i][0] += float64(w * t.loss(int(r)))
			sums[i][1] += w
		}
	})
	sum, weights := 0.0, 0.0
	for _, s := range sums {
		sum += s[0]
		weights += s[1]
	}
	return sum / weights
}
