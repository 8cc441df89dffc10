package gbdt

// run is a value and how often the sample has it.
type run struct {
	value float64
	n     int
}

// runsOf returns the distinct values of an ascending sample.
func runsOf(sample []float64) []run {
	var runs []run
	for i, v := range sample {
		if i == 0 || v != sample[i-1] {
			runs = append(runs, run{value: v})
		}
		runs[len(runs)-1].n++
	}
	return runs
}

// quantileEdges cuts a sample of so many rows into at most bins parts of about the
// same size. A frequent value, which alone fills a bin, gets one of its own,
// and the other values share the other bins evenly.
func quantileEdges(runs []run, sample, bins int) []float64 {
	frequent := func(r run) bool { return r.n*bins >= sample }
	rows, left := sample, bins // of the values that are not frequent
	for _, r := range runs {
		if frequent(r) {
			rows -= r.n
			left--
		}
	}
	var edges []float64
	held := 0 // rows in the present bin
	for i, r := range runs {
		size := float64(rows) / float64(max(1, left)) // what a bin should hold
		full := float64(held)+float64(r.n)/2 >= size  // it is nearer to that without the value
		switch {
		case i == 0 || len(edges) == bins-1:
		case frequent(runs[i-1]), frequent(r) && 2*float64(held) >= size, !frequent(r) && full:
			edges = append(edges, midpoint(runs[i-1].value, r.value))
			if frequent(runs[i-1]) {
				rows += runs[i-1].n // which was not among them
			} else {
				left--
			}
			rows -= held
			held = 0
		}
		held += r.n
	}
	return edges
}
