package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"retrain/internal/fault"
)

// readHostile reads a file that nobody vouches for, and returns what it
// allocated on the way. It must not panic, and whatever is wrong must be the
// data's fault.
func readHostile(t tester, data []byte) (allocated uint64) {
	t.Helper()
	before := allocatedBytes()
	opts := Options{MaxRows: 100_000, BatchRows: 1000, Workers: 1, Hashes: [][]string{nil}, MaxDistinct: 100}
	f, err := OpenParquet(context.Background(), bytes.NewReader(data), int64(len(data)), opts)
	if err == nil {
		err = f.Read(context.Background(), All, nil, func(*Batch) error { return nil })
	}
	if err != nil && !fault.Is(err, fault.InvalidData) && !fault.Is(err, fault.TooLarge) {
		t.Fatalf("%v", err)
	}
	return allocatedBytes() - before
}

// allocatedBytes returns how much was ever allocated.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// hostileSeeds are small files of all kinds that are read.
func hostileSeeds(t tester) [][]byte {
	rows, _ := foreignRows(60)
	encoded := make([]encodedRow, 40)
	for i := range encoded {
		encoded[i] = newEncodedRow(int64(i*i), "text")
	}
	return [][]byte{
		parquetOf(t, "a,b,c\n1,x,0.5\n2,y,1.5\n3,,\n4,x,2.5\n"),
		writeForeign(t, rows, parquet.Compression(&parquet.Snappy)),
		writeForeign(t, rows, parquet.Compression(&parquet.Gzip), parquet.DataPageVersion(1)),
		writeForeign(t, rows, parquet.Compression(&parquet.Uncompressed), parquet.DataPageVersion(1)),
		writeForeign(t, encoded),
	}
}

// maxHostileAlloc is what reading a small file may allocate, whatever it says:
// the buffers of some ten columns, and a batch.
const maxHostileAlloc = 8 << 20

// TestTruncatedParquet cuts files at every byte.
func TestTruncatedParquet(t *testing.T) {
	for _, data := range hostileSeeds(t) {
		for n := range data {
			_, err := OpenParquet(context.Background(), bytes.NewReader(data[:n]), int64(n), Options{})
			if !fault.Is(err, fault.InvalidData) {
				t.Fatalf("cut at %d of %d: %v", n, len(data), err)
			}
			readHostile(t, slices.Concat(data[:n], data[len(data)-8:]))
		}
	}
}

// TestCorruptedParquet flips a bit of each byte, and at times another byte.
func TestCorruptedParquet(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, data := range hostileSeeds(t) {
		for at := range data {
			broken := slices.Clone(data)
			broken[at] ^= 1 << r.IntN(8)
			if r.IntN(4) == 0 {
				broken[r.IntN(len(data))] = byte(r.Uint32())
			}
			if n := readHostile(t, broken); n > maxHostileAlloc {
				t.Fatalf("a change at byte %d made it allocate %d bytes", at, n)
			}
		}
	}
}

// hostileFile makes a file of one page and a footer that says rows.
func hostileFile(t *testing.T, typ format.Type, rows int64, codec format.CompressionCodec, h format.PageHeader, page []byte) []byte {
	h.CompressedPageSize = int32(len(page))
	head, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Concat([]byte("PAR1"), head, page)
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &format.FileMetaData{
		Version: 1, NumRows: rows,
		Schema: []format.SchemaElement{
			{Name: "root", NumChildren: thrift.New(int32(1))},
			{Name: "a", Type: thrift.New(typ), RepetitionType: thrift.New(format.Optional)},
		},
		RowGroups: []format.RowGroup{{NumRows: rows, Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: typ, Codec: codec, NumValues: rows, TotalCompressedSize: int64(len(head) + len(page)), DataPageOffset: 4,
		}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, "PAR1"...)
}

// TestFalseClaims has pages that promise much more than they hold.
func TestFalseClaims(t *testing.T) {
	header := func(size int32, rows int32, encoding format.Encoding) format.PageHeader {
		return format.PageHeader{
			Type: format.DataPage, UncompressedPageSize: size,
			DataPageHeader: thrift.New(format.DataPageHeader{NumValues: rows, Encoding: encoding, DefinitionLevelEncoding: format.RLE}),
		}
	}
	level := func(run uint64, level byte, rest ...byte) []byte {
		b := append(binary.AppendUvarint(nil, run<<1), level)
		return slices.Concat(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b, rest)
	}
	const rows = 100_000
	nulls := level(rows, 0)
	present := level(1<<60, 1, 0, 0, 0)
	for name, c := range map[string]struct {
		typ   format.Type
		rows  int64
		codec format.CompressionCodec
		h     format.PageHeader
		page  []byte
		ok    bool
	}{
		"many nulls":        {format.Double, rows, format.Uncompressed, header(int32(len(nulls)), rows, format.Plain), nulls, true},
		"too many rows":     {format.Double, 1 << 40, format.Uncompressed, header(int32(len(nulls)), rows, format.Plain), nulls, false},
		"endless levels":    {format.Double, rows, format.Uncompressed, header(int32(len(present)), rows, format.Plain), present, false},
		"large snappy":      {format.Double, rows, format.Snappy, header(200<<20, rows, format.Plain), []byte{0x80, 0x80, 0x80, 0x64}, false},
		"large zstd":        {format.Double, rows, format.Zstd, header(200<<20, rows, format.Plain), []byte("\x28\xb5\x2f\xfd"), false},
		"large plain":       {format.Double, rows, format.Uncompressed, header(1<<30, rows, format.Plain), nulls, false},
		"no dictionary":     {format.Double, rows, format.Uncompressed, header(int32(len(nulls)), rows, format.RLEDictionary), nulls, false},
		"values beyond all": {format.Double, 5, format.Uncompressed, header(int32(len(nulls)), rows, format.Plain), nulls, false},
	} {
		t.Run(name, func(t *testing.T) {
			data := hostileFile(t, c.typ, c.rows, c.codec, c.h, c.page)
			if n := readHostile(t, data); n > maxHostileAlloc {
				t.Errorf("it allocated %d bytes", n)
			}
			f, err := OpenParquet(context.Background(), bytes.NewReader(data), int64(len(data)), Options{MaxRows: rows})
			if err == nil {
				err = f.Read(context.Background(), All, nil, func(*Batch) error { return nil })
			}
			if (err == nil) != c.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestPageChecksums changes a value of a page that is not compressed: nothing
// but the checksum tells.
func TestPageChecksums(t *testing.T) {
	rows := []struct{ N int64 }{{0x1122334455667788}, {2}, {3}}
	data := writeForeign(t, rows, parquet.Compression(&parquet.Uncompressed), parquet.DataPageStatistics(false))
	value := []byte{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 2}
	data[bytes.Index(data, value)]++
	err := openParquet(t, data, Options{}).Read(context.Background(), All, nil, func(*Batch) error { return nil })
	fails(t, err, fault.InvalidData, "a page has a wrong checksum")
}

// FuzzParquet feeds anything.
func FuzzParquet(f *testing.F) {
	for _, seed := range hostileSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := readHostile(t, data); n > maxHostileAlloc+64*uint64(len(data)) {
			t.Errorf("%d bytes made it allocate %d", len(data), n)
		}
	})
}
