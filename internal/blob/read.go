package blob

import (
	"context"
	"io"

	"retrain/internal/fault"
)

func readAll(ctx context.Context, b Bucket, key string, limit int64) ([]byte, Info, error) {
	body, info, err := b.Open(ctx, key, Span{})
	if err != nil {
		return nil, Info{}, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, Info{}, err
	}
	if int64(len(data)) > limit {
		return nil, Info{}, fault.New(fault.TooLarge, "The stored object is larger than the %d bytes that are allowed here.", limit)
	}
	return data, info, nil
}
