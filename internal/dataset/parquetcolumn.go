package dataset

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/format"
)

// decodeRows is how many rows are decoded at once.
const decodeRows = 1024

// columnDecoder turns a column's pages into numbers or codes.
type columnDecoder struct {
	pageReader
	levels     [decodeRows]uint32
	scratch    [decodeRows]uint32
	outOfRange int64

	dictNumbers []float64 // of a numeric column's dictionary page
	dictTexts   [][]byte  // of a text column's
	dictCodes   []int32   // what they are in texts; unset if not met yet

	texts   *textDict // of a text column
	hash    columnHash
	hashing bool // the hash of what texts does not hold is wanted
	beyond  []uint64
}

// textDict is the dictionary of a text column over a whole file. It grows as
// the file is read.
type textDict struct {
	*dictionary
	overflow bool
	opts     Options
}

// unset marks a value of a dictionary page that has not been met yet. Codes
// are given in the order of rows, not of dictionary pages.
const unset int32 = math.MinInt32

// code returns the code of a text: a new one, MissingCode or OverflowCode if
// need be.
func (t *textDict) code(text []byte) int32 {
	if code, ok := t.find(text); ok {
		return code
	}
	switch {
	case isMissing(text):
		return MissingCode
	case t.overflow || !t.fits(len(text), t.opts.MaxDistinct, t.opts.MaxDictBytes):
		t.overflow = true
		return OverflowCode
	}
	return t.add(text)
}

// numbers fills dst with the next rows: NaN where there is no number.
func (c *columnDecoder) numbers(dst []float64) error {
	for len(dst) > 0 {
		if err := c.ready(); err != nil {
			return err
		}
		levels := c.levels[:min(len(dst), decodeRows)]
		rows, values, err := c.present(levels)
		if err != nil {
			return err
		}
		if err := c.decodeNumbers(dst[:values]); err != nil {
			return err
		}
		spread(dst[:rows], levels[:rows], values, math.NaN())
		dst = dst[rows:]
	}
	return nil
}

// codes fills dst with the next rows of a text column. beyond, if hashes are
// wanted, receives what each row adds whose code is OverflowCode.
func (c *columnDecoder) codes(dst []int32, beyond []uint64) error {
	for len(dst) > 0 {
		if err := c.ready(); err != nil {
			return err
		}
		levels := c.levels[:min(len(dst), decodeRows)]
		rows, values, err := c.present(levels)
		if err != nil {
			return err
		}
		c.beyond = nil
		if c.hashing {
			c.beyond = beyond[:values]
		}
		if err := c.decodeCodes(dst[:values]); err != nil {
			return err
		}
		spread(dst[:rows], levels[:rows], values, MissingCode)
		if c.hashing {
			spread(beyond[:rows], levels[:rows], values, 0)
			beyond = beyond[rows:]
		}
		dst = dst[rows:]
	}
	return nil
}

// spread moves the first n values of dst to the rows whose level is 1, and
// writes missing into the others.
func spread[T any](dst []T, levels []uint32, n int, missing T) {
	if n == len(dst) {
		return
	}
	for i := len(dst) - 1; i >= 0; i-- {
		if levels[i] == 1 {
			n--
			dst[i] = dst[n]
		} else {
			dst[i] = missing
		}
	}
}

func (c *columnDecoder) decodeNumbers(dst []float64) error {
	if c.leaf.physical == format.Boolean {
		return c.decodeBooleans(dst)
	}
	switch c.encoding {
	case format.RLEDictionary:
		return c.dictionaryNumbers(dst)
	case format.DeltaBinaryPacked:
		return c.deltaNumbers(dst)
	case format.ByteStreamSplit:
		return c.splitNumbers(dst)
	}
	if c.encoding == format.DeltaByteArray || c.leaf.width() == 0 {
		return c.sizedNumbers(dst)
	}
	b, err := c.take(len(dst) * c.leaf.width())
	if err != nil {
		return err
	}
	c.convert(dst, b)
	return nil
}

// sizedNumbers reads decimals that are stored like texts.
func (c *columnDecoder) sizedNumbers(dst []float64) error {
	for i := range dst {
		b, err := c.nextText()
		if err != nil {
			return err
		}
		dst[i] = c.bytesNumber(b)
	}
	return nil
}

func (c *columnDecoder) dictionaryNumbers(dst []float64) error {
	if c.newDict {
		if err := c.openNumberDict(); err != nil {
			return err
		}
	}
	indices := c.scratch[:len(dst)]
	if err := c.readIndices(indices, len(c.dictNumbers)); err != nil {
		return err
	}
	for i, k := range indices {
		dst[i] = c.dictNumbers[k]
	}
	return nil
}

