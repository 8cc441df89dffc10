package blob_test

import (
	"testing"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
)

func TestMemoryConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket { return blobtest.Memory(t) })
}
