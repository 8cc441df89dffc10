// Package modelstore keeps the versions of each model, and moves the one
// pointer that names the champion.
//
// Everything in the store is immutable and named by its content, except one
// object for each model: champion.json, which is only ever replaced by
// compare-and-swap, and only by a model that was compared with the one that it
// replaces. (An evaluation that was damaged gives way to a new one.)
//
//	models/<name>/sha256/<digest>/model.onnx      the model, named by its SHA-256
//	models/<name>/sha256/<digest>/manifest.json   where it comes from, how it scored, golden rows
//	models/<name>/sha256/<digest>/files/…         what else its manifest lists, each by its own SHA-256
//	models/<name>/sha256/<digest>/condemned       only while GC deletes the version
//	models/<name>/evaluations/<id>.json           a verdict: challenger, champion, generation
//	models/<name>/evaluations/<id>.html           the verdict as a page
//	models/<name>/champion.json                   the pointer: generation, digest, history
//	models/<name>/latest/model.onnx               a copy for readers of a fixed key; never the truth
//
// The order of writes is the heart of it: bytes, then manifest, then pointer,
// then copy. A process that dies between two of them leaves a store that is
// whole, and the repeated request goes on where it stopped.
//
// The package knows nothing of how models are trained or compared, of HTTP, or
// of the kind of storage below its blob.Root.
package modelstore

import (
	"time"

	"retrain/internal/blob"
)

// Store holds the models below a root. Its methods may be called concurrently,
// by any number of processes over the same root.
type Store struct {
	Root blob.Root
	// Now tells the time that evaluations and changes of champion are marked
	// with; nil is time.Now. Nothing but what is old enough for GC is ever
	// decided by it.
	Now func() time.Time
}

// now returns the time in the form in which documents hold it.
func (s *Store) now() time.Time {
	clock := time.Now
	if s.Now != nil {
		clock = s.Now
	}
	return clock().UTC().Truncate(time.Millisecond)
}

// Limits on what is read from the store, checked before it is held in memory.
const (
	maxModel    = 256 << 20 // bytes of a model file
	maxDocument = 16 << 20  // bytes of a manifest or an evaluation
	maxPointer  = 1 << 20   // bytes of champion.json
)
