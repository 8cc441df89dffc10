package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"

	"retrain/internal/fault"
)

// source is the plain bytes of a CSV table: decompressed if they are gzip, and
// limited. It keeps count and digest of the bytes as they are stored.
type source struct {
	stored  *storedBytes
	plain   io.Reader
	zipped  bool
	left    int64 // bytes that may still come
	closers []io.Closer
}

// storedBytes passes a stream through, counting and digesting it, and keeps
// its error apart from those of a decompressor on top of it.
type storedBytes struct {
	r      io.Reader
	digest hash.Hash
	n      int64
	err    error
}

func (s *storedBytes) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.digest.Write(p[:n])
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// openSource takes over an open file. Gzip is known by its first two bytes (RFC
// 1952, section 2.3.1).
func openSource(file io.ReadCloser, opts Options) (*source, error) {
	s := &source{left: opts.MaxBytes, closers: []io.Closer{file}}
	s.stored = &storedBytes{r: file, digest: sha256.New()}
	buffered := bufio.NewReaderSize(s.stored, 64<<10)
	s.plain = buffered
	magic, err := buffered.Peek(2)
	if err != nil && err != io.EOF {
		s.Close()
		return nil, err
	}
	if string(magic) == "\x1f\x8b" {
		if err := s.unzip(buffered); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *source) unzip(r io.Reader) error {
	s.zipped = true
	z, err := gzip.NewReader(r)
	if err != nil {
		return s.explain(err)
	}
	s.plain = z
	s.closers = append(s.closers, z)
	return nil
}

// Read reads plain bytes. Running out of the budget is fault.TooLarge.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.plain.Read(p)
	s.left -= int64(n)
	if s.left < 0 {
		return 0, fault.New(fault.TooLarge, "The data is larger than the limit after decompression.").
			At("Too many bytes", "too_many_bytes", "data")
	}
	if err != nil && err != io.EOF {
		err = s.explain(err)
	}
	return n, err
}

// explain tells an error of the storage, which passes unchanged, from gzip
// data that is wrong in itself.
func (s *source) explain(err error) error {
	if s.stored.err != nil || !s.zipped {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Wrap(fault.InvalidData, err, "The gzip data is cut off.")
	}
	return fault.Wrap(fault.InvalidData, err, "The gzip data is damaged.")
}

// identify writes the stored bytes' count and digest into the tally. They are
// those of the whole source once Read has returned io.EOF.
func (s *source) identify(t *Tally) {
	t.Bytes = s.stored.n
	t.SHA256 = hex.EncodeToString(s.stored.digest.Sum(nil))
}

// Close closes the decompressor, if any, and the file.
func (s *source) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	return errors.Join(errs...)
}
