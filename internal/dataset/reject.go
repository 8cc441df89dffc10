package dataset

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Reject reports a line that did not simply become a row: one that could not
// be used, one that became a row after a repair, or one that is no row. Which
// of them is told by the reason.
type Reject struct {
	Line   int64  // where the row begins; 1 is the first line of the file
	Column string // the column at fault; "" if it is the row as a whole
	Reason string // one of the Reason phrases, never any content
	File   string // which of several files; else ""
}

// The reasons for which a row is rejected.
const (
	ReasonTooFew  = "too few cells"
	ReasonTooMany = "too many cells"
	ReasonQuote   = "misplaced quote"
	ReasonCR      = "carriage return within a cell"
	ReasonNUL     = "NUL byte"
	ReasonUTF8    = "invalid UTF-8"
	ReasonCell    = "cell too long"
	ReasonLine    = "line too long"
	ReasonOpen    = "quote is not closed"
	ReasonPlace   = "cells in other columns than usual"
	ReasonCut     = "cut off at the end of the data"
)

// The reasons for which a row is used, but reported. It then had one reading
// only that made sense.
const (
	RepairedExtra     = "repaired: delimiter without a meaning"
	RepairedDelimiter = "repaired: another delimiter"
	RepairedReturn    = "repaired: carriage return as line end"
	RepairedMark      = "repaired: byte order mark"
	RepairedEnd       = "repaired: no line end after the last line, which may be cut off"
)

// The reasons for which a line is skipped since it is no row.
const (
	SkippedHeader   = "skipped: the header again"
	SkippedTotal    = "skipped: a total"
	SkippedPreamble = "skipped: above the header"
	SkippedSubtitle = "skipped: another line of the header"
)

// Repaired reports whether the row is used.
func (r Reject) Repaired() bool { return strings.HasPrefix(r.Reason, "repaired: ") }

// Skipped reports whether the line is no row, and no loss.
func (r Reject) Skipped() bool { return strings.HasPrefix(r.Reason, "skipped: ") }

// Rejected reports whether a row is lost.
func (r Reject) Rejected() bool { return !r.Repaired() && !r.Skipped() }

// Tally counts what a pass has read.
type Tally struct {
	Read     int64            // rows, the header aside
	Used     int64            // rows that became part of the table
	Rejected int64            // rows that could not be used
	Repaired int64            // of those used, the ones that were repaired
	Skipped  int64            // lines that are no rows, such as totals; not among Read
	Reasons  map[string]int64 // the reported lines by reason
	Bytes    int64            // of the source as it is stored
	SHA256   string           // of those bytes, in hexadecimal; "" of a sample
	Sampled  bool             // there is more than what Options.Sample let be read
	Files    []FileTally      // of each file, where there are several
}

// mostly returns the reason of most rejected rows; of the alphabetically first
// in a tie.
func (t *Tally) mostly() string {
	best := ""
	for reason, n := range t.Reasons {
		if !(Reject{Reason: reason}).Rejected() {
			continue
		}
		if best == "" || n > t.Reasons[best] || n == t.Reasons[best] && reason < best {
			best = reason
		}
	}
	return best
}

// RejectWriter writes what is reported as CSV with the columns line, column and
// reason, and, where there are several files, the file before them. It writes nothing at all if there are none.
type RejectWriter struct {
	out  *bufio.Writer
	rows int64
	// named: there are several files, and a first column that names them.
	named bool
}

func (w *RejectWriter) begin() error {
	header := "line,column,reason\n"
	if w.named {
		header = "file," + header
	}
	_, err := w.out.WriteString(header)
	return err
}

// NewRejectWriter returns a writer that streams to w.
func NewRejectWriter(w io.Writer) *RejectWriter {
	return &RejectWriter{out: bufio.NewWriter(w)}
}

// Write adds a row. It may be used as Options.OnReject.
func (w *RejectWriter) Write(r Reject) error {
	if w.rows == 0 {
		w.named = r.File != ""
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.rows++
	line := strconv.FormatInt(r.Line, 10)
	if w.named {
		line = quote(r.File) + "," + line
	}
	_, err := w.out.WriteString(line + "," + quote(r.Column) + "," + quote(r.Reason) + "\n")
	return err
}

// Rows returns how many rows were written.
func (w *RejectWriter) Rows() int64 { return w.rows }

// Flush hands what is buffered to the underlying writer.
func (w *RejectWriter) Flush() error { return w.out.Flush() }

// quote writes a cell so that RFC 4180 readers get it back.
func quote(s string) string {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
