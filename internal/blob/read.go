package blob

import (
	"context"
	"io"

	"retrain/internal/fault"
)

// ReadAll returns the bytes of an object that may be at most limit bytes
// large, with its description; a larger one is a fault.TooLarge.
func ReadAll(ctx context.Context, b Bucket, key string, limit int64) ([]byte, Info, error) {
	body, info, err := b.Open(ctx, key, Span{})
	if err != nil {
		return nil, Info{}, err
	}
	defer body.Close()
	if info.Size > limit {
		return nil, Info{}, fault.New(fault.TooLarge,
			"The stored object is larger than the %d bytes that are allowed here.", limit)
	}
	data := make([]byte, info.Size)
	if err := readExactly(body, data); err != nil {
		return nil, Info{}, failed("read", key, err)
	}
	return data, info, nil
}

// readExactly fills data and sees the stream end there. The end has to be
// seen: it is where a Bucket finds a wrong checksum or a changed file.
func readExactly(body io.Reader, data []byte) error {
	_, err := io.ReadFull(body, data)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errLength
	}
	if err != nil {
		return err
	}
	switch n, err := io.ReadFull(body, make([]byte, 1)); {
	case n > 0:
		return errLength
	case err != io.EOF:
		return err
	}
	return nil
}

var errLength = fault.New(fault.Transient, "The store sent more or fewer bytes than it had announced.")
