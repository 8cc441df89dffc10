package dataset

import (
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// What this room needs to know of a Parquet file's metadata. The numbers of
// types, encodings and so on are those of parquet.thrift, as parquet-go's
// format package names them.
//
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
type parquetMeta struct {
	leaves []parquetLeaf
	nested string // the first column that is a group or repeated; "" if none
	groups []parquetGroup
	rows   int64
	keys   map[string]string
}

// parquetLeaf is a column of the schema.
type parquetLeaf struct {
	name       string
	physical   format.Type
	repetition format.FieldRepetitionType
	children   int64
	converted  int64 // ConvertedType, or -1
	logical    int16 // the field of the LogicalType union, or 0
	unit       int16 // of a time: the field of the TimeUnit union
	length     int64 // bytes of a FixedLenByteArray
	scale      int64 // digits of a decimal behind its point
	unsigned   bool
	group      bool
	meaning    meaning
}

// parquetGroup is a row group.
type parquetGroup struct {
	rows   int64
	chunks []parquetChunk
}

// parquetChunk is the part of a column that lies in a row group.
type parquetChunk struct {
	offset    int64 // of its first page
	size      int64 // of all its pages, as they are stored
	values    int64 // nulls included
	codec     format.CompressionCodec
	physical  format.Type
	dataPage  int64
	dictPage  int64
	minimum   []byte // of the statistics; nil if unknown
	maximum   []byte
	elsewhere bool // in another file, or encrypted
	hasMeta   bool
}

// parseParquetMeta parses the FileMetaData of a footer. What it returns is at
// most some ten times as large as the footer: elements that are not what they
// should be end the parse before the next one is taken.
func parseParquetMeta(b []byte) (*parquetMeta, error) {
	r := &thriftReader{b: b}
	m := &parquetMeta{keys: map[string]string{}}
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 2:
			m.readSchema(r, r.list(f, thriftStruct))
		case 3:
			m.rows = r.integer(f)
		case 4:
			if m.nested != "" { // its leaves are not those of the row groups
				r.skip(f)
				continue
			}
			for range r.list(f, thriftStruct) {
				if r.err != nil {
					break
				}
				m.groups = append(m.groups, readRowGroup(r, len(m.leaves)))
			}
		case 5:
			for range r.list(f, thriftStruct) {
				if r.err != nil {
					break
				}
				key, value := readKeyValue(r)
				m.keys[key] = value
			}
		default:
			r.skip(f)
		}
	}
	return m, r.err
}

// readSchema reads the schema's elements: the root, then the columns.
func (m *parquetMeta) readSchema(r *thriftReader, n int) {
	for i := range n {
		if r.err != nil {
			return
		}
		leaf := readSchemaElement(r)
		if i == 0 {
			continue
		}
		if leaf.name == "" {
			r.fail(errThriftInvalid)
		}
		if m.nested == "" && (leaf.group || leaf.repetition == format.Repeated) {
			m.nested = leaf.name
		}
		m.leaves = append(m.leaves, leaf)
	}
}

func readSchemaElement(r *thriftReader) parquetLeaf {
	leaf := parquetLeaf{group: true, converted: -1}
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 1:
			leaf.physical, leaf.group = format.Type(r.integer(f)), false
		case 2:
			leaf.length = r.integer(f)
		case 3:
			leaf.repetition = format.FieldRepetitionType(r.integer(f))
		case 4:
			leaf.name = string(r.bytes(f))
		case 5:
			leaf.children = r.integer(f)
		case 6:
			leaf.converted = r.integer(f)
		case 7:
			leaf.scale = r.integer(f)
		case 10:
			r.structure(f)
			leaf.readLogicalType(r)
		default:
			r.skip(f)
		}
	}
	return leaf
}

// readLogicalType reads which member of the union is set, and of that what
// changes the values: whether an integer is unsigned, a decimal's scale, the
// unit of a time.
func (leaf *parquetLeaf) readLogicalType(r *thriftReader) {
	for f := (thriftField{}); r.next(&f); {
		leaf.logical = f.id
		switch f.id {
		case logicalInteger, logicalDecimal, logicalTime, logicalTimestamp:
			r.structure(f)
			leaf.readLogicalDetails(r, f.id)
		default:
			r.skip(f)
		}
	}
}

func (leaf *parquetLeaf) readLogicalDetails(r *thriftReader, logical int16) {
	for f := (thriftField{}); r.next(&f); {
		switch {
		case logical == logicalInteger && f.id == 2:
			leaf.unsigned = !r.boolean(f)
		case logical == logicalDecimal && f.id == 1:
			leaf.scale = r.integer(f)
		case (logical == logicalTime || logical == logicalTimestamp) && f.id == 2:
			r.structure(f)
			for f := (thriftField{}); r.next(&f); r.skip(f) {
				leaf.unit = f.id
			}
		default:
			r.skip(f)
		}
	}
}

