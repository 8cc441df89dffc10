package dataset

import "slices"

// Format is how a file holds a table.
type Format string

// The formats. Which one a file has is told by its content, not by its name.
const (
	CSV       Format = "csv"     // RFC 4180, with any delimiter
	JSONLines Format = "jsonl"   // an object on each line
	Parquet   Format = "parquet" // with flat columns
)

// Encoding is how bytes stand for characters.
type Encoding string

// The encodings. UTF16 stands for the one of the two that the data is in.
const (
	UTF8        Encoding = "utf-8"
	UTF16       Encoding = "utf-16"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Latin1      Encoding = "latin-1"      // ISO 8859-1
	Windows1252 Encoding = "windows-1252" // a superset of it in print
)

// Header says how many of the first rows are the header; the names of the
// columns stand in the last of them.
type Header int

// Headers other than a number of rows. Without one, columns are called
// column_0, column_1 and so on.
const (
	HeaderFound Header = 0  // one row or none: see rowIsData
	NoHeader    Header = -1 // the first row is data
)

// Dialect is how a table is written down. The zero value of each field means
// that it is found from the first 64 KiB of the data, or, for those from NA on,
// that there is nothing of the kind.
type Dialect struct {
	Format    Format
	Encoding  Encoding
	Delimiter byte   // of cells
	Quote     string // around cells: ", ' or NoQuote
	Header    Header
	// Decimal stands before a number's fraction, Thousands between groups of
	// three digits before it. See convention.
	Decimal   byte   // a point or a comma
	Thousands string // one character, or NoThousands

	// NA lists the texts that stand for a missing value besides those that
	// always do (see isMissing), and NAIn those of single columns.
	NA   []string
	NAIn map[string][]string
	// Types forces columns to a type.
	Types map[string]Type
	// Order says which of day and month comes first between slashes.
	Order DateOrder
}

// DateOrder is the order of day and month in 01/02/2006.
type DateOrder uint8

// The orders.
const (
	OrderFound      DateOrder = iota // by a day above 12; a column without one is text
	OrderDayFirst                    // 2 January is written 02/01
	OrderMonthFirst                  // 2 January is written 01/02
)

// forms returns the forms that times may have: of a column that is said to hold
// times those in which a cell by itself tells its time.
func (d *Dialect) forms(forced bool) Form {
	switch {
	case d.Order == OrderDayFirst:
		return anyForm &^ FormMonthFirst
	case d.Order == OrderMonthFirst:
		return anyForm &^ FormDayFirst
	case forced:
		return FormISO | FormDotted
	}
	return anyForm
}

// What a Dialect says where the zero value would mean that it is to be found.
const (
	NoQuote     = "none"
	NoThousands = "none"
)

// Type is what a column is said to be. Rows whose cell is nothing of the kind
// are rejected.
type Type string

// The types that columns can be forced to.
const (
	TypeString   Type = "string"
	TypeCategory Type = "category" // the same as TypeString
	TypeInteger  Type = "integer"
	TypeFloat    Type = "float"
	TypeBoolean  Type = "boolean"  // true and false, as parseBoolean has them
	TypeDatetime Type = "datetime" // see Dialect.forms; the cells of a column may be in several of them
)

// Types lists the types that columns can be forced to.
func Types() []Type {
	return []Type{TypeString, TypeCategory, TypeInteger, TypeFloat, TypeBoolean, TypeDatetime}
}

// Thousands lists what may stand between thousands.
func Thousands() []string { return append(slices.Clone(separators), "_", NoThousands) }

// Settings returns the dialect as a request's JSON object gives it; what is not
// set is left out.
func (d *Dialect) Settings() map[string]any {
	out := map[string]any{}
	for name, text := range map[string]string{
		"format": string(d.Format), "encoding": string(d.Encoding), "quote": d.Quote, "thousands": d.Thousands,
	} {
		if text != "" {
			out[name] = text
		}
	}
	for name, char := range map[string]byte{"delimiter": d.Delimiter, "decimal": d.Decimal} {
		if char != 0 {
			out[name] = string(rune(char))
		}
	}
	switch {
	case d.Header == NoHeader:
		out["header"] = false
	case d.Header == 1:
		out["header"] = true
	case d.Header > 1:
		out["header"] = float64(d.Header)
	}
	if d.Order != OrderFound {
		out["dayfirst"] = d.Order == OrderDayFirst
	}
	if len(d.Types) > 0 {
		types := map[string]any{}
		for name, t := range d.Types {
			types[name] = string(t)
		}
		out["dtypes"] = types
	}
	switch {
	case len(d.NAIn) > 0:
		columns := map[string]any{}
		for name, texts := range d.NAIn {
			columns[name] = anyOf(texts)
		}
		out["na_values"] = columns
	case len(d.NA) > 0:
		out["na_values"] = anyOf(d.NA)
	}
	return out
}

func anyOf(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}
