package dataset

// Part is some of a table's files, which follow one another: those from From
// on, up to but not including To. The zero Part is all of them.
type Part struct{ From, To int }

// of returns the part of a table of so many files. It panics for a part that
// the table does not have.
func (p Part) of(files int) Part {
	if p == (Part{}) {
		return Part{0, files}
	}
	if p.From < 0 || p.From >= p.To || p.To > files {
		panic("dataset: a table does not have such a part")
	}
	return p
}
