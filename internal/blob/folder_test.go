package blob_test

import (
	"path/filepath"
	"testing"

	"retrain/internal/blob"
	"retrain/internal/blob/blobtest"
)

func TestFolderConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket {
		return blob.NewFolder(filepath.Join(t.TempDir(), "made", "at", "need"))
	})
}

func TestPrefixConforms(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket {
		whole := blobtest.Memory(t)
		if _, err := whole.Put(t.Context(), "tea/outside", []byte("x"), blob.Condition{}); err != nil {
			t.Fatal(err)
		}
		return blob.Prefix(whole, "team/a")
	})
}
