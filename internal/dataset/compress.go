package dataset

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"retrain/internal/fault"
)

// compressed is decompressed data with its limits. It tells errors of the
// storage, which pass unchanged, from data that is wrong in itself.
type compressed struct {
	stored *storedBytes
	r      io.Reader
	name   string // gzip or zstd; "" if the data is not compressed
	opts   Options
	n      int64 // plain bytes so far
}

// minBomb is how many bytes data may decompress to, whatever its ratio.
const minBomb = 64 << 20

// decompressed returns the plain bytes. Gzip and zstd are told by how they
// begin (RFC 1952, section 2.3.1; RFC 8878, section 3.1); members and frames
// that follow one another are one stream.
func (s *source) decompressed(in *bufio.Reader, opts Options) (*compressed, error) {
	c := &compressed{stored: s.stored, r: in, opts: opts}
	magic, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case len(magic) >= 2 && string(magic[:2]) == "\x1f\x8b":
		c.name = "gzip"
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, c.explain(err)
		}
		s.closers = append(s.closers, z)
		c.r = z
	case isZstd(magic):
		c.name = "zstd"
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(opts.MaxZstdWindow)))
		if err != nil {
			return nil, c.explain(err)
		}
		closer := z.IOReadCloser()
		s.closers = append(s.closers, closer)
		c.r = closer
	}
	return c, nil
}

// isZstd knows a frame, or a skippable one (RFC 8878, section 3.1.2).
func isZstd(magic []byte) bool {
	return string(magic) == "\x28\xb5\x2f\xfd" || len(magic) == 4 && magic[0]&0xf0 == 0x50 && string(magic[1:]) == "\x2a\x4d\x18"
}

// Read reads plain bytes. Running out of a budget is fault.TooLarge.
func (c *compressed) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	switch {
	case c.n > c.opts.MaxBytes:
		return 0, fault.New(fault.TooLarge, "The data is larger than the limit after decompression, %d bytes.", c.opts.MaxBytes).
			At("Too many bytes", "too_many_bytes", "data")
	case c.n > minBomb && c.name != "" && c.n/c.opts.MaxRatio > c.stored.n:
		return 0, fault.New(fault.TooLarge, "The %s data decompresses to more than %d times its size, which is the limit.", c.name, c.opts.MaxRatio).
			At("Compressed too well", "compression_ratio", "data")
	}
	if err != nil && err != io.EOF {
		err = c.explain(err)
	}
	return n, err
}

func (c *compressed) explain(err error) error {
	switch {
	case c.stored.err != nil || c.name == "":
		return err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fault.Wrap(fault.TooLarge, err, "The zstd data needs a window of more than %d bytes, which is the limit; compress it without --long or --ultra.",
			c.opts.MaxZstdWindow).At("Window too large", "zstd_window", "data")
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.InvalidData, err, "The %s data is cut off.", c.name)
	}
	return fault.Wrap(fault.InvalidData, err, "The %s data is damaged.", c.name)
}
