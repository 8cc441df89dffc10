package dataset

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"retrain/internal/fault"
)

const (
	utf8BOM    = "\xef\xbb\xbf"
	utf16leBOM = "\xff\xfe"
	utf16beBOM = "\xfe\xff"
)

// chooseEncoding takes the encoding that is asked for, or else finds it. Of
// UTF-16 it takes the byte order that a byte order mark or the data shows.
func chooseEncoding(head []byte, asked Encoding) (Encoding, error) {
	found := findEncoding(head)
	if asked == "" {
		return found, nil
	}
	wide := found == UTF16LE || found == UTF16BE
	switch {
	case asked == UTF16 && wide:
		return found, nil
	case asked == UTF16:
		return UTF16LE, nil
	case wide && asked != found:
		return "", fault.New(fault.InvalidData, "The data is not in %s, the encoding that was asked for, but in %s.", asked, found).
			At("Wrong encoding", "wrong_encoding", "data")
	}
	return asked, nil
}

// findEncoding judges by the first bytes. A byte order mark decides. Without
// one, many zero bytes in every other place and few in the rest are UTF-16. What then is not UTF-8, nor
// UTF-8 with some damage, is Windows-1252 if that makes it printable text.
func findEncoding(head []byte) Encoding {
	switch {
	case bytes.HasPrefix(head, []byte(utf8BOM)):
		return UTF8
	case bytes.HasPrefix(head, []byte(utf16leBOM)):
		return UTF16LE
	case bytes.HasPrefix(head, []byte(utf16beBOM)):
		return UTF16BE
	}
	switch even, odd := zeros(head); {
	case 8*odd >= len(head) && 8*even <= odd && odd > 1:
		return UTF16LE
	case 8*even >= len(head) && 8*odd <= even && even > 1:
		return UTF16BE
	}
	if isWestern(head) {
		return Windows1252
	}
	return UTF8
}

// zeros counts the zero bytes in even and odd places.
func zeros(head []byte) (even, odd int) {
	for i, c := range head {
		switch {
		case c != 0:
		case i%2 == 0:
			even++
		default:
			odd++
		}
	}
	return even, odd
}

// isWestern reports whether text is Windows-1252 rather than UTF-8: it has
// bytes beyond ASCII, none of them part of a character in UTF-8, and all of
// them printable. The two that make the byte order marks of UTF-16 do not
// count as such (þ and ÿ; either is rare at best in what they spell), nor does
// a character that the sample's end may have cut.
//
// Letters beside digits speak against it. Text has them now and then (2ème),
// but bytes that were damaged anywhere in a table hit its numbers, too: to take
// them for letters would make text of columns of numbers.
func isWestern(head []byte) bool {
	found, stray := 0, 0
	for i := 0; i < len(head); i++ {
		c := head[i]
		if c < utf8.RuneSelf {
			continue
		}
		if r, size := utf8.DecodeRune(head[i:]); r != utf8.RuneError || size > 1 {
			return false
		}
		if !utf8.FullRune(head[i:]) {
			break
		}
		if windows1252[c-0x80] == rune(c) && c < 0xa0 || c >= 0xfe {
			return false
		}
		found++
		if unicode.IsLetter(windows1252[c-0x80]) && besideDigit(head, i) {
			stray++
		}
	}
	return found > 0 && maxStray*stray <= found
}

// maxStray is the number of high bytes of which one may be a letter beside a
// digit.
const maxStray = 20

func isDigit(c byte) bool { return c-'0' <= 9 }

func besideDigit(text []byte, i int) bool {
	return i > 0 && isDigit(text[i-1]) || i+1 < len(text) && isDigit(text[i+1])
}

