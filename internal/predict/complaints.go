package predict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"retrain/internal/fault"
)

// maxComplaints is how many wrong values are named.
const maxComplaints = 100

// complaints collects what is wrong with a request.
type complaints struct{ fields []fault.Field }

func (c *complaints) add(loc []any, typ, msg string) {
	c.fields = append(c.fields, fault.Field{Loc: loc, Msg: msg, Type: typ})
}

// full reports whether there is no use in looking for more.
func (c *complaints) full() bool { return len(c.fields) >= maxComplaints }

// err returns the complaints as one error, or nil if there are none.
func (c *complaints) err() error {
	n := len(c.fields)
	if n == 0 {
		return nil
	}
	e := fault.New(fault.InvalidRequest, "The rows do not fit the model: %d values are wrong.", n)
	switch {
	case n == 1:
		e = fault.New(fault.InvalidRequest, "The rows do not fit the model: %s: %s.", place(c.fields[0].Loc), c.fields[0].Msg)
	case c.full():
		e = fault.New(fault.InvalidRequest, "The rows do not fit the model: %d values are wrong, and the rest was not looked at.", n)
	}
	e.Fields = c.fields
	return e
}

// place writes a loc for a sentence: records.0.age.
func place(loc []any) string {
	if len(loc) == 1 {
		return fmt.Sprint(loc[0])
	}
	parts := make([]string, 0, len(loc))
	for _, part := range loc[1:] {
		parts = append(parts, show(fmt.Sprint(part)))
	}
	return strings.Join(parts, ".")
}

// show makes a caller's name fit for a message: short, and without control
// characters.
func show(name string) string {
	const most = 64
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most]) + "…"
	}
	quoted := strconv.Quote(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// maxStrangers is how many unknown columns are named.
const maxStrangers = 20

// strangers collects the names of columns that the model does not have.
type strangers struct {
	names []string
	more  bool
}

func (s *strangers) add(name string) {
	switch {
	case slices.Contains(s.names, name):
	case len(s.names) == maxStrangers:
		s.more = true
	default:
		s.names = append(s.names, name)
	}
}

// warnings tells of them, with the nearest of the model's columns.
func (s *strangers) warnings(c *champion) []string {
	own := make([]string, len(c.columns))
	for k := range c.columns {
		own[k] = c.columns[k].Name
	}
	var told []string
	for _, name := range s.names {
		near := fault.Nearest(name, own)
		switch {
		case name == c.model.Target:
			told = append(told, fmt.Sprintf("The column '%s' is what the model predicts; it was ignored.", show(name)))
		case near != "":
			told = append(told, fmt.Sprintf("The column '%s' is unknown and was ignored; did you mean '%s'?", show(name), show(near)))
		default:
			told = append(told, fmt.Sprintf("The column '%s' is unknown and was ignored.", show(name)))
		}
	}
	if s.more {
		told = append(told, "Further columns are unknown and were ignored.")
	}
	return told
}
