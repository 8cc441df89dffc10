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
		return nil, Info{}, tooLarge(limit)
	}
	// The size is taken as a promise only: a stream that yields more is cut.
	data, err := io.ReadAll(io.LimitReader(body, info.Size+1))
	if err != nil {
		return nil, Info{}, err
	}
	if int64(len(data)) > limit {
		return nil, Info{}, tooLarge(limit)
	}
	return data, info, nil
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "The stored object is larger than the %d bytes that are allowed here.", limit)
}
