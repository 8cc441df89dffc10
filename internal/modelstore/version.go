package modelstore

import (
	"context"
	"errors"

	"retrain/internal/blob"
	"retrain/internal/fault"
)

// Version is one stored model. It is named by its content and never changes.
type Version struct {
	Name     string   // of the model
	Digest   string   // SHA-256 of the model file
	URI      string   // of the model file
	Manifest Manifest // as it is stored
}

// Loaded is a version with the bytes of its model file.
type Loaded struct {
	Version
	Model []byte
}

// Add stores a model with its attachments and manifest, and returns what then
// stands. The bytes are written first and the manifest, which makes the version
// complete, last; all only where nothing stands yet, so that Add can be
// repeated after any outcome. A manifest that stands already is kept: two runs may have trained
// the same bytes, and the first of them wrote it down.
func (s *Store) Add(ctx context.Context, name string, model []byte, m Manifest, attachments ...Attachment) (Version, error) {
	if err := CheckName(name); err != nil {
		return Version{}, err
	}
	if len(model) > maxModel {
		return Version{}, fault.New(fault.TooLarge, "The model is larger than the %d bytes that can be stored.", maxModel)
	}
	digest := Digest(model)
	if err := m.complete(name, digest, model, attachments); err != nil {
		return Version{}, err
	}
	manifest, err := seal(m, maxDocument)
	if err != nil {
		return Version{}, err
	}
	stands, err := s.create(ctx, modelKey(name, digest), model, maxModel)
	if err != nil {
		return Version{}, err
	}
	if Digest(stands) != digest {
		return Version{}, fault.New(fault.Internal, "The store holds other bytes under this model's digest.")
	}
	if err := s.attach(ctx, name, digest, attachments); err != nil {
		return Version{}, err
	}
	if manifest, err = s.create(ctx, manifestKey(name, digest), manifest, maxDocument); err != nil {
		return Version{}, err
	}
	return s.version(name, digest, manifest)
}

// version describes a version by its sealed manifest.
func (s *Store) version(name, digest string, manifest []byte) (Version, error) {
	m, err := openManifest(manifest, name, digest)
	if err != nil {
		return Version{}, err
	}
	return Version{Name: name, Digest: digest, URI: s.ModelURI(name, digest), Manifest: m}, nil
}

// Load reads a version back. Each time it checks the model file against its
// digest and the manifest against the model; Attachment reads the other files. A version that does not exist or
// was never completed is a fault.DataNotFound, one that is not as it was
// written a fault.InvalidData.
func (s *Store) Load(ctx context.Context, name, digest string) (*Loaded, error) {
	version, err := s.Version(ctx, name, digest)
	if err != nil {
		return nil, err
	}
	model, err := s.read(ctx, modelKey(name, digest), maxModel)
	if err != nil {
		return nil, err
	}
	if file := version.Manifest.Files[modelFile]; Digest(model) != digest || file.Size != int64(len(model)) {
		return nil, damaged(errors.New("the bytes do not have their digest"), "model file")
	}
	return &Loaded{Version: version, Model: model}, nil
}

// Version reads what Load reads but the model file, and has the same errors.
func (s *Store) Version(ctx context.Context, name, digest string) (Version, error) {
	if err := CheckName(name); err != nil {
		return Version{}, err
	}
	if !isDigest(digest) {
		return Version{}, fault.New(fault.InvalidRequest, "A version's digest is 64 lower-case hexadecimal digits.")
	}
	manifest, err := s.read(ctx, manifestKey(name, digest), maxDocument)
	if err != nil {
		return Version{}, err
	}
	return s.version(name, digest, manifest)
}

// read returns an object of a version.
func (s *Store) read(ctx context.Context, key string, limit int64) ([]byte, error) {
	data, _, err := blob.ReadAll(ctx, s.Root, key, limit)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, fault.Wrap(fault.DataNotFound, err, "There is no such version in the model store.")
	}
	return data, err
}