// readRowGroup reads a row group of a file with so many columns. The schema
// precedes the row groups.
func readRowGroup(r *thriftReader, columns int) parquetGroup {
	var g parquetGroup
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 1:
			if r.list(f, thriftStruct) != columns {
				r.fail(errThriftInvalid)
			}
			for range columns {
				if r.err != nil {
					break
				}
				g.chunks = append(g.chunks, readColumnChunk(r))
			}
		case 3:
			g.rows = r.integer(f)
		default:
			r.skip(f)
		}
	}
	return g
}

func readColumnChunk(r *thriftReader) parquetChunk {
	var c parquetChunk
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 1:
			c.elsewhere = c.elsewhere || len(r.bytes(f)) > 0
		case 3:
			r.structure(f)
			c.hasMeta = true
			c.readMetaData(r)
		case 8, 9:
			c.elsewhere = true
			r.skip(f)
		default:
			r.skip(f)
		}
	}
	if !c.hasMeta {
		r.fail(errThriftInvalid)
	}
	c.offset = c.dataPage
	if c.dictPage > 0 && c.dictPage < c.dataPage {
		c.offset = c.dictPage
	}
	return c
}

func (c *parquetChunk) readMetaData(r *thriftReader) {
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 1:
			c.physical = format.Type(r.integer(f))
		case 4:
			c.codec = format.CompressionCodec(r.integer(f))
		case 5:
			c.values = r.integer(f)
		case 7:
			c.size = r.integer(f)
		case 9:
			c.dataPage = r.integer(f)
		case 11:
			c.dictPage = r.integer(f)
		case 12:
			r.structure(f)
			c.readStatistics(r)
		default:
			r.skip(f)
		}
	}
}

func (c *parquetChunk) readStatistics(r *thriftReader) {
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 5:
			c.maximum = r.bytes(f)
		case 6:
			c.minimum = r.bytes(f)
		default:
			r.skip(f)
		}
	}
}

func readKeyValue(r *thriftReader) (key, value string) {
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 1:
			key = string(r.bytes(f))
		case 2:
			value = string(r.bytes(f))
		default:
			r.skip(f)
		}
	}
	return key, value
}

// pageHeader is what precedes a page.
type pageHeader struct {
	kind         format.PageType
	uncompressed int64
	compressed   int64
	crc          uint32
	hasCRC       bool
	values       int64 // nulls included
	encoding     format.Encoding
	levels       format.Encoding // of definition levels
	// Of version 2 only, where levels lie before the values, uncompressed.
	definitionBytes int64
	repetitionBytes int64
	plain           bool // the values are not compressed
}

// parsePageHeader parses a page header at the beginning of b, and returns its
// length.
func parsePageHeader(b []byte) (pageHeader, int, error) {
	r := &thriftReader{b: b}
	var h pageHeader
	for f := (thriftField{}); r.next(&f); {
		switch f.id {
		case 1:
			h.kind = format.PageType(r.integer(f))
		case 2:
			h.uncompressed = r.integer(f)
		case 3:
			h.compressed = r.integer(f)
		case 4:
			h.crc, h.hasCRC = uint32(r.integer(f)), true
		case 5, 7, 8:
			r.structure(f)
			h.readDetails(r, f.id == 8)
		default:
			r.skip(f)
		}
	}
	if h.values < 0 || h.values > math.MaxInt32 || h.compressed < 0 || h.uncompressed < 0 ||
		h.definitionBytes < 0 || h.repetitionBytes < 0 {
		r.fail(errThriftInvalid)
	}
	return h, r.at, r.err
}

// readDetails reads the header of a data page of version 1, of a dictionary
// page, which begins alike, or of a data page of version 2.
func (h *pageHeader) readDetails(r *thriftReader, v2 bool) {
	for f := (thriftField{}); r.next(&f); {
		switch {
		case f.id == 1:
			h.values = r.integer(f)
		case f.id == 2 && !v2, f.id == 4 && v2:
			h.encoding = format.Encoding(r.integer(f))
		case f.id == 3 && !v2 && f.kind != thriftTrue && f.kind != thriftFalse:
			h.levels = format.Encoding(r.integer(f))
		case f.id == 5 && v2:
			h.definitionBytes = r.integer(f)
		case f.id == 6 && v2:
			h.repetitionBytes = r.integer(f)
		case f.id == 7 && v2:
			h.plain = !r.boolean(f)
		default:
			r.skip(f)
		}
	}
}
