package dataset

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// zstdReader and zstdWriter may be used by many goroutines. The writer's bytes
// are the same on all processors, which those of the Snappy encoder are not.
var (
	zstdReader = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
	})
	zstdWriter = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(1<<18), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	})
)

// maxRatios say how much larger than its compressed form a page can be at
// most: a larger claim is false, and nothing need be allocated for it.
var maxRatios = map[format.CompressionCodec]int64{
	format.Uncompressed: 1,
	format.Snappy:       64,      // a copy of 64 bytes takes 3
	format.Gzip:         2048,    // 258 bytes take 2 bits at best (RFC 1951)
	format.Lz4Raw:       255,     // a byte of 255 lengthens a copy by as much
	format.Zstd:         1 << 17, // a block of 128 KiB takes 4 bytes (RFC 8878)
}

// plausible checks the codec, and whether so many bytes can become so many.
func plausible(compressed, uncompressed int64, codec format.CompressionCodec) error {
	ratio, ok := maxRatios[codec]
	if !ok {
		return errCodec
	}
	if uncompressed > ratio*(compressed+8) {
		return errCompressed
	}
	return nil
}

// decompress fills dst with what src holds, which must be exactly as much: no
// claim within src makes it allocate more than that.
func decompress(dst, src []byte, codec format.CompressionCodec) error {
	ok := false
	switch codec {
	case format.Uncompressed:
		ok = len(src) == len(dst)
		copy(dst, src)
	case format.Snappy:
		ok = decompressSnappy(dst, src)
	case format.Gzip:
		ok = decompressGzip(dst, src) == nil
	case format.Lz4Raw:
		ok = decompressLZ4(dst, src)
	case format.Zstd:
		return decompressZstd(dst, src)
	}
	if !ok {
		return errCompressed
	}
	return nil
}

func decompressSnappy(dst, src []byte) bool {
	if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
		return false
	}
	_, err := snappy.Decode(dst, src)
	return err == nil
}

func decompressGzip(dst, src []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(z, dst); err != nil {
		return err
	}
	if n, err := z.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return errCompressed
	}
	return z.Close()
}

func decompressZstd(dst, src []byte) error {
	z, err := zstdReader()
	if err != nil {
		return err
	}
	out, err := z.DecodeAll(src, dst[:0:len(dst)])
	if err != nil || len(out) != len(dst) {
		return errCompressed
	}
	return nil
}
