package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"

	"retrain/internal/fault"
)

// zip compresses text, as one gzip member for each part.
func zip(t testing.TB, parts ...string) string {
	var out bytes.Buffer
	for _, part := range parts {
		z := gzip.NewWriter(&out)
		if _, err := z.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// TestGzipReadsAlike compares a table with its compressed forms.
func TestGzipReadsAlike(t *testing.T) {
	plain := "a,b\n" + strings.Repeat("1,x\n2,y\n", 5000)
	want := readAll(t, opens(plain), Options{Hashes: [][]string{nil}})
	for name, data := range map[string]string{
		"one member":  zip(t, plain),
		"two members": zip(t, plain[:1000], plain[1000:]),
	} {
		got := readAll(t, opens(data), Options{Hashes: [][]string{nil}})
		sum := sha256.Sum256([]byte(data))
		if got.Tally.Bytes != int64(len(data)) || got.Tally.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %d bytes with digest %s", name, got.Tally.Bytes, got.Tally.SHA256)
		}
		got.Tally.Bytes, got.Tally.SHA256 = want.Tally.Bytes, want.Tally.SHA256
		same(t, name, got, want)
	}
}

func TestDamagedGzip(t *testing.T) {
	data := zip(t, "a,b\n"+strings.Repeat("1,x\n2,y\n", 50000))
	for name, c := range map[string]struct{ data, says string }{
		"cut off":        {data[:len(data)/2], "cut off"},
		"cut in trailer": {data[:len(data)-3], "cut off"},
		"cut in header":  {data[:5], "cut off"},
		"wrong checksum": {data[:len(data)-8] + "\x00\x00\x00\x00" + data[len(data)-4:], "damaged"},
		"no gzip":        {"\x1f\x8bxxxxxxxxxxxxxxxx", "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Scan(context.Background(), opens(c.data), Options{})
			fails(t, err, fault.InvalidData, c.says)
		})
	}
}

// TestGzipBomb has 64 MiB in 64 KiB.
func TestGzipBomb(t *testing.T) {
	data := zip(t, "a\n"+strings.Repeat("0\n", 32<<20))
	_, _, err := Scan(context.Background(), opens(data), Options{MaxBytes: 1 << 20})
	fails(t, err, fault.TooLarge, "larger than the limit after decompression")
}

// TestStorageErrorsPass checks that they are not taken for damage, wherever
// they strike; io.ErrUnexpectedEOF is what a broken connection gives.
func TestStorageErrorsPass(t *testing.T) {
	plain := "a,b\n" + strings.Repeat("1,x\n2,y\n", 50000)
	for _, data := range []string{plain, zip(t, plain)} {
		for _, broken := range []error{errors.New("storage"), io.ErrUnexpectedEOF, fault.New(fault.Transient, "Out of reach.")} {
			for _, at := range []int{0, 1, 10, len(data) / 2, len(data)} {
				open := opensVia(data[:at], func(r io.Reader) io.Reader {
					return io.MultiReader(r, iotest.ErrReader(broken))
				})
				if _, _, err := Scan(context.Background(), open, Options{}); !errors.Is(err, broken) || fault.Is(err, fault.InvalidData) {
					t.Errorf("after %d bytes: %v, want %v", at, err, broken)
				}
			}
		}
	}
	closed := func(context.Context) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	if _, _, err := Scan(context.Background(), closed, Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("opening failed with %v", err)
	}
}

// closeCounter counts how often it is closed.
type closeCounter struct {
	io.Reader
	n *int
}

func (c closeCounter) Close() error { *c.n++; return nil }

// TestSourcesAreClosed counts openings and closings, of good and bad data.
func TestSourcesAreClosed(t *testing.T) {
	for _, data := range []string{"a\n1\n", "", "a\n", zip(t, "a\n1\n"), zip(t, "a\n1\n")[:15], "a\n\"1\n"} {
		opened, closed := 0, 0
		_, _ = tryReadAll(func(context.Context) (io.ReadCloser, error) {
			opened++
			return closeCounter{strings.NewReader(data), &closed}, nil
		}, Options{})
		if opened == 0 || opened != closed {
			t.Errorf("%q: opened %d times, closed %d times", data, opened, closed)
		}
	}
}

// panicker reads a table, and panics where another reader would end.
type panicker struct{ io.Reader }

func (p panicker) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err == io.EOF {
		panic("a reader's panic")
	}
	return n, err
}

// TestAPanicOfTheReaderReachesTheCaller strikes behind the header, where
// another goroutine reads.
func TestAPanicOfTheReaderReachesTheCaller(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "a reader's panic") {
			t.Errorf("recovered %q", text)
		}
	}()
	open := opensVia("a\n"+strings.Repeat("1\n", headBytes), func(r io.Reader) io.Reader { return panicker{r} })
	_, _, _ = Scan(context.Background(), open, Options{})
}

// TestFilesAreChosenByContent reads an *os.File of each format.
func TestFilesAreChosenByContent(t *testing.T) {
	table := "a,b\n1,x\n2,y\n"
	for name, data := range map[string][]byte{"csv": []byte(table), "parquet": parquetOf(t, table), "short": []byte("PAR1\n1\n")} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got := readAll(t, func(context.Context) (io.ReadCloser, error) { return os.Open(path) }, Options{})
		want := [][]string{{"1", "x"}, {"2", "y"}}
		if name == "short" {
			want = [][]string{{"1"}}
		}
		same(t, name, got.Rows, want)
	}
}
