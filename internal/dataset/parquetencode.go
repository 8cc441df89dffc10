package dataset

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// pageRows is how many rows a data page holds: 128 KiB of numbers.
	pageRows = 16 << 10
	// maxNumberDict is how many different numbers of a row group may be
	// written as a dictionary.
	maxNumberDict = 1 << 10
)

// chunkEncoder encodes a column, row group by row group: a dictionary page, if
// there is one, and data pages of version 1. It gathers them first, and with
// the first row group it decides whether to compress the column: indices into
// a dictionary rarely gain, and numbers with many digits do not gain enough for
// the time that it takes, here and in every pass over the data. (The format
// leaves the choice to each row group, but parquet-go takes the first one's
// for all.)
type chunkEncoder struct {
	zstd  *zstd.Encoder
	codec thrift.Null[format.CompressionCodec] // once it is decided
	out   []byte                               // the encoded chunk
	meta  format.ColumnMetaData                // offsets relative to out, until place
	nulls int64                                // of the whole chunk
	*pageScratch
}

// pageScratch is what a chunk needs only while it is encoded.
type pageScratch struct {
	raw    []byte // the pages
	pages  []rawPage
	marks  []uint32 // the levels of a page
	stored []byte   // a page, compressed
}

// rawPage is a page that has not been compressed.
type rawPage struct {
	header   format.PageHeader
	encoding format.Encoding
	start    int // in raw
	end      int
}

// begin begins another chunk.
func (e *chunkEncoder) begin(z *zstd.Encoder, scratch *pageScratch) {
	scratch.raw, scratch.pages = scratch.raw[:0], scratch.pages[:0]
	*e = chunkEncoder{zstd: z, codec: e.codec, out: e.out[:0], pageScratch: scratch}
}

// place moves the offsets to where the chunk begins in the file.
func (e *chunkEncoder) place(offset int64) {
	if e.meta.DataPageOffset > 0 {
		e.meta.DictionaryPageOffset = offset
	}
	e.meta.DataPageOffset += offset
}

// encodeNumbers encodes float64 as DOUBLE, or, if they are integers or times, as
// INT64. NaN is null.
func (e *chunkEncoder) encodeNumbers(values []float64, kind Kind) {
	e.meta.Type = format.Double
	if kind == Integer || kind == Time {
		e.meta.Type = format.Int64
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v != v {
			e.nulls++
		} else {
			low, high = min(low, v), max(high, v)
		}
	}
	if low <= high {
		e.meta.Statistics.MinValue = appendNumber(nil, low, kind)
		e.meta.Statistics.MaxValue = appendNumber(nil, high, kind)
	}
	dict, indices, ok := numberDict(values)
	switch {
	case ok:
		for _, v := range dict {
			e.raw = appendNumber(e.raw, v, kind)
		}
		e.dictionaryPage(len(dict))
		e.indexPages(indices, len(dict))
	case e.meta.Type == format.Int64:
		e.deltaPages(values, kind)
	default:
		e.plainPages(values)
	}
	e.finish()
}

// plainPages encodes floats as they are.
func (e *chunkEncoder) plainPages(values []float64) {
	e.raw = slices.Grow(e.raw, 8*len(values)+len(values)/4+64)
	for from := 0; from < len(values); from += pageRows {
		part := values[from:min(from+pageRows, len(values))]
		nulls := e.levels(len(part), func(i int) bool { return part[i] == part[i] })
		for _, v := range part {
			if v == v {
				e.raw = appendNumber(e.raw, v, Float)
			}
		}
		e.dataPage(len(part), nulls, format.Plain)
	}
}

// deltaPages encodes integers by their differences.
func (e *chunkEncoder) deltaPages(values []float64, kind Kind) {
	present := make([]int64, 0, min(pageRows, len(values)))
	for from := 0; from < len(values); from += pageRows {
		part := values[from:min(from+pageRows, len(values))]
		nulls := e.levels(len(part), func(i int) bool { return part[i] == part[i] })
		present = present[:0]
		for _, v := range part {
			if v == v {
				present = append(present, wholeNumber(v, kind))
			}
		}
		e.raw = appendDeltas(e.raw, present)
		e.dataPage(len(part), nulls, format.DeltaBinaryPacked)
	}
}

