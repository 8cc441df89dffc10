package processed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path"

	"retrain/internal/blob"
	"retrain/internal/fault"
	"retrain/internal/model"
)

// Names of the objects of a run, below runs/<run_id>/.
const (
	DataFile     = "processed.parquet"
	DocumentFile = "recipe.json"
)

// Format is the version of Document; a reader refuses others.
const Format = 1

// maxDocument bounds what is read as a document: 10,000 columns with the
// longest dictionaries fit.
const maxDocument = 256 << 20

// Document describes a run's processed data. It is written after the data, so
// its presence says that the data is whole.
type Document struct {
	Format    int            `json:"format"` // filled by WriteDocument
	RunID     string         `json:"run_id"`
	ModelName string         `json:"model_name"`
	Engine    string         `json:"engine"`
	Sources   []Source       `json:"sources"`
	Read      map[string]any `json:"read"` // how the source was read, in the words of a request
	Params    map[string]any `json:"model_params"`
	Gate      map[string]any `json:"gate,omitempty"`
	Recipe    model.Recipe   `json:"recipe"`
	Train     Side           `json:"train"`
	Holdout   Side           `json:"holdout"`
	// Digested lists the columns that the sides' digests cover, target
	// included: all that are in the Parquet file.
	Digested []string `json:"digested"`
	// SampleWeight names the column of the rows' weights, all of them finite
	// numbers above 0; "" if the rows count alike.
	SampleWeight string `json:"sample_weight,omitempty"`
	// GroupColumn names the column whose values keep rows together on either side
	// of the split, and so when the training side is divided; "" if none does.
	GroupColumn string `json:"group_column,omitempty"`
	// TimeColumn names the column of the rows' times, none of them missing, where
	// the holdout is the latest rows; "" if it is not, and in documents of earlier
	// versions.
	TimeColumn string `json:"time_column,omitempty"`
	// Parts are the files that make up the data, in the order of their rows; none
	// where it is in one.
	Parts []Part `json:"parts,omitempty"`
	// Leaks are what evaluate is to know of the data.
	Leaks []Leak `json:"suspected_leaks,omitempty"`
}

// Source is an object that the data was read from.
type Source struct {
	URI    string `json:"uri"`
	ETag   string `json:"etag"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the bytes as stored
}

// Part is one of the files of processed data, below DataFile as if that were a
// folder, as other tools that write Parquet in parts have it.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// PartPath returns the store key of a part of a run's data.
func PartPath(runID string, p Part) string { return Path(runID, path.Join(DataFile, p.Name)) }

// DataKeys returns the store keys of a run's data.
func (d *Document) DataKeys() []string {
	if len(d.Parts) == 0 {
		return []string{Path(d.RunID, DataFile)}
	}
	keys := make([]string, len(d.Parts))
	for i, p := range d.Parts {
		keys[i] = PartPath(d.RunID, p)
	}
	return keys
}

// Side describes the rows of one side of the split.
type Side struct {
	Rows int64 `json:"rows"`
	// Digest is the SHA-256 of the rows' canonical hashes (dataset.HashOf) in
	// order: it depends on the cells' values, not on the file's format.
	Digest string `json:"digest"`
	// Classes counts the rows of each class of the recipe; MeanTarget is the
	// target's mean, for regression.
	Classes    []int64 `json:"classes,omitempty"`
	MeanTarget float64 `json:"mean_target,omitzero"`
}

// sealed is how a Document is stored. The digest finds accidents and edits by
// hand: a recipe that was changed would encode training and holdout in another
// way than the model's own recipe does.
type sealed struct {
	SHA256   string          `json:"sha256"` // of the document's bytes as they follow
	Document json.RawMessage `json:"document"`
}

// WriteDocument stores the run's document. It is the last write of a run's
// processed data.
func WriteDocument(ctx context.Context, store blob.Root, doc *Document) error {
	doc.Format = Format
	inner, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(sealed{sum(inner), inner})
	if err != nil {
		return err
	}
	_, err = store.Put(ctx, Path(doc.RunID, DocumentFile), raw, blob.Condition{})
	return err
}

// readDocument reads a run's document and checks all that can be checked
// without the data.
func readDocument(ctx context.Context, store blob.Root, runID string) (*Document, error) {
	raw, _, err := blob.ReadAll(ctx, store, Path(runID, DocumentFile), maxDocument)
	if err != nil {
		return nil, err
	}
	var outer sealed
	if err := json.Unmarshal(raw, &outer); err != nil {
		return nil, altered(err)
	}
	if sum(outer.Document) != outer.SHA256 {
		return nil, altered(nil)
	}
	var doc Document
	if err := json.Unmarshal(outer.Document, &doc); err != nil {
		return nil, altered(err)
	}
	if doc.Format != Format {
		return nil, fault.New(fault.InvalidData, "The processed data has format %d; this version reads format %d.", doc.Format, Format)
	}
	if doc.RunID != runID {
		return nil, altered(nil)
	}
	if err := doc.Recipe.Check(); err != nil {
		return nil, altered(err)
	}
	return &doc, nil
}

// Present reports whether a run's document is there, and its data.
func Present(ctx context.Context, store blob.Root, runID string) (bool, error) {
	doc, err := readDocument(ctx, store, runID)
	if err == nil {
		_, err = store.Stat(ctx, doc.DataKeys()[0])
	}
	if errors.Is(err, blob.ErrNotFound) || fault.Is(err, fault.InvalidData) {
		return false, nil
	}
	return err == nil, err
}

// altered is the error for a run's objects that are not as they were written.
func altered(cause error) error {
	return fault.Wrap(fault.InvalidData, cause, "The processed data is not as it was recorded: it was changed after it was written.")
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
