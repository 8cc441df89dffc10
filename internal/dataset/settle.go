package dataset

// settle notes what a pass has found out about the dialect, and reports
// whether the table has to be read again: a column whose sample was all numbers
// in the table's convention has a cell that is none.
func (s *scan) settle(t *table) bool {
	s.dialect, s.keys = t.dialect, t.opts.keys
	n := len(t.names)
	s.localized = make([]bool, n)
	if s.texts == nil {
		s.texts = make([]bool, n)
	}
	again := false
	for j := range t.refined {
		c := &t.refined[j]
		s.localized[j] = c.localized && c.misfit == fitting
		s.texts[j] = s.texts[j] || c.misfit == plainPoint
		again = again || c.misfit != fitting
	}
	return again
}

// force makes a column what the dialect says, before its first cell.
func (c *columnScan) force(d *Dialect, text bool) {
	t := d.Types[c.name]
	if text || t.text() {
		c.kind = Text
	}
	c.forced = t == TypeDatetime
	c.want = d.forms(c.forced)
	c.form = c.want
}

// forceKinds gives the columns the kinds that the dialect says, as far as they
// have values.
func (s *Schema) forceKinds() {
	for j := range s.Columns {
		c := &s.Columns[j]
		switch t := s.Dialect.Types[c.Name]; {
		case t == TypeInteger && c.Kind == Float:
			c.Kind = Integer
		case t == TypeFloat && c.Kind == Integer:
			c.Kind = Float
		}
	}
}
