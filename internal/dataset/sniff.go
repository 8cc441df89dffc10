package dataset

import (
	"bytes"

	"retrain/internal/fault"
)

// signatures are the first bytes of files that are taken for tables by mistake,
// with what to call them. None can begin a header by chance.
var signatures = []struct{ magic, name string }{
	{"PAR1\x15", "a Parquet file that is cut off, or beside files in another format"},
	{"\x89PNG\r\n", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"%PDF-", "a PDF document"},
	{"PK\x03\x04", "a ZIP archive (or a spreadsheet, which is one)"},
	{"\xd0\xcf\x11\xe0", "an old spreadsheet or document"},
	{"\x1f\x8b", "gzip data within compressed data"},
	{"\x28\xb5\x2f\xfd", "zstd data within compressed data"},
	{"BZh91AY&SY", "bzip2 data"},
	{"\xfd7zXZ", "xz data"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"ARROW1\x00\x00", "an Arrow file"},
	{"Obj\x01", "an Avro file"},
	{"\x7fELF", "a program"},
	{"<?xml", "XML"},
	{"<!", "HTML"},
	{"<html", "HTML"},
	{"[{", "a JSON array, where JSON Lines have an object on each line"},
	{"[\n", "a JSON array, where JSON Lines have an object on each line"},
}

// checkSignature refuses data that is known to be something else than a text.
func checkSignature(head []byte) error {
	for _, s := range signatures {
		if bytes.HasPrefix(bytes.TrimPrefix(head, []byte(utf8BOM)), []byte(s.magic)) {
			return notATable(s.name)
		}
	}
	return nil
}

func notATable(what string) error {
	return fault.New(fault.InvalidData, "The data look like %s; CSV, JSON Lines or Parquet is expected.", what).
		At("Not a table", "not_a_table", "data")
}

// checkText refuses text that cannot be a table, judging by its beginning.
func checkText(head []byte) error {
	if len(bytes.TrimLeft(head, " \r\n")) == 0 {
		return fault.New(fault.InvalidData, "The data are empty.").At("Empty", "empty_data", "data")
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	for _, c := range first {
		if c < ' ' && c != '\t' && c != '\r' && c != unquoted {
			return notATable("binary data")
		}
	}
	return nil
}

// checkFormat refuses text in another format than was asked for. Anything may be
// CSV.
func checkFormat(head []byte, asked Format) error {
	if asked == "" || asked == CSV || asked == JSONLines && isObject(head) {
		return nil
	}
	return wrongFormat(asked)
}

func wrongFormat(asked Format) error {
	return fault.New(fault.InvalidData, "The data are not in the format that was asked for, %s.", asked).
		At("Wrong format", "wrong_format", "data")
}

// delimiters are those that are recognized, the preferred ones first.
var delimiters = []struct {
	char byte
	name string
}{{',', "a comma"}, {';', "a semicolon"}, {'\t', "a tab"}, {'|', "a bar"}}

func delimiterName(char byte) string {
	for _, d := range delimiters {
		if d.char == char {
			return d.name
		}
	}
	return "another one"
}

// sniffRecords is how many records the delimiter is judged by.
const sniffRecords = 200

// sniffDelimiter finds the delimiter that divides the header, and as many of
// the next records as possible into as many cells. A tie goes to the one that
// makes more columns, then to the order of delimiters. If nothing divides the
// header, the table has one column, and the delimiter does not matter. As for
// lexer.record, a newline stands at data[end].
func sniffDelimiter(data []byte, end int, opts Options) byte {
	best, bestWidth, bestShare := delimiters[0].char, 1, 0.0
	for _, d := range delimiters {
		width, share := agreement(data, end, d.char, opts)
		if width > 1 && (share > bestShare || share == bestShare && width > bestWidth) {
			best, bestWidth, bestShare = d.char, width, share
		}
	}
	return best
}

// agreement lexes the first records with a delimiter. It returns the number of
// cells in the header, and the share of the records below that have as many: 1
// if there are none.
func agreement(data []byte, end int, delimiter byte, opts Options) (int, float64) {
	records := headRecords(data, end, delimiter, opts)
	if len(records) == 0 {
		return 0, 1
	}
	records = records[preamble(data, end, records, delimiter, opts):]
	width, alike := records[0].count, 0
	for _, h := range records[1:] {
		if h.sound && h.count == width {
			alike++
		}
	}
	if len(records) == 1 {
		return width, 1
	}
	return width, float64(alike) / float64(len(records)-1)
}
