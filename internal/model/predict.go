package model

// Predict scores n = len(x)/len(Features) rows. The block x is row-major, one
// column a feature: a number as it is (NaN is missing), a category as its code
// (Feature.Code). dst receives n × Outputs() numbers, row-major: the class
// probabilities, or the prediction. It panics if the lengths do not agree.
func (m *Model) Predict(dst, x []float64) {
	width, features, outputs := m.Width(), len(m.Features), m.Outputs()
	n := 0
	if features > 0 {
		n = len(x) / features
	}
	if len(x) != n*features || len(dst) != n*outputs {
		panic("model: lengths of x and dst do not agree")
	}
	raw := make([]float64, width)
	for i := range n {
		m.rawScores(raw, x[i*features:(i+1)*features])
		m.link(dst[i*outputs:(i+1)*outputs], raw)
	}
}