func appendNumber(b []byte, v float64, kind Kind) []byte {
	if kind == Integer || kind == Time {
		return binary.LittleEndian.AppendUint64(b, uint64(wholeNumber(v, kind)))
	}
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

// wholeNumber returns an integer, or a time in microseconds.
func wholeNumber(v float64, kind Kind) int64 {
	if kind == Time {
		return int64(momentOf(v))
	}
	return int64(v)
}

// encodeBooleans encodes ones and zeros as bits, the lowest first. NaN is null.
func (e *chunkEncoder) encodeBooleans(values []float64) {
	e.meta.Type = format.Boolean
	low, high := byte(1), byte(0)
	for _, v := range values {
		if v != v {
			e.nulls++
		} else {
			low, high = min(low, byte(v)), max(high, byte(v))
		}
	}
	if low <= high {
		e.meta.Statistics.MinValue, e.meta.Statistics.MaxValue = []byte{low}, []byte{high}
	}
	for from := 0; from < len(values); from += pageRows {
		part := values[from:min(from+pageRows, len(values))]
		nulls := e.levels(len(part), func(i int) bool { return part[i] == part[i] })
		at := 0
		for _, v := range part {
			if v != v {
				continue
			}
			if at&7 == 0 {
				e.raw = append(e.raw, 0)
			}
			e.raw[len(e.raw)-1] |= byte(v) << (at & 7)
			at++
		}
		e.dataPage(len(part), nulls, format.Plain)
	}
	e.finish()
}

// noIndex stands for null among indices.
const noIndex = math.MaxUint32

// numberDict numbers the different values in the order of their appearance. It
// gives up if they are many, or none.
func numberDict(values []float64) (dict []float64, indices []uint32, ok bool) {
	const mask = 4*maxNumberDict - 1
	var slots [mask + 1]uint32 // index plus one, by hash
	indices = make([]uint32, 0, len(values))
	for _, v := range values {
		if v != v {
			indices = append(indices, noIndex)
			continue
		}
		k := mix(math.Float64bits(v)) & mask
		for slots[k] != 0 && dict[slots[k]-1] != v {
			k = (k + 1) & mask
		}
		if slots[k] == 0 {
			if len(dict) == maxNumberDict {
				return nil, nil, false
			}
			dict = append(dict, v)
			slots[k] = uint32(len(dict))
		}
		indices = append(indices, slots[k]-1)
	}
	return dict, indices, len(dict) > 0
}

// encodeTexts encodes codes into dict as strings. Negative codes are null. The
// row group's dictionary holds the values that occur in it, in the order of
// their appearance.
func (e *chunkEncoder) encodeTexts(codes []int32, dict []string) {
	e.meta.Type = format.ByteArray
	position := make([]uint32, len(dict)) // in the row group's dictionary, plus one
	indices := make([]uint32, len(codes))
	values := uint32(0)
	for i, code := range codes {
		if code < 0 {
			indices[i] = noIndex
			e.nulls++
			continue
		}
		if position[code] == 0 {
			values++
			position[code] = values
			e.raw = binary.LittleEndian.AppendUint32(e.raw, uint32(len(dict[code])))
			e.raw = append(e.raw, dict[code]...)
		}
		indices[i] = position[code] - 1
	}
	if values > 0 {
		e.dictionaryPage(int(values))
		e.indexPages(indices, int(values))
	} else {
		e.nullPages(len(codes))
	}
	e.finish()
}

// nullPages encodes a column of nulls only.
func (e *chunkEncoder) nullPages(rows int) {
	for from := 0; from < rows; from += pageRows {
		n := min(pageRows, rows-from)
		nulls := e.levels(n, func(int) bool { return false })
		e.dataPage(n, nulls, format.Plain)
	}
}

// encodeMarker encodes a required boolean that is the same in all rows.
func (e *chunkEncoder) encodeMarker(rows int, value bool) {
	e.meta.Type = format.Boolean
	bit, bits := byte(0), byte(0)
	if value {
		bit, bits = 1, 0xff
	}
	e.meta.Statistics.MinValue, e.meta.Statistics.MaxValue = []byte{bit}, []byte{bit}
	for range (rows + 7) / 8 {
		e.raw = append(e.raw, bits)
	}
	e.dataPage(rows, 0, format.Plain)
	e.finish()
}

// indexPages encodes indices into a dictionary of the given size.
func (e *chunkEncoder) indexPages(indices []uint32, size int) {
	width := hybridWidth(size)
	present := make([]uint32, 0, min(pageRows, len(indices)))
	for from := 0; from < len(indices); from += pageRows {
		part := indices[from:min(from+pageRows, len(indices))]
		nulls := e.levels(len(part), func(i int) bool { return part[i] != noIndex })
		e.raw = append(e.raw, byte(width))
		if nulls == 0 {
			e.raw = appendHybrid(e.raw, part, width)
		} else {
			present = present[:0]
			for _, k := range part {
				if k != noIndex {
					present = append(present, k)
				}
			}
			e.raw = appendHybrid(e.raw, present, width)
		}
		e.dataPage(len(part), nulls, format.RLEDictionary)
	}
}

// levels appends the definition levels of a page, with their length, and
// returns the number of nulls.
func (e *chunkEncoder) levels(rows int, present func(int) bool) int {
	nulls, at := 0, len(e.raw)
	e.raw = append(e.raw, 0, 0, 0, 0)
	if e.nulls == 0 {
		e.raw = append(binary.AppendUvarint(e.raw, uint64(rows)<<1), 1) // one run
	} else {
		e.marks = e.marks[:0]
		for i := range rows {
			if present(i) {
				e.marks = append(e.marks, 1)
			} else {
				e.marks = append(e.marks, 0)
				nulls++
			}
		}
		e.raw = appendHybrid(e.raw, e.marks, 1)
	}
	binary.LittleEndian.PutUint32(e.raw[at:], uint32(len(e.raw)-at-4))
	return nulls
}

func (e *chunkEncoder) dictionaryPage(values int) {
	e.addPage(format.Plain, format.PageHeader{
		Type:                 format.DictionaryPage,
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(values), Encoding: format.Plain}),
	})
}

