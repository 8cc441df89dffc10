package metric

// counts is what remains of a confusion matrix for the metrics of labels: for
// each class, the rows that are of it, those that are predicted to be, and
// those that are both. The last class stands for the labels that the model
// does not know.
type counts struct {
	actual, predicted, right []int64
}

func newCounts(classes int) *counts {
	n := classes + 1
	block := make([]int64, 3*n)
	return &counts{block[:n:n], block[n : 2*n : 2*n], block[2*n:]}
}

func (c *counts) reset() {
	clear(c.actual)
	clear(c.predicted)
	clear(c.right)
}

// add counts n rows of class actual that are predicted as class predicted.
func (c *counts) add(actual, predicted int, n int64) {
	c.actual[actual] += n
	c.predicted[predicted] += n
	if actual == predicted {
		c.right[actual] += n
	}
}

// countLabels counts the labels of the answers against y.
func countLabels(y []int32, a Answers, classes int) *counts {
	c := newCounts(classes)
	for i, actual := range y {
		c.add(classOf(actual, classes), a.label(i, classes), 1)
	}
	return c
}

// classOf puts an unknown label into the class behind the others.
func classOf(y int32, classes int) int {
	if y < 0 {
		return classes
	}
	return int(y)
}

// score returns a metric that depends on labels alone.
func (c *counts) score(name string) value {
	switch name {
	case Accuracy:
		return c.accuracy()
	case BalancedAccuracy:
		return c.balancedAccuracy()
	case Precision, Recall, F1:
		if len(c.actual) == 3 {
			return c.ofClass(name, 1)
		}
		return c.macro(name)
	}
	panic("metric: " + name + " is not a metric of labels")
}

func (c *counts) accuracy() value {
	rows, right := int64(0), int64(0)
	for k, n := range c.actual {
		rows += n
		right += c.right[k]
	}
	return ratio(right, rows, reasonNoRows)
}

// balancedAccuracy is the mean recall of the classes that occur.
func (c *counts) balancedAccuracy() value {
	sum, present := 0.0, 0
	for k, n := range c.actual {
		if n > 0 {
			sum += float64(c.right[k]) / float64(n)
			present++
		}
	}
	if present == 0 {
		return undefined(reasonNoRows)
	}
	return value{v: sum / float64(present)}
}

// ofClass is precision, recall or F1 (their harmonic mean) of one class.
func (c *counts) ofClass(name string, k int) value {
	switch name {
	case Precision:
		return ratio(c.right[k], c.predicted[k], reasonNoPredicted)
	case Recall:
		return ratio(c.right[k], c.actual[k], reasonNoPositive)
	}
	return ratio(2*c.right[k], c.actual[k]+c.predicted[k], reasonNoF1)
}

// macro is the mean over the classes that occur or are predicted. As in
// scikit-learn, a class that lacks the metric counts as 0.
func (c *counts) macro(name string) value {
	sum, classes := 0.0, 0
	for k := range c.actual {
		if c.actual[k]+c.predicted[k] > 0 {
			sum += c.ofClass(name, k).v
			classes++
		}
	}
	if classes == 0 {
		return undefined(reasonNoRows)
	}
	return value{v: sum / float64(classes)}
}