// decoded returns text in UTF-8, without a byte order mark, that begins with
// head. What the encoding does not allow becomes a byte that is invalid in
// UTF-8, so that its row is rejected and nothing vanishes.
func decoded(r io.Reader, e Encoding, head []byte) io.Reader {
	var mark string
	var decode decoder
	switch e {
	case UTF8:
		mark = utf8BOM
	case UTF16LE:
		mark, decode = utf16leBOM, decodeUTF16(binary.LittleEndian)
	case UTF16BE:
		mark, decode = utf16beBOM, decodeUTF16(binary.BigEndian)
	case Latin1:
		decode = decodeBytes(&latin1)
	case Windows1252:
		decode = decodeBytes(&windows1252)
	}
	if bytes.HasPrefix(head, []byte(mark)) {
		r = &markSkipper{r, len(mark)}
	}
	if decode == nil {
		return r
	}
	return &transcoder{src: r, decode: decode, in: make([]byte, 32<<10), out: make([]byte, 0, 96<<10)}
}

// markSkipper leaves out the first bytes of a stream, which are known to exist.
type markSkipper struct {
	r    io.Reader
	skip int
}

func (m *markSkipper) Read(p []byte) (int, error) {
	if m.skip > 0 {
		n, err := io.ReadFull(m.r, make([]byte, m.skip))
		if m.skip -= n; err != nil {
			return 0, err
		}
	}
	return m.r.Read(p)
}

// decoder appends to dst the UTF-8 of whole characters at the beginning of src
// and returns it with the number of bytes used. If they are the last ones, it
// uses all of them.
type decoder func(dst, src []byte, last bool) ([]byte, int)

// invalidByte occurs nowhere in UTF-8.
const invalidByte = 0xff

// transcoder turns a stream into UTF-8. Of what it reads at once, no more than
// three bytes are left over; nothing becomes more than three times as long.
type transcoder struct {
	src    io.Reader
	decode decoder
	in     []byte
	rest   int    // bytes at the beginning of in that are not decoded yet
	out    []byte // decoded, of which
	at     int    // bytes are handed out
	err    error
}

func (t *transcoder) Read(p []byte) (int, error) {
	for t.at == len(t.out) {
		if t.err != nil {
			return 0, t.err
		}
		n, err := t.src.Read(t.in[t.rest:])
		t.err = err
		n += t.rest
		used := 0
		t.out, used = t.decode(t.out[:0], t.in[:n], err == io.EOF)
		t.at, t.rest = 0, copy(t.in, t.in[used:n])
	}
	n := copy(p, t.out[t.at:])
	t.at += n
	return n, nil
}

// decodeUTF16 reads units of two bytes (RFC 2781, section 2.2).
func decodeUTF16(order binary.ByteOrder) decoder {
	return func(dst, src []byte, last bool) ([]byte, int) {
		i := 0
		for i+1 < len(src) {
			r := rune(order.Uint16(src[i:]))
			switch {
			case r < utf8.RuneSelf:
				dst = append(dst, byte(r))
			case !utf16.IsSurrogate(r):
				dst = utf8.AppendRune(dst, r)
			case i+3 >= len(src) && !last:
				return dst, i
			default:
				pair := utf8.RuneError
				if i+3 < len(src) {
					pair = utf16.DecodeRune(r, rune(order.Uint16(src[i+2:])))
				}
				if pair == utf8.RuneError {
					dst = append(dst, invalidByte)
				} else {
					dst = utf8.AppendRune(dst, pair)
					i += 2
				}
			}
			i += 2
		}
		if last && i < len(src) {
			dst, i = append(dst, invalidByte), i+1
		}
		return dst, i
	}
}

// decodeBytes reads an encoding of one byte a character, of which the first 128
// are ASCII.
func decodeBytes(upper *[128]rune) decoder {
	return func(dst, src []byte, _ bool) ([]byte, int) {
		for _, c := range src {
			if c < utf8.RuneSelf {
				dst = append(dst, c)
			} else {
				dst = utf8.AppendRune(dst, upper[c-0x80])
			}
		}
		return dst, len(src)
	}
}

// latin1 is the upper half of ISO 8859-1, windows1252 that of Windows-1252 as
// the WHATWG Encoding Standard has it: the bytes that Microsoft left undefined
// are the control characters of their number.
var latin1, windows1252 = upperHalves()

func upperHalves() (latin, windows [128]rune) {
	for i := range latin {
		latin[i] = rune(0x80 + i)
	}
	windows = latin
	copy(windows[:], []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"))
	return latin, windows
}
