package predict

import (
	"fmt"
	"maps"
	"slices"

	"retrain/internal/fault"
)

// recordRows are rows that name their columns one by one. field is the member
// of the body that they stand in. A column that a record leaves out is an error
// unless lenient: a typing error would else pass for a missing value.
func recordRows(field string, records []map[string]any, lenient bool) rows {
	return rows{
		n: len(records),
		encode: func(c *champion) ([]float64, []string, error) {
			e := recordEncoder{champion: c, field: field, lenient: lenient, x: make([]float64, 0, len(records)*len(c.model.Features))}
			for i, record := range records {
				if e.record(i, record); e.bad.full() {
					break
				}
			}
			return e.x, e.unknown.warnings(c), e.bad.err()
		},
		at: func(i int) []any { return []any{"body", field, i} },
	}
}

type recordEncoder struct {
	*champion
	field   string
	lenient bool
	x       []float64
	bad     complaints
	unknown strangers
}

// record encodes one record.
func (e *recordEncoder) record(i int, record map[string]any) {
	known := 0
	start := len(e.x)
	e.x = append(e.x, make([]float64, len(e.model.Features))...)
	for k := range e.columns {
		name := e.columns[k].Name
		v, given := record[name]
		if given {
			known++
		} else if !e.lenient {
			e.bad.add([]any{"body", e.field, i, name}, "missing", e.missing(name, record))
		}
		x, wrong := value(e.first(k), v)
		if wrong.typ != "" {
			e.bad.add([]any{"body", e.field, i, name}, wrong.typ, wrong.msg)
		}
		e.encode(e.x[start:], k, x)
	}
	if known < len(record) && !e.unknown.more {
		for _, name := range e.strangersIn(record) {
			e.unknown.add(name)
		}
	}
}

// strangersIn lists a record's columns that the model does not have.
func (e *recordEncoder) strangersIn(record map[string]any) []string {
	names := slices.Sorted(maps.Keys(record))
	return slices.DeleteFunc(names, func(name string) bool {
		_, known := e.column[name]
		return known
	})
}

// missing says that a column is required, and which unknown one looks as if it
// was meant.
func (e *recordEncoder) missing(name string, record map[string]any) string {
	if near := fault.Nearest(name, e.strangersIn(record)); near != "" {
		return fmt.Sprintf("%s; '%s' is not its name", requiredField, show(near))
	}
	return requiredField
}