// openNumberDict decodes the dictionary page.
func (c *columnDecoder) openNumberDict() error {
	width := c.leaf.width()
	least := width
	if width == 0 {
		least = 4 // a length
	}
	if least*c.dictSize > len(c.dict) {
		return c.fail(errPageValue)
	}
	c.newDict = false
	c.dictNumbers = append(c.dictNumbers[:0], make([]float64, c.dictSize)...)
	if width == 0 {
		return c.openSizedDict()
	}
	c.convert(c.dictNumbers, c.dict[:c.dictSize*width])
	return nil
}

// openSizedDict decodes a dictionary page of decimals that are stored like
// texts.
func (c *columnDecoder) openSizedDict() error {
	rest := c.dict
	for i := range c.dictNumbers {
		b, after, ok := plainText(rest)
		if !ok {
			return c.fail(errPageValue)
		}
		c.dictNumbers[i], rest = c.bytesNumber(b), after
	}
	return nil
}

func (c *columnDecoder) deltaNumbers(dst []float64) error {
	for i := range dst {
		v, ok := c.deltas.next()
		if !ok {
			return c.fail(errPageValue)
		}
		if c.leaf.physical == format.Int32 {
			v = int64(int32(v)) // differences may wrap around
		}
		dst[i] = c.integer(v)
	}
	return nil
}

// splitNumbers reads numbers whose first bytes come first, then all second
// bytes, and so on.
func (c *columnDecoder) splitNumbers(dst []float64) error {
	width := c.leaf.width()
	n := len(c.values) / width
	if len(dst) > n-c.split {
		return c.fail(errPageValue)
	}
	for i := range dst {
		c.text = c.text[:0]
		for k := range width {
			c.text = append(c.text, c.values[k*n+c.split])
		}
		c.convert(dst[i:i+1], c.text)
		c.split++
	}
	return nil
}

func (c *columnDecoder) decodeCodes(dst []int32) error {
	if c.encoding != format.RLEDictionary {
		return c.textCodes(dst)
	}
	if c.newDict {
		if err := c.openTextDict(); err != nil {
			return err
		}
	}
	indices := c.scratch[:len(dst)]
	if err := c.readIndices(indices, len(c.dictTexts)); err != nil {
		return err
	}
	for i, k := range indices {
		code := c.dictCodes[k]
		if code < 0 {
			if code == unset {
				code = c.texts.code(c.dictTexts[k])
				c.dictCodes[k] = code
			}
			if code == OverflowCode && c.hashing {
				c.beyond[i] = c.hash.cell(c.dictTexts[k])
			}
		}
		dst[i] = code
	}
	return nil
}

// openTextDict cuts the dictionary page into texts.
func (c *columnDecoder) openTextDict() error {
	const perText = 28 // bytes, beside the page
	if err := c.budget.resize(perText*cap(c.dictTexts), perText*min(c.dictSize, len(c.dict)/4)); err != nil {
		return err
	}
	c.newDict = false
	c.dictTexts, c.dictCodes = c.dictTexts[:0], c.dictCodes[:0]
	for rest := c.dict; len(c.dictTexts) < c.dictSize; {
		text, after, ok := c.plainText(rest)
		if !ok {
			return c.fail(errPageValue)
		}
		if err := c.checkText(text); err != nil {
			return err
		}
		c.dictTexts = append(c.dictTexts, text)
		c.dictCodes = append(c.dictCodes, unset)
		rest = after
	}
	return nil
}

// textCodes reads texts that are not in a dictionary page.
func (c *columnDecoder) textCodes(dst []int32) error {
	for i := range dst {
		text, err := c.nextText()
		if err != nil {
			return err
		}
		if c.leaf.meaning == asUUID {
			text = uuidText(text)
		}
		if err := c.checkText(text); err != nil {
			return err
		}
		dst[i] = c.texts.code(text)
		if dst[i] == OverflowCode && c.hashing {
			c.beyond[i] = c.hash.cell(text)
		}
	}
	return nil
}

// plainText cuts a text off a dictionary page.
func (c *columnDecoder) plainText(b []byte) (text, rest []byte, ok bool) {
	if c.leaf.meaning != asUUID {
		return plainText(b)
	}
	if n := c.leaf.width(); len(b) >= n {
		return uuidText(b[:n]), b[n:], true
	}
	return nil, b, false
}

func (c *columnDecoder) checkText(text []byte) error {
	if len(text) > c.texts.opts.MaxCell {
		return c.fail(fmt.Errorf("a text of more than %d bytes", c.texts.opts.MaxCell))
	}
	if !utf8.Valid(text) {
		return c.fail(errors.New("text that is not UTF-8"))
	}
	return nil
}

// decodeBooleans reads booleans as ones and zeros.
func (c *columnDecoder) decodeBooleans(dst []float64) error {
	bits := c.scratch[:len(dst)]
	var err error
	switch c.encoding {
	case format.Plain:
		err = c.readBits(bits)
	case format.RLE:
		err = c.readIndices(bits, 2)
	default:
		err = c.fail(errEncoding)
	}
	for i, b := range bits {
		dst[i] = float64(b)
	}
	return err
}
