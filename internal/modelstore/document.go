package modelstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"retrain/internal/fault"
)

// A stored document is one JSON object on one line whose last member is the
// SHA-256 of all that stands before it:
//
//	{"format":1, … ,"sha256":"<64 hexadecimal digits>"}\n
//	└─────────┬─────┘          └ digest of the object without this member:
//	          └ these bytes, closed by "}"
//
// So no byte of it can change unnoticed, whatever the change does to the
// JSON's meaning, and the check depends on no encoder: a document stays valid
// when a later release adds fields or prints numbers in another way. The
// digest finds accidents and edits by hand. It is no signature: who may write
// to the store can write a document and its digest.
const (
	sealPrefix = `,"sha256":"`
	sealSuffix = "\"}\n"
	sealLength = len(sealPrefix) + 64 + len(sealSuffix)
)

// seal encodes a document, which must be a struct with at least one field. The
// bytes are a function of its value: fields in their order, maps by sorted
// keys, raw JSON without its white space. More than limit bytes, which could
// not be read back, are a fault.TooLarge.
func seal(document any, limit int) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return nil, fmt.Errorf("encode a document: %w", err)
	}
	body := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	digest := Digest(body)
	sealed := slices.Concat(body[:len(body)-1], []byte(sealPrefix), []byte(digest), []byte(sealSuffix))
	if len(sealed) > limit {
		return nil, fault.New(fault.TooLarge, "The document to store is larger than %d bytes.", limit)
	}
	return sealed, nil
}

// open checks a document's seal and format and decodes it strictly: fields that
// the type does not have and anything after the object are refused. It returns
// the digest of the seal, by which other documents may name this one.
func open(sealed []byte, format int, document any) (digest string, err error) {
	body, digest, err := breakSeal(sealed)
	if err != nil {
		return "", err
	}
	if err := checkFormat(body, format); err != nil {
		return "", err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(document); err != nil {
		return "", fmt.Errorf("the document does not decode: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("the document goes on after its end")
	}
	return digest, nil
}

// checkFormat refuses a document of another format than the one that is read
// here, before anything else in it is looked at. All documents begin with it.
func checkFormat(body []byte, format int) error {
	if bytes.HasPrefix(body, fmt.Appendf(nil, `{"format":%d,`, format)) {
		return nil
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&head); err != nil {
		return fmt.Errorf("the document does not decode: %w", err)
	}
	if head.Format > format {
		return fault.New(fault.InvalidData, "A stored document was written by a later release of this service; it is not used.")
	}
	return fmt.Errorf("the document begins with format %d, not %d", head.Format, format)
}

// ErrDamaged is in the errors for stored objects that are not as they were
// written, and so will be of no use again to any release.
var ErrDamaged = errors.New("modelstore: not as it was written")

// damaged is the error for such an object. A document of a later release is
// none: its fault is passed on.
func damaged(cause error, what string) error {
	if f := (*fault.Error)(nil); errors.As(cause, &f) {
		return cause
	}
	return fault.Wrap(fault.InvalidData, fmt.Errorf("%w: %w", ErrDamaged, cause), "The stored %s is damaged; it is not used.", what)
}

// breakSeal returns the object without its seal, and the digest of the seal.
func breakSeal(sealed []byte) (body []byte, digest string, err error) {
	at := len(sealed) - sealLength
	if at < 1 {
		return nil, "", errors.New("the document is too short to have a seal")
	}
	end := string(sealed[at:])
	digest = end[len(sealPrefix) : len(sealPrefix)+64]
	if end != sealPrefix+digest+sealSuffix {
		return nil, "", errors.New("the document has no seal")
	}
	body = slices.Concat(sealed[:at], []byte("}"))
	if Digest(body) != digest {
		return nil, "", errors.New("the document does not match its seal")
	}
	return body, digest, nil
}
