package dataset

import (
	"encoding/binary"
	"errors"
)

// thriftReader reads Thrift's compact protocol from bytes that nobody vouches
// for. It allocates nothing: lengths are checked against what is there, and
// nesting is limited. After an error everything reads as zero and every
// struct as ended; the caller looks at err once, at the end.
//
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
type thriftReader struct {
	b   []byte
	at  int
	err error
}

// thriftField is the head of a struct's field.
type thriftField struct {
	id   int16
	kind byte
}

// The types of fields and elements.
const (
	thriftStop   = 0
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI8     = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

var (
	errThriftShort   = errors.New("metadata end too early")
	errThriftInvalid = errors.New("metadata are malformed")
)

// maxThriftDepth is more than any Parquet structure has.
const maxThriftDepth = 16

func (r *thriftReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.at = len(r.b)
}

func (r *thriftReader) byte() byte {
	if r.at >= len(r.b) {
		r.fail(errThriftShort)
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *thriftReader) varint() uint64 {
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 {
		r.fail(errThriftShort)
		return 0
	}
	r.at += n
	return v
}

// zigzag reads a signed integer of any width.
func (r *thriftReader) zigzag() int64 {
	v := r.varint()
	return int64(v>>1) ^ -int64(v&1)
}

// next reads the head of a struct's next field into f, which is zero before
// the first. It returns false at the struct's end.
func (r *thriftReader) next(f *thriftField) bool {
	head := r.byte()
	if r.err != nil || head == thriftStop {
		return false
	}
	f.kind = head & 0x0f
	if delta := int16(head >> 4); delta != 0 {
		f.id += delta
	} else {
		f.id = int16(r.zigzag())
	}
	return r.err == nil
}

// integer reads the value of a field that must be an integer.
func (r *thriftReader) integer(f thriftField) int64 {
	switch f.kind {
	case thriftI8:
		return int64(int8(r.byte()))
	case thriftI16, thriftI32, thriftI64:
		return r.zigzag()
	}
	r.fail(errThriftInvalid)
	return 0
}

// boolean reads the value of a field that must be a boolean.
func (r *thriftReader) boolean(f thriftField) bool {
	if f.kind != thriftTrue && f.kind != thriftFalse {
		r.fail(errThriftInvalid)
	}
	return f.kind == thriftTrue
}

// bytes reads the value of a field that must be binary. It is part of the
// reader's bytes.
func (r *thriftReader) bytes(f thriftField) []byte {
	if f.kind != thriftBinary {
		r.fail(errThriftInvalid)
		return nil
	}
	return r.take(r.varint())
}

func (r *thriftReader) take(n uint64) []byte {
	if n > uint64(len(r.b)-r.at) {
		r.fail(errThriftShort)
		return nil
	}
	b := r.b[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

// list reads the head of a list whose elements must be of the kind, and
// returns their number. Every element takes at least one byte.
func (r *thriftReader) list(f thriftField, kind byte) int {
	n, got := r.listHead(f)
	if n > 0 && got != kind {
		r.fail(errThriftInvalid)
		return 0
	}
	return n
}

func (r *thriftReader) listHead(f thriftField) (int, byte) {
	if f.kind != thriftList && f.kind != thriftSet {
		r.fail(errThriftInvalid)
		return 0, 0
	}
	head := r.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = r.varint()
	}
	if n > uint64(len(r.b)-r.at) {
		r.fail(errThriftShort)
		return 0, 0
	}
	return int(n), head & 0x0f
}

// structure expects the field to be a struct, whose fields follow.
func (r *thriftReader) structure(f thriftField) {
	if f.kind != thriftStruct {
		r.fail(errThriftInvalid)
	}
}

// skip leaves out the value of a field.
func (r *thriftReader) skip(f thriftField) { r.skipValue(f.kind, false, maxThriftDepth) }

// skipValue leaves out a value. A boolean takes a byte within lists and maps,
// and none as a field.
func (r *thriftReader) skipValue(kind byte, element bool, depth int) {
	if depth == 0 {
		r.fail(errThriftInvalid)
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
		if element {
			r.byte()
		}
	case thriftI8:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.varint()
	case thriftDouble:
		r.take(8)
	case thriftUUID:
		r.take(16)
	case thriftBinary:
		r.take(r.varint())
	case thriftList, thriftSet:
		n, element := r.listHead(thriftField{kind: kind})
		for range n {
			if r.err != nil {
				return
			}
			r.skipValue(element, true, depth-1)
		}
	case thriftMap:
		r.skipMap(depth)
	case thriftStruct:
		for f := (thriftField{}); r.next(&f); {
			r.skipValue(f.kind, false, depth-1)
		}
	default:
		r.fail(errThriftInvalid)
	}
}

func (r *thriftReader) skipMap(depth int) {
	n := r.varint()
	if n == 0 {
		return
	}
	if n > uint64(len(r.b)-r.at) {
		r.fail(errThriftShort)
		return
	}
	kinds := r.byte()
	for range n {
		if r.err != nil {
			return
		}
		r.skipValue(kinds>>4, true, depth-1)
		r.skipValue(kinds&0x0f, true, depth-1)
	}
}
