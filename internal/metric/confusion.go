package metric

// Confusion counts the rows by their true class (first index) and the label
// that the model gives them (second index); the last true class, behind the
// others, is that of labels which the model does not know. It panics where
// Classification does.
func Confusion(y []int32, a Answers, classes int) [][]int64 {
	checkAnswers(y, a, classes)
	cells := make([]int64, (classes+1)*classes)
	table := make([][]int64, classes+1)
	for k := range table {
		table[k] = cells[k*classes : (k+1)*classes]
	}
	for i, actual := range y {
		table[classOf(actual, classes)][a.label(i, classes)]++
	}
	return table
}
