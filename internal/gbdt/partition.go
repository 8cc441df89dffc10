package gbdt

// partitionRows is the number of rows that one task parts.
const partitionRows = 1 << 14

// partition parts the rows of a leaf by the bins of one column, in place: first
// those whose bin goes left, then the others, both in their old order. It
// returns the number of the former. scratch is as long as rows.
func (d *Data) partition(p *pool, rows, scratch []uint32, column int, goesLeft *binSet) int {
	flags := goesLeft.flags()
	tasks := (len(rows) + partitionRows - 1) / partitionRows
	lefts := make([]int, tasks)
	p.run(tasks, func(task, _ int) {
		from := task * partitionRows
		to := min(from+partitionRows, len(rows))
		lefts[task] = d.partRange(rows[from:to], scratch[from:to], column, &flags)
	})
	left := 0
	for task, n := range lefts {
		from := task * partitionRows
		left += copy(rows[left:], rows[from:from+n])
	}
	at := left
	for task, n := range lefts {
		from := task * partitionRows
		to := min(from+partitionRows, len(rows))
		at += copy(rows[at:], scratch[from:to-n])
	}
	return left
}

// partRange moves the rows that go left to the front of rows, and the others to
// scratch. It has no branch that depends on the data: each row is written to
// both, and only one of the two places moves on.
func (d *Data) partRange(rows, scratch []uint32, column int, flags *[cells]uint8) int {
	var block [blockRows]uint64
	shift := column % group * 8
	left, right := 0, 0
	for from := 0; from < len(rows); from += blockRows {
		to := min(from+blockRows, len(rows))
		words := block[:to-from]
		gather(words, d.words, rows[from:to], d.groups, column/group)
		for i, w := range words {
			r := rows[from+i]
			goes := int(flags[uint8(w>>shift)])
			rows[left] = r
			scratch[right] = r
			left += goes
			right += 1 - goes
		}
	}
	return left
}
