package model

// predictBlock is how many rows are scored together: enough that a tree's nodes
// stay in the cache while the rows walk through it, and few enough that the
// rows do, too.
const predictBlock = 64

// Predict scores n = len(x)/len(Features) rows. The block x is row-major, one
// column a feature: a number as it is (NaN is missing), a category as its code
// (Feature.Code). dst receives n × Outputs() numbers, row-major: the class
// probabilities, or the prediction. It panics if the lengths do not agree, or
// if the model has no features. The model must have passed Check.
//
// A row's result does not depend on the rows beside it, and has the same bits
// on every architecture. Predict may be called concurrently.
func (m *Model) Predict(dst, x []float64) {
	width, features, outputs := m.Width(), len(m.Features), m.Outputs()
	if features == 0 {
		panic("model: Predict without features")
	}
	n := len(x) / features
	if len(x) != n*features || len(dst) != n*outputs {
		panic("model: lengths of x and dst do not agree")
	}
	raw := make([]float64, min(n, predictBlock)*width)
	for at := 0; at < n; at += predictBlock {
		end := min(at+predictBlock, n)
		scores := raw[:(end-at)*width]
		m.rawScores(scores, x[at*features:end*features])
		for i := at; i < end; i++ {
			m.link(dst[i*outputs:(i+1)*outputs], scores[(i-at)*width:(i-at+1)*width])
		}
	}
}
