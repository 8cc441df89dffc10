package dataset

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Reject is a row that could not be used. Where a misplaced quote leaves open
// how far the row extends, each of the lines that it may have covered is
// reported.
type Reject struct {
	Line   int64  // where the row begins; 1 is the first line of the file
	Column string // the column at fault; "" if it is the row as a whole
	Reason string // one of the Reason phrases, never any content
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
)

// Tally counts what a pass has read.
type Tally struct {
	Read     int64            // rows, the header aside
	Used     int64            // rows that became part of the table
	Rejected int64            // rows that could not be used
	Reasons  map[string]int64 // the rejected rows by reason
	Bytes    int64            // of the source as it is stored
	SHA256   string           // of those bytes, in hexadecimal
}

// mostly returns the reason of most rejected rows; of the alphabetically first
// in a tie.
func (t *Tally) mostly() string {
	best := ""
	for reason, n := range t.Reasons {
		if best == "" || n > t.Reasons[best] || n == t.Reasons[best] && reason < best {
			best = reason
		}
	}
	return best
}

// RejectWriter writes rejected rows as CSV with the columns line, column and
// reason. It writes nothing at all if there are none.
type RejectWriter struct {
	out  *bufio.Writer
	rows int64
}

// NewRejectWriter returns a writer that streams to w.
func NewRejectWriter(w io.Writer) *RejectWriter {
	return &RejectWriter{out: bufio.NewWriter(w)}
}

// Write adds a row. It may be used as Options.OnReject.
func (w *RejectWriter) Write(r Reject) error {
	if w.rows == 0 {
		if _, err := w.out.WriteString("line,column,reason\n"); err != nil {
			return err
		}
	}
	w.rows++
	line := strconv.FormatInt(r.Line, 10)
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
