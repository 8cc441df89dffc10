package dataset

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"retrain/internal/fault"
)

// zstdOf compresses text, as one frame for each part.
func zstdOf(t testing.TB, opts []zstd.EOption, parts ...string) string {
	var out bytes.Buffer
	for _, part := range parts {
		z, err := zstd.NewWriter(&out, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func TestZstdReadsAlike(t *testing.T) {
	plain := "a,b\n" + strings.Repeat("1,x\n2,y\n", 5000)
	want := readAll(t, opens(plain), Options{Hashes: [][]string{nil}})
	for name, data := range map[string]string{
		"one frame":  zstdOf(t, nil, plain),
		"two frames": zstdOf(t, nil, plain[:1000], plain[1000:]),
		"skippable":  "\x53\x2a\x4d\x18\x03\x00\x00\x00abc" + zstdOf(t, nil, plain),
	} {
		got := readAll(t, opens(data), Options{Hashes: [][]string{nil}})
		if got.Tally.Bytes != int64(len(data)) {
			t.Errorf("%s: %d bytes", name, got.Tally.Bytes)
		}
		got.Tally.Bytes, got.Tally.SHA256 = want.Tally.Bytes, want.Tally.SHA256
		same(t, name, got, want)
	}
}

func TestDamagedZstd(t *testing.T) {
	data := zstdOf(t, nil, benchTable()[:300_000])
	flipped := []byte(data)
	flipped[len(flipped)/2] ^= 0xff
	for name, c := range map[string]struct{ data, says string }{
		"cut off":        {data[:len(data)/2], "zstd data is cut off"},
		"cut in header":  {data[:5], "zstd data is cut off"},
		"cut checksum":   {data[:len(data)-2], "zstd data is cut off"},
		"wrong checksum": {data[:len(data)-4] + "\x00\x00\x00\x00", "zstd data is damaged"},
		"flipped":        {string(flipped), "zstd data is damaged"},
		"within gzip":    {zip(t, data), "zstd data within compressed data"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Scan(context.Background(), opens(c.data), Options{})
			fails(t, err, fault.InvalidData, c.says)
		})
	}
}

// TestDecompressionIsLimited has bombs of both kinds, and zstd data that asks
// for more memory than it may have.
func TestDecompressionIsLimited(t *testing.T) {
	bomb := "a\n" + strings.Repeat(strings.Repeat("0", 1023)+"\n", 68<<10)
	_, _, err := Scan(context.Background(), opens(zip(t, bomb)), Options{MaxRatio: 100})
	fails(t, err, fault.TooLarge, "more than 100 times its size")
	_, _, err = Scan(context.Background(), opens(zstdOf(t, nil, bomb)), Options{MaxRatio: 100})
	fails(t, err, fault.TooLarge, "more than 100 times its size")
	wide := zstdOf(t, []zstd.EOption{zstd.WithWindowSize(8 << 20)}, benchTable())
	_, _, err = Scan(context.Background(), opens(wide), Options{MaxZstdWindow: 4 << 20})
	fails(t, err, fault.TooLarge, "a window of more than 4194304 bytes")
	if _, _, err = Scan(context.Background(), opens(wide), Options{MaxZstdWindow: 8 << 20}); err != nil {
		t.Error(err)
	}
}
