//go:build e2e

package s3blob_test

import (
	"testing"

	"retrain/internal/blob/blobtest"
	"retrain/internal/blob/s3blob/s3test"
)

// TestConformsOnVersity needs RETRAIN_VERSITYGW to name the server's binary.
func TestConformsOnVersity(t *testing.T) {
	blobtest.Run(t, newBuckets(s3test.Versity(t)))
}
