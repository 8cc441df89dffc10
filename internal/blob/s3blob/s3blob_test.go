package s3blob_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
	"retrain/internal/blob/s3blob/s3test"
)

// newBuckets returns a maker of buckets, each of which is empty.
func newBuckets(server *s3test.Server) func(t *testing.T) blob.Bucket {
	client := server.Client(nil)
	var count atomic.Int64
	return func(t *testing.T) blob.Bucket {
		name := fmt.Sprintf("conformance-%d", count.Add(1))
		server.CreateBucket(t, name)
		return client.Bucket(name)
	}
}

func TestConformsInProcess(t *testing.T) {
	blobtest.Run(t, newBuckets(s3test.Fake(t)))
}
