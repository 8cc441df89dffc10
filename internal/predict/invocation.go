package predict

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"retrain/internal/fault"
)

// Invocation is the JSON body of POST /invocations, in MLflow's forms: exactly
// one of the four is given.
type Invocation struct {
	DataframeSplit   *Split           `json:"dataframe_split,omitempty" doc:"pandas' split orientation: the columns' names, and the rows"`
	DataframeRecords []map[string]any `json:"dataframe_records,omitempty" doc:"pandas' records orientation: a value for each column"`
	Instances        any              `json:"instances,omitempty" doc:"TensorFlow Serving's rows: records, or lists in the order of the model's columns"`
	Inputs           any              `json:"inputs,omitempty" doc:"TensorFlow Serving's columns: a list for each column; or rows, as in instances"`
	Params           any              `json:"params,omitempty" doc:"Ignored, as the models take none"`
}

// Split is a table with its columns' names.
type Split struct {
	Columns []string `json:"columns"`
	Data    [][]any  `json:"data"`
	Index   any      `json:"index,omitempty" doc:"Ignored"`
}

// Invoke scores the rows of an MLflow request. Columns must not be left out.
// Errors are those of Run.
func (p *Predictor) Invoke(ctx context.Context, name string, v Invocation) (Result, error) {
	r, err := v.rows()
	if err != nil {
		return Result{}, err
	}
	return p.score(ctx, name, r)
}

// rows finds the form that was used.
func (v Invocation) rows() (r rows, err error) {
	forms := 0
	if v.DataframeSplit != nil {
		r, forms = v.DataframeSplit.rows(), forms+1
	}
	if v.DataframeRecords != nil {
		r, forms = recordRows("dataframe_records", v.DataframeRecords, false), forms+1
	}
	if v.Instances != nil {
		r, err = listRows("instances", v.Instances)
		forms++
	}
	if v.Inputs != nil {
		r, err = inputRows(v.Inputs)
		forms++
	}
	if forms != 1 {
		return rows{}, fault.New(fault.InvalidRequest, "The body must have exactly one of dataframe_split, dataframe_records, instances and inputs.").
			At("Exactly one of dataframe_split, dataframe_records, instances and inputs is required", "value_error", "body")
	}
	return r, err
}

func (s *Split) rows() rows {
	return tableOf("dataframe_split", "data", append([]string{}, s.Columns...), s.Data).rows()
}

// tableOf is a table of lists at body.field, or below it at body.field.part.
func tableOf(field, part string, columns []string, data [][]any) table {
	loc := []any{"body", field}
	if part != "" {
		loc = append(loc, part)
	}
	return table{
		columns: columns, head: []any{"body", field, "columns"}, n: len(data),
		width: func(i int) int { return len(data[i]) },
		cell:  func(i, j int) any { return data[i][j] },
		at:    func(i int) []any { return append(loc[:len(loc):len(loc)], i) },
	}
}

// listRows are rows that are records, lists in the order of the model's
// columns, or bare values for a model of one column.
func listRows(field string, v any) (rows, error) {
	list, ok := v.([]any)
	if !ok {
		return rows{}, wrongForm("Input should be a valid list", "list_type", "body", field)
	}
	if len(list) > 0 {
		if _, ok := list[0].(map[string]any); ok {
			return mapRows(field, list)
		}
	}
	data := make([][]any, len(list))
	for i, item := range list {
		switch item := item.(type) {
		case []any:
			data[i] = item
		case map[string]any:
			return rows{}, wrongForm("Input should be a list, as the rows before it", "list_type", "body", field, i)
		default:
			data[i] = []any{item}
		}
	}
	return tableOf(field, "", nil, data).rows(), nil
}

func mapRows(field string, list []any) (rows, error) {
	records := make([]map[string]any, len(list))
	for i, item := range list {
		record, ok := item.(map[string]any)
		if !ok {
			return rows{}, wrongForm("Input should be a dictionary, as the rows before it", "dict_type", "body", field, i)
		}
		records[i] = record
	}
	return recordRows(field, records, false), nil
}