func (e *chunkEncoder) dataPage(rows, nulls int, encoding format.Encoding) {
	e.addPage(encoding, format.PageHeader{
		Type: format.DataPage,
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues:               int32(rows),
			Encoding:                encoding,
			DefinitionLevelEncoding: format.RLE,
			RepetitionLevelEncoding: format.RLE,
			Statistics:              format.Statistics{NullCount: int64(nulls)},
		}),
	})
	e.meta.NumValues += int64(rows)
}

// addPage ends a page: what has been appended to raw since the last one.
func (e *chunkEncoder) addPage(encoding format.Encoding, h format.PageHeader) {
	start := 0
	if n := len(e.pages); n > 0 {
		start = e.pages[n-1].end
	}
	h.UncompressedPageSize = int32(len(e.raw) - start)
	e.pages = append(e.pages, rawPage{h, encoding, start, len(e.raw)})
}

// finish writes the pages into out, and completes the metadata.
func (e *chunkEncoder) finish() {
	e.meta.Statistics.NullCount = e.nulls
	if !e.codec.Valid {
		e.codec.Set(e.chooseCodec())
	}
	e.meta.Codec = e.codec.V
	if e.codec.V == format.Uncompressed {
		e.out = slices.Grow(e.out, len(e.raw)+64*len(e.pages))
	}
	for i := range e.pages {
		p := &e.pages[i]
		if i > 0 && e.pages[i-1].header.Type == format.DictionaryPage {
			e.meta.DataPageOffset = int64(len(e.out))
		}
		stored := e.raw[p.start:p.end]
		if e.meta.Codec == format.Zstd {
			e.stored = e.zstd.EncodeAll(stored, e.stored[:0])
			stored = e.stored
		}
		p.header.CompressedPageSize = int32(len(stored))
		p.header.CRC = int32(crc32.ChecksumIEEE(stored))
		head := marshal(&p.header)
		e.out = append(append(e.out, head...), stored...)
		e.meta.TotalUncompressedSize += int64(len(head) + p.end - p.start)
		e.countPage(p.header.Type, p.encoding)
	}
	e.meta.TotalCompressedSize = int64(len(e.out))
}

// chooseCodec tries the largest page: it is worth the time if two thirds of it
// go. Decimal numbers shrink to a little more than half, and would take as much
// time as all else that is done to them.
func (e *chunkEncoder) chooseCodec() format.CompressionCodec {
	largest := e.pages[0]
	for _, p := range e.pages {
		if p.end-p.start > largest.end-largest.start {
			largest = p
		}
	}
	e.stored = e.zstd.EncodeAll(e.raw[largest.start:largest.end], e.stored[:0])
	if len(e.stored) <= (largest.end-largest.start)/3 {
		return format.Zstd
	}
	return format.Uncompressed
}

// countPage keeps the lists of encodings that readers look at.
func (e *chunkEncoder) countPage(kind format.PageType, encoding format.Encoding) {
	for i := range e.meta.EncodingStats {
		s := &e.meta.EncodingStats[i]
		if s.PageType == kind && s.Encoding == encoding {
			s.Count++
			return
		}
	}
	e.meta.EncodingStats = append(e.meta.EncodingStats, format.PageEncodingStats{PageType: kind, Encoding: encoding, Count: 1})
	if len(e.meta.Encoding) == 0 {
		e.meta.Encoding = append(e.meta.Encoding, format.RLE)
	}
	e.meta.Encoding = append(e.meta.Encoding, encoding)
}

// marshal encodes metadata of ours, which always can be.
func marshal(v any) []byte {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		panic("dataset: Parquet metadata that cannot be encoded: " + err.Error())
	}
	return b
}
