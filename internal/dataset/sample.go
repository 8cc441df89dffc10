package dataset

import "io"

// sampledText is the beginning of a text. It may end within a row, which is not
// read then.
type sampledText struct {
	r    io.Reader
	left int64
	cut  bool         // there is more
	used func() int64 // stored bytes that what has been read takes
}

// Read reads text.
func (s *sampledText) Read(p []byte) (int, error) {
	if s.left > 0 {
		n, err := s.r.Read(p[:min(int64(len(p)), s.left)])
		s.left -= int64(n)
		return n, err
	}
	if !s.cut {
		n, err := io.ReadFull(s.r, make([]byte, 1))
		s.cut = n > 0
		return 0, err
	}
	return 0, io.EOF
}

// isCut reports whether the source ends before its end.
func (s *source) isCut() bool { return s.sample != nil && s.sample.cut }

// sampledRows returns how many of a Parquet file's rows the sample holds, taking
// all rows for alike.
func (o *Options) sampledRows(rows, size int64) int64 {
	if o.Sample == 0 || size <= o.Sample {
		return rows
	}
	return min(rows, int64(float64(rows)*(float64(o.Sample)/float64(size)))+1)
}
