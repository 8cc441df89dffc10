package linear

import (
	"math"

	"retrain/internal/model"
)

// column is one feature as the kernels see it: where its values are in a block
// and where its inputs are among the model's.
type column struct {
	feature int  // index in the recipe
	at      int  // first input
	width   int  // inputs: 1 for a number, one for each category
	index   int  // position among the block's columns of the same storage
	bytes   bool // a category of one byte a row
}

// layout sorts a recipe's features by how a block stores them. A category's
// code is its index, and width stands for an unseen one.
type layout struct {
	recipe  *model.Recipe
	inputs  int
	numbers []column
	bytes   []column // up to 255 categories: one byte a row
	words   []column // up to 65,535 categories: two bytes a row
	tooWide bool     // some feature has more categories than that
}

func newLayout(recipe *model.Recipe) *layout {
	l := &layout{recipe: recipe}
	for j := range recipe.Features {
		f := &recipe.Features[j]
		c := column{feature: j, at: l.inputs, width: f.Width()}
		switch {
		case f.Kind == model.Number:
			c.index = len(l.numbers)
			l.numbers = append(l.numbers, c)
		case c.width <= math.MaxUint8:
			c.index, c.bytes = len(l.bytes), true
			l.bytes = append(l.bytes, c)
		case c.width <= math.MaxUint16:
			c.index = len(l.words)
			l.words = append(l.words, c)
		default:
			l.tooWide = true
		}
		l.inputs += c.width
	}
	return l
}

// categories lists the categorical columns, those of one byte first.
func (l *layout) categories() []column {
	return append(append([]column(nil), l.bytes...), l.words...)
}

// widest is the largest number of categories of a column.
func (l *layout) widest() int {
	w := 0
	for _, c := range l.categories() {
		w = max(w, c.width)
	}
	return w
}
