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
	case format.Zstd:
		return decompressZstd(dst, src)
	default:
		return errCodec
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
