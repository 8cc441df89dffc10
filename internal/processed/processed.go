// Package processed is what preprocess hands to train and evaluate: a run's
// cleaned columns in a Parquet file, or in parts of one, and beside it a document with the recipe
// and with where the data came from.
//
// It streams either side of the data, encoded for a model, and scores a model
// on it, so that training, holdout and comparison use the same code. It also
// keeps what each step of a run answered, so that a repeated step answers the
// same. It knows neither how data is cleaned nor what becomes of the scores.
package processed

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"retrain/internal/blob"
	"retrain/internal/dataset"
	"retrain/internal/fault"
)

// Data is a run's processed data, opened. It may be read repeatedly, but not
// concurrently.
type Data struct {
	Document
	URI     string // the Parquet file's address
	file    *dataset.File
	files   *files
	options dataset.Options
}

// Path returns the store key of one of a run's objects.
func Path(runID, name string) string { return path.Join("runs", runID, name) }

// Open opens the processed data at an address that /preprocess answered.
// Anything else is refused: fault.AccessDenied outside the store,
// fault.InvalidRequest for another object in it, fault.DataNotFound for a run
// that does not exist, fault.InvalidData for data that is not as it was
// written. The caller closes the data, and lets ctx live until then.
func Open(ctx context.Context, store blob.Root, uri string) (*Data, error) {
	d, err := open(ctx, store, uri, dataset.Options{})
	if err != nil {
		return nil, fault.Locate(err, "body", "processed_data_path")
	}
	return d, nil
}

// OpenRecorded opens the processed data whose address a document of the store
// has recorded. Its end alone counts, the run's key: stores are copied and moved
// as wholes, and no recorded address leads out of the one at hand. Whether it is
// the same data is for the caller to check by a digest. Errors are those of Open.
func OpenRecorded(ctx context.Context, store blob.Root, uri string) (*Data, error) {
	parts := strings.Split(uri, "/")
	return Open(ctx, store, store.URI(path.Join(parts[max(0, len(parts)-3):]...)))
}

func open(ctx context.Context, store blob.Root, uri string, options dataset.Options) (*Data, error) {
	runID, err := runOf(store, uri)
	if err != nil {
		return nil, err
	}
	doc, err := readDocument(ctx, store, runID)
	if err != nil {
		return nil, explained(err)
	}
	d := &Data{Document: *doc, URI: store.URI(Path(runID, DataFile)), options: options}
	if d.files, err = findFiles(ctx, store, doc.DataKeys()); err != nil {
		return nil, explained(err)
	}
	var sets [][]string
	if d.GroupColumn != "" {
		sets = [][]string{{d.GroupColumn}}
	}
	if d.file, err = d.openFiles(ctx, sets...); err != nil {
		d.Close()
		return nil, explained(err)
	}
	if err := d.check(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// runOf returns the run whose processed data an address names.
func runOf(store blob.Root, uri string) (string, error) {
	_, key, err := blob.Roots{store}.Resolve(uri)
	if err != nil {
		return "", err
	}
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] != "runs" || parts[2] != DataFile || CheckRunID(parts[1]) != nil {
		return "", fault.New(fault.InvalidRequest, "processed_data_path is not an address that /preprocess answered.").
			At("Not the processed data of a run", "value_error", "body", "processed_data_path")
	}
	return parts[1], nil
}

// openFiles reads the footers, and has the rows hashed by the digest's columns,
// then by further sets.
func (d *Data) openFiles(ctx context.Context, sets ...[]string) (*dataset.File, error) {
	options := d.options
	options.Hashes = append([][]string{d.Digested}, sets...)
	return dataset.OpenParquetParts(ctx, d.files.parts(), options)
}

// check refuses a file that does not go with its document. That the values are
// those that were written is found out when they are read.
func (d *Data) check() error {
	if _, err := d.columnsFor(&d.Recipe); err != nil {
		return altered(err)
	}
	if err := d.checkWeight(); err != nil {
		return err
	}
	if d.GroupColumn != "" && !slices.Contains(d.Digested, d.GroupColumn) {
		return altered(nil)
	}
	if err := d.checkTime(); err != nil {
		return err
	}
	for _, side := range []dataset.Side{dataset.Train, dataset.Holdout} {
		rows, err := d.file.Rows(side)
		if err != nil {
			return err
		}
		if want := d.sideOf(side); rows != want.Rows || len(want.Classes) != len(d.Recipe.Classes) {
			return altered(nil)
		}
	}
	return nil
}

// checkWeight refuses weights that are no stored column of numbers.
func (d *Data) checkWeight() error {
	if d.SampleWeight == "" {
		return nil
	}
	at := d.file.Schema().Index(d.SampleWeight)
	if at < 0 || !d.file.Schema().Columns[at].Kind.Numeric() || !slices.Contains(d.Digested, d.SampleWeight) {
		return altered(nil)
	}
	return nil
}

// Close lets go of the files.
func (d *Data) Close() error { return d.files.Close() }

// explained says what an error of the storage means for the processed data.
func explained(err error) error {
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return fault.Wrap(fault.DataNotFound, err, "There is no processed data at processed_data_path.").
			At("No such run", "not_found", "body", "processed_data_path")
	case errors.Is(err, blob.ErrChanged):
		return fault.Wrap(fault.Transient, err, "The processed data was written anew while it was being read.")
	}
	return err
}
