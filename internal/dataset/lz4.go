package dataset

import "encoding/binary"

// decompressLZ4 decodes an LZ4 block, without a frame, that must fill dst. A
// block is a sequence of literals and copies: a token with the lengths of both
// in four bits each, 15 meaning that bytes follow which add to it, the
// literals, the distance of the copy in two bytes. The last sequence has
// literals only.
//
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
func decompressLZ4(dst, src []byte) bool {
	at := 0
	for len(src) > 0 {
		token := src[0]
		n, rest, ok := lz4Length(int(token>>4), src[1:], len(dst)-at)
		if !ok || n > len(rest) || n > len(dst)-at {
			return false
		}
		at += copy(dst[at:], rest[:n])
		if src = rest[n:]; len(src) == 0 {
			break
		}
		if len(src) < 2 {
			return false
		}
		distance := int(binary.LittleEndian.Uint16(src))
		n, src, ok = lz4Length(int(token&15), src[2:], len(dst)-at)
		if n += 4; !ok || distance == 0 || distance > at || n > len(dst)-at {
			return false
		}
		for range n { // byte by byte, since a copy may overlap itself
			dst[at] = dst[at-distance]
			at++
		}
	}
	return at == len(dst)
}

// lz4Length completes a length, and gives up beyond the limit.
func lz4Length(n int, b []byte, limit int) (int, []byte, bool) {
	if n < 15 {
		return n, b, true
	}
	for len(b) > 0 && n <= limit {
		more := b[0]
		n, b = n+int(more), b[1:]
		if more < 255 {
			return n, b, true
		}
	}
	return 0, nil, false
}
