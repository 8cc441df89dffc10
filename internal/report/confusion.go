package report

import (
	"cmp"
	"fmt"
	"slices"
)

// maxShown bounds the classes that a confusion matrix tells apart.
const maxShown = 10

// matrix is a confusion matrix, ready to be shown.
type matrix struct {
	Caption, Class string
	Columns        []string
	Rows           []matrixRow
}

type matrixRow struct {
	Label string
	Cells []matrixCell
	Rows  int64
	Right float64 // the share of the row that is right: the class's recall
	Known bool    // whether the model can be right at all
}

type matrixCell struct {
	Rows    int64
	Heat    int
	Correct bool
}

// Labels reports whether right and wrong labels say more than curves: with more
// than two classes.
func (r *Report) Labels() bool { return r.Classes != nil && len(r.Classes.Names) > 2 }

// Wide reports whether two matrices have no room beside each other.
func (r *Report) Wide() bool { return len(r.Classes.Names) > 4 }

// Matrices returns the confusion matrices, the challenger's first.
func (r *Report) Matrices() []matrix {
	c := r.Classes
	if c == nil || len(c.Challenger.Confusion) == 0 {
		return nil
	}
	shown := c.mostFrequent()
	all := []matrix{c.matrix("Challenger"+threshold(&c.Challenger), "challenger", c.Challenger.Confusion, shown)}
	if c.Champion != nil {
		all = append(all, c.matrix("Champion, "+r.Champion+threshold(c.Champion), "champion", c.Champion.Confusion, shown))
	}
	return all
}

// threshold says above which probability a model answers class 1, if that is not
// one half.
func threshold(a *Answers) string {
	if a.Threshold == 0 {
		return ""
	}
	return fmt.Sprintf(", with a threshold of %.3g", a.Threshold)
}

// mostFrequent returns the classes with the most rows, in the classes' order.
func (c *Classes) mostFrequent() []int {
	var all []int
	for k := range c.Names {
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b int) int {
		return cmp.Compare(total(c.Challenger.Confusion[b]), total(c.Challenger.Confusion[a]))
	})
	all = all[:min(len(all), maxShown)]
	slices.Sort(all)
	return all
}

func total(row []int64) int64 {
	sum := int64(0)
	for _, n := range row {
		sum += n
	}
	return sum
}

// matrix shows some classes; the others, and labels that no model knows, are
// put together.
func (c *Classes) matrix(caption, class string, table [][]int64, shown []int) matrix {
	m := matrix{Caption: caption, Class: class}
	for _, k := range shown {
		m.Columns = append(m.Columns, c.Names[k])
	}
	others := len(c.Names) - len(shown)
	if others > 0 {
		m.Columns = append(m.Columns, fmt.Sprintf("%d others", others))
	}
	for _, k := range shown {
		m.Rows = append(m.Rows, rowOf(c.Names[k], table[k:k+1], k, shown, others > 0))
	}
	var rest [][]int64
	for k := range c.Names {
		if !slices.Contains(shown, k) {
			rest = append(rest, table[k])
		}
	}
	if others > 0 {
		m.Rows = append(m.Rows, rowOf(fmt.Sprintf("%d others", others), rest, -1, shown, true))
	}
	if unknown := table[len(c.Names)]; total(unknown) > 0 {
		m.Rows = append(m.Rows, rowOf("unknown labels", [][]int64{unknown}, -1, shown, others > 0))
	}
	return m
}

func rowOf(label string, from [][]int64, class int, shown []int, others bool) matrixRow {
	row := matrixRow{Label: label, Known: class >= 0}
	counts := make([]int64, len(shown)+1)
	for _, cells := range from {
		for k, n := range cells {
			at := slices.Index(shown, k)
			if at < 0 {
				at = len(shown)
			}
			counts[at] += n
		}
	}
	if !others {
		counts = counts[:len(shown)]
	}
	row.Rows = total(counts)
	for at, n := range counts {
		correct := at < len(shown) && shown[at] == class
		row.Cells = append(row.Cells, matrixCell{n, heat(n, max(row.Rows, 1)), correct})
		if correct {
			row.Right = float64(n) / float64(max(row.Rows, 1))
		}
	}
	return row
}
