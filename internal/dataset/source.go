package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
)

// source is the text of a table: decompressed, limited, and in UTF-8 without a
// byte order mark, whatever it is stored in. It keeps count and digest of the
// bytes as they are stored.
type source struct {
	stored   *storedBytes
	plain    *compressed
	text     io.Reader
	encoding Encoding
	sample   *sampledText // nil if all of it is read
	closers  []io.Closer
}

// sampleBytes is how much of the data its encoding is judged by.
const sampleBytes = 1 << 20

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

// openSource takes over an open file.
func openSource(file io.ReadCloser, opts Options) (*source, error) {
	s := &source{closers: []io.Closer{file}}
	s.stored = &storedBytes{r: file, digest: sha256.New()}
	if err := s.layers(opts); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// layers builds what lies between stored bytes and text.
func (s *source) layers(opts Options) error {
	in := bufio.NewReaderSize(s.stored, 64<<10)
	plain, err := s.decompressed(in, opts)
	if err != nil {
		return err
	}
	s.plain = plain
	sampled := bufio.NewReaderSize(plain, sampleBytes)
	head, err := sampled.Peek(sampleBytes)
	if err != nil && err != io.EOF {
		return err
	}
	if err := checkSignature(head); err != nil {
		return err
	}
	if s.encoding, err = chooseEncoding(head, opts.Dialect.Encoding); err != nil {
		return err
	}
	s.text = decoded(sampled, s.encoding, head)
	if quote := opts.Dialect.Quote; quote != "" && quote != `"` {
		s.text = &quoteSwapper{s.text, quote}
	}
	if opts.Sample > 0 {
		s.sample = &sampledText{r: s.text, left: opts.Sample, used: func() int64 {
			share := float64(plain.n-int64(sampled.Buffered())) / float64(max(plain.n, 1))
			return int64(float64(s.stored.n-int64(in.Buffered())) * share)
		}}
		s.text = s.sample
	}
	return nil
}

// Read reads text.
func (s *source) Read(p []byte) (int, error) { return s.text.Read(p) }

// identify writes the stored bytes' count and digest into the tally. They are
// those of the whole source once Read has returned io.EOF. Of a sample, the
// bytes are those that its text takes, as far as the buffers tell.
func (s *source) identify(t *Tally) {
	if s.sample != nil {
		t.Bytes, t.Sampled = s.sample.used(), s.sample.cut
		return
	}
	t.Bytes = s.stored.n
	t.SHA256 = hex.EncodeToString(s.stored.digest.Sum(nil))
}

// Close closes the decompressor, if any, and the file.
func (s *source) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}
