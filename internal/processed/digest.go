package processed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Digest accumulates a side's digest: the SHA-256 of its rows' hashes, each as
// eight bytes, the lowest first.
type Digest struct {
	hash    hash.Hash
	pending []byte // written in larger pieces, which is three times as fast
}

// NewDigest returns the digest of no rows.
func NewDigest() *Digest { return &Digest{hash: sha256.New()} }

// Add appends rows' canonical hashes.
func (d *Digest) Add(hashes ...uint64) {
	for _, h := range hashes {
		d.pending = binary.LittleEndian.AppendUint64(d.pending, h)
		if len(d.pending) >= 4096 {
			d.flush()
		}
	}
}

// Write appends hashes as they are digested, in eight bytes each. It never fails.
func (d *Digest) Write(hashes []byte) (int, error) {
	d.flush()
	return d.hash.Write(hashes)
}

func (d *Digest) flush() {
	d.hash.Write(d.pending)
	d.pending = d.pending[:0]
}

// String returns the digest of what was added so far, in hexadecimal.
func (d *Digest) String() string {
	d.flush()
	return hex.EncodeToString(d.hash.Sum(nil))
}
