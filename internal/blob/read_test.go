package blob_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// announcing is a Bucket whose stream need not keep to the announced size, nor
// end well.
type announcing struct {
	blob.Bucket
	size int64
	body io.Reader
}

func (a announcing) Open(context.Context, string, blob.Span) (io.ReadCloser, blob.Info, error) {
	return io.NopCloser(a.body), blob.Info{Size: a.size}, nil
}

func TestReadAllSeesTheEnd(t *testing.T) {
	wrongChecksum := errors.New("wrong checksum")
	for _, c := range []struct {
		size int64
		body io.Reader
		want error
	}{
		{5, strings.NewReader("hello"), nil},
		{4, strings.NewReader("hello"), fault.New(fault.Transient, "")},
		{0, strings.NewReader("hello"), fault.New(fault.Transient, "")},
		{6, strings.NewReader("hello"), fault.New(fault.Transient, "")},
		{5, io.MultiReader(strings.NewReader("hello"), ending{wrongChecksum}), wrongChecksum},
		{6, io.MultiReader(strings.NewReader("hello"), ending{wrongChecksum}), wrongChecksum},
		{11, strings.NewReader("hello"), fault.New(fault.TooLarge, "")},
	} {
		data, _, err := blob.ReadAll(t.Context(), announcing{size: c.size, body: c.body}, "k", 10)
		switch {
		case c.want == nil:
			if err != nil || string(data) != "hello" {
				t.Errorf("%d bytes announced: %q, %v", c.size, data, err)
			}
		case !errors.Is(err, c.want) && (err == nil || fault.From(err).Kind != fault.From(c.want).Kind):
			t.Errorf("%d bytes announced: %v, want %v", c.size, err, c.want)
		}
	}
}

type ending struct{ err error }

func (e ending) Read([]byte) (int, error) { return 0, e.err }