// inputRows are columns by their names, or rows.
func inputRows(v any) (rows, error) {
	columns, ok := v.(map[string]any)
	if !ok {
		return listRows("inputs", v)
	}
	names := slices.Sorted(maps.Keys(columns))
	lists := make([][]any, len(names))
	for k, name := range names {
		list, ok := columns[name].([]any)
		if !ok {
			return rows{}, wrongForm("Input should be a valid list", "list_type", "body", "inputs", name)
		}
		if k > 0 && len(list) != len(lists[0]) {
			return rows{}, wrongForm("Columns should have the same number of values", "wrong_length", "body", "inputs", name)
		}
		lists[k] = list
	}
	n := 0
	if len(lists) > 0 {
		n = len(lists[0])
	}
	return table{
		columns: names, head: []any{"body", "inputs"}, n: n,
		width: func(int) int { return len(names) },
		cell:  func(i, j int) any { return lists[j][i] },
		at:    func(i int) []any { return []any{"body", "inputs", i} },
		place: func(i int, column string) []any { return []any{"body", "inputs", column, i} },
	}.rows(), nil
}

func wrongForm(msg, typ string, loc ...any) error {
	return fault.New(fault.InvalidRequest, "The rows have another form than they should: %s: %s.", place(loc), msg).At(msg, typ, loc...)
}

// Header says whether the first line of a CSV text holds the columns' names.
type Header uint8

// The values of Header.
const (
	HeaderGuessed Header = iota // it does if it names more than half of the model's columns
	HeaderPresent
	HeaderAbsent // the cells are in the order of the model's columns
)

// CSV scores the lines of a CSV text (RFC 4180), as MLflow sends it with a
// header and SageMaker without. Errors are those of Run; places are
// ["body", line, column].
func (p *Predictor) CSV(ctx context.Context, name, body string, header Header) (Result, error) {
	lines, at, err := readCSV(strings.TrimPrefix(body, "\uFEFF"))
	if err != nil {
		return Result{}, err
	}
	if header == HeaderGuessed && len(lines) > 0 {
		c, err := p.champion(ctx, orDefault(name))
		if err != nil {
			return Result{}, err
		}
		if header = HeaderAbsent; c.names(lines[0]) {
			header = HeaderPresent
		}
	}
	t := table{csv: true, head: []any{"body", 1}}
	if header == HeaderPresent && len(lines) > 0 {
		t.columns, lines, at = lines[0], lines[1:], at[1:]
	}
	t.n = len(lines)
	t.width = func(i int) int { return len(lines[i]) }
	t.cell = func(i, j int) any { return lines[i][j] }
	t.at = func(i int) []any { return []any{"body", at[i]} }
	return p.score(ctx, name, t.rows())
}

// names reports whether the cells name more than half of the model's columns.
func (c *champion) names(cells []string) bool {
	known := 0
	for _, cell := range cells {
		if _, ok := c.column[cell]; ok {
			known++
		}
	}
	return 2*known > len(c.columns)
}

// readCSV returns the cells of each line, and the lines' numbers.
func readCSV(body string) (lines [][]string, at []int, err error) {
	r := csv.NewReader(strings.NewReader(body))
	r.FieldsPerRecord = -1 // the model says how many
	for {
		cells, err := r.Read()
		var syntax *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return lines, at, nil
		case errors.As(err, &syntax):
			return nil, nil, fault.New(fault.InvalidRequest, "The body is not valid CSV at line %d.", syntax.Line).
				At("CSV is malformed here", "csv_invalid", "body", syntax.Line)
		case err != nil:
			return nil, nil, err
		case len(lines) > maxRows:
			return nil, nil, fault.New(fault.TooLarge, "The body has more rows than the %d that are scored at a time.", maxRows)
		}
		line, _ := r.FieldPos(0)
		lines, at = append(lines, cells), append(at, line)
	}
}
