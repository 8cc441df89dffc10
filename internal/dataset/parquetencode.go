package dataset

import (
	"encoding/binary"
	"hash/crc32"
	"math"

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

// chunkEncoder encodes a column's part of a row group: a dictionary page, if
// it has one, and data pages of version 1.
type chunkEncoder struct {
	zstd   *zstd.Encoder
	out    []byte
	meta   format.ColumnMetaData // offsets relative to out, until place
	page   []byte
	marks  []uint32 // scratch: the levels of a page
	stored []byte   // scratch: the page, compressed
}

// place moves the offsets to where the chunk begins in the file.
func (e *chunkEncoder) place(offset int64) {
	e.meta.DataPageOffset += offset
	if e.meta.EncodingStats[0].PageType == format.DictionaryPage {
		e.meta.DictionaryPageOffset = offset
	}
}

// encodeNumbers encodes float64 as DOUBLE, or, if they are integers, as INT64.
// NaN is null.
func (e *chunkEncoder) encodeNumbers(values []float64, integer bool) {
	e.meta.Type = format.Double
	bits := math.Float64bits
	if integer {
		e.meta.Type = format.Int64
		bits = func(v float64) uint64 { return uint64(int64(v)) }
	}
	e.numberStatistics(values, bits)
	if dict, indices, ok := numberDict(values); ok {
		for _, v := range dict {
			e.page = binary.LittleEndian.AppendUint64(e.page, bits(v))
		}
		e.dictionaryPage(len(dict))
		e.indexPages(indices, len(dict))
		return
	}
	for from := 0; from < len(values); from += pageRows {
		part := values[from:min(from+pageRows, len(values))]
		nulls := e.levels(len(part), func(i int) bool { return part[i] == part[i] })
		for _, v := range part {
			if v == v {
				e.page = binary.LittleEndian.AppendUint64(e.page, bits(v))
			}
		}
		e.dataPage(len(part), nulls, format.Plain)
	}
}

func (e *chunkEncoder) numberStatistics(values []float64, bits func(float64) uint64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if v == v {
			low, high = min(low, v), max(high, v)
		}
	}
	if low <= high {
		e.meta.Statistics.MinValue = binary.LittleEndian.AppendUint64(nil, bits(low))
		e.meta.Statistics.MaxValue = binary.LittleEndian.AppendUint64(nil, bits(high))
	}
}

// noIndex stands for null among indices.
const noIndex = math.MaxUint32

// numberDict numbers the different values in the order of their appearance. It
// gives up if they are many, or none.
func numberDict(values []float64) (dict []float64, indices []uint32, ok bool) {
	var slots [4 * maxNumberDict]uint32 // index plus one, by hash
	indices = make([]uint32, len(values))
	for i, v := range values {
		if v != v {
			indices[i] = noIndex
			continue
		}
		k := mix(math.Float64bits(v)) % uint64(len(slots))
		for slots[k] != 0 && dict[slots[k]-1] != v {
			k = (k + 1) % uint64(len(slots))
		}
		if slots[k] == 0 {
			if len(dict) == maxNumberDict {
				return nil, nil, false
			}
			dict = append(dict, v)
			slots[k] = uint32(len(dict))
		}
		indices[i] = slots[k] - 1
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
			continue
		}
		if position[code] == 0 {
			values++
			position[code] = values
			e.page = binary.LittleEndian.AppendUint32(e.page, uint32(len(dict[code])))
			e.page = append(e.page, dict[code]...)
		}
		indices[i] = position[code] - 1
	}
	if values > 0 {
		e.dictionaryPage(int(values))
		e.indexPages(indices, int(values))
		return
	}
	for from := 0; from < len(codes); from += pageRows {
		n := min(pageRows, len(codes)-from)
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
		e.page = append(e.page, bits)
	}
	e.dataPage(rows, 0, format.Plain)
}

// indexPages encodes indices into a dictionary of the given size.
func (e *chunkEncoder) indexPages(indices []uint32, size int) {
	width := hybridWidth(size)
	present := make([]uint32, 0, min(pageRows, len(indices)))
	for from := 0; from < len(indices); from += pageRows {
		part := indices[from:min(from+pageRows, len(indices))]
		nulls := e.levels(len(part), func(i int) bool { return part[i] != noIndex })
		present = present[:0]
		for _, k := range part {
			if k != noIndex {
				present = append(present, k)
			}
		}
		e.page = append(e.page, byte(width))
		e.page = appendHybrid(e.page, present, width)
		e.dataPage(len(part), nulls, format.RLEDictionary)
	}
}

// levels appends the definition levels of a page, with their length, and
// returns the number of nulls.
func (e *chunkEncoder) levels(rows int, present func(int) bool) int {
	e.marks = e.marks[:0]
	nulls := 0
	for i := range rows {
		if present(i) {
			e.marks = append(e.marks, 1)
		} else {
			e.marks = append(e.marks, 0)
			nulls++
		}
	}
	at := len(e.page)
	e.page = appendHybrid(append(e.page, 0, 0, 0, 0), e.marks, 1)
	binary.LittleEndian.PutUint32(e.page[at:], uint32(len(e.page)-at-4))
	return nulls
}

func (e *chunkEncoder) dictionaryPage(values int) {
	e.flush(format.PageHeader{
		Type:                 format.DictionaryPage,
		DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(values), Encoding: format.Plain}),
	}, format.Plain)
	e.meta.DataPageOffset = int64(len(e.out))
}

func (e *chunkEncoder) dataPage(rows, nulls int, encoding format.Encoding) {
	e.flush(format.PageHeader{
		Type: format.DataPage,
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues:               int32(rows),
			Encoding:                encoding,
			DefinitionLevelEncoding: format.RLE,
			RepetitionLevelEncoding: format.RLE,
			Statistics:              format.Statistics{NullCount: int64(nulls)},
		}),
	}, encoding)
	e.meta.NumValues += int64(rows)
	e.meta.Statistics.NullCount += int64(nulls)
}

// flush compresses the page and appends it with its header.
func (e *chunkEncoder) flush(h format.PageHeader, encoding format.Encoding) {
	e.stored = e.zstd.EncodeAll(e.page, e.stored[:0])
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(e.page)), int32(len(e.stored))
	h.CRC = int32(crc32.ChecksumIEEE(e.stored))
	head := marshal(&h)
	e.out = append(append(e.out, head...), e.stored...)
	e.meta.Codec = format.Zstd
	e.meta.TotalUncompressedSize += int64(len(head) + len(e.page))
	e.meta.TotalCompressedSize = int64(len(e.out))
	e.countPage(h.Type, encoding)
	e.page = e.page[:0]
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
