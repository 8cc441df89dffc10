package dataset

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"

	"github.com/parquet-go/parquet-go/format"

	"retrain/internal/fault"
)

const (
	// maxPage limits a page's size. Writers aim at 1 MiB, and some put a whole
	// row group's part of a column into one page.
	maxPage = 256 << 20
	// maxPageHeader limits the header of a page, whose statistics may hold two
	// values.
	maxPageHeader = 16 << 10
)

// pageBudget limits the memory of all pages that are in use at a time.
type pageBudget struct {
	left   atomic.Int64 // bytes
	buffer int          // bytes that are read at once for a column
}

// resize takes notice that a buffer of so many bytes may be replaced by
// another one.
func (b *pageBudget) resize(old, new int) error {
	if new > old && b.left.Add(int64(old-new)) < 0 {
		return b.tooLarge()
	}
	return nil
}

func (b *pageBudget) tooLarge() error {
	return fault.New(fault.TooLarge, "The Parquet file's pages are larger than the limit.").
		At("Pages too large", "pages_too_large", "data")
}

var (
	errCutOff     = errors.New("its pages are cut off")
	errPageHeader = errors.New("a page header is too long or malformed")
	errPageCRC    = errors.New("a page has a wrong checksum")
	errPageValue  = errors.New("a page does not hold what it says")
	errCompressed = errors.New("a page cannot be decompressed")
	errCodec      = errors.New("its compression is not supported; snappy, gzip, zstd and lz4_raw are")
	errEncoding   = errors.New("its encoding is not supported")
)

// pageReader reads the pages of a column, chunk by chunk. The current page's
// levels and values are decoded only as they are asked for.
type pageReader struct {
	file   io.ReaderAt
	leaf   *parquetLeaf
	chunks []parquetChunk
	budget *pageBudget

	in     *bufio.Reader // the rest of the current chunk
	codec  format.CompressionCodec
	left   int64 // values of the chunk that lie behind the current page
	stored []byte
	page   []byte // the current page, decompressed
	dict   []byte // the chunk's dictionary page, decompressed
	// dictSize is the number of values in the dictionary; -1 if there is none.
	dictSize int
	newDict  bool // the dictionary has not been looked at

	rows     int // of the current page that are still to come
	nullable bool
	levels   hybridReader
	encoding format.Encoding
	values   []byte       // Plain, ByteStreamSplit, and the texts of DeltaLengthByteArray
	bit      int          // of values, for plain booleans
	split    int          // how many values have been read, for ByteStreamSplit
	indices  hybridReader // RLE (of booleans) and RLEDictionary
	deltas   *deltaReader // DeltaBinaryPacked, and the lengths of DeltaLengthByteArray
	prefixes *deltaReader // of DeltaByteArray
	text     []byte       // the last one of DeltaByteArray
}

// fail names the column in an error of its pages.
func (p *pageReader) fail(err error) error {
	return fmt.Errorf("column %q: %w", p.leaf.name, err)
}

// ready makes sure that the current page has rows to come. Behind the last one
// it returns io.EOF.
func (p *pageReader) ready() error {
	for p.rows == 0 {
		if p.left == 0 {
			if len(p.chunks) == 0 {
				return io.EOF
			}
			p.openChunk(&p.chunks[0])
			p.chunks = p.chunks[1:]
			continue
		}
		if err := p.nextPage(); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				err = errCutOff
			}
			return p.fail(err)
		}
	}
	return nil
}

func (p *pageReader) openChunk(c *parquetChunk) {
	section := io.NewSectionReader(p.file, c.offset, c.size)
	if want := min(c.size, int64(p.budget.buffer)); p.in == nil || int64(p.in.Size()) < want {
		p.in = bufio.NewReaderSize(section, int(max(want, 1<<10)))
	} else {
		p.in.Reset(section)
	}
	p.codec, p.left, p.dictSize = c.codec, c.values, -1
}

// nextPage reads a page. A dictionary is kept, a data page becomes the current
// one, any other is left out.
func (p *pageReader) nextPage() error {
	h, err := p.readHeader()
	if err != nil {
		return err
	}
	if err := p.budget.resize(cap(p.stored), int(h.compressed)); err != nil {
		return err
	}
	if p.stored, err = readFull(p.in, p.stored, int(h.compressed)); err != nil {
		return err
	}
	if h.hasCRC && crc32.ChecksumIEEE(p.stored) != h.crc {
		return errPageCRC
	}
	switch h.kind {
	case format.DictionaryPage:
		return p.readDictionary(h)
	case format.DataPage:
		return p.readPageV1(h)
	case format.DataPageV2:
		return p.readPageV2(h)
	}
	return nil
}

