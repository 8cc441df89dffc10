package modelstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"retrain/internal/fault"
)

// Attachment is a file that a version carries beside its model: what later
// readers need to know of its training, and what no endpoint has to load.
//
// It is stored under its own SHA-256 and listed by name in the manifest, so
// two trainings of the same model that attach different things do not meet:
// the manifest that stands names the files that count.
type Attachment struct {
	Name string // [a-zA-Z0-9][a-zA-Z0-9._-]{0,63}, none of the version's own files
	Data []byte // at most MaxAttachment bytes
}

// TrainedRows is the name of the attachment that says which rows a version was
// trained on, in the form of package rowset.
const TrainedRows = "trained-rows"

// DataProfile is the name of the attachment that says how the columns of the
// data that a version was trained on are spread, in the form of package drift.
const DataProfile = "data-profile.json"

// MaxAttachment is the size of the largest attachment, in bytes.
const MaxAttachment = 32 << 20

// check refuses what cannot be attached. The names come from this program, so
// a wrong one is its bug.
func (a *Attachment) check() error {
	if !isAttachmentName(a.Name) {
		return fault.New(fault.Internal, "A version cannot carry a file of this name.")
	}
	if len(a.Data) > MaxAttachment {
		return fault.New(fault.TooLarge, "The file %s is larger than the %d bytes that a version can carry.", a.Name, MaxAttachment)
	}
	return nil
}

func isAttachmentName(name string) bool {
	return name != modelFile && name != manifestFile && CheckName(name) == nil
}

// attach writes a version's attachments.
func (s *Store) attach(ctx context.Context, name, digest string, attachments []Attachment) error {
	for _, a := range attachments {
		own := Digest(a.Data)
		stands, err := s.create(ctx, attachmentKey(name, digest, own, a.Name), a.Data, MaxAttachment)
		if err != nil {
			return err
		}
		if Digest(stands) != own {
			return fault.New(fault.Internal, "The store holds other bytes under this attachment's digest.")
		}
	}
	return nil
}

// Attachment reads a file that a version carries, and checks it against the
// version's manifest. A version that never carried a file of the name is a
// fault.DataNotFound; a file that is gone or not as it was written a
// fault.InvalidData.
func (s *Store) Attachment(ctx context.Context, v Version, file string) ([]byte, error) {
	listed, ok := v.Manifest.Files[file]
	if !ok || !isAttachmentName(file) {
		return nil, fault.New(fault.DataNotFound, "The version carries no such file.")
	}
	data, err := s.read(ctx, attachmentKey(v.Name, v.Digest, listed.SHA256, file), MaxAttachment)
	switch {
	case fault.Is(err, fault.DataNotFound):
		return nil, damaged(errors.New("it is gone"), file)
	case err != nil:
		return nil, err
	case Digest(data) != listed.SHA256 || int64(len(data)) != listed.Size:
		return nil, damaged(errors.New("the bytes do not have their digest"), file)
	}
	return data, nil
}

// loadWhole is Load for those who vouch for the whole version: it also reads
// every attachment back.
func (s *Store) loadWhole(ctx context.Context, name, digest string) (*Loaded, error) {
	loaded, err := s.Load(ctx, name, digest)
	if err != nil {
		return nil, err
	}
	for _, file := range slices.Sorted(maps.Keys(loaded.Manifest.Files)) {
		if file == modelFile {
			continue
		}
		if _, err := s.Attachment(ctx, loaded.Version, file); err != nil {
			return nil, err
		}
	}
	return loaded, nil
}

// list fills in the manifest's files.
func (m *Manifest) list(digest string, model []byte, attachments []Attachment) error {
	m.Files = map[string]File{modelFile: {SHA256: digest, Size: int64(len(model))}}
	for i := range attachments {
		a := &attachments[i]
		if err := a.check(); err != nil {
			return err
		}
		if _, twice := m.Files[a.Name]; twice {
			return fault.New(fault.Internal, "A version cannot carry two files of one name.")
		}
		m.Files[a.Name] = File{SHA256: Digest(a.Data), Size: int64(len(a.Data))}
	}
	return nil
}

// checkFiles checks the list of a stored manifest, whose names and digests
// become parts of keys.
func (m *Manifest) checkFiles(digest string) error {
	if m.Files[modelFile].SHA256 != digest {
		return fmt.Errorf("the manifest is of version %.64q", m.Files[modelFile].SHA256)
	}
	for name, f := range m.Files {
		if name != modelFile && !isAttachmentName(name) || !isDigest(f.SHA256) || f.Size < 0 {
			return fmt.Errorf("the manifest lists the file %.64q", name)
		}
	}
	return nil
}
