package linear

// addGram adds Σ sᵢ·xᵢxᵢᵀ over the rows of the blocks to g, where xᵢ has an
// entry for each input and a last one that is 1, and s a value for each row of
// each block. g is row-major. Of an entry and its mirror image only one is
// added to; symmetrize copies it to the other.
//
// The work is divided by columns: each entry of g is summed by one goroutine,
// in the order of the rows.
func addGram[F float32 | float64](l *layout, g []float64, blocks []*block[F], s []*rows) {
	categories := l.categories()
	parallel(len(l.numbers)+len(categories)+1, func() func(int) {
		m := newGramMaker[F](l, g)
		return func(i int) {
			for b, block := range blocks {
				switch c := i - len(l.numbers); {
				case c < 0:
					m.number(block, s[b], i)
				case c < len(categories):
					m.category(block, s[b], categories[c:])
				default:
					g[len(g)-1] += total(s[b])
				}
			}
		}
	})
}

// gramMaker is one goroutine's part in addGram.
type gramMaker[F float32 | float64] struct {
	l          *layout
	g          []float64
	size       int // inputs + 1
	scaled     rows
	own, other [blockRows]int32
	scratch    []float64
}

func newGramMaker[F float32 | float64](l *layout, g []float64) *gramMaker[F] {
	return &gramMaker[F]{l: l, g: g, size: l.inputs + 1, scratch: make([]float64, l.widest()+1)}
}

// number adds to the row of a number: its products with the numbers from it
// on, with all categories, and with 1.
func (m *gramMaker[F]) number(b *block[F], s *rows, i int) {
	x := &b.numbers[i]
	for r := range x {
		m.scaled[r] = float64(float64(x[r]) * s[r])
	}
	row := m.g[m.l.numbers[i].at*m.size:][:m.size]
	b.backward(m.l, row[:m.size-1], &m.scaled, i, m.scratch)
	row[m.size-1] += total(&m.scaled)
}

// category adds to the rows of a column's categories: their products with the
// categories of this column, which are zero off the diagonal, with those of
// the columns behind it, and with 1.
func (m *gramMaker[F]) category(b *block[F], s *rows, columns []column) {
	own := columns[0]
	b.codes(own, &m.own)
	for i, code := range m.own {
		if int(code) < own.width {
			at := own.at + int(code)
			m.g[at*m.size+at] += s[i]
			m.g[at*m.size+m.size-1] += s[i]
		}
	}
	for _, c := range columns[1:] {
		b.codes(c, &m.other)
		for i, code := range m.own {
			if other := m.other[i]; int(code) < own.width && int(other) < c.width {
				m.g[(own.at+int(code))*m.size+c.at+int(other)] += s[i]
			}
		}
	}
}

// codes writes a categorical column's codes to dst; its width is an unseen one.
func (b *block[F]) codes(c column, dst *[blockRows]int32) {
	if c.bytes {
		for i, code := range &b.bytes[c.index] {
			dst[i] = int32(code)
		}
		return
	}
	for i, code := range &b.words[c.index] {
		dst[i] = int32(code)
	}
}

// symmetrize completes what addGram left out.
func symmetrize(l *layout, g []float64) {
	size := l.inputs + 1
	copyUp := func(a, b int) { g[b*size+a] = g[a*size+b] }
	categories := l.categories()
	for i, c := range l.numbers {
		for _, other := range l.numbers[i+1:] {
			copyUp(c.at, other.at)
		}
		for _, other := range categories {
			for k := range other.width {
				copyUp(c.at, other.at+k)
			}
		}
	}
	for i, c := range categories {
		for _, other := range categories[i+1:] {
			for k := range c.width * other.width {
				copyUp(c.at+k/other.width, other.at+k%other.width)
			}
		}
	}
	for a := range size {
		copyUp(a, size-1)
	}
}