// readHeader reads a page header, whose length only it knows itself.
func (p *pageReader) readHeader() (pageHeader, error) {
	limit := min(maxPageHeader, p.in.Size())
	for n := 64; ; n *= 4 {
		n = min(n, limit)
		head, peekErr := p.in.Peek(n)
		h, length, err := parsePageHeader(head)
		if err == nil {
			if h.compressed > maxPage || h.uncompressed > maxPage {
				return h, p.budget.tooLarge()
			}
			_, err = p.in.Discard(length)
			return h, err
		}
		if peekErr != nil && len(head) == 0 {
			return h, peekErr
		}
		if peekErr != nil || n == limit {
			return h, errPageHeader
		}
	}
}

// readFull reads n bytes into buf, or into a larger one. It does not allocate
// more than twice of what is really there.
func readFull(r io.Reader, buf []byte, n int) ([]byte, error) {
	buf = buf[:0]
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, max(2*cap(buf), 64<<10)))
			copy(grown, buf)
			buf = grown
		}
		from := len(buf)
		buf = buf[:min(n, cap(buf))]
		if _, err := io.ReadFull(r, buf[from:]); err != nil {
			return buf[:0], err
		}
	}
	return buf, nil
}

// unpack decompresses what is stored into a buffer of the given size, which
// the budget must allow.
func (p *pageReader) unpack(buf, stored []byte, size int64, codec format.CompressionCodec) ([]byte, error) {
	if err := plausible(int64(len(stored)), size, codec); err != nil {
		return buf, err
	}
	if err := p.budget.resize(cap(buf), int(size)); err != nil {
		return buf, err
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	return buf, decompress(buf, stored, codec)
}

func (p *pageReader) readDictionary(h pageHeader) (err error) {
	if h.encoding != format.Plain && h.encoding != format.PlainDictionary {
		return errEncoding
	}
	if p.dict, err = p.unpack(p.dict, p.stored, h.uncompressed, p.codec); err != nil {
		return err
	}
	p.dictSize, p.newDict = int(h.values), true
	if h.values > h.uncompressed {
		return errPageValue
	}
	return nil
}

// readPageV1 takes a data page of version 1: levels with their length, then
// values, compressed together.
func (p *pageReader) readPageV1(h pageHeader) (err error) {
	if p.page, err = p.unpack(p.page, p.stored, h.uncompressed, p.codec); err != nil {
		return err
	}
	values := p.page
	if p.nullable {
		if h.levels != format.RLE {
			return errEncoding
		}
		if len(values) < 4 {
			return errPageValue
		}
		n := uint64(binary.LittleEndian.Uint32(values))
		if n > uint64(len(values)-4) {
			return errPageValue
		}
		p.levels = hybridReader{b: values[4 : 4+n], width: 1}
		values = values[4+n:]
	}
	return p.begin(h, values)
}

// readPageV2 takes a data page of version 2: levels without a length and
// uncompressed, then values.
func (p *pageReader) readPageV2(h pageHeader) (err error) {
	levels := h.repetitionBytes + h.definitionBytes
	if levels > int64(len(p.stored)) || levels > h.uncompressed {
		return errPageValue
	}
	codec := p.codec
	if h.plain {
		codec = format.Uncompressed
	}
	if p.page, err = p.unpack(p.page, p.stored[levels:], h.uncompressed-levels, codec); err != nil {
		return err
	}
	if p.nullable {
		definition := append([]byte(nil), p.stored[h.repetitionBytes:levels]...)
		p.levels = hybridReader{b: definition, width: 1}
	}
	return p.begin(h, p.page)
}

// begin makes the page the current one.
func (p *pageReader) begin(h pageHeader, values []byte) error {
	if h.values > p.left {
		return errPageValue
	}
	p.left -= h.values
	p.rows = int(h.values)
	p.encoding, p.values, p.bit, p.split = h.encoding, values, 0, 0
	switch h.encoding {
	case format.Plain:
		return nil
	case format.PlainDictionary, format.RLEDictionary:
		p.encoding = format.RLEDictionary
		return p.beginIndices(values)
	case format.RLE:
		if p.leaf.physical == format.Boolean && len(values) >= 4 {
			p.indices = hybridReader{b: values[4:], width: 1}
			return nil
		}
	case format.ByteStreamSplit:
		if p.leaf.width() > 0 {
			return nil
		}
	case format.DeltaBinaryPacked:
		if p.leaf.physical == format.Int32 || p.leaf.physical == format.Int64 {
			return p.beginDeltas(values)
		}
	case format.DeltaLengthByteArray:
		if p.leaf.physical == format.ByteArray {
			return p.beginDeltas(values)
		}
	case format.DeltaByteArray:
		if p.leaf.physical == format.ByteArray || p.leaf.physical == format.FixedLenByteArray {
			return p.beginPrefixes(values)
		}
	}
	return errEncoding
}

// beginDeltas expects integers as differences, and behind them, if they are
// lengths, the texts. A page of nulls only may have neither.
func (p *pageReader) beginDeltas(values []byte) error {
	p.deltas = new(deltaReader)
	if len(values) == 0 {
		return nil
	}
	var ok bool
	if p.deltas, ok = newDeltaReader(values); !ok {
		return errPageValue
	}
	if p.values, ok = p.deltas.rest(); !ok {
		return errPageValue
	}
	return nil
}

// beginPrefixes expects how many bytes each text shares with the one before it,
// and behind that the rest of each as beginDeltas does.
func (p *pageReader) beginPrefixes(values []byte) error {
	p.prefixes, p.text = new(deltaReader), p.text[:0]
	if len(values) == 0 {
		return p.beginDeltas(values)
	}
	var ok bool
	if p.prefixes, ok = newDeltaReader(values); !ok {
		return errPageValue
	}
	rest, ok := p.prefixes.rest()
	if !ok {
		return errPageValue
	}
	return p.beginDeltas(rest)
}

// beginIndices expects the width of the indices, then the indices. A page of
// nulls only may have neither.
func (p *pageReader) beginIndices(values []byte) error {
	if p.dictSize < 0 {
		return errPageValue
	}
	if len(values) == 0 {
		p.indices = hybridReader{}
		return nil
	}
	if values[0] > 32 {
		return errPageValue
	}
	p.indices = hybridReader{b: values[1:], width: uint(values[0])}
	return nil
}

// present reads the levels of the next rows, at most len(levels) of them and
// at most those of the current page. It returns how many rows and how many of
// them have a value.
func (p *pageReader) present(levels []uint32) (rows, values int, err error) {
	rows = min(p.rows, len(levels))
	p.rows -= rows
	if !p.nullable {
		return rows, rows, nil
	}
	if !p.levels.read(levels[:rows]) {
		return 0, 0, p.fail(errPageValue)
	}
	for _, level := range levels[:rows] {
		if level > 1 {
			return 0, 0, p.fail(errPageValue)
		}
		values += int(level)
	}
	return rows, values, nil
}

// readIndices reads indices into the dictionary, or booleans in RLE.
func (p *pageReader) readIndices(dst []uint32, size int) error {
	if len(dst) > 0 && !p.indices.read(dst) {
		return p.fail(errPageValue)
	}
	for _, i := range dst {
		if int(i) >= size {
			return p.fail(errPageValue)
		}
	}
	return nil
}

// take takes n plain bytes.
func (p *pageReader) take(n int) ([]byte, error) {
	if n > len(p.values) {
		return nil, p.fail(errPageValue)
	}
	b := p.values[:n]
	p.values = p.values[n:]
	return b, nil
}

// readBits reads plain booleans: bits, the lowest first.
func (p *pageReader) readBits(dst []uint32) error {
	if p.bit+len(dst) > 8*len(p.values) {
		return p.fail(errPageValue)
	}
	for i := range dst {
		dst[i] = uint32(p.values[p.bit>>3]>>(p.bit&7)) & 1
		p.bit++
	}
	return nil
}

// nextText returns the page's next text, which is valid until the one after it
// is asked for.
func (p *pageReader) nextText() ([]byte, error) {
	switch {
	case p.encoding == format.DeltaByteArray:
		return p.nextPrefixed()
	case p.encoding == format.Plain && p.leaf.physical == format.FixedLenByteArray:
		return p.take(p.leaf.width())
	case p.encoding == format.ByteStreamSplit:
		return nil, p.fail(errEncoding)
	case p.encoding == format.Plain:
		text, rest, ok := plainText(p.values)
		if !ok {
			return nil, p.fail(errPageValue)
		}
		p.values = rest
		return text, nil
	}
	return p.nextSized()
}

// nextSized returns the next text of DeltaLengthByteArray.
func (p *pageReader) nextSized() ([]byte, error) {
	n, ok := p.deltas.next()
	if !ok || n < 0 || n > int64(len(p.values)) {
		return nil, p.fail(errPageValue)
	}
	return p.take(int(n))
}

// maxPrefixed limits the bytes of a text of DeltaByteArray, where few bytes of a
// page can stand for many.
const maxPrefixed = 1 << 20

// nextPrefixed returns the next text of DeltaByteArray.
func (p *pageReader) nextPrefixed() ([]byte, error) {
	shared, ok := p.prefixes.next()
	if !ok || shared < 0 || shared > int64(len(p.text)) {
		return nil, p.fail(errPageValue)
	}
	rest, err := p.nextSized()
	if err != nil {
		return nil, err
	}
	if p.text = append(p.text[:shared], rest...); len(p.text) > maxPrefixed {
		return nil, p.fail(errPageValue)
	}
	if n := p.leaf.width(); n > 0 && len(p.text) != n {
		return nil, p.fail(errPageValue)
	}
	return p.text, nil
}

// plainText cuts a plain byte array off b: its length in 4 bytes, then the
// bytes.
func plainText(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, b, false
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > uint64(len(b)-4) {
		return nil, b, false
	}
	return b[4 : 4+n], b[4+n:], true
}
