// Package processed is what preprocess hands to train and evaluate: a run's
// cleaned columns in one Parquet file, and beside it a document with the recipe
// and with where the data came from.
//
// It streams either side of the data, encoded for a model, and scores a model
// on it, so that training, holdout and comparison use the same code. It knows
// neither how data is cleaned nor what becomes of the scores.
package processed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"

	"retrain/internal/blob"
	"retrain/internal/dataset"
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
	Format    int            `json:"format"`
	RunID     string         `json:"run_id"`
	ModelName string         `json:"model_name"`
	Engine    string         `json:"engine"`
	Source    Source         `json:"source"`
	Params    map[string]any `json:"model_params"`
	Gate      map[string]any `json:"gate,omitempty"`
	Recipe    model.Recipe   `json:"recipe"`
	Train     Side           `json:"train"`
	Holdout   Side           `json:"holdout"`
	// Digested lists the columns that the sides' digests cover, target
	// included: all that are in the Parquet file.
	Digested []string `json:"digested"`
}

// Source says which bytes the data was read from.
type Source struct {
	URI    string `json:"uri"`
	ETag   string `json:"etag"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // of the bytes as stored
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

// Data is a run's processed data, opened.
type Data struct {
	Document
	URI    string // the Parquet file's address
	file   *dataset.File
	reader *blob.ReaderAt
}

// Path returns the store key of one of a run's objects.
func Path(runID, name string) string { return path.Join("runs", runID, name) }

// Open opens the processed data at an address that /preprocess answered.
// Anything else is refused: fault.AccessDenied outside the store,
// fault.InvalidRequest for another object in it, fault.DataNotFound for a run
// that does not exist.
func Open(ctx context.Context, store blob.Root, uri string) (*Data, error) {
	root, key, err := blob.Roots{store}.Resolve(uri)
	if err != nil {
		return nil, fault.Locate(err, "body", "processed_data_path")
	}
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] != "runs" || parts[2] != DataFile {
		return nil, fault.New(fault.InvalidRequest, "processed_data_path is not an address that /preprocess answered.").
			At("Not the processed data of a run", "value_error", "body", "processed_data_path")
	}
	doc, err := readDocument(ctx, root, Path(parts[1], DocumentFile))
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(ctx, key)
	if err != nil {
		return nil, missing(err)
	}
	reader, err := blob.NewReaderAt(ctx, root, info, blob.Window{})
	if err != nil {
		return nil, missing(err)
	}
	file, err := dataset.OpenParquet(ctx, reader, info.Size, dataset.Options{Hashes: [][]string{doc.Digested}})
	if err != nil {
		reader.Close()
		return nil, err
	}
	return &Data{Document: *doc, URI: uri, file: file, reader: reader}, nil
}

// Close lets go of the file.
func (d *Data) Close() error { return d.reader.Close() }

func readDocument(ctx context.Context, root blob.Root, key string) (*Document, error) {
	raw, _, err := blob.ReadAll(ctx, root, key, maxDocument)
	if err != nil {
		return nil, missing(err)
	}
	var doc Document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fault.Wrap(fault.InvalidData, err, "The run's recipe is not readable.")
	}
	if doc.Format != Format {
		return nil, fault.New(fault.InvalidData, "The run's recipe has format %d; this version reads format %d.", doc.Format, Format)
	}
	return &doc, nil
}

// WriteDocument stores the run's document. It is the last write of a run's
// processed data.
func WriteDocument(ctx context.Context, store blob.Root, doc *Document) error {
	doc.Format = Format
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	_, err = store.Put(ctx, Path(doc.RunID, DocumentFile), raw, blob.Condition{})
	return err
}

func missing(err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return fault.Wrap(fault.DataNotFound, err, "There is no processed data at processed_data_path.").
			At("No such run", "not_found", "body", "processed_data_path")
	}
	return err
}

// Digest accumulates a side's digest.
type Digest struct {
	h interface {
		io.Writer
		Sum([]byte) []byte
	}
}

// NewDigest returns the digest of no rows.
func NewDigest() *Digest { return &Digest{sha256.New()} }

// Add appends rows' canonical hashes.
func (d *Digest) Add(hashes ...uint64) {
	var buf [8]byte
	for _, h := range hashes {
		for i := range buf {
			buf[i] = byte(h >> (8 * i))
		}
		d.h.Write(buf[:])
	}
}

// String returns the digest in hexadecimal.
func (d *Digest) String() string { return hex.EncodeToString(d.h.Sum(nil)) }
